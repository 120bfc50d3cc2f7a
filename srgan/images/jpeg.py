"""JPEG as a row of segments: what Pillow leaves in them is taken out of one file and put into another.

Comments and IPTC are kept. What lies behind the picture (the video of a motion photo, a gain map, further pictures) is
not, and told.
"""

import io
import struct
from collections.abc import Iterator
from typing import Any

from srgan.images import exif_parts, iptc, xmp
from srgan.images.exif import DamagedExif
from srgan.images.formats import AnyFile
from srgan.images.image import COMMENT, Image
from srgan.images.pixels import UnknownKind

_COM, _APP1, _APP2, _APP13, _DQT, _SOS, _EOI = 0xFE, 0xE1, 0xE2, 0xED, 0xDB, 0xDA, 0xD9
_ALONE = (0x01, *range(0xD0, 0xD9))  # markers without a body
_FRAMES = [marker for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC)]
_HIERARCHICAL = (0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF)
_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_PROFILE = b"ICC_PROFILE\0"
_FURTHER = b"MPF\0"  # CIPA DC-007, which lists further pictures
_ENTRIES, _ENTRY = 0xB002, 16
_PREVIEWS = (0x010001, 0x010002)
_GAIN_MAP = b"urn:iso:std:iso:ts:21496:-1\0"
_ANNEX_K = 3688
"""Sum of the steps of ITU-T T.81, table K.1, which are those of quality 50."""

_SAMSUNGS_VIDEO = b"MotionPhoto_Data"


def _segments(file: AnyFile) -> Iterator[tuple[int, bytes]]:
    """The marker and the body of each segment before the picture."""
    file.seek(2)
    while len(head := file.read(2)) == 2 and head[0] == 0xFF:
        marker = head[1]
        if marker == 0xFF:  # a byte that fills
            file.seek(-1, io.SEEK_CUR)
        elif marker in (_SOS, _EOI):
            return
        elif marker not in _ALONE:
            yield marker, file.read(max(0, int.from_bytes(file.read(2), "big") - 2))


def check_kind(file: AnyFile) -> None:
    """Checks that libjpeg may know the kind of this file.

    Raises:
        UnknownKind: its samples have another number of bits than 8, or it is hierarchical.
    """
    for marker, body in _segments(file):
        if marker in _FRAMES and body[:1] not in (b"", b"\x08"):
            raise UnknownKind(f"JPEG of {body[0]} bits; convert it to a 16-bit PNG")
        if marker in _HIERARCHICAL:
            raise UnknownKind("hierarchical JPEG; convert it to PNG")


def described(data: bytes, icc: bytes | None) -> dict[str, Any]:
    """The fields of an Image that Pillow does not know of; `icc` is the profile that it put together, if it could."""
    texts, resources, notes, gain_map, further = [], b"", [], False, 0
    quality = None
    for marker, body in _segments(io.BytesIO(data)):
        if marker == _COM and (text := body.rstrip(b"\0")):
            texts.append((COMMENT, as_text(text)))
        elif marker == _DQT and body[:1] == b"\0" and len(body) > 64:  # of luma, in 8 bits
            quality = _quality(body[1:65])
        elif marker == _APP13 and body.startswith(iptc.PHOTOSHOP):
            resources += body.removeprefix(iptc.PHOTOSHOP)
        elif marker == _APP1 and body.startswith(_EXTENDED):
            notes.append(xmp.EXTENDED)
        elif marker == _APP2 and body.startswith(_FURTHER):
            further = _further(body.removeprefix(_FURTHER))
        elif marker == _APP2 and body.startswith(_PROFILE) and icc is None:
            notes.append("damaged colour profile dropped")
        gain_map |= body.startswith(_GAIN_MAP) if marker == _APP2 else marker == _APP1 and xmp.names_gain_map(body)
    if gain_map:
        notes.append(xmp.GAIN_MAP)
    if further > gain_map:
        notes.append(f"dropped: further pictures in the file ({further - gain_map})")
    if _SAMSUNGS_VIDEO in data:
        notes.append(xmp.VIDEO)
    return {
        "texts": tuple(texts),
        "iptc": iptc.unwrapped(resources),
        "notes": tuple(dict.fromkeys(notes)),
        "jpeg_quality": quality,
    }


def _quality(steps: bytes) -> int:
    """The quality at which libjpeg's luma steps have that sum (jcparam.c); a guess below 25, where it cuts them."""
    percent = 100 * sum(steps) / _ANNEX_K
    return max(1, min(100, round((200 - percent) / 2 if percent <= 100 else 5000 / percent)))


def _further(index: bytes) -> int:
    """How many pictures follow the first and are no previews of it."""
    try:
        entries = exif_parts.taken_apart(index)[0][_ENTRIES].packed
    except (DamagedExif, KeyError):
        return 0
    kinds = [entries[at : at + 4] for at in range(_ENTRY, len(entries) - _ENTRY + 1, _ENTRY)]
    order = "<I" if index.startswith(b"II") else ">I"
    return sum(struct.unpack(order, kind)[0] & 0xFFFFFF not in _PREVIEWS for kind in kinds)


def as_text(text: bytes) -> str:
    """A comment, which is UTF-8, or else of an older time."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def segments_of(image: Image) -> bytes:
    """The segments that hold what Pillow does not write: comments and IPTC."""
    bodies = [(_COM, text.encode()) for keyword, text in image.texts if keyword == COMMENT]
    if image.iptc:
        bodies.append((_APP13, iptc.PHOTOSHOP + iptc.wrapped(image.iptc)))
    return b"".join(struct.pack(">BBH", 0xFF, marker, 2 + len(body)) + body for marker, body in bodies)
