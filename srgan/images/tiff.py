"""TIFF, a format of formats: Pillow decodes up to 8 bits, tifffile 16, floats, and the very large.

Floats are taken where white is 1, as with arrays. More pages than one are refused, unless all are asked for.
EXIF in a TIFF is not a block but lies in the file's own directory; it is gathered on reading and laid out on writing.
"""

import io
import logging
import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import cv2
import numpy as np
import tifffile
from isal import isal_zlib
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from srgan.images import exif, pixels
from srgan.images.image import LARGEST_FLOAT, Image, as_samples, eight_bits, white_of

_MINISWHITE, _MINISBLACK, _RGB, _CMYK = 0, 1, 2, 5
_ASSOCIATED, _UNASSOCIATED = 1, 2
_Tag = tuple[int | str, int | str, int | None, object, bool]
_PILLOWS_LIMIT = 89_000_000  # pixels, beyond which it warns of bombs and then refuses
_ORIENTATION, _RESOLUTION, _XMP, _ICC = 274, 282, 700, 34675
_TEXTS = (269, 270, 271, 272, 305, 306, 315, 316, 33432)  # from DocumentName to Copyright
_EXIF, _GPS = 34665, 34853
_NAMES = {_EXIF: "ExifTag", _GPS: "GPSTag"}  # by number, tifffile would not write them

tifffile_errors = (tifffile.TiffFileError, KeyError)  # KeyError: a codec that tifffile has not

logging.getLogger("tifffile").addHandler(logging.NullHandler())


class Page(NamedTuple):
    """A page to write, some rows at a time."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strips: Iterable[np.ndarray]


class DamagedTiff(ValueError):
    """The file points outside itself."""


@contextmanager
def only_page(file: io.BufferedReader | io.BytesIO, *, first: bool = False) -> Iterator[tifffile.TiffPage]:
    """The one page of a TIFF; thumbnails and masks do not count.

    Args:
        first: where there are several, take the first.

    Raises:
        UnknownKind: there are several.
    """
    with tifffile.TiffFile(file) as opened:
        counted = _counted(opened)
        if len(counted) != 1 and not first:
            raise pixels.UnknownKind(f"a TIFF of {len(counted)} pages; --frames all restores all of them")
        yield counted[0]


def _counted(opened: tifffile.TiffFile) -> list[tifffile.TiffPage]:
    """The pages that are neither thumbnails nor masks.

    Raises:
        DamagedTiff: a page is said to follow itself.
    """
    every: dict[int, tifffile.TiffPage] = {}
    for page in opened.pages:
        if page.offset in every:
            raise DamagedTiff("its pages go round in a circle")
        every[page.offset] = page.aspage()
    pages = list(every.values())
    return [page for page in pages if not page.is_reduced and not page.is_mask] or pages[:1]


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
        if any(at + size > len(data) for at, size in zip(page.dataoffsets, page.databytecounts, strict=True)):
            raise DamagedTiff("the file is truncated")
        icc = page.tags.valueof(_ICC)
        notes: tuple[str, ...]
        huge = page.imagewidth * page.imagelength > _PILLOWS_LIMIT and page.photometric in (_MINISBLACK, _RGB)
        whole = page.sampleformat == 1 and (page.bitspersample == 16 or (page.bitspersample == 8 and huge))
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
        return Image(
            *found,
            icc=bytes(icc) if icc else None,
            exif=_gathered_exif(data),
            xmp=page.tags.valueof(_XMP),
            dpi=_dpi(page),
            format="tiff",
            notes=notes,
        )


def _whole_samples(
    page: tifffile.TiffPage, data: bytes, icc: bytes | None
) -> tuple[pixels.Pixels, bytes | None, tuple[str, ...]]:
    array = _samples(page, data)
    if page.photometric not in (_MINISWHITE, _MINISBLACK, _RGB, _CMYK):
        raise pixels.UnknownKind(f"{page.bitspersample}-bit TIFF of the kind {page.photometric!r}; convert it to RGB")
    if array.dtype.kind == "f":
        _check_range(array)
    most = white_of(array.dtype)
    colours = {_RGB: 3, _CMYK: 4}.get(page.photometric, 1)
    array = pixels.turned(array, page.tags.valueof(_ORIENTATION) or 1)
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


def _gathered_exif(data: bytes) -> bytes | None:
    """An EXIF block of the tags that describe the photograph rather than the file."""
    whole, kept = Pillow.Exif(), Pillow.Exif()
    if data[2:3] == b"+":  # BigTIFF, whose directories are laid out otherwise
        return None
    whole.load(data)
    for tag in _TEXTS:
        if tag in whole:
            kept[tag] = whole[tag]
    for tag in (_EXIF, _GPS):
        if inner := whole.get_ifd(tag):
            kept[tag] = inner
    return kept.tobytes().removeprefix(b"Exif\0\0") if len(kept) else None


def write(
    file: io.BytesIO | io.BufferedRandom,
    pages: Sequence[Page],
    *,
    icc: bytes | None = None,
    block: bytes | None = None,
    xmp: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Writes a TIFF of (h, w) grey pages, or of (h, w, c) ones: grey and alpha, RGB, or RGBA.

    The EXIF `block` is taken apart again, and lies in the first page. Beyond 4 GB it is a BigTIFF, without camera
    settings and place.
    """
    said = Pillow.Exif()
    if block:
        said.load(block)
    inner = {tag: said.get_ifd(tag) for tag in (_EXIF, _GPS) if said.get_ifd(tag)}
    bigtiff = sum(int(np.prod(page.shape)) * page.dtype.itemsize for page in pages) > 2**32 - 2**25
    if bigtiff:
        inner = {}
    with tifffile.TiffWriter(file, byteorder="<", bigtiff=bigtiff) as writer:
        for number, page in enumerate(pages):
            channels = page.shape[2] if len(page.shape) == 3 else 1
            row = int(np.prod(page.shape[1:])) * page.dtype.itemsize
            rows = max(1, 2**20 // row)
            writer.write(
                map(_packed, _regular(page.strips, rows)),
                shape=page.shape,
                dtype=page.dtype,
                photometric="rgb" if channels >= 3 else "minisblack",
                extrasamples=["unassalpha"] if channels in (2, 4) else None,
                planarconfig="contig" if channels > 1 else None,
                compression="adobe_deflate",
                predictor=page.dtype.kind == "u",
                rowsperstrip=rows,
                iccprofile=icc,
                resolution=dpi or (1, 1),
                resolutionunit="inch" if dpi else "none",
                metadata=None,
                software=False,
                extratags=_tags(said, inner, xmp) if number == 0 else [],
            )
    _add_directories(file, inner)


def _regular(strips: Iterable[np.ndarray], rows: int) -> Iterator[np.ndarray]:
    """The same picture in strips of so many rows; the last may have fewer."""
    held: list[np.ndarray] = []
    for strip in strips:
        held.append(strip)
        if sum(map(len, held)) >= rows:
            whole = np.concatenate(held) if len(held) > 1 else held[0]
            full = len(whole) // rows * rows
            yield from (np.ascontiguousarray(whole[top : top + rows]) for top in range(0, full, rows))
            held = [whole[full:]] if full < len(whole) else []
    if held:
        yield np.concatenate(held)


def _packed(rows: np.ndarray) -> bytes:
    """Rows as they lie in the file: integers as differences from the sample to their left (TIFF 6.0, sec. 14)."""
    stored = rows.astype(rows.dtype.newbyteorder("<"))
    if rows.dtype.kind == "u":
        stored[:, 1:] -= rows[:, :-1]
    packed: bytes = isal_zlib.compress(stored, 1)
    return packed


def _tags(said: Pillow.Exif, inner: dict[int, dict[int, object]], xmp: bytes | None) -> list[_Tag]:
    """What tifffile shall write besides the picture: texts, XMP, and places for the offsets of EXIF's directories."""
    tags: list[_Tag] = [(tag, "s", 0, str(said[tag]).encode(), True) for tag in _TEXTS if tag in said]
    tags += [(_NAMES[tag], "I", 1, 0, True) for tag in inner]
    if xmp:
        tags.append((_XMP, "B", len(xmp), xmp, True))
    return tags


def _add_directories(file: io.BytesIO | io.BufferedRandom, inner: dict[int, dict[int, object]]) -> None:
    """Writes EXIF's own directories behind a file, and their offsets into the places kept for them."""
    if not inner:
        return
    file.seek(0)
    head = file.read(8)
    file.seek(struct.unpack("<I", head[4:])[0])
    directory_at, directory = struct.unpack("<I", head[4:])[0], file.read(2**16)
    moved = head[:4] + struct.pack("<I", 8) + directory
    places = {tag: at - 8 + directory_at for tag, at in exif.places(moved).items()}
    end = file.seek(0, io.SEEK_END)
    for tag, fields in inner.items():
        end += file.write(bytes(end % 2))
        block = TiffImagePlugin.ImageFileDirectory_v2(b"II*\0\0\0\0\0", group=tag)
        for key, value in fields.items():
            block[key] = value
        file.seek(places[tag])
        file.write(struct.pack("<I", end))
        file.seek(end)
        end += file.write(block.tobytes(end))
