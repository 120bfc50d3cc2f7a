"""EXIF, changed in place: four numbers are rewritten and everything else, MakerNotes included, stays where it is.

An EXIF block is a small TIFF file: a header, then directories of 12-byte fields (tag, kind, count, value). Rebuilding
it would move what MakerNotes point to; so values are overwritten, and the thumbnail is cut off or blanked.
"""

import struct
from typing import NamedTuple

from srgan.images.damage import Damaged

PREFIX = b"Exif\0\0"
"""What JPEG puts before a block."""

_ORIENTATION, _EXIF_IFD = 0x0112, 0x8769
_IMAGE_WIDTH, _IMAGE_HEIGHT, _PIXELS_ACROSS, _PIXELS_DOWN = 0x0100, 0x0101, 0xA002, 0xA003
_THUMBNAIL_AT, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_SHORT = 3


class DamagedExif(Damaged):
    """The block is not EXIF, or points outside itself."""


class _Field(NamedTuple):
    kind: int
    at: int
    value: int


class _Directory(NamedTuple):
    fields: dict[int, _Field]
    link_at: int  # where the offset of the next directory lies


def orientation(exif: bytes) -> int:
    """How the stored picture must be turned, 1 to 8; 1 means that it is upright.

    Raises:
        DamagedExif: the block cannot be followed.
    """
    order = _order(exif)
    field = _first(exif, order).fields.get(_ORIENTATION)
    return field.value if field and 1 <= field.value <= 8 else 1


def tidied(exif: bytes) -> bytes:
    """The same block for an upright picture: orientation 1, and no thumbnail.

    Raises:
        DamagedExif: the block cannot be followed.
    """
    order = _order(exif)
    first = _first(exif, order)
    data = bytearray(exif)
    _overwrite(data, order, first.fields.get(_ORIENTATION), 1)
    (second_at,) = _unpack(exif, order + "I", first.link_at)
    if second_at:
        struct.pack_into(order + "I", data, first.link_at, 0)
        _drop_thumbnail(data, _directory(exif, order, second_at))
    return bytes(data)


def resized(exif: bytes, width: int, height: int) -> bytes:
    """The same block, its pixel dimensions (where it has any) rewritten.

    Raises:
        DamagedExif: the block cannot be followed.
    """
    order = _order(exif)
    first = _first(exif, order)
    fields = dict(first.fields)
    if _EXIF_IFD in fields:
        fields |= _directory(exif, order, fields[_EXIF_IFD].value).fields
    data = bytearray(exif)
    for tag, value in {
        _IMAGE_WIDTH: width,
        _IMAGE_HEIGHT: height,
        _PIXELS_ACROSS: width,
        _PIXELS_DOWN: height,
    }.items():
        _overwrite(data, order, fields.get(tag), value)
    return bytes(data)


def _order(exif: bytes) -> str:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        raise DamagedExif("no EXIF header")
    return order


def _first(exif: bytes, order: str) -> _Directory:
    return _directory(exif, order, _unpack(exif, order + "I", 4)[0])


def _directory(exif: bytes, order: str, start: int) -> _Directory:
    (count,) = _unpack(exif, order + "H", start)
    fields = {}
    for at in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, _ = _unpack(exif, order + "HHI", at)
        (value,) = _unpack(exif, order + ("H" if kind == _SHORT else "I"), at + 8)
        fields[tag] = _Field(kind, at + 8, value)
    return _Directory(fields, start + 2 + 12 * count)


def _unpack(exif: bytes, form: str, at: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, exif, at)
    except struct.error as error:
        raise DamagedExif(str(error)) from error


def _overwrite(data: bytearray, order: str, field: _Field | None, value: int) -> None:
    if field is None:
        return
    if field.kind == _SHORT:
        value = min(value, 65_535)  # the tag cannot say more, and making it longer would move MakerNotes
    struct.pack_into(order + ("H" if field.kind == _SHORT else "I"), data, field.at, value)


def _drop_thumbnail(data: bytearray, directory: _Directory) -> None:
    at, length = directory.fields.get(_THUMBNAIL_AT), directory.fields.get(_THUMBNAIL_LENGTH)
    if at is None or length is None or at.value + length.value > len(data):
        return
    end = at.value + length.value
    if end >= len(data) - 1:  # a pad byte may follow
        del data[at.value :]
    else:
        data[at.value : end] = bytes(length.value)
