"""EXIF taken apart and put together again, for TIFF, where it is no block but lies in the file's own directories.

What each field says stays as it is, whatever its type; only where directories lie, and the order of bytes, change.
"""

from collections.abc import Mapping

from srgan.images.directory import Directory, Value, directory, laid_out, long, values
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
