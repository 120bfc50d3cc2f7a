"""EXIF taken apart and put together again, for TIFF, where it is no block but lies in the file's own directories.

What each field says stays as it is, whatever its type; only where directories lie, and the order of bytes, change.
"""

import struct
from collections.abc import Mapping
from fractions import Fraction

from srgan.images.directory import RATIONAL, SHORT, TEXT, Directory, Value, directory, laid_out, long, ordered, values
from srgan.images.exif import EXIF, GPS, INTEROPERABILITY, WITHIN, Block
from srgan.images.formats import AnyFile

Parts = dict[int, dict[int, Value]]
"""What each directory says: the first by the number 0, the others by the tag that points to them."""


def taken_apart(block: bytes) -> Parts:
    """What the directories of an EXIF block say.

    Raises:
        DamagedExif: the block is none.
    """
    opened = Block(block)
    return gathered(opened.file, opened.order, opened.first)


def gathered(file: AnyFile, order: str, first: Directory, *, big: bool = False) -> Parts:
    """What a directory of a file says, and those that it points to, where they are sound."""
    found: Parts = {}

    def take(tag: int, said: Directory | None) -> None:
        if said is None or not said.sound:
            return
        found[tag] = values(file, order, said)
        for inner in WITHIN[tag]:
            if (pointer := found[tag].pop(inner, None)) is not None:
                take(inner, directory(file, order, int.from_bytes(pointer.packed, "little"), big=big))

    take(0, first)
    return found


def put_together(parts: Mapping[int, Mapping[int, Value]]) -> bytes | None:
    """The EXIF block that says this; None where there is nothing to say."""
    first = dict(parts.get(0, {})) | {tag: long(0) for tag in WITHIN[0] if parts.get(tag)}
    if not first:
        return None
    size = len(laid_out(first, 8))
    behind, places = appended(parts, 8 + size)
    first |= {tag: long(places[tag]) for tag in WITHIN[0] if tag in places}
    return b"II*\0\x08\0\0\0" + laid_out(first, 8) + behind


def appended(parts: Mapping[int, Mapping[int, Value]], at: int, *, big: bool = False) -> tuple[bytes, dict[int, int]]:
    """The directories but for the first, to be put there in a file (at an even place), and where each then lies."""
    packed, places = b"", dict[int, int]()
    for tag in (INTEROPERABILITY, EXIF, GPS):
        if parts.get(tag):
            inner = {inner: long(places[inner], big) for inner in WITHIN[tag] if inner in places}
            places[tag] = at + len(packed)
            packed += laid_out({**parts[tag], **inner}, places[tag], big=big)
    return packed, places


def with_texts(block: bytes | None, texts: Mapping[int, str]) -> bytes:
    """A block that says these texts by tag, as `_with_values` has it."""
    packed = {tag: text.encode() + b"\0" for tag, text in texts.items()}
    return _with_values(block, {tag: Value(TEXT, len(text), text) for tag, text in packed.items()})


def with_resolution(block: bytes | None, dpi: tuple[float, float]) -> bytes:
    """A block that says how many pixels an inch has, across and down, as `_with_values` has it."""
    sides = [Fraction(side).limit_denominator(10_000) for side in dpi]
    across, down = (Value(RATIONAL, 1, struct.pack("<II", side.numerator, side.denominator)) for side in sides)
    return _with_values(block, {282: across, 283: down, 296: Value(SHORT, 1, struct.pack("<H", 2))})


def _with_values(block: bytes | None, said: Mapping[int, Value]) -> bytes:
    """A block that says this by tag, unless it says something there already.

    It lies behind it, and so does its first directory then; nothing else moves, for MakerNotes point to where it is.

    Raises:
        DamagedExif: the block is none.
    """
    if block is None:
        return put_together({0: said}) or b""
    opened = Block(block)
    order, first = opened.order, opened.first
    entries = dict[int, bytes]()
    for at in range(first.start + 2, first.link_at, 12):
        entries.setdefault(struct.unpack_from(order + "H", block, at)[0], block[at : at + 12])
    new = {tag: value for tag, value in said.items() if tag not in entries}
    start = len(block) + len(block) % 2
    place, behind = start + 2 + 12 * (len(entries) + len(new)) + 4, b""
    for tag, (kind, count, little) in new.items():
        packed = ordered(little, kind, order)
        value = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack(order + "I", place + len(behind))
        entries[tag] = struct.pack(order + "HHI", tag, kind, count) + value
        behind += packed + bytes(len(packed) % 2) if len(packed) > 4 else b""
    whole = struct.pack(order + "H", len(entries)) + b"".join(entry for _, entry in sorted(entries.items())) + bytes(4)
    return block[:4] + struct.pack(order + "I", start) + block[8:].ljust(start - 8, b"\0") + whole + behind
