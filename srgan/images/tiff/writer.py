"""Pages become a TIFF, some rows at a time: tifffile lays it out, and the rows are packed here.

It stays ours, since tifffile writes no EXIF directories, and isal packs in 0.6 of the time of imagecodecs' deflate.
"""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import tifffile
from isal import isal_zlib

from srgan.images import exif_parts
from srgan.images.directory import directory
from srgan.images.exif import EXIF, GPS
from srgan.images.image import Image
from srgan.images.tiff.tiff import IPTC, TEXTS, XMP

_Tag = tuple[int | str, int | str, int | None, object, bool]
_CLASSIC = 2**32 - 2**25  # bytes of pixels, beyond which offsets need 64 bits
_UNDEFINED = 7
_TEXT = (2, 129)  # the types of text: ASCII, UTF-8
_NAMES = {EXIF: "ExifTag", GPS: "GPSTag"}  # by number, tifffile would not write them


class Page(NamedTuple):
    """A page to write, some rows at a time."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strips: Iterable[np.ndarray]
    said: Image  # what is said of it beside its pixels


def write(file: io.BytesIO | io.BufferedRandom, pages: Sequence[Page]) -> None:
    """Writes a TIFF of (h, w) grey pages, or of (h, w, c) ones: grey and alpha, RGB, or RGBA.

    Blocks of EXIF are taken apart again. Beyond 4 GB it is a BigTIFF.
    """
    every = [exif_parts.taken_apart(page.said.exif) if page.said.exif else {} for page in pages]
    bigtiff = sum(int(np.prod(page.shape)) * page.dtype.itemsize for page in pages) > _CLASSIC
    with tifffile.TiffWriter(file, byteorder="<", bigtiff=bigtiff) as writer:
        for page, parts in zip(pages, every, strict=True):
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
                iccprofile=page.said.icc,
                resolution=page.said.dpi or (1, 1),
                resolutionunit="inch" if page.said.dpi else "none",
                metadata=None,
                software=False,
                extratags=_tags(parts, page.said.xmp, page.said.iptc, bigtiff),
            )
    if any(parts.get(tag) for parts in every for tag in _NAMES):
        _add_directories(file, every, bigtiff)


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


def _tags(said: exif_parts.Parts, xmp: bytes | None, iptc: bytes | None, bigtiff: bool) -> list[_Tag]:
    """What tifffile shall write besides the picture: texts, XMP, IPTC, places for the offsets of EXIF's directories."""
    first = said.get(0, {})
    tags: list[_Tag] = [
        (tag, "s" if first[tag].kind in _TEXT else first[tag].kind, first[tag].values, first[tag].packed, True)
        for tag in TEXTS
        if tag in first
    ]
    tags += [(name, "Q" if bigtiff else "I", 1, 0, True) for tag, name in _NAMES.items() if said.get(tag)]
    if xmp:
        tags.append((XMP, "B", len(xmp), xmp, True))
    if iptc:
        tags.append((IPTC, _UNDEFINED, len(iptc), iptc, True))
    return tags


def _add_directories(file: io.BytesIO | io.BufferedRandom, every: Sequence[exif_parts.Parts], bigtiff: bool) -> None:
    """Writes EXIF's own directories of each page behind a file, and their offsets into the places kept for them."""
    size = link_at = 8 if bigtiff else 4
    for said in every:
        file.seek(link_at)
        page = directory(file, "<", int.from_bytes(file.read(size), "little"), big=bigtiff)
        assert page is not None
        link_at = page.link_at
        end = file.seek(0, io.SEEK_END)
        packed, places = exif_parts.appended(said, end + end % 2, big=bigtiff)
        file.write(bytes(end % 2) + packed)
        for field in page.fields:
            if field.tag in places:
                file.seek(field.at)
                file.write(struct.pack("<Q" if bigtiff else "<I", places[field.tag]))
