"""PNG as a list of chunks: every checksum verified, and all that a file says besides its pixels taken out of it.

Decoders get the pixels alone: OpenCV keeps 16 bits, but reads nothing else, and a malformed animation crashes it.
"""

import io
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from isal import isal_zlib

from srgan.images.damage import Damaged
from srgan.images.formats import AnyFile
from srgan.images.png import apng
from srgan.images.png import texts as png_texts

SIGNATURE = b"\x89PNG\r\n\x1a\n"
INCH = 0.0254
"""Metres."""

COLOURS = {b"cICP": 4, b"mDCV": 24, b"cLLI": 8, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32}
"""The chunks that say what colours mean, beside a profile or instead of one, and how long each is."""

_DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}  # by colour type
_PIXELS = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_PIECE = 1 << 16  # bytes of pixels read at a time; unpacked they are a thousand times as many at most


class Contents(NamedTuple):
    """What a PNG says besides its pixels."""

    width: int
    height: int
    depth: int
    colour: int  # 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
    interlaced: bool
    animation: apng.Animation | None
    palette: bytes | None  # PLTE
    transparent: bytes | None  # tRNS
    described: dict[str, Any]  # fields of an Image

    @property
    def frames(self) -> int:
        """How many frames it has; a plain picture is one."""
        return self.animation.frames if self.animation else 1


def contents(file: AnyFile) -> Contents:
    """What a PNG says besides its pixels, once every chunk of it has been verified.

    Raises:
        Damaged: the file ends early, or a checksum does not fit.
    """
    found: dict[bytes, bytes] = {}
    texts: list[tuple[bytes, bytes]] = []
    moving: list[tuple[bytes, bytes]] = []
    for kind, body in _chunks(file):
        if (kind == b"IHDR") != (not found and not texts):
            raise Damaged("its header is not the one chunk that comes first")  # some decoders take the last
        if kind in apng.KINDS:
            moving.append((kind, body))
        if kind in png_texts.KINDS:
            texts.append((kind, body))
        elif kind not in COLOURS or b"IDAT" not in found:  # afterwards they would be too late
            found.setdefault(kind, body)
    if b"IDAT" not in found:
        raise Damaged("it has no pixels")
    width, height, depth, colour, _, _, interlaced = _header(found.get(b"IHDR", b""))
    return Contents(
        width=width,
        height=height,
        depth=depth,
        colour=colour,
        interlaced=bool(interlaced),
        animation=apng.animation(moving, width, height),
        palette=found.get(b"PLTE"),
        transparent=found.get(b"tRNS"),
        described=_described(found, png_texts.understood(texts)),
    )


def size(file: AnyFile) -> tuple[int, int, int]:
    """Width, height and depth, from the header alone.

    Raises:
        Damaged: it is none.
    """
    kind, length = next(_places(file))
    width, height, depth, *_ = _header(file.read(length) if kind == b"IHDR" and length == 13 else b"")
    return width, height, depth


def _header(body: bytes) -> tuple[int, ...]:
    if len(body) != 13:
        raise Damaged("the header chunk is broken")
    header = struct.unpack(">IIBBBBB", body)
    if header[2] not in _DEPTHS.get(header[3], ()) or any(header[4:6]) or header[6] > 1:
        raise Damaged("the header says what no PNG is")
    return header


def _described(found: dict[bytes, bytes], texts: png_texts.Texts) -> dict[str, Any]:
    """The fields of an Image that say what the file says; what is broken of it costs itself alone."""
    icc, notes = texts.icc, texts.notes
    if b"iCCP" in found:
        try:
            icc = png_texts.inflated(found[b"iCCP"].partition(b"\0")[2][1:])
        except Damaged as error:
            icc, notes = None, (*notes, f"the colour profile dropped: {error}")
    if shape := _shape(found.get(b"pHYs", b"")):
        notes = (*notes, f"the shape of its pixels dropped: {shape}")
    return {
        "icc": icc,
        "exif": found.get(b"eXIf") or texts.exif,
        "xmp": texts.xmp,
        "iptc": texts.iptc,
        "texts": texts.plain,
        "colours": tuple((kind, found[kind]) for kind, size in COLOURS.items() if len(found.get(kind, b"")) == size),
        "dpi": _dpi(found.get(b"pHYs", b"")),
        "notes": notes,
    }


def pixels_alone(data: bytes) -> bytes:
    """The same file without what its pixels do not need, and without all frames but the first: decoders die of less.

    Raises:
        Damaged: the file ends early.
    """
    file, pieces = io.BytesIO(data), list[bytes | memoryview]([SIGNATURE])
    for kind, length in _places(file):
        if kind in _PIXELS:
            at = file.tell() - 8
            pieces.append(memoryview(data)[at : at + 12 + length])
    return b"".join(pieces)


def frames_alone(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """What an animation says of each frame (fcTL), and a PNG of this frame alone."""
    file, control = io.BytesIO(data), b""
    header, colours, packed = b"", list[bytes](), list[bytes]()
    for kind, length in _places(file):
        body = file.read(length)
        if kind in (b"fcTL", b"IEND"):
            if control:
                head = chunk(b"IHDR", control[4:12] + header[8:])
                yield control, b"".join([SIGNATURE, head, *colours, *packed, chunk(b"IEND", b"")])
            control, packed = body, []
        elif kind == b"IHDR":
            header = body
        elif kind in (b"PLTE", b"tRNS"):
            colours.append(chunk(kind, body))
        elif kind == b"fdAT":
            packed.append(chunk(b"IDAT", body[4:]))
        elif kind == b"IDAT":
            packed.append(chunk(kind, body))
            control = control and control[:4] + header[:8] + bytes(8) + control[20:]  # it is whole, whatever is said


def packed_pixels(file: AnyFile) -> Iterator[bytes]:
    """The pixels as they are packed in the file, piece by piece."""
    for kind, length in _places(file):
        while kind == b"IDAT" and length:
            piece = file.read(min(length, _PIECE))
            yield piece
            length -= len(piece)


def chunk(kind: bytes, body: bytes) -> bytes:
    """The chunk as it lies in a file: its length, its kind, its body, its checksum."""
    checksum = isal_zlib.crc32(body, isal_zlib.crc32(kind))
    return b"".join([struct.pack(">I", len(body)), kind, body, struct.pack(">I", checksum)])


def _chunks(file: AnyFile) -> Iterator[tuple[bytes, bytes]]:
    """Each chunk up to and with IEND; of the pixels' own bodies, which are verified, the first four bytes."""
    for kind, length in _places(file):
        left_out = kind in (b"IDAT", b"fdAT")
        checksum, body = zlib.crc32(kind), b""
        for size in [_PIECE] * (length // _PIECE) + [length % _PIECE] if left_out else [length]:
            piece = file.read(size)
            checksum = zlib.crc32(piece, checksum)
            body = body or (piece[:4] if left_out else piece)
        if file.read(4) != struct.pack(">I", checksum):
            raise Damaged(f"the checksum of its {kind.decode('ascii', 'backslashreplace')} chunk is wrong")
        yield kind, body


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


def _shape(body: bytes) -> str | None:
    """Across to down, where a file says that and no more: pixels here are square."""
    if len(body) != 9 or body[8] != 0:
        return None
    across, down = struct.unpack(">II", body[:8])
    return f"{down} to {across}" if across != down else None


def _dpi(body: bytes) -> tuple[float, float] | None:
    if len(body) != 9 or body[8] != 1:
        return None
    across, down = struct.unpack(">II", body[:8])
    return (across * INCH, down * INCH) if across and down else None
