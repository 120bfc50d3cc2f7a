"""A file becomes an Image: its kind by its first bytes, its size from the header alone, its pixels strictly.

A damaged file is an error here, never half a picture, and said in one line that starts with the path.
"""

import dataclasses
import io
import os
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from srgan.errors import ConfigError, ImageError, UnsupportedImageError
from srgan.files import AnyPath, printable
from srgan.images import bmff, exif, jpeg, pixels, xmp
from srgan.images.damage import Damaged, Refused, foreign
from srgan.images.decoders import decoded, plugin_of
from srgan.images.formats import HEAD, READABLE, AnyFile, sniffed
from srgan.images.image import Image
from srgan.images.png import chunks as png
from srgan.images.tiff import pixels as tiff_pixels
from srgan.images.tiff import tiff

MAX_PIXELS = 512_000_000
"""Pictures with more are refused, unless the caller says otherwise."""

_BOXES = 1 << 20  # bytes, within which the boxes of a file lie that describe its picture


class Header(NamedTuple):
    """What a file says of its picture before any pixel is decoded; width and height as stored, not yet turned."""

    format: str
    width: int
    height: int
    depth: int = 8  # bits a channel, as in an Image


def read(path: AnyPath, *, max_pixels: int = MAX_PIXELS, lenient: bool = False) -> Image:
    """The picture in a file, upright, with what the file says about it.

    Args:
        lenient: of a truncated JPEG take what is left, and note it.

    Raises:
        ConfigError: it is no path.
        ImageError: the file cannot be read, is damaged, or has more than `max_pixels`.
        UnsupportedImageError: it is of no kind that is read here.
    """
    if not isinstance(path, (str, bytes, os.PathLike)) or (isinstance(path, bytes) and b"\0" in path):
        raise ConfigError(f"a {type(path).__name__} is no path: srgan.decode takes the bytes of a file")
    return decode(contents_of(path), printable(path), max_pixels=max_pixels, lenient=lenient)


def contents_of(path: AnyPath) -> bytes:
    """The bytes of a regular file.

    Raises:
        ImageError: it cannot be read.
    """
    with opened(path) as file, _readable(printable(path)):
        return file.read()


def probe(path: AnyPath, *, pages: bool = False) -> Header:
    """What the header of a file says; no pixel is decoded.

    Args:
        pages: of a TIFF of several pages look at the first, instead of refusing it.

    Raises:
        ImageError: the file cannot be read, or its header is damaged.
        UnsupportedImageError: it is of no kind that is read here.
    """
    with opened(path) as file:
        return header_of(file, printable(path), pages)


def decode(data: bytes, name: str = "picture", *, max_pixels: int = MAX_PIXELS, lenient: bool = False) -> Image:
    """The picture in the bytes of a file; its name is for messages.

    Raises:
        ImageError: the data are damaged, or have more than `max_pixels`.
        UnsupportedImageError: they are of no kind that is read here.
    """
    name = printable(name)
    format, image = stored(data, name, max_pixels, lenient)
    with damage_named(name, format):
        return finished(image, format, name)


def stored(data: bytes, name: str, max_pixels: int = MAX_PIXELS, lenient: bool = False) -> tuple[str, Image]:
    """The format of a file, and its picture as it lies there: neither upright nor looked over; see `finished`."""
    header = header_of(io.BytesIO(data), name)
    check_pixels(header, name, max_pixels)
    with damage_named(name, header.format):
        return header.format, decoded(data, header.format, lenient=lenient)


def check_pixels(header: Header, name: str, most: int) -> None:
    """Checks that the picture is not too large.

    Raises:
        ImageError: it has more pixels than `most`.
    """
    if header.width * header.height > most:
        raise ImageError(
            f"{name}: {header.width} x {header.height} pixels are more than the limit of {most}; "
            "raise it with --max-pixels if you trust the file"
        )


def finished(image: Image, format: str, name: str) -> Image:
    """What was decoded from a file of this format and name, upright, with a note where the two do not fit."""
    if READABLE.get(os.path.splitext(name)[1].lower(), format) != format:
        image = dataclasses.replace(image, notes=(*image.notes, f"is a {format} file, whatever its name"))
    if image.xmp:
        packet, gone = xmp.without_claims(xmp.upright(image.xmp))
        image = dataclasses.replace(image, xmp=packet, notes=tuple(dict.fromkeys(image.notes + gone)))
    return _upright(image)


@contextmanager
def damage_named(name: str, format: str, part: str = "file") -> Iterator[None]:
    """Damage, unknown kinds, and memory or a disk that fails become errors that say of which file."""
    try:
        yield
    except pixels.UnknownKind as error:
        raise UnsupportedImageError(f"{name}: {error}") from error
    except Damaged as error:
        hint = "; --lenient takes what is left" if format == "jpeg" and "truncated" in str(error) else ""
        raise ImageError(f"{name}: damaged {format} {part}: {error}{hint}") from error
    except Refused as error:
        raise ImageError(f"{name}: {error}") from error
    except MemoryError as error:
        raise ImageError(f"{name}: not enough memory to read it") from error
    except OSError as error:
        if error.errno is None:
            raise
        raise ImageError(f"{name}: cannot be read: {error.strerror or error}") from error


@contextmanager
def opened(path: AnyPath) -> Iterator[io.BufferedReader]:
    """A regular file, open to be read.

    Raises:
        ImageError: it is none, or cannot be opened.
    """
    name = printable(path)
    with ExitStack() as stack:
        with _readable(name):
            kind = os.stat(path).st_mode
            if stat.S_ISDIR(kind):
                raise ImageError(f"{name}: a folder, not a picture")
            if not stat.S_ISREG(kind):  # opening a FIFO would wait for ever
                raise ImageError(f"{name}: not a regular file")
            file = stack.enter_context(open(path, "rb"))
        yield file


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ImageError(f"{name}: cannot be read: {error.strerror or error}") from error


def header_of(file: AnyFile, name: str, pages: bool = False) -> Header:
    """What the header of an open file says; see `probe`."""
    with _readable(name):
        head = file.read(HEAD)
    format = sniffed(head, name)
    file.seek(0)
    with damage_named(name, format, "header"):
        if format == "tiff":
            page = tiff.only_page(file, first=pages)
            tiff_pixels.check_kind(page)
            header = Header(format, page.width, page.height, page.depth)
        elif format == "png":
            width, height, depth = png.size(file)
            header = Header(format, width, height, max(8, depth))
        else:
            plugin = plugin_of(format)
            if format == "jpeg":
                jpeg.check_kind(file)
                file.seek(0)
            depth = bmff.described(file.read(_BOXES)).depth if format in ("avif", "heic") else 8
            file.seek(0)
            with foreign(), plugin(file) as picture:
                header = Header(format, *picture.size, 16 if depth > 8 else 8)
    if min(header.width, header.height) < 1:
        raise ImageError(f"{name}: damaged {format} header: {header.width} x {header.height} pixels")
    return header


def _upright(image: Image) -> Image:
    """The picture turned as its EXIF says; what of that is broken is dropped, and told."""
    if not image.exif:
        return image
    block = image.exif.removeprefix(exif.PREFIX)
    try:
        orientation = exif.orientation(block)
        block, lost = exif.tidied(block)
    except exif.DamagedExif:
        return dataclasses.replace(image, exif=None, notes=(*image.notes, "damaged EXIF dropped"))
    return dataclasses.replace(
        image,
        rgb=pixels.turned(image.rgb, orientation),
        alpha=None if image.alpha is None else pixels.turned(image.alpha, orientation),
        exif=block,
        notes=image.notes + lost,
    )
