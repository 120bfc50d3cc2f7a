"""A file becomes an Image: its kind by its first bytes, its size from the header alone, its pixels strictly.

A damaged file is an error here, never half a picture. What decoders raise is caught by name and said in one line that
starts with the path.
"""

import dataclasses
import io
import os
import re
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import cv2
import numpy as np
import simplejpeg
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)
from PIL import Image as Pillow

from srgan.errors import ImageError, UnsupportedImageError
from srgan.images import exif, pixels, png, tiff
from srgan.images.formats import READABLE, SUFFIXES, AnyPath, printable, sniff
from srgan.images.image import Image

MAX_PIXELS = 512_000_000
"""Pictures with more are refused, unless the caller says otherwise."""

# Called by name, since Pillow.open() would apply a limit of its own, which only a global can change.
_PILLOW: dict[str, type[ImageFile.ImageFile]] = {
    "png": PngImagePlugin.PngImageFile,
    "jpeg": JpegImagePlugin.JpegImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
}

_TURBO = {"RGB": "RGB", "L": "GRAY"}  # what libjpeg-turbo calls Pillow's modes

_DAMAGE = (  # what Pillow, OpenCV and tifffile are known to raise on damaged files
    *(UnidentifiedImageError, Pillow.DecompressionBombError, *tiff.tifffile_errors, cv2.error, zlib.error),
    *(OSError, SyntaxError, ValueError, struct.error, EOFError, IndexError, TypeError, RuntimeError),
    *(OverflowError, ZeroDivisionError, AttributeError, MemoryError),
)


class Header(NamedTuple):
    """What a file says of its picture before any pixel is decoded; width and height as stored, not yet turned."""

    format: str
    width: int
    height: int
    mode: str


def read(path: AnyPath, *, max_pixels: int = MAX_PIXELS, lenient: bool = False) -> Image:
    """The picture in a file, upright, with what the file says about it.

    Args:
        lenient: of a truncated JPEG take what is left, and note it.

    Raises:
        ImageError: the file cannot be read, is damaged, or has more than `max_pixels`.
        UnsupportedImageError: it is of no kind that is read here.
    """
    return decode(contents_of(path), printable(path), max_pixels=max_pixels, lenient=lenient)


def contents_of(path: AnyPath) -> bytes:
    """The bytes of a regular file.

    Raises:
        ImageError: it cannot be read.
    """
    with _opened(path) as file:
        return file.read()


def probe(path: AnyPath, *, pages: bool = False) -> Header:
    """What the header of a file says; no pixel is decoded.

    Args:
        pages: of a TIFF of several pages look at the first, instead of refusing it.

    Raises:
        ImageError: the file cannot be read, or its header is damaged.
        UnsupportedImageError: it is of no kind that is read here.
    """
    with _opened(path) as file:
        return _header(file, printable(path), pages)


def decode(data: bytes, name: str, *, max_pixels: int = MAX_PIXELS, lenient: bool = False) -> Image:
    """The picture in the bytes of a file; its name is for messages.

    Raises:
        ImageError: the data are damaged, or have more than `max_pixels`.
        UnsupportedImageError: they are of no kind that is read here.
    """
    name = printable(name)
    header = _header(io.BytesIO(data), name)
    if header.width * header.height > max_pixels:
        raise ImageError(
            f"{name}: {header.width} x {header.height} pixels are more than the limit of {max_pixels}; "
            "raise it with --max-pixels if you trust the file"
        )
    decoders: dict[str, Callable[[bytes], Image]] = {
        "png": _decode_png,
        "tiff": tiff.decode,
        "jpeg": partial(_decode_jpeg, lenient=lenient),
    }
    with damage_named(name, header.format):
        image = decoders[header.format](data) if header.format in decoders else _decode_pillow(data, header.format)
        named = READABLE.get(os.path.splitext(name)[1].lower(), header.format)
        if named != header.format:
            image = dataclasses.replace(image, notes=(*image.notes, f"is a {header.format} file, whatever its name"))
        return _upright(image)


@contextmanager
def damage_named(name: str, format: str) -> Iterator[None]:
    """What decoders raise on damaged files becomes an error that says of which file."""
    try:
        yield
    except ImageError:
        raise
    except pixels.UnknownKind as error:
        raise UnsupportedImageError(f"{name}: {error}") from error
    except _DAMAGE as error:
        raise ImageError(f"{name}: damaged {format} file: {_reason(error)}") from error


@contextmanager
def _opened(path: AnyPath) -> Iterator[io.BufferedReader]:
    name = printable(path)
    try:
        kind = os.stat(path).st_mode
        if stat.S_ISDIR(kind):
            raise ImageError(f"{name}: a folder, not a picture")
        if not stat.S_ISREG(kind):  # opening a FIFO would wait for ever
            raise ImageError(f"{name}: not a regular file")
        with open(path, "rb") as file:
            yield file
    except OSError as error:
        raise ImageError(f"{name}: cannot be read: {error.strerror or error}") from error


def _header(file: io.BufferedReader | io.BytesIO, name: str, pages: bool = False) -> Header:
    format = sniff(file.read(32), name)
    file.seek(0)
    try:
        if format == "tiff":
            with tiff.only_page(file, first=pages) as page:
                mode = f"{page.samplesperpixel} x {page.bitspersample} bits"
                header = Header(format, int(page.imagewidth), int(page.imagelength), mode)
        else:
            with plugin_of(format)(file) as picture:
                header = Header(format, *picture.size, picture.mode)
    except pixels.UnknownKind as error:
        raise UnsupportedImageError(f"{name}: {error}") from error
    except _DAMAGE as error:
        raise ImageError(f"{name}: damaged {format} header: {_reason(error)}") from error
    if min(header.width, header.height) < 1:
        raise ImageError(f"{name}: damaged {format} header: {header.width} x {header.height} pixels")
    return header


def _reason(error: BaseException) -> str:
    return "not enough memory" if isinstance(error, MemoryError) else " ".join(str(error).split()) or repr(error)


def _decode_png(data: bytes) -> Image:
    """OpenCV where it is exact (16 bits, which Pillow would cut; plain RGB, where it is fast), else Pillow."""
    said = png.contents(data)
    notes: tuple[str, ...] = ()
    if said.depth == 16 or (said.colour in (2, 6) and not said.transparent):
        found = _through_opencv(data, said)
    else:
        with PngImagePlugin.PngImageFile(io.BytesIO(data)) as picture:
            picture.load()
            found, _, notes = pixels.from_pillow(picture)
    return Image(
        *found,
        icc=said.icc,
        exif=said.exif,
        xmp=said.xmp,
        dpi=said.dpi,
        format="png",
        notes=notes + _frames(said.frames),
    )


def _through_opencv(data: bytes, said: png.Contents) -> pixels.Pixels:
    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise png.DamagedPng("its pixels cannot be unpacked")
    if array.ndim == 2 and said.transparent:  # OpenCV ignores it on grey pictures, which are 16-bit here
        opaque = array != struct.unpack(">H", said.transparent)[0]
        array = np.dstack([array, np.where(opaque, 65_535, 0).astype(np.uint16)])
    elif said.colour == 4:
        array = array[..., 2:]  # OpenCV returns grey and alpha as BGRA
    elif array.ndim == 3:
        array = cv2.cvtColor(array, cv2.COLOR_BGRA2RGBA if array.shape[2] == 4 else cv2.COLOR_BGR2RGB)
    return pixels.from_array(array)


def plugin_of(format: str) -> type[ImageFile.ImageFile]:
    """What opens a file of this format.

    Raises:
        UnknownKind: it is an extra that is not installed.
    """
    if format != "heic":
        return _PILLOW[format]
    try:
        import pillow_heif
    except ImportError as error:
        raise pixels.UnknownKind("HEIC is read with the extra srgan[heif]: pip install pillow-heif") from error
    plugin: type[ImageFile.ImageFile] = pillow_heif.HeifImageFile
    return plugin


def _decode_pillow(data: bytes, format: str) -> Image:
    with plugin_of(format)(io.BytesIO(data)) as picture:
        picture.load()
        info = picture.info
        found, icc, notes = pixels.from_pillow(picture, info.get("icc_profile") or None)
        notes += _frames(getattr(picture, "n_frames", 1))
        return _described(found, icc, info, format if format in SUFFIXES else "png", notes)


def _decode_jpeg(data: bytes, *, lenient: bool) -> Image:
    """libjpeg-turbo's pixels, which says what it stumbles over; Pillow reads inks, and refuses what is truncated."""
    with JpegImagePlugin.JpegImageFile(io.BytesIO(data)) as picture:
        icc = picture.info.get("icc_profile") or None
        notes: tuple[str, ...] = ()
        if picture.mode not in _TURBO:
            picture.load()
            found, icc, notes = pixels.from_pillow(picture, icc)
            return _described(found, icc, picture.info, "jpeg", notes)
        try:
            array = simplejpeg.decode_jpeg(data, _TURBO[picture.mode])
        except ValueError as error:
            if not lenient:
                picture.load()
            array = simplejpeg.decode_jpeg(data, _TURBO[picture.mode], strict=False)
            notes = (f"JPEG data are damaged: {_reason(error)}",)
        return _described(pixels.from_array(array), icc, picture.info, "jpeg", notes)


def _described(
    found: pixels.Pixels, icc: bytes | None, info: Mapping[Any, Any], format: str, notes: tuple[str, ...]
) -> Image:
    """The Image of these pixels, and what Pillow found beside them."""
    return Image(
        *found,
        icc=icc,
        exif=info.get("exif") or None,
        xmp=info.get("xmp") or None,
        dpi=_sound_dpi(info.get("dpi")),
        format=format,
        notes=notes,
    )


def _frames(count: int) -> tuple[str, ...]:
    return (f"first of {count} frames",) if count > 1 else ()


def _sound_dpi(dpi: Any) -> tuple[float, float] | None:  # Pillow has int, float, or its own kind of fraction
    if dpi is None or not all(0 < float(side) < 1e6 for side in dpi):
        return None
    return float(dpi[0]), float(dpi[1])


def _upright(image: Image) -> Image:
    """The picture turned as its EXIF says; an EXIF block that cannot be followed is dropped."""
    if not image.exif:
        return image
    block = image.exif.removeprefix(b"Exif\0\0")
    try:
        orientation = exif.orientation(block)
        block = exif.tidied(block)
    except exif.DamagedExif:
        return dataclasses.replace(image, exif=None, notes=(*image.notes, "damaged EXIF dropped"))
    xmp = image.xmp
    if xmp and orientation != 1:  # XMP may repeat it
        xmp = re.sub(rb"""(tiff:Orientation(?:\s*=\s*["']|>))[1-8]""", rb"\g<1>1", xmp)
    return dataclasses.replace(
        image,
        rgb=pixels.turned(image.rgb, orientation),
        alpha=None if image.alpha is None else pixels.turned(image.alpha, orientation),
        exif=block,
        xmp=xmp,
    )
