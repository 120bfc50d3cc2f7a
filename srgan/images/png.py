"""PNG as a list of chunks: every checksum verified, metadata taken out of one file and put into another.

OpenCV reads the pixels; it keeps 16 bits, but neither reads nor writes what else a PNG says. They are written here.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple

import numpy as np
from isal import isal_zlib

from srgan.images.damage import Damaged, foreign
from srgan.images.formats import AnyFile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_XMP = b"XML:com.adobe.xmp"
_INCH = 0.0254
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}  # the colour type of so many channels
_BLOCK = 1 << 18  # bytes filtered at a time, so that they stay in the cache
_BODY = 1 << 22  # bytes in one chunk, or a few more
_MOST_METADATA = 64_000_000  # bytes; a compressed profile that claims more is a bomb
_PIECE = 1 << 16  # bytes of pixels read at a time; unpacked they are a thousand times as many at most


class Contents(NamedTuple):
    """What a PNG says besides its pixels."""

    width: int
    height: int
    depth: int
    colour: int  # 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
    interlaced: bool
    frames: int
    palette: bytes | None  # PLTE
    transparent: bytes | None  # tRNS
    icc: bytes | None
    exif: bytes | None
    xmp: bytes | None
    dpi: tuple[float, float] | None


def contents(file: AnyFile) -> Contents:
    """What a PNG says besides its pixels, once every chunk of it has been verified.

    Raises:
        Damaged: the file ends early, or a checksum does not fit.
    """
    found = {b"IHDR": b"", b"IDAT": b""}
    xmp = None
    for kind, body in _chunks(file):
        if kind == b"iTXt" and body.startswith(_XMP + b"\0"):
            xmp = _international_text(body)
        found.setdefault(kind, body)
        found[b"IHDR"] = found[b"IHDR"] or body
    if len(found[b"IHDR"]) != 13:
        raise Damaged("the header chunk is broken")
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", found[b"IHDR"])
    icc = found.get(b"iCCP")
    return Contents(
        width=width,
        height=height,
        depth=depth,
        colour=colour,
        interlaced=bool(interlaced),
        frames=struct.unpack(">I", found[b"acTL"][:4])[0] if len(found.get(b"acTL", b"")) == 8 else 1,
        palette=found.get(b"PLTE"),
        transparent=found.get(b"tRNS"),
        icc=_inflated(icc.partition(b"\0")[2][1:]) if icc else None,
        exif=found.get(b"eXIf"),
        xmp=xmp,
        dpi=_dpi(found.get(b"pHYs", b"")),
    )


def packed_pixels(file: AnyFile) -> Iterator[bytes]:
    """The pixels as they are packed in the file, piece by piece."""
    for kind, length in _places(file):
        while kind == b"IDAT" and length:
            piece = file.read(min(length, _PIECE))
            yield piece
            length -= len(piece)


def encoded(
    strips: Iterable[np.ndarray],
    height: int,
    *,
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> Iterator[bytes]:
    """A PNG of an (h, w) grey picture, or of an (h, w, c) one: grey and alpha, RGB, or RGBA; piece by piece.

    Every row with the "average" filter, packed by ISA-L: on enlarged photographs a quarter of the time of OpenCV's
    Paeth filter and run lengths, in files about a tenth larger.

    Args:
        strips: the picture from top to bottom, some rows at a time; they are packed as they come.
    """
    rest = iter(strips)
    first = next(rest)
    channels = first.shape[2] if first.ndim == 3 else 1
    yield SIGNATURE
    sides = struct.pack(">II", first.shape[1], height)
    yield chunk(b"IHDR", sides + struct.pack(">BBBBB", 8 * first.itemsize, _COLOURS[channels], 0, 0, 0))
    if icc:
        yield chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
    if dpi:
        yield chunk(b"pHYs", struct.pack(">IIB", round(dpi[0] / _INCH), round(dpi[1] / _INCH), 1))
    if exif:
        yield chunk(b"eXIf", exif)
    if xmp:
        yield chunk(b"iTXt", _XMP + bytes(5) + xmp)
    packer, packed = isal_zlib.compressobj(level=1), b""
    for rows in _filtered(chain([first], rest)):
        packed += packer.compress(rows)
        if len(packed) >= _BODY:
            yield chunk(b"IDAT", packed)
            packed = b""
    yield chunk(b"IDAT", packed + packer.flush())
    yield chunk(b"IEND", b"")


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


def chunk(kind: bytes, body: bytes) -> bytes:
    """The chunk as it lies in a file: its length, its kind, its body, its checksum."""
    checksum = isal_zlib.crc32(body, isal_zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(body)), kind, body, struct.pack(">I", checksum)])


def _chunks(file: AnyFile) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk up to and with IEND; the pixels' own bodies are verified but left out."""
    for kind, length in _places(file):
        left_out = kind in (b"IDAT", b"fdAT")
        checksum, body = zlib.crc32(kind), b""
        for size in [_PIECE] * (length // _PIECE) + [length % _PIECE] if left_out else [length]:
            body = file.read(size)
            checksum = zlib.crc32(body, checksum)
        if file.read(4) != struct.pack(">I", checksum):
            raise Damaged(f"the checksum of its {kind.decode('ascii', 'backslashreplace')} chunk is wrong")
        yield kind, b"" if left_out else body


def _places(file: AnyFile) -> Iterator[tuple[bytes, int]]:
    """The kind and the length of each chunk up to and with IEND; the file stands at its body."""
    end, at, kind = file.seek(0, os.SEEK_END), len(SIGNATURE), b""
    while kind != b"IEND":
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            raise Damaged("the file is truncated")
        length, kind = struct.unpack(">I4s", head)
        at += 12 + length
        if at > end:
            raise Damaged("the file is truncated")
        yield kind, length


def _inflated(data: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    with foreign():
        unpacked = unpacker.decompress(data, _MOST_METADATA)
    if unpacker.unconsumed_tail:
        raise Damaged("its metadata are too large")
    return unpacked


def _international_text(body: bytes) -> bytes:
    compressed = body[len(_XMP) + 1 : len(_XMP) + 2] == b"\1"
    text = body[len(_XMP) + 3 :].split(b"\0", 2)[-1]  # after the language and the translated keyword
    return _inflated(text) if compressed else text


def _dpi(body: bytes) -> tuple[float, float] | None:
    if len(body) != 9 or body[8] != 1:
        return None
    across, down = struct.unpack(">II", body[:8])
    return (across * _INCH, down * _INCH) if across and down else None
