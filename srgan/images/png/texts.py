"""The texts of a PNG: what a picture is called and by whom it is, and what programs pack into texts besides.

XMP is a text. So are, by a custom of ImageMagick's, EXIF, IPTC and profiles: a name, a length, and hexadecimal digits.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from srgan.images import iptc
from srgan.images.damage import Damaged, foreign
from srgan.images.exif import PREFIX

XMP = "XML:com.adobe.xmp"
"""The keyword of an XMP packet."""

KINDS = (b"tEXt", b"zTXt", b"iTXt")
"""The chunks that hold texts."""

MOST = 64_000_000
"""Bytes; packed metadata that claim more are a bomb."""

_RAW = "Raw profile type "
_JPEGS_XMP = b"http://ns.adobe.com/xap/1.0/\0"


class Texts(NamedTuple):
    """What the texts of a file say; `plain` are those which people read, by keyword."""

    plain: tuple[tuple[str, str], ...] = ()
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    notes: tuple[str, ...] = ()


def understood(chunks: Iterable[tuple[bytes, bytes]]) -> Texts:
    """What the chunks say: the first of each kind, and all that people read. A broken one costs itself alone."""
    plain: list[tuple[str, str]] = []
    packed: dict[str, bytes] = {}
    notes: dict[str, None] = {}
    left = MOST
    for kind, body in chunks:
        keyword = body.partition(b"\0")[0].decode("latin-1")
        try:
            text = _text(kind, body, left)
            left -= len(text)
            if keyword == XMP:
                packed.setdefault("xmp", text)
            elif keyword.startswith(_RAW):
                for name, data in _profile(text):
                    packed.setdefault(name, data)
            else:
                encoding = "utf-8" if kind == b"iTXt" else "latin-1"
                plain.append((keyword, text.decode(encoding, "replace")))
        except Damaged as error:
            notes[f"the text {keyword!r} dropped: {error}"] = None
    return Texts(tuple(plain), **packed, notes=tuple(notes))


def _text(kind: bytes, body: bytes, most: int) -> bytes:
    """What a chunk says, unpacked."""
    text, compressed = body.partition(b"\0")[2], kind == b"zTXt"
    if kind == b"zTXt":
        text = text[1:]
    if kind == b"iTXt":
        compressed = text[:1] == b"\1"
        text = text[2:].split(b"\0", 2)[-1]  # after the language and the translated keyword
    return inflated(text, most) if compressed else text


def inflated(data: bytes, most: int = MOST) -> bytes:
    """The data, unpacked.

    Raises:
        Damaged: they cannot be, or are too large.
    """
    unpacker = zlib.decompressobj()
    with foreign():
        unpacked = unpacker.decompress(data, max(1, most))
    if unpacker.unconsumed_tail:
        raise Damaged("too large when unpacked")
    return unpacked


def _profile(text: bytes) -> Iterator[tuple[str, bytes]]:
    """What ImageMagick packed into a text, if it is something that is kept."""
    parts = text.split(None, 2)
    if len(parts) != 3:
        raise Damaged("no profile in it")
    with foreign():
        data = bytes.fromhex(parts[2].decode("ascii"))[: int(parts[1])]
    name = parts[0].lower()
    if name in (b"exif", b"app1") and data.startswith(_JPEGS_XMP):
        yield "xmp", data.removeprefix(_JPEGS_XMP)
    elif name in (b"exif", b"app1"):
        yield "exif", data.removeprefix(PREFIX)
    elif name == b"xmp":
        yield "xmp", data
    elif name in (b"icc", b"icm"):
        yield "icc", data
    elif name in (b"iptc", b"8bim") and (record := iptc.unwrapped(data)):
        yield "iptc", record


def written(texts: Iterable[tuple[str, str]], record: bytes | None) -> Iterator[tuple[bytes, bytes]]:
    """The chunks that hold these texts, and an IPTC record."""
    for keyword, text in texts:
        # Never packed: some readers refuse what unpacks to more than a megabyte.
        name = keyword.encode("latin-1", "replace")[:79]
        try:
            yield b"tEXt", name + b"\0" + text.replace("\0", " ").encode("latin-1")
        except UnicodeEncodeError:
            yield b"iTXt", name + bytes(5) + text.encode("utf-8", "replace")
    if record:
        data = iptc.wrapped(record)
        digits = data.hex()
        rows = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
        yield b"zTXt", f"{_RAW}iptc".encode() + b"\0\0" + zlib.compress(f"\niptc\n{len(data):8}\n{rows}\n".encode())
