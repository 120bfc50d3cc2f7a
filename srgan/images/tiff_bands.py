"""A TIFF too large to hold, cut into small TIFFs of some rows each, for the decoders of whole ones.

its strips, or rows of its tiles -> as many as a band holds -> a file with these alone, and the tags that explain them
"""

import struct
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

import tifffile

from srgan.images.damage import foreign
from srgan.images.formats import AnyFile
from srgan.images.tiff import ICC, DamagedTiff

_WIDTH, _LENGTH, _STRIPS, _STRIP_ROWS, _STRIP_SIZES, _TILES, _TILE_SIZES = 256, 257, 273, 278, 279, 324, 325
_EXPLAIN = (
    *(258, 259, 262, 266, 277, 284),  # bits, compression, what colours are, order of bits, samples, planes
    *(292, 293, 317, 320, 322, 323, 338, 339, 347),  # options of fax, predictor, palette, tiles, alpha, kind, tables
    *(529, 530, 531, 532, ICC),  # YCbCr
)
_LONG, _LONG8 = 4, 16  # types: 32 and 64 bits
_MARKS = {"<": b"II*\0", ">": b"MM\0*"}  # by byte order
_UNCOMPRESSED, _OLD_JPEG, _YCBCR, _SEPARATE = 1, 6, 6, 2


class _Layout(NamedTuple):
    """How the chunks of a page lie: strips, which are tiles as wide as the picture, or tiles."""

    rows: int  # of a chunk
    across: int
    down: int
    planes: int
    places: list[tuple[int, int]]  # where each begins in the file, and its bytes; plane by plane, row by row


class _Field(NamedTuple):
    """A tag's type, how many values it has, and their bytes."""

    type: int
    values: int
    packed: bytes


def cut(file: AnyFile, page: tifffile.TiffPage, band: int) -> Iterator[bytes] | None:
    """Small TIFFs, from top to bottom, of at most `band` bytes of pixels each or of one strip or row of tiles.

    None where a strip holds much more than that, or means nothing alone (JPEG as of TIFF 6.0).

    Raises:
        DamagedTiff: strips or tiles are missing.
    """
    row = -(-page.imagewidth * page.samplesperpixel * page.bitspersample // 8)
    layout = _layout(page, row, band)
    if page.compression == _OLD_JPEG or layout.rows * row > 16 * max(band, row):
        return None
    return _files(file, page, layout, max(1, band // (layout.rows * row)))


def _layout(page: tifffile.TiffPage, row: int, band: int) -> _Layout:
    places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    planes = page.samplesperpixel if page.planarconfig == _SEPARATE else 1
    height = page.imagelength
    rows, across = min(page.rowsperstrip or height, height), 1
    if page.is_tiled:
        rows, across = page.tilelength, -(-page.imagewidth // page.tilewidth)
    elif page.compression == _UNCOMPRESSED and page.photometric != _YCBCR and planes == 1 and rows == height:
        # One strip, as large as the picture: where each row begins is known.
        (at, _), rows = places[0], max(1, band // row)
        places = [(at + top * row, min(rows, height - top) * row) for top in range(0, height, rows)]
    down = -(-height // rows)
    if len(places) < planes * down * across:
        raise DamagedTiff("it has fewer strips or tiles than it says")
    return _Layout(rows, across, down, planes, places)


def _files(file: AnyFile, page: tifffile.TiffPage, layout: _Layout, most: int) -> Iterator[bytes]:
    for first in range(0, layout.down, most):
        last = min(first + most, layout.down)
        chosen = [
            layout.places[(plane * layout.down + k) * layout.across + column]
            for plane in range(layout.planes)
            for k in range(first, last)
            for column in range(layout.across)
        ]
        height = min(last * layout.rows, page.imagelength) - first * layout.rows
        with foreign():
            small = _small_tiff(file, page, layout, height, chosen)
        yield small


def _small_tiff(
    file: AnyFile, page: tifffile.TiffPage, layout: _Layout, height: int, chosen: list[tuple[int, int]]
) -> bytes:
    order = page.parent.byteorder
    where, sizes = (_TILES, _TILE_SIZES) if page.is_tiled else (_STRIPS, _STRIP_SIZES)
    fields = {tag.code: _field(file, tag, order) for tag in page.tags if tag.code in _EXPLAIN}
    fields |= {_WIDTH: _longs(order, [page.imagewidth]), _LENGTH: _longs(order, [height])}
    if not page.is_tiled:
        fields[_STRIP_ROWS] = _longs(order, [layout.rows])
    fields[sizes] = fields[where] = _longs(order, [size for _, size in chosen])
    head = len(_directory(fields, order))
    fields[where] = _longs(order, list(accumulate((size for _, size in chosen[:-1]), initial=head)))
    return b"".join([_directory(fields, order), *(_bytes(file, at, size) for at, size in chosen)])


def _directory(fields: dict[int, _Field], order: str) -> bytes:
    """The head of a TIFF file, its one directory, and the values that are too long to lie in that."""
    at = 8 + 2 + 12 * len(fields) + 4
    head = [_MARKS[order], struct.pack(f"{order}IH", 8, len(fields))]
    values = []
    for code, (kind, count, packed) in sorted(fields.items()):
        inline = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack(f"{order}I", at)
        head.append(struct.pack(f"{order}HHI", code, kind, count) + inline)
        if len(packed) > 4:
            values.append(packed + bytes(len(packed) % 2))
            at += len(values[-1])
    return b"".join([*head, bytes(4), *values])


def _field(file: AnyFile, tag: tifffile.TiffTag, order: str) -> _Field:
    if tag.dtype == _LONG8:
        return _longs(order, [tag.value] if tag.count == 1 else list(tag.value))
    return _Field(int(tag.dtype), tag.count, _bytes(file, tag.valueoffset, tag.valuebytecount))


def _longs(order: str, values: list[int]) -> _Field:
    return _Field(_LONG, len(values), struct.pack(f"{order}{len(values)}I", *values))


def _bytes(file: AnyFile, at: int, size: int) -> bytes:
    file.seek(at)
    return file.read(size)
