"""An Image becomes a file, whole or not at all: encoded in memory, written under another name, synced, renamed."""

import dataclasses
import io
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image as Pillow

from srgan.errors import ConfigError, ImageError
from srgan.files import AnyPath, printable, write_bytes
from srgan.images import exif, jpeg
from srgan.images.bands import Bands, as_bands, whole
from srgan.images.damage import Refused, foreign
from srgan.images.fitting import fitted
from srgan.images.formats import QUALITY, check_size, format_of, writable
from srgan.images.image import Image, as_samples, eight_bits
from srgan.images.png import writer as png_writer
from srgan.images.tiff import writer as tiff_writer

_log = logging.getLogger(__name__)

STREAMED = ("png", "tiff")
"""The formats that are written some rows at a time."""


def encode(image: Image, format: str, *, quality: int = QUALITY, strip_metadata: bool = False) -> bytes:
    """The bytes of a file that holds the picture; see `write`.

    Raises:
        ConfigError: it is no Image, or not a format that we write, or quality is not 1 to 100.
        ImageError: a side is longer than the format allows, or the encoder failed.
    """
    _check_image(image)
    file = io.BytesIO()
    write_bands(file, as_bands(image), format, quality=quality, strip_metadata=strip_metadata)
    return file.getvalue()


def _check_image(given: object) -> None:
    """Checks that it is an Image.

    Raises:
        ConfigError: it is something else, such as an array.
    """
    if not isinstance(given, Image):
        raise ConfigError(f"a {type(given).__name__} is no Image: srgan.Image(array) makes one of (h, w, 3)")


def write_bands(
    file: io.BytesIO | io.BufferedRandom,
    bands: Bands,
    format: str,
    *,
    quality: int = QUALITY,
    strip_metadata: bool = False,
) -> tuple[str, ...]:
    """Writes the picture into a file, and what its own said about it unless that is to be stripped.

    PNG and TIFF are written a band at a time, the other formats as a whole. TIFF keeps every bit, PNG up to 16, and
    both ignore `quality`. The others hold 8 bits, and JPEG and BMP no alpha: what is finer is rounded, transparent
    parts become white. The colour profile is kept even when metadata are stripped, for the colours mean nothing without
    it. What comes out are notes on what the format cannot hold.

    Raises:
        ConfigError: it is not a format that we write, or quality is not 1 to 100.
        ImageError: a side is longer than the format allows, or the encoder failed.
    """
    format = writable(format)
    if not 1 <= quality <= 100:
        raise ConfigError(f"quality is {quality}: choose 1 to 100")
    check_size(format, bands.width, bands.height)
    with failure_told(format):
        like = bands.like if format in STREAMED else whole(bands)
        said = fitted(like, format, bands.width, bands.height, strip_metadata=strip_metadata)
        if format == "png":
            for piece in png_writer.encoded(map(_whole_numbers, map(stacked, bands.each)), bands.height, said):
                file.write(piece)
        elif format == "tiff":
            write_pages(file, [dataclasses.replace(bands, like=said)])
        else:
            _through_pillow(file, said, format, quality)
    return said.notes[len(like.notes) :]


def write_pages(file: io.BytesIO | io.BufferedRandom, pages: Sequence[Bands]) -> None:
    """Writes a TIFF of these pages, a band at a time, each with what is said of it."""
    every = []
    for page in pages:
        channels = (1 if page.like.grey else 3) + (page.like.alpha is not None)
        shape = (page.height, page.width, channels)[: 3 if channels > 1 else 2]
        every.append(tiff_writer.Page(shape, page.like.rgb.dtype, map(stacked, page.each), page.like))
    tiff_writer.write(file, every)


@contextmanager
def failure_told(format: str) -> Iterator[None]:
    """An encoder that stumbles, or memory that is short, becomes an error that says of which format."""
    try:
        yield
    except Refused as error:
        raise ImageError(f"cannot be written as {format}: {error}") from error
    except MemoryError as error:
        raise ImageError(f"cannot be written as {format}: not enough memory") from error


def write(
    path: AnyPath,
    image: Image,
    *,
    format: str | None = None,
    quality: int = QUALITY,
    strip_metadata: bool = False,
) -> None:
    """Writes the picture into a file, whose format is that of its suffix unless given.

    Raises:
        ConfigError: it is no Image, or not a format that we write.
        ImageError: the picture does not fit the format, or the file cannot be written for a reason of its own.
        MachineError: the disk is full, or the folder not writable.
    """
    _check_image(image)
    data, chosen = io.BytesIO(), format or format_of(path)
    try:
        notes = write_bands(data, as_bands(image), chosen, quality=quality, strip_metadata=strip_metadata)
    except ImageError as error:
        raise ImageError(f"{printable(path)}: {error}") from error
    for note in notes:
        _log.warning("%s: %s", printable(path), note)
    write_bytes(path, data.getvalue())


def _whole_numbers(samples: np.ndarray) -> np.ndarray:
    """The samples, floats rounded to 16 bits."""
    if samples.dtype.kind == "u":
        return samples
    return as_samples(samples * np.float32(65535), np.dtype(np.uint16))


def stacked(image: Image) -> np.ndarray:
    """One array of what the file shall hold: one to four channels."""
    colour = image.rgb[..., 0] if image.grey else image.rgb
    if image.alpha is not None:
        return np.dstack([colour, image.alpha])
    return np.ascontiguousarray(colour)


def _through_pillow(file: io.BytesIO | io.BufferedRandom, image: Image, format: str, quality: int) -> None:
    rgb, alpha = eight_bits(image.rgb), None if image.alpha is None else eight_bits(image.alpha)
    if alpha is not None and format not in ("webp", "avif"):
        rgb, alpha = _on_white(rgb, alpha), None
    grey = image.grey and format not in ("webp", "avif")
    picture = Pillow.fromarray(stacked(Image(rgb, alpha, grey=grey)))
    options: dict[str, object] = {}
    if format != "bmp":
        # Pillow would rebuild a block that says how an AVIF is turned.
        block = exif.without_orientation(image.exif) if format == "avif" and image.exif else image.exif
        options |= {"quality": quality, "icc_profile": image.icc, "xmp": image.xmp or b""}
        options["exif"] = exif.PREFIX + block if block else b""
    if format == "webp" and image.lossless:
        options |= {"lossless": True, "exact": True}
    if format == "avif":
        options["speed"] = 9  # of 10; a seventh of the time of what Pillow takes, in files an eighth larger
    if format == "jpeg":
        options["extra"] = jpeg.segments_of(image)
    if format in ("jpeg", "avif"):
        options["subsampling"] = "4:4:4" if quality >= 90 else "4:2:0"
    if image.dpi and format in ("jpeg", "bmp"):
        options["dpi"] = image.dpi
    with foreign():
        picture.save(file, format, **options)


def _on_white(rgb: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    opaque = alpha[..., None].astype(np.uint16)
    return ((rgb * opaque + 255 * (255 - opaque) + 127) // 255).astype(np.uint8)
