"""Pages become a TIFF, some rows at a time: tifffile lays it out, and the rows are packed here."""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tifffile
from isal import isal_zlib
from PIL import Image as Pillow
from PIL import TiffImagePlugin

from srgan.images.tiff import EXIF, GPS, TEXTS, XMP

_Tag = tuple[int | str, int | str, int | None, object, bool]
_CLASSIC = 2**32 - 2**25  # bytes of pixels, beyond which offsets need 64 bits
_NAMES = {EXIF: "ExifTag", GPS: "GPSTag"}  # by number, tifffile would not write them


class Page(NamedTuple):
    """A page to write, some rows at a time."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strips: Iterable[np.ndarray]


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

    The EXIF `block` is taken apart again, and lies in the first page. Beyond 4 GB it is a BigTIFF.
    """
    said = Pillow.Exif()
    if block:
        said.load(block)
    inner = {tag: said.get_ifd(tag) for tag in (EXIF, GPS) if said.get_ifd(tag)}
    bigtiff = sum(int(np.prod(page.shape)) * page.dtype.itemsize for page in pages) > _CLASSIC
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
                extratags=_tags(said, inner, xmp, bigtiff) if number == 0 else [],
            )
    if inner:
        _add_directories(file, inner, bigtiff)


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


def _tags(said: Pillow.Exif, inner: dict[int, dict[int, object]], xmp: bytes | None, bigtiff: bool) -> list[_Tag]:
    """What tifffile shall write besides the picture: texts, XMP, and places for the offsets of EXIF's directories."""
    tags: list[_Tag] = [(tag, "s", 0, str(said[tag]).encode(), True) for tag in TEXTS if tag in said]
    tags += [(_NAMES[tag], "Q" if bigtiff else "I", 1, 0, True) for tag in inner]
    if xmp:
        tags.append((XMP, "B", len(xmp), xmp, True))
    return tags


def _add_directories(file: io.BytesIO | io.BufferedRandom, inner: dict[int, dict[int, object]], bigtiff: bool) -> None:
    """Writes EXIF's own directories behind a file, and their offsets into the places kept for them."""
    places = _places(file, bigtiff)
    end = file.seek(0, io.SEEK_END)
    for tag, fields in inner.items():
        end += file.write(bytes(end % 2))
        block = TiffImagePlugin.ImageFileDirectory_v2(b"II+" + bytes(13) if bigtiff else b"II*" + bytes(5), group=tag)
        for key, value in fields.items():
            block[key] = value
        file.seek(places[tag])
        file.write(struct.pack("<Q" if bigtiff else "<I", end))
        file.seek(end)
        end += file.write(block.tobytes(end))


def _places(file: io.BytesIO | io.BufferedRandom, bigtiff: bool) -> dict[int, int]:
    """Where in the file the value of each tag of its first directory lies."""
    offset, number, field, value = ("<Q", "<Q", 20, 12) if bigtiff else ("<I", "<H", 12, 8)
    file.seek(8 if bigtiff else 4)
    (at,) = struct.unpack(offset, file.read(struct.calcsize(offset)))
    file.seek(at)
    (count,) = struct.unpack(number, file.read(struct.calcsize(number)))
    fields = range(file.tell(), file.tell() + count * field, field)
    directory = file.read(count * field)
    return {struct.unpack_from("<H", directory, start - fields.start)[0]: start + value for start in fields}
