"""A picture becomes a PNG, some rows at a time, with all that its file said."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
from isal import isal_zlib

from srgan.images.image import Image
from srgan.images.png import texts as png_texts
from srgan.images.png.chunks import INCH, SIGNATURE, chunk

_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # the colour type of so many channels
_BLOCK = 1 << 18  # bytes filtered at a time, so that they stay in the cache
_BODY = 1 << 22  # bytes in one chunk, or a few more


def encoded(strips: Iterable[np.ndarray], height: int, like: Image) -> Iterator[bytes]:
    """A PNG of an (h, w) grey picture, or of an (h, w, c) one: grey and alpha, RGB, or RGBA; piece by piece.

    Every row with the "average" filter, packed by ISA-L: on enlarged photographs a quarter of the time of OpenCV's
    Paeth filter and run lengths, in files about a tenth larger.

    Args:
        strips: the picture from top to bottom, some rows at a time; they are packed as they come.
        like: has what is said of it.
    """
    rest = iter(strips)
    first = next(rest)
    channels = first.shape[2] if first.ndim == 3 else 1
    yield SIGNATURE
    sides = struct.pack(">II", first.shape[1], height)
    yield chunk(b"IHDR", sides + struct.pack(">BBBBB", 8 * first.itemsize, _COLOURS[channels], 0, 0, 0))
    yield from described(like)
    packer, packed = isal_zlib.compressobj(level=1), b""
    for rows in _filtered(chain([first], rest)):
        packed += packer.compress(rows)
        if len(packed) >= _BODY:
            yield chunk(b"IDAT", packed)
            packed = b""
    yield chunk(b"IDAT", packed + packer.flush())
    yield chunk(b"IEND", b"")


def described(like: Image) -> Iterator[bytes]:
    """The chunks that say what is said of the picture, in the order in which they must come."""
    yield from (chunk(kind, body) for kind, body in _said(like))


def _said(like: Image) -> Iterator[tuple[bytes, bytes]]:
    yield from like.colours
    if like.icc:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(like.icc)
    if like.dpi:
        yield b"pHYs", struct.pack(">IIB", round(like.dpi[0] / INCH), round(like.dpi[1] / INCH), 1)
    if like.exif:
        yield b"eXIf", like.exif
    if like.xmp:
        yield b"iTXt", png_texts.XMP.encode() + bytes(5) + like.xmp
    yield from png_texts.written(like.texts, like.iptc)


def _filtered(strips: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """The rows a few at a time, each byte less the mean of those left of it and above it (PNG, sec. 9.4, filter 3)."""
    above: np.ndarray | None = None
    for strip in strips:
        size = strip.nbytes // len(strip)  # of a row
        pixel = size // strip.shape[1]
        step = max(1, _BLOCK // size)
        for top in range(0, len(strip), step):
            big_endian = strip[top : top + step].astype(strip.dtype.newbyteorder(">"), order="C")
            rows = big_endian.reshape(len(big_endian), -1).view(np.uint8)
            up = np.concatenate([np.zeros((1, size), np.uint8) if above is None else above[None], rows[:-1]])
            left = np.zeros_like(rows)
            left[:, pixel:] = rows[:, :-pixel]
            filtered = np.full((len(rows), size + 1), 3, np.uint8)
            np.subtract(rows, (left & up) + ((left ^ up) >> 1), out=filtered[:, 1:])
            yield filtered
            above = rows[-1].copy()
