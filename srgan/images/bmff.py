"""AVIF and HEIC as boxes (ISO/IEC 14496-12): what their decoders keep to themselves.

A box is its length, its kind and its body. The properties of all pictures in a file lie in one list (ipco), and another
(ipma) says which of them are of which picture.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from srgan.images.damage import Damaged

_CODES, _UNSPECIFIED, _SRGB = b"nclx", 2, (1, 13)  # of ITU-T H.273


class Said(NamedTuple):
    """What a file says of its picture besides what decoders tell.

    Attributes:
        depth: bits of one sample.
        colours: the cICP chunk that a PNG would have, unless they are sRGB or not said.
    """

    depth: int
    colours: tuple[tuple[bytes, bytes], ...]


def described(data: bytes) -> Said:
    """What a file says of its first picture.

    Raises:
        Damaged: its boxes cannot be followed.
    """
    try:
        depths, colours = [8], []
        for kind, body in _properties(data):
            if kind == b"pixi":
                depths += body[5 : 5 + body[4]]
            elif kind == b"av1C":
                depths.append(12 if body[2] & 0x20 else 10 if body[2] & 0x40 else 8)
            elif kind == b"hvcC":
                depths.append(8 + (body[17] & 7))
            elif kind == b"colr" and body[:4] == _CODES:
                colours.append(struct.unpack_from(">HH", body, 4))
    except (struct.error, IndexError, KeyError) as error:
        raise Damaged("its boxes cannot be followed") from error
    if not colours or colours[0] == _SRGB or _UNSPECIFIED in colours[0] or max(colours[0]) > 255:
        return Said(max(depths), ())
    return Said(max(depths), ((b"cICP", bytes([*colours[0], 0, 1])),))


def _properties(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of each property of the first picture."""
    meta = dict(_boxes(dict(_boxes(data)).get(b"meta", b"")[4:]))
    if b"pitm" not in meta or b"iprp" not in meta:
        return
    lists = list(_boxes(meta[b"iprp"]))
    every = [prop for kind, body in lists if kind == b"ipco" for prop in _boxes(body)]
    form = ">I" if meta[b"pitm"][0] else ">H"
    (first,) = struct.unpack_from(form, meta[b"pitm"], 4)
    for kind, body in lists:
        if kind == b"ipma":
            yield from (every[number - 1] for number in _associated(body, first) if 0 < number <= len(every))


def _associated(body: bytes, item: int) -> Iterator[int]:
    """The numbers of the properties of an item."""
    names, wide = ">I" if body[0] else ">H", body[3] & 1
    (count,) = struct.unpack_from(">I", body, 4)
    at = 8
    for _ in range(min(count, len(body))):
        (name,) = struct.unpack_from(names, body, at)
        at += struct.calcsize(names)
        numbers = struct.unpack_from(f">{body[at]}{'H' if wide else 'B'}", body, at + 1)
        at += 1 + len(numbers) * (2 if wide else 1)
        if name == item:
            yield from (number & (0x7FFF if wide else 0x7F) for number in numbers)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the body of each box; the last may have no end of its own."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start)
            start += 8
        end = at + size if size else len(data)
        if end < start:
            raise Damaged("its boxes cannot be followed")
        yield kind, data[start:end]
        at = end
