"""XMP packets, changed in place: properties that would be wrong of what is made of a picture are rewritten or cut out.

A property is an attribute (name="value") or an element (<name>value</name>); everything else stays as it was written.
"""

import re
from collections.abc import Iterator

_TIFF, _EXIF = b"http://ns.adobe.com/tiff/1.0/", b"http://ns.adobe.com/exif/1.0/"
_NOTE = b"http://ns.adobe.com/xmp/note/"
_GOOGLE = b"http://ns.google.com/photos/1.0/"
_MOTION = rb"(?:MotionPhoto|MicroVideo)\w*"

VIDEO = "dropped: the video of a motion photo"
GAIN_MAP = "dropped: a gain map, which makes HDR of the picture"
EXTENDED = "dropped: extended XMP, such as a depth map"
"""Notes on what else a file held."""

_GONE = {  # what lies elsewhere in the file and is not kept: its namespaces and properties
    VIDEO: ((_GOOGLE + b"camera/", _MOTION),),
    GAIN_MAP: (
        (b"http://ns.adobe.com/hdr-gain-map/1.0/", rb"\w+"),
        (b"http://ns.apple.com/HDRGainMap/1.0/", rb"\w+"),
    ),
    EXTENDED: (
        (_NOTE, b"HasExtendedXMP"),
        *((_GOOGLE + kind, rb"\w+") for kind in (b"depthmap/", b"image/", b"audio/")),
    ),
    "": ((_GOOGLE + b"container/", rb"Directory"),),  # the list of these; told by what is on it
}


def upright(packet: bytes) -> bytes:
    """The packet of a picture that has been turned upright."""
    return _rewritten(packet, _TIFF, b"Orientation", 1)


def resized(packet: bytes, width: int, height: int) -> bytes:
    """The packet of a picture of this size, if it says any."""
    for namespace, name, side in (
        (_TIFF, b"ImageWidth", width),
        (_TIFF, b"ImageLength", height),
        (_EXIF, b"PixelXDimension", width),
        (_EXIF, b"PixelYDimension", height),
    ):
        packet = _rewritten(packet, namespace, name, side)
    return packet


def without_claims(packet: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The packet without what it says of other parts of its file, none of which are kept, and which these were."""
    gone = []
    for what, properties in _GONE.items():
        before = packet
        for namespace, name in properties:
            packet = _cut_out(packet, namespace, name)
        if what and packet != before:
            gone.append(what)
    return packet, tuple(gone)


def names_gain_map(packet: bytes) -> bool:
    """Whether a packet, or a segment that holds one, speaks of a gain map."""
    return GAIN_MAP in without_claims(packet)[1]


def _prefixes(packet: bytes, namespace: bytes) -> Iterator[bytes]:
    """What a namespace is called."""
    found = re.findall(rb"""xmlns:([\w.-]+)\s*=\s*["']%s["']""" % re.escape(namespace), packet)
    yield from dict.fromkeys(found)


def _rewritten(packet: bytes, namespace: bytes, name: bytes, number: int) -> bytes:
    for prefix in _prefixes(packet, namespace):
        before = rb"""(\b%s:%s(?:\s*=\s*["']|\s*>\s*))\d+""" % (re.escape(prefix), name)
        packet = re.sub(before, rb"\g<1>%d" % number, packet)
    return packet


def _cut_out(packet: bytes, namespace: bytes, name: bytes) -> bytes:
    for prefix in _prefixes(packet, namespace):
        full = re.escape(prefix) + b":(?:" + name + b")"
        packet = re.sub(rb"""\s%s\s*=\s*("[^"]*"|'[^']*')""" % full, b"", packet)
        packet = _without_elements(packet, re.compile(b"<(" + full + rb")\b[^>]*>"))
    return packet


def _without_elements(packet: bytes, opening: re.Pattern[bytes]) -> bytes:
    kept, at = [], 0
    while found := opening.search(packet, at):
        end = found.end()
        if not found[0].endswith(b"/>"):
            closing = b"</" + found[1] + b">"
            end = packet.find(closing, end) + len(closing)
            if end < len(closing):
                break
        kept.append(packet[at : found.start()])
        at = end
    return b"".join([*kept, packet[at:]])
