"""The bytes of a file of each format become an Image as it lies in the file, by the decoder that is exact and fast.

imagecodecs decodes TIFF alone: its JPEG is as fast as simplejpeg's, but does not say what it stumbles over, and its
AVIF corrupts memory where there are several frames.
"""

import dataclasses
import io
import struct
from collections.abc import Iterator, Mapping
from typing import Any

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
    WebPImagePlugin,
)

from srgan.images import bmff, gif, jpeg, pixels, webp
from srgan.images.damage import Damaged, foreign
from srgan.images.formats import SUFFIXES
from srgan.images.image import COMMENT, Image
from srgan.images.png import chunks as png
from srgan.images.png import frames as png_frames
from srgan.images.tiff import pixels as tiff_pixels
from srgan.images.tiff import tiff

# Called by name, since Pillow.open() would apply a limit of its own, which only a global can change.
_PILLOW: dict[str, type[ImageFile.ImageFile]] = {
    "png": PngImagePlugin.PngImageFile,
    "jpeg": JpegImagePlugin.JpegImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
}

FIRST_OF = "first of "
"""How the note of a picture begins that is one of several frames."""

_PNG_DEPTH = 24  # where a PNG says how many bits a channel has
_TURBO = {"RGB": "RGB", "L": "GRAY"}  # what libjpeg-turbo calls Pillow's modes


def decoded(data: bytes, format: str, *, lenient: bool = False) -> Image:
    """The picture in the bytes of a file of this format, not yet turned upright.

    Args:
        lenient: of a truncated JPEG take what is left.
    """
    if format == "png":
        return _decode_png(data)
    if format == "tiff":
        return tiff_pixels.decode(tiff.only_page(io.BytesIO(data)))
    if format == "jpeg":
        return _decode_jpeg(data, lenient=lenient)
    return _decode_boxes(data, format) if format in ("avif", "heic") else _decode_pillow(data, format)


def _decode_png(data: bytes) -> Image:
    said = png.contents(io.BytesIO(data))
    notes = said.described["notes"] + frames_note(said.frames)
    hidden = said.animation and said.animation.hidden
    found = next(frames_of_png(data, said))[0] if hidden else _plain_png(png.pixels_alone(data), said)
    return Image(*found, **{**said.described, "notes": notes}, format="png")


def frames_of_png(data: bytes, said: png.Contents) -> Iterator[tuple[pixels.Pixels, float]]:
    """Each picture that an animated PNG shows, and for how long [ms]."""
    return png_frames.frames(data, lambda alone: _plain_png(alone, said))


def _plain_png(alone: bytes, said: png.Contents) -> pixels.Pixels:
    """OpenCV where it is exact (16 bits, which Pillow would cut; plain RGB, where it is fast), else Pillow."""
    if said.depth == 16 or (said.colour in (2, 6) and not said.transparent):
        return _through_opencv(alone, said)
    return pixels.from_pillow(_loaded(PngImagePlugin.PngImageFile, alone))[0]


def _through_opencv(data: bytes, said: png.Contents) -> pixels.Pixels:
    with foreign():
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise Damaged("its pixels cannot be unpacked")
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


def through_pillow(plugin: type[ImageFile.ImageFile], data: bytes) -> ImageFile.ImageFile:
    """What Pillow opens of a file; within `foreign`.

    Pillow widens PNG's greys of 2 and 4 bits to 8, but not the one of them that is transparent.
    """
    picture = plugin(io.BytesIO(data))
    if picture.format == "PNG" and picture.mode == "L" and "transparency" in picture.info:
        most = 2 ** data[_PNG_DEPTH] - 1
        picture.info["transparency"] = (picture.info["transparency"] & most) * (255 // most)
    return picture


def _loaded(plugin: type[ImageFile.ImageFile], data: bytes) -> ImageFile.ImageFile:
    """Pillow's picture that the file opens with, its pixels decoded; of HEIC that need not be the first."""
    with foreign():
        picture = through_pillow(plugin, data)
        picture.load()
        return picture


def _decode_pillow(data: bytes, format: str) -> Image:
    picture = _loaded(plugin_of(format), data)
    found, icc, notes = pixels.from_pillow(picture, picture.info.get("icc_profile") or None)
    if isinstance(picture, GifImagePlugin.GifImageFile) and picture.dispose_extent:
        found = gif.first(found, picture.dispose_extent)
    if format == "bmp" and found.alpha is not None and not found.alpha.any():
        found = found._replace(alpha=None)  # programs that know no alpha leave its bytes zero
    with foreign():
        frames = getattr(picture, "n_frames", 1)
    image = _described(found, icc, picture.info, format, notes + frames_note(frames))
    return dataclasses.replace(image, lossless=format == "webp" and webp.is_lossless(data))


def _decode_boxes(data: bytes, format: str) -> Image:
    """AVIF or HEIC: what Pillow finds, what the colours mean, and those of more than 8 bits, which it would cut."""
    said = bmff.described(data)
    image = _decode_pillow(data, format)
    if said.depth > 8:
        array = _through_opencv_deep(data) if format == "avif" else _through_heif(data)
        rgb, alpha, grey = pixels.from_array(pixels.widened(array, said.depth))
        image = dataclasses.replace(image, rgb=rgb, alpha=alpha, grey=grey)
    return image if image.icc else dataclasses.replace(image, colours=said.colours)


def _through_opencv_deep(data: bytes) -> np.ndarray:
    with foreign():
        array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None or array.dtype != np.uint16:
        raise Damaged("its pixels cannot be unpacked")
    codes = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
    return cv2.cvtColor(array, codes[array.shape[2]]) if array.ndim == 3 else array


def _through_heif(data: bytes) -> np.ndarray:
    import pillow_heif

    with foreign():
        picture = pillow_heif.open_heif(io.BytesIO(data), convert_hdr_to_8bit=False, hdr_to_16bit=False)
        array = np.asarray(picture)
    if array.dtype != np.uint16:
        raise Damaged("its pixels cannot be unpacked")
    return array


def _decode_jpeg(data: bytes, *, lenient: bool) -> Image:
    """libjpeg-turbo's pixels, which says what it stumbles over; Pillow reads inks, and refuses what is truncated."""
    with foreign():
        picture = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    icc = picture.info.get("icc_profile") or None
    if picture.mode in _TURBO:
        found, notes = _strictly(data, picture, lenient)
    else:
        with foreign():
            picture.load()
        found, icc, notes = pixels.from_pillow(picture, icc)
    said = jpeg.described(data, picture.info.get("icc_profile"))
    image = _described(found, icc, picture.info, "jpeg", notes + said.pop("notes"))
    return dataclasses.replace(image, **said)


def _strictly(data: bytes, picture: ImageFile.ImageFile, lenient: bool) -> tuple[pixels.Pixels, tuple[str, ...]]:
    """The pixels, and what libjpeg-turbo stumbles over; Pillow's where that does not know how colours are sampled."""
    try:
        return pixels.from_array(_through_turbo(data, picture.mode)), ()
    except Damaged as error:
        stumbled = error
    if not lenient:
        with foreign():
            picture.load()
    try:
        array = _through_turbo(data, picture.mode, strict=False)
    except Damaged:
        with foreign():
            picture.load()
        return pixels.from_pillow(picture)[0], ()
    return pixels.from_array(array), (f"JPEG data are damaged: {stumbled}",)


def _through_turbo(data: bytes, mode: str, *, strict: bool = True) -> np.ndarray:
    with foreign():
        array: np.ndarray = simplejpeg.decode_jpeg(data, _TURBO[mode], strict=strict)
    return array


def _described(
    found: pixels.Pixels, icc: bytes | None, info: Mapping[Any, Any], format: str, notes: tuple[str, ...]
) -> Image:
    """The Image of these pixels, and what Pillow found beside them."""
    return Image(
        *found,
        icc=icc,
        exif=info.get("exif") or None,
        xmp=info.get("xmp") or None,
        texts=((COMMENT, jpeg.as_text(info["comment"])),) if format == "gif" and "comment" in info else (),
        dpi=_sound_dpi(info.get("dpi")),
        format=format if format in SUFFIXES else "png",
        notes=notes,
    )


def frames_note(count: int) -> tuple[str, ...]:
    """What the user should know of a picture that is the first of so many."""
    return (f"{FIRST_OF}{count} frames",) if count > 1 else ()


def _sound_dpi(dpi: Any) -> tuple[float, float] | None:  # Pillow has int, float, or its own kind of fraction
    if dpi is None or not all(0 < float(side) < 1e6 for side in dpi):
        return None
    return float(dpi[0]), float(dpi[1])
