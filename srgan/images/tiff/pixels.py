"""The stored samples of a TIFF page become colours: of inks, palettes, white that is 0, colours times their alpha."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from srgan.images import pixels
from srgan.images.damage import foreign
from srgan.images.image import LARGEST_FLOAT, Image, as_samples, eight_bits, white_of
from srgan.images.tiff import rows as tiff_rows
from srgan.images.tiff import tiff
from srgan.images.tiff.page import DamagedTiff, Page

_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_COLOURS = {_MINISWHITE: 1, _MINISBLACK: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_JPEGS = (6, 7, 33007, 34892)  # compressions whose decoder makes RGB of YCbCr
_OLD_JPEG = 6
_ASSOCIATED, _UNASSOCIATED, _COREL = 1, 2, 999  # Corel Draw 10 writes its own number
_INK_SET, _OTHER_INKS = 332, 2
_TOO_LARGE = 16  # bands; a strip of more is not unpacked for them


def decode(page: Page) -> Image:
    """The picture on a page, upright.

    Raises:
        UnknownKind: it has pixels of a kind that has no meaning here.
        Damaged: the file is truncated, or cannot be unpacked.
    """
    if _is_raw_ycbcr(page):
        return _through_pillow(page)
    (samples,) = tiff_rows.stored(page)
    image = _image(page, samples, tiff.described(page))
    alpha = None if image.alpha is None else pixels.turned(image.alpha, page.orientation)
    return dataclasses.replace(image, rgb=pixels.turned(image.rgb, page.orientation), alpha=alpha)


def cut(page: Page, band: int) -> Iterator[Image] | None:
    """The picture in parts from top to bottom, of about `band` bytes each or of one row of tiles.

    None where it must be turned, or a strip holds much more than that, or means nothing alone.
    """
    row = tiff_rows.row_of(page)
    if page.orientation != 1 or page.compression == _OLD_JPEG or _is_raw_ycbcr(page):
        return None
    if tiff_rows.least(page) * row > _TOO_LARGE * max(band, row):
        return None
    said = tiff.described(page)
    return (_image(page, samples, said) for samples in tiff_rows.stored(page, band))


def _is_raw_ycbcr(page: Page) -> bool:
    return page.photometric == _YCBCR and page.compression not in _JPEGS


def _through_pillow(page: Page) -> Image:
    """Colours as video stores them, and often fewer of them than greys: no other decoder here takes these apart."""
    if page.number is None:
        raise pixels.UnknownKind("YCbCr within another page of a TIFF; convert it to RGB")
    tiff_rows.check_whole(page)
    page.file.seek(0)
    with foreign():
        picture = TiffImagePlugin.TiffImageFile(page.file)
        picture.seek(page.number)
        picture.load()  # this also turns it
    found, icc, notes = pixels.from_pillow(picture, tiff.profile(page))
    said = tiff.described(page)
    return Image(*found, icc=icc, **{**said, "notes": said["notes"] + notes})


def _image(page: Page, samples: np.ndarray, said: dict[str, Any]) -> Image:
    """The picture of stored samples, as they lie, with what the page says."""
    found, icc, notes = _coloured(page, samples)
    return Image(*found, icc=icc, **{**said, "notes": said["notes"] + notes})


def _coloured(page: Page, samples: np.ndarray) -> tuple[pixels.Pixels, bytes | None, tuple[str, ...]]:
    """The colours of stored samples, the profile that still describes them, and what is lost."""
    check_kind(page)
    colours, icc = _COLOURS[page.photometric], tiff.profile(page)
    if page.samples < colours:
        raise DamagedTiff(f"it has {page.samples} channels of {colours}")
    _check_range(samples)
    colour, extra = samples[..., :colours], samples[..., colours:]
    colour = _looked_up(page, colour[..., 0]) if page.photometric == _PALETTE else pixels.widened(colour, page.bits)
    extra = pixels.widened(extra[..., :1], page.bits)
    most = white_of(colour.dtype)
    if page.photometric == _MINISWHITE:
        colour = (most - colour).astype(colour.dtype)
    alpha = _UNASSOCIATED if page.alpha is None and page.samples == colours + 1 == 4 else page.alpha
    notes: tuple[str, ...] = ()
    if extra.size and alpha not in (_ASSOCIATED, _UNASSOCIATED, _COREL):
        extra, notes = extra[..., :0], ("further channels dropped",)
    if extra.size and alpha == _ASSOCIATED:
        colour = as_samples(colour * most / np.maximum(extra, most / 65535), colour.dtype)
    if page.photometric == _CMYK:
        found, icc, further = pixels.from_pillow(Pillow.fromarray(eight_bits(colour), "CMYK"), icc)
        found = found._replace(alpha=eight_bits(extra[..., 0])) if extra.size else found
        rough = ("CMYK is read with 8 bits: finer levels are rounded",) if page.depth > 8 else ()
        return found, icc, notes + further + rough
    return pixels.from_array(np.concatenate([colour, extra.astype(colour.dtype)], axis=2)), icc, notes


def check_kind(page: Page) -> None:
    """Checks that the colours of a page are of a kind that is read here.

    Raises:
        UnknownKind: they are not.
    """
    if page.photometric not in _COLOURS or _says(page, _INK_SET) == _OTHER_INKS:
        kind = getattr(page.stored.photometric, "name", page.photometric)
        raise pixels.UnknownKind(f"{page.bits}-bit TIFF of the kind {kind}; convert it to RGB")


def _says(page: Page, tag: int) -> int | None:
    return int.from_bytes(page.said[tag].packed, "little") if tag in page.said else None


def _looked_up(page: Page, numbers: np.ndarray) -> np.ndarray:
    """The colours of a palette; some programs write its levels in 8 bits where 16 are meant."""
    packed = page.said[tiff.COLOUR_MAP].packed if tiff.COLOUR_MAP in page.said else b""
    if len(packed) != 3 * 2**page.bits * 2:
        raise DamagedTiff("it has no palette, or one of another size")
    levels = np.frombuffer(packed, "<u2").reshape(3, -1).T
    colours: np.ndarray = (levels if levels.max() < 256 else levels >> 8).astype(np.uint8)[numbers]
    return colours


def _check_range(samples: np.ndarray) -> None:
    """Checks that floats can be colours of which white is 1.

    Raises:
        UnknownKind: they are not finite, or far from [0, 1].
    """
    if samples.dtype.kind != "f":
        return
    least, most = float(samples.min()), float(samples.max())
    if not np.isfinite([least, most]).all():
        raise pixels.UnknownKind("floats that are not finite (NaN or infinite); replace them first")
    if max(-least, most) > LARGEST_FLOAT:
        raise pixels.UnknownKind(f"floats from {least:g} to {most:g}: white must be 1; divide them by what is white")
