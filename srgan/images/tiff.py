"""A TIFF, that format of formats, becomes an Image: Pillow decodes up to 8 bits, tifffile the rest and the very large.

Floats are taken where white is 1, as with arrays. More pages than one are refused, unless all are asked for.
EXIF in a TIFF is not a block but lies in the file's own directory; it is gathered here, and tiff_writer.py lays it out.
"""

import io
import logging
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import cv2
import numpy as np
import tifffile
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from srgan.images import exif_parts, pixels
from srgan.images.damage import Damaged
from srgan.images.directory import directory
from srgan.images.formats import AnyFile
from srgan.images.image import LARGEST_FLOAT, Image, as_samples, eight_bits, white_of

_MINISWHITE, _MINISBLACK, _RGB, _CMYK = 0, 1, 2, 5
_PLAIN = (_MINISWHITE, _MINISBLACK, _RGB, _CMYK)
_DEFLATED = (8, 32946)
_ASSOCIATED, _UNASSOCIATED = 1, 2
_SHAPE = b'{"shape":'  # how a description by tifffile begins, which would be wrong of what is made of the picture
_PILLOWS_LIMIT = 89_000_000  # pixels, beyond which it warns of bombs and then refuses
ORIENTATION, _RESOLUTION, XMP, IPTC, ICC = 274, 282, 700, 33723, 34675
TEXTS = (269, 270, 271, 272, 305, 306, 315, 316, 33432)  # from DocumentName to Copyright

logging.getLogger("tifffile").addHandler(logging.NullHandler())


class DamagedTiff(Damaged):
    """The file points outside itself."""


class Metadata(NamedTuple):
    """What a TIFF says besides its pixels and their profile."""

    exif: bytes | None
    xmp: bytes | None
    dpi: tuple[float, float] | None


@contextmanager
def only_page(file: AnyFile, *, first: bool = False) -> Iterator[tifffile.TiffPage]:
    """The one page of a TIFF; thumbnails and masks do not count.

    Args:
        first: where there are several, take the first.

    Raises:
        UnknownKind: there are several.
    """
    file.seek(0)
    with tifffile.TiffFile(file) as opened:
        counted = _counted(opened)
        if len(counted) != 1 and not first:
            raise pixels.UnknownKind(f"a TIFF of {len(counted)} pages; --frames all restores all of them")
        yield counted[0]


def _counted(opened: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """The pages that are neither thumbnails nor masks.

    Raises:
        DamagedTiff: there are none, or a page is said to follow itself.
    """
    every: dict[int, tifffile.TiffPage] = {}
    for page in opened.pages:
        if page.offset in every:
            raise DamagedTiff("its pages go round in a circle")
        every[page.offset] = page.aspage()
    pages = list(every.values())
    if not pages:
        raise DamagedTiff("it has no pages; it may be truncated")
    return [page for page in pages if not page.is_reduced and not page.is_mask] or pages[:1]


def count(file: AnyFile) -> int:
    """How many pages a TIFF has; thumbnails and masks do not count."""
    with tifffile.TiffFile(file) as opened:
        return len(_counted(opened))


def pages(data: bytes) -> list[bytes]:
    """For each page the same file, whose only directory is that page's."""
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        layout, places = opened.tiff, [page.offset for page in _counted(opened)]
    views = []
    for place in places:
        view = bytearray(data)
        head = 8 if layout.is_bigtiff else 4
        struct.pack_into(layout.offsetformat, view, head, place)
        (count,) = struct.unpack_from(layout.tagnoformat, view, place)
        struct.pack_into(layout.offsetformat, view, place + layout.tagnosize + count * layout.tagsize, 0)
        views.append(bytes(view))
    return views


def decode(data: bytes) -> Image:
    """The picture in a TIFF file, upright.

    Raises:
        UnknownKind: it has several pages, or pixels of another kind than 1 to 8 or 16 bits, or floats.
        DamagedTiff: the file is truncated.
    """
    with only_page(io.BytesIO(data)) as page:
        check_whole(page, io.BytesIO(data))
        icc = page.tags.valueof(ICC)
        notes: tuple[str, ...]
        # Pillow refuses some, and does not see damage in what is deflated.
        unfit = page.imagewidth * page.imagelength > _PILLOWS_LIMIT or data.startswith(b"MM\0+")
        unfit |= page.compression in _DEFLATED
        simple = page.bitspersample == 8 and page.photometric in _PLAIN
        whole = page.sampleformat == 1 and (page.bitspersample == 16 or (simple and unfit))
        if whole or (page.sampleformat == 3 and page.bitspersample in (16, 32)):
            found, icc, notes = _whole_samples(page, data, icc)
        elif page.sampleformat == 1 and page.bitspersample in (1, 2, 4, 8):
            picture = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
            picture.load()  # this also applies the orientation
            found, icc, notes = pixels.from_pillow(picture, icc)
        else:
            kind = {1: "unsigned", 2: "signed", 3: "floating-point"}.get(page.sampleformat, "complex")
            raise pixels.UnknownKind(
                f"{page.bitspersample}-bit {kind} samples are not read here; convert it to 16 bits or 32-bit floats"
            )
        said = metadata(page, io.BytesIO(data))
        return Image(*found, icc=bytes(icc) if icc else None, **said._asdict(), format="tiff", notes=notes)


def check_whole(page: tifffile.TiffPage, file: AnyFile) -> None:
    """Nothing, where all pixels of the page are in its file.

    Raises:
        DamagedTiff: it is truncated.
    """
    end = file.seek(0, os.SEEK_END)
    if any(at + size > end for at, size in zip(page.dataoffsets, page.databytecounts, strict=True)):
        raise DamagedTiff("the file is truncated")


def metadata(page: tifffile.TiffPage, file: AnyFile) -> Metadata:
    """What the page says besides its pixels and their profile; `file` is the one that it is in."""
    return Metadata(_gathered_exif(page, file), page.tags.valueof(XMP), _dpi(page))


def _whole_samples(
    page: tifffile.TiffPage, data: bytes, icc: bytes | None
) -> tuple[pixels.Pixels, bytes | None, tuple[str, ...]]:
    array = _samples(page, data)
    if page.photometric not in _PLAIN:
        raise pixels.UnknownKind(f"{page.bitspersample}-bit TIFF of the kind {page.photometric!r}; convert it to RGB")
    if array.dtype.kind == "f":
        _check_range(array)
    most = white_of(array.dtype)
    colours = {_RGB: 3, _CMYK: 4}.get(page.photometric, 1)
    array = pixels.turned(array, page.tags.valueof(ORIENTATION) or 1)
    colour, extra = array[..., :colours], array[..., colours:]
    if page.photometric == _CMYK:
        return pixels.from_pillow(Pillow.fromarray(eight_bits(colour), "CMYK"), icc)
    if page.photometric == _MINISWHITE:
        colour = (most - colour).astype(array.dtype)
    kind = page.extrasamples[0] if page.extrasamples else 0
    if kind not in (_ASSOCIATED, _UNASSOCIATED):
        return pixels.from_array(colour), icc, ("further channels dropped",) if extra.size else ()
    alpha = extra[..., :1]
    if kind == _ASSOCIATED:
        colour = as_samples(colour * most / np.maximum(alpha, most / 65535), array.dtype)
    return pixels.from_array(np.concatenate([colour, alpha], axis=2)), icc, ()


def _check_range(array: np.ndarray) -> None:
    """Nothing, where floats can be colours of which white is 1.

    Raises:
        UnknownKind: they are not finite, or far from [0, 1].
    """
    least, most = float(array.min()), float(array.max())
    if not np.isfinite([least, most]).all():
        raise pixels.UnknownKind("floats that are not finite (NaN or infinite); replace them first")
    if max(-least, most) > LARGEST_FLOAT:
        raise pixels.UnknownKind(f"floats from {least:g} to {most:g}: white must be 1; divide them by what is white")


def _samples(page: tifffile.TiffPage, data: bytes) -> np.ndarray:
    """The stored samples, (h, w, c); OpenCV helps out where tifffile lacks the codec (LZW)."""
    shape = (page.imagelength, page.imagewidth, page.samplesperpixel)
    dtype = np.dtype(np.float32 if page.sampleformat == 3 else f"u{page.bitspersample // 8}")
    try:
        array = np.asarray(page.asarray(), dtype)
    except (KeyError, ValueError) as error:
        if "imagecodecs" not in str(error):
            raise
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if decoded is None or decoded.itemsize * 8 != page.bitspersample or decoded.size != np.prod(shape):
            raise pixels.UnknownKind(
                f"no decoder here for its compression ({page.compression!r}); save it uncompressed"
            ) from error
        to_rgb = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}.get(page.samplesperpixel)
        return (decoded if to_rgb is None else cv2.cvtColor(decoded, to_rgb)).reshape(shape)
    if page.planarconfig == 2 and array.ndim == 3:
        array = np.moveaxis(array, 0, 2)
    return array.reshape(shape)


def _dpi(page: tifffile.TiffPage) -> tuple[float, float] | None:
    if _RESOLUTION not in page.tags or page.resolutionunit not in (2, 3):
        return None
    across, down = page.get_resolution(unit=2)
    return float(across), float(down)


def _gathered_exif(page: tifffile.TiffPage, file: AnyFile) -> bytes | None:
    """An EXIF block of the tags that describe the photograph rather than the file."""
    order, big = page.parent.byteorder, page.parent.is_bigtiff
    first = directory(file, order, page.offset, big=big)
    parts = {} if first is None else exif_parts.gathered(file, order, first, big=big)
    said = parts.get(0, {})
    parts[0] = {tag: said[tag] for tag in TEXTS if tag in said and not said[tag].packed.startswith(_SHAPE)}
    return exif_parts.put_together(parts)
