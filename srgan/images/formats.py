"""Which kinds of picture there are: how their files begin, what they are called, and how large they may be."""

import io
import os
import re

from srgan.errors import ConfigError, ImageError, UnsupportedImageError
from srgan.files import AnyPath, printable

AnyFile = io.BufferedReader | io.BufferedRandom | io.BytesIO
"""A file that is read, or its bytes."""

SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp", "tiff": ".tif", "bmp": ".bmp", "avif": ".avif"}
"""The formats that can be written, each with the suffix a new file gets."""

QUALITY = 95
"""Of JPEG, WebP and AVIF, unless told."""

SEVERAL = ("png", "webp", "tiff")
"""The formats that are written with several frames or pages."""

READABLE = {
    ".png": "png",
    ".apng": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
    ".pjpeg": "jpeg",
    ".pjp": "jpeg",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".gif": "gif",
    ".avif": "avif",
    ".heic": "heic",
    ".heif": "heic",
    ".hif": "heic",
}
"""The suffixes a folder is searched for."""

_BRANDS = {  # of AVIF and HEIC; those of both say least
    **dict.fromkeys((b"avif", b"avis", b"MA1A", b"MA1B"), "avif"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"), "heic"),
}
_OF_BOTH = (b"mif1", b"msf1", b"miaf")

HEAD = 64
"""How many bytes of a file tell what it is."""

_LONGEST_SIDE = {
    **{"png": 2**31 - 1, "tiff": 2**31 - 1, "bmp": 2**31 - 1},
    **{"jpeg": 65_500, "webp": 16_383, "avif": 65_536},
}

_BEGINNINGS = (
    (rb"\x89PNG\r\n\x1a\n", "png"),
    (rb"\xff\xd8\xff", "jpeg"),
    (rb"RIFF....WEBP", "webp"),
    (rb"II[*+]\0|MM\0[*+]", "tiff"),
    (rb"BM", "bmp"),
    (rb"GIF8[79]a", "gif"),
)


def sniffed(head: bytes, name: str) -> str:
    """The format of a file that begins with these bytes; its name is used in messages only.

    Raises:
        ImageError: the file is empty.
        UnsupportedImageError: it is something else than a picture we read.
    """
    if not head:
        raise ImageError(f"{name}: empty file")
    kinds = [kind for beginning, kind in _BEGINNINGS if re.match(beginning, head, re.DOTALL)]
    kind = kinds[0] if kinds else _of_brands(head)
    if kind is None:
        raise UnsupportedImageError(
            f"{name}: not a picture (it begins with {head[:8]!r}); remove it or convert it to PNG"
        )
    return kind


def _of_brands(head: bytes) -> str | None:
    """AVIF or HEIC, by the first brand that tells."""
    if head[4:8] != b"ftyp":
        return None
    size = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, size - 3, 4))]
    telling = [_BRANDS[brand] for brand in brands if brand in _BRANDS]
    return telling[0] if telling else "heic" if set(brands) & set(_OF_BOTH) else None


def writable(format: str) -> str:
    """The name by which a format is known here: "jpg" is "jpeg", "tif" is "tiff".

    Raises:
        ConfigError: it is not one that we write.
    """
    known = READABLE.get(f".{format.lower()}")
    if known not in SUFFIXES:
        raise ConfigError(f"cannot write {format!r}: choose one of {', '.join(SUFFIXES)}")
    return known


def format_of(path: AnyPath) -> str:
    """The format that a path asks for by its suffix.

    Raises:
        ConfigError: the suffix is missing, or of no format that we write.
    """
    suffix = os.path.splitext(os.fsdecode(path))[1].lower()
    known = READABLE.get(suffix)
    if known not in SUFFIXES:
        raise ConfigError(
            f"{printable(path)}: cannot write a picture with the suffix {printable(suffix)!r}; "
            f"choose one of {', '.join(SUFFIXES.values())}"
        )
    return known


def check_size(format: str, width: int, height: int) -> None:
    """Checks that the format can hold such a picture.

    Raises:
        ConfigError: it is not a format that we write.
        ImageError: a side is longer than the format allows.
    """
    format = writable(format)
    limit = _LONGEST_SIDE[format]
    if max(width, height) > limit:
        raise ImageError(f"{width} x {height} pixels: {format} holds at most {limit} a side; choose png or tiff")


def is_picture(name: str) -> bool:
    """Whether a file of this name is one that a folder is searched for: of a known suffix, and not hidden."""
    base = os.path.basename(name)
    return not base.startswith(".") and os.path.splitext(base)[1].lower() in READABLE
