"""A directory of a TIFF file or an EXIF block, read as leniently as it can be, and written again.

It is a count, fields of 12 bytes (tag, kind, count, value; in a BigTIFF 20), and where the next directory lies; what is
longer than a field's last 4 (8) bytes lies elsewhere. Values stay bytes, so that whatever they mean they can be kept.
"""

import struct
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from srgan.images.formats import AnyFile

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8, 129: 1}
"""Bytes of one value of each kind."""

INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""How struct calls the kinds that are integers."""

BYTES, TEXT, SHORT, LONG, RATIONAL = 1, 2, 3, 4, 5
_LONG8 = 16
_WORDS = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}  # what byte order turns round
_MOST = 64_000_000  # bytes; who says more says nothing of a photograph


class Field(NamedTuple):
    """A field of a directory, its value within the file."""

    tag: int
    kind: int
    values: int
    entry: int  # where it lies
    at: int  # where its value lies


class Directory(NamedTuple):
    """The fields of a directory that can be followed.

    Attributes:
        said: how many fields it says it has.
        held: how many of them there are: what is beyond the file's end is none, nor what comes after them where most of
            them are of no kind that there is.
        link_at: where the offset of the next directory lies.
    """

    start: int
    fields: list[Field]
    said: int
    held: int
    link_at: int

    @property
    def sound(self) -> bool:
        """Whether it is more likely a directory than something else."""
        return self.held > 0 or self.said == 0


class Value(NamedTuple):
    """What a field says: so many values of a kind, in little-endian bytes."""

    kind: int
    values: int
    packed: bytes


def directory(file: AnyFile, order: str, start: int, *, big: bool = False) -> Directory | None:
    """The directory there, as much of it as is within the file; None where not even its count is.

    Args:
        order: "<" or ">".
        big: of a BigTIFF.
    """
    end = file.seek(0, 2)
    counter, entry, slot = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)
    head, size = struct.calcsize(order + counter), struct.calcsize(order + entry) + slot
    if not 0 < start <= end - head:
        return None
    file.seek(start)
    (said,) = struct.unpack(order + counter, file.read(head))
    held = min(said, (end - start - head) // size, 65_535)
    packed = file.read(held * size)
    fields, known = [], []
    for number in range(held):
        tag, kind, count = struct.unpack_from(order + entry, packed, number * size)
        at = start + head + (number + 1) * size - slot
        length = SIZES.get(kind, 0) * count
        known.append(kind in SIZES)
        if length > slot:
            (at,) = struct.unpack_from(order + counter.replace("H", "I"), packed, (number + 1) * size - slot)
        if 0 < length <= end - at:
            fields.append(Field(tag, kind, count, start + head + number * size, at))
    if 2 * sum(known) < held:
        held = known.index(False)
    link_at = start + head + held * size
    return Directory(start, [field for field in fields if field.entry < link_at], said, held, link_at)


def _value(file: AnyFile, order: str, field: Field) -> Value:
    """What a field says."""
    file.seek(field.at)
    return Value(field.kind, field.values, ordered(file.read(SIZES[field.kind] * field.values), field.kind, order))


def ordered(packed: bytes, kind: int, order: str) -> bytes:
    """Values from little-endian into an order of bytes, or back."""
    if order == "<" or kind not in _WORDS:
        return packed
    return np.frombuffer(packed, f">u{_WORDS[kind]}").byteswap().tobytes()


def values(file: AnyFile, order: str, found: Directory) -> dict[int, Value]:
    """What the fields of a directory say, by tag."""
    said, left = {}, _MOST
    for field in found.fields:
        if field.tag not in said and SIZES[field.kind] * field.values <= left:
            said[field.tag] = _value(file, order, field)
            left -= len(said[field.tag].packed)
    return said


def integer(file: AnyFile, order: str, field: Field) -> int | None:
    """The first value of a field, where it is an integer."""
    if field.kind not in INTEGERS:
        return None
    file.seek(field.at)
    (number,) = struct.unpack(order + INTEGERS[field.kind], file.read(SIZES[field.kind]))
    return int(number)


def long(number: int, big: bool = False) -> Value:
    """An offset, as a field says it."""
    return Value(_LONG8, 1, struct.pack("<Q", number)) if big else Value(LONG, 1, struct.pack("<I", number))


def laid_out(said: Mapping[int, Value], at: int, *, big: bool = False) -> bytes:
    """A directory that says this, little-endian, to be put there in a file; what is long lies behind it."""
    counter, entry, slot = ("<Q", "<HHQ", 8) if big else ("<H", "<HHI", 4)
    pointer = "<Q" if big else "<I"
    place = at + struct.calcsize(counter) + len(said) * (struct.calcsize(entry) + slot) + slot
    head, behind = [struct.pack(counter, len(said))], []
    for tag, (kind, count, packed) in sorted(said.items()):
        inside = len(packed) <= slot
        head.append(struct.pack(entry, tag, kind, count))
        head.append(packed.ljust(slot, b"\0") if inside else struct.pack(pointer, place))
        if not inside:
            behind.append(packed + bytes(len(packed) % 2))
            place += len(behind[-1])
    return b"".join([*head, bytes(slot), *behind])
