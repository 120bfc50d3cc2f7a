"""IPTC, the captions of the press: a record of its own, which JPEG and PNG wrap in Photoshop's list of resources.

A resource is "8BIM", its number, a name, its length and its bytes; the record is number 0x0404. Where it is wrapped is
nobody's to read: only what is in it is kept.
"""

import struct

_RESOURCE, _RECORD = b"8BIM", 0x0404
_MARK = b"\x1c"  # how each field of a record begins
PHOTOSHOP = b"Photoshop 3.0\0"
"""What JPEG puts before the list."""


def unwrapped(data: bytes) -> bytes | None:
    """The record in a list of resources, or as it is; None where there is none."""
    data = data.removeprefix(PHOTOSHOP)
    if data.startswith(_MARK):
        return data
    at = 0
    while data[at : at + 4] == _RESOURCE and len(data) >= at + 12:
        number, name = struct.unpack_from(">HB", data, at + 4)
        at += 6 + (name + 2) // 2 * 2  # a name and its length take an even number of bytes
        length = int.from_bytes(data[at : at + 4], "big")
        if number == _RECORD:
            return data[at + 4 : at + 4 + length] or None
        at += 4 + (length + 1) // 2 * 2
    return None


def wrapped(record: bytes) -> bytes:
    """A list of resources that is this record alone."""
    return _RESOURCE + struct.pack(">HHI", _RECORD, 0, len(record)) + record + bytes(len(record) % 2)
