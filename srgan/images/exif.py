"""EXIF, changed in place: four numbers are rewritten and everything else, MakerNotes included, stays where it is.

An EXIF block is a small TIFF file: a header, then directories. Rebuilding it would move what MakerNotes point to; so
values are overwritten, and the thumbnail is cut off or blanked. What is broken costs itself alone: cameras and programs
write much that is, and the orientation of a photograph is seldom what is broken.
"""

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple

from srgan.images.damage import Damaged
from srgan.images.directory import INTEGERS, Directory, Field, directory, integer

PREFIX = b"Exif\0\0"
"""What JPEG puts before a block."""

EXIF, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
"""The tags that point to further directories."""

WITHIN = {0: (EXIF, GPS), EXIF: (INTEROPERABILITY,), GPS: (), INTEROPERABILITY: ()}
"""Which of them are in the first directory, and in each of theirs."""

_ORIENTATION = 0x0112
_IMAGE_WIDTH, _IMAGE_HEIGHT, _PIXELS_ACROSS, _PIXELS_DOWN = 0x0100, 0x0101, 0xA002, 0xA003
_THUMBNAIL_AT, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_NAMES = {EXIF: "Exif", GPS: "GPS", INTEROPERABILITY: "interoperability"}


class DamagedExif(Damaged):
    """The block is not EXIF: it has no header, or no directory."""


class Tidied(NamedTuple):
    """A block, and what was broken in it and is there no more."""

    block: bytes
    lost: tuple[str, ...]


def orientation(exif: bytes) -> int:
    """How the stored picture must be turned, 1 to 8; 1 means that it is upright.

    Raises:
        DamagedExif: the block is none.
    """
    block = Block(exif)
    said = (block.integer(field) for field in block.first.fields if field.tag == _ORIENTATION)
    return next((number for number in said if number is not None and 1 <= number <= 8), 1)


def tidied(exif: bytes) -> Tidied:
    """The same block for an upright picture: orientation 1, no thumbnail, and no directories that are broken.

    Raises:
        DamagedExif: the block is none.
    """
    block = Block(exif)
    for field in block.first.fields:
        if field.tag == _ORIENTATION:
            block.overwrite(field, 1)
    lost = tuple(block.mend(block.first, *WITHIN[0]))
    block.without_thumbnail()
    return Tidied(bytes(block.data), lost)


def resized(exif: bytes, width: int, height: int) -> bytes:
    """The same block, its pixel dimensions (where it has any) rewritten.

    Raises:
        DamagedExif: the block is none.
    """
    block = Block(exif)
    sides = {_IMAGE_WIDTH: width, _IMAGE_HEIGHT: height, _PIXELS_ACROSS: width, _PIXELS_DOWN: height}
    fields = list(block.first.fields)
    for _, inner in block.inner(block.first, EXIF):
        fields += inner.fields if inner else []
    for field in fields:
        if field.tag in sides:
            block.overwrite(field, sides[field.tag])
    return bytes(block.data)


def without_orientation(exif: bytes) -> bytes:
    """The same block, which then says nothing of how the picture is turned.

    Raises:
        DamagedExif: the block is none.
    """
    block = Block(exif)
    block.rewrite(block.first, [field.entry for field in block.first.fields if field.tag == _ORIENTATION])
    return bytes(block.data)


class Block:
    """A block that is being changed; its directories are read from how it was.

    Attributes:
        order: "<" or ">", as struct calls the order of bytes.
        first: its first directory.
    """

    def __init__(self, exif: bytes) -> None:
        order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
        if order is None or len(exif) < 8:
            raise DamagedExif("no EXIF header")
        self.order, self.file, self.data = order, io.BytesIO(exif), bytearray(exif)
        first = directory(self.file, order, struct.unpack_from(order + "I", exif, 4)[0])
        if first is None or not first.sound:
            raise DamagedExif("no EXIF directory")
        self.first, self._link_at = first, first.link_at

    def integer(self, field: Field) -> int | None:
        """The first value of a field, where it is an integer that lies in the field itself, as single ones do."""
        return integer(self.file, self.order, field) if field.at == field.entry + 8 else None

    def inner(self, outer: Directory, *tags: int) -> Iterator[tuple[Field, Directory | None]]:
        """The fields that point to further directories, and these."""
        for field in outer.fields:
            if field.tag in tags:
                yield field, directory(self.file, self.order, self.integer(field) or 0)

    def overwrite(self, field: Field, value: int) -> None:
        """Makes an integer another, or the largest that fits there: longer ones would move MakerNotes."""
        if self.integer(field) is not None:
            size = struct.calcsize(INTEGERS[field.kind])
            most = 256**size // (2 if INTEGERS[field.kind].islower() else 1) - 1
            struct.pack_into(self.order + INTEGERS[field.kind], self.data, field.at, min(value, most))

    def mend(self, outer: Directory, *tags: int) -> Iterator[str]:
        """Takes out of a directory what points to none and what lies beyond the end; says what that was."""
        gone = []
        for field, found in self.inner(outer, *tags):
            if found is None or not found.sound:
                gone.append(field.entry)
                yield f"damaged {_NAMES[field.tag]} directory dropped"
            else:
                yield from self.mend(found, *WITHIN[field.tag])
        if outer.said > outer.held:
            yield "damaged EXIF cut off"
        if gone or outer.said > outer.held:
            self.rewrite(outer, gone)

    def rewrite(self, outer: Directory, gone: list[int]) -> None:
        """Writes a directory anew, where it is, without some of its entries, and without what lies beyond the end."""
        first = outer.start + 2
        kept = [self.data[at : at + 12] for at in range(first, outer.link_at, 12) if at not in gone]
        link = self.data[outer.link_at : outer.link_at + 4] if outer.said == outer.held else bytes(4)
        while first + 12 * len(kept) + 4 > len(self.data):
            kept.pop()
        whole = struct.pack(self.order + "H", len(kept)) + b"".join(kept) + link.ljust(4, b"\0")
        self.data[outer.start : outer.start + len(whole)] = whole
        if outer is self.first:
            self._link_at = outer.start + len(whole) - 4

    def without_thumbnail(self) -> None:
        """Ends the row of directories with the first; the second is the thumbnail's."""
        (link,) = struct.unpack_from(self.order + "I", self.data.ljust(self._link_at + 4, b"\0"), self._link_at)
        self.data[self._link_at : self._link_at + 4] = bytes(4)
        second = directory(self.file, self.order, link)
        fields = {} if second is None else {field.tag: self.integer(field) for field in second.fields}
        at, length = fields.get(_THUMBNAIL_AT) or 0, fields.get(_THUMBNAIL_LENGTH) or 0
        if not self._link_at < at < at + length <= len(self.data):  # where thumbnails lie
            return
        if at + length >= len(self.data) - 1:  # a pad byte may follow
            del self.data[at:]
        else:
            self.data[at : at + length] = bytes(length)
