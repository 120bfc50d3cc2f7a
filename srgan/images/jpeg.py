"""JPEG has no checksum; but what may follow what is fixed, and garbage in a scan often breaks that order."""

import re

_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")  # neither a stuffed zero nor a restart marker
_SCAN, _END = 0xDA, 0xD9
_SEGMENTS = {0xC4, 0xCC, _SCAN, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xC0, 0xC4), *range(0xE0, 0xF0)}


def is_damaged(data: bytes) -> bool:
    """Whether a marker lies where none can be; damage that looks like data is not found."""
    at = 2
    while found := _MARKER.search(data, at):
        marker = found[1][0]
        if marker == _END:
            return False
        if marker not in _SEGMENTS:
            return True
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return True
