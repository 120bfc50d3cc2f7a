"""A PNG too large to hold, cut into small PNGs of some rows each, for the decoders of whole ones.

packed pixels -> filtered rows, some at a time -> the filters undone by OpenCV -> a PNG of these rows without filters
"""

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from jaxtyping import UInt8

from srgan.images.damage import Damaged, foreign
from srgan.images.formats import AnyFile
from srgan.images.png import chunks as png

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_ANY_PIXEL = {1: (8, 0), 2: (16, 0), 3: (8, 2), 4: (8, 6), 6: (16, 2), 8: (16, 6)}  # depth and colour, by bytes


def cut(file: AnyFile, said: png.Contents, band: int) -> Iterator[bytes]:
    """Small PNGs, from top to bottom, of at most `band` bytes of pixels each or of one row.

    Args:
        said: what the file says; it must not be interlaced.

    Raises:
        Damaged: the pixels cannot be unpacked, or are too few.
    """
    bits = said.depth * _SAMPLES[said.colour]
    row, pixel = -(-said.width * bits // 8), max(1, bits // 8)
    head = b"".join(
        png.chunk(kind, body) for kind, body in ((b"PLTE", said.palette), (b"tRNS", said.transparent)) if body
    )
    above = np.zeros(row, np.uint8)
    for filtered in _unpacked(file, said.height, 1 + row, max(1, band // row)):
        rows = _unfiltered(filtered, above, pixel)
        above = rows[-1].copy()
        yield _unpacked_png(said.width, said.depth, said.colour, np.pad(rows, ((0, 0), (1, 0))), head)


def _unpacked(file: AnyFile, height: int, row: int, most: int) -> Iterator[UInt8[np.ndarray, "_ {row}"]]:
    """The rows, each with its filter's number before it, at most so many at a time."""
    unpacker, pieces, held = zlib.decompressobj(), png.packed_pixels(file), bytearray()
    for top in range(0, height, most):
        size = min(most, height - top) * row
        while len(held) < size:
            piece = next(pieces, None)
            if piece is None:
                raise Damaged("it has fewer rows than it says")
            with foreign():
                held += unpacker.decompress(piece)
        yield np.frombuffer(bytes(held[:size]), np.uint8).reshape(-1, row)
        del held[:size]


def _unfiltered(
    filtered: UInt8[np.ndarray, "n size_and_1"], above: UInt8[np.ndarray, "size"], pixel: int
) -> UInt8[np.ndarray, "n size"]:
    """The bytes of the rows, from their differences to the bytes left of them and above them (PNG, sec. 9).

    Filters know bytes and how many a pixel has, not what they mean: pixels of any kind with as many give the same.
    """
    depth, colour = _ANY_PIXEL[pixel]
    whole = np.concatenate([np.insert(above, 0, 0)[None], filtered])
    data = _unpacked_png(len(above) // pixel, depth, colour, whole)
    with foreign():
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise Damaged("its pixels cannot be unpacked")
    if array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    rows: np.ndarray = array.astype(array.dtype.newbyteorder(">")).reshape(len(whole), -1)
    return rows.view(np.uint8)[1:]


def _unpacked_png(width: int, depth: int, colour: int, rows: UInt8[np.ndarray, "n size"], head: bytes = b"") -> bytes:
    """A PNG of these rows, each with its filter's number before it, stored as they are."""
    header = struct.pack(">IIBBBBB", width, len(rows), depth, colour, 0, 0, 0)
    body = png.chunk(b"IDAT", zlib.compress(rows.tobytes(), 0))
    return b"".join([png.SIGNATURE, png.chunk(b"IHDR", header), head, body, png.chunk(b"IEND", b"")])
