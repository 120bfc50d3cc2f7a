"""What decoders return, turned into one of four things: grey or colour, with or without alpha."""

import io
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from srgan.images.damage import Damaged, Refused, foreign
from srgan.images.image import Plane, Rgb, white_of


class UnknownKind(Refused):
    """Pixels of a kind that has no meaning here, such as floating-point numbers."""


class Pixels(NamedTuple):
    """The colours of a picture, its alpha, and whether the colours are one grey channel thrice."""

    rgb: Rgb
    alpha: Plane | None = None
    grey: bool = False


def from_array(array: np.ndarray) -> Pixels:
    """Pixels from an (h, w) grey picture, or from an (h, w, c) one: grey and alpha, RGB, or RGBA."""
    array = array[..., None] if array.ndim == 2 else array
    channels = array.shape[2]
    alpha = np.ascontiguousarray(array[..., -1]) if channels in (2, 4) else None
    if channels <= 2:
        return Pixels(cv2.cvtColor(np.ascontiguousarray(array[..., 0]), cv2.COLOR_GRAY2RGB), alpha, grey=True)
    return Pixels(np.ascontiguousarray(array[..., :3]), alpha)


def from_pillow(picture: Pillow.Image, icc: bytes | None = None) -> tuple[Pixels, bytes | None, tuple[str, ...]]:
    """Pixels of a loaded Pillow picture, the profile that still describes them, and notes on what was done.

    Inks (CMYK) become sRGB: through the profile where there is a sound one, else by Pillow's formula.

    Raises:
        UnknownKind: the picture is of a mode such as "F" or "LAB".
    """
    mode = picture.mode
    if mode == "CMYK":
        return _from_inks(picture, icc)
    if mode.startswith("I;16"):
        return from_array(_converted(picture, mode).astype(np.uint16)), icc, ()
    with foreign():
        transparent = "transparency" in picture.info or picture.has_transparency_data
    if mode in ("1", "L", "LA", "La"):
        wanted = "LA" if transparent else "L"
    elif mode in ("P", "PA", "RGB", "RGBX", "RGBA", "RGBa", "YCbCr"):
        wanted = "RGBA" if transparent else "RGB"
    else:
        raise UnknownKind(f"pixels of the kind {mode!r} are not read here; convert it to an 8-bit or 16-bit PNG")
    return from_array(_converted(picture, wanted)), icc, ()


def _converted(picture: Pillow.Image, mode: str) -> np.ndarray:
    with foreign():
        return np.array(picture if picture.mode == mode else picture.convert(mode))


def _from_inks(picture: Pillow.Image, icc: bytes | None) -> tuple[Pixels, None, tuple[str, ...]]:
    if icc:
        try:
            with foreign():
                profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
                srgb = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except Damaged as error:
            return from_array(_converted(picture, "RGB")), None, (f"CMYK profile ignored: {error}",)
        if srgb is not None:
            return from_array(np.array(srgb)), None, ("CMYK converted to sRGB",)
    return from_array(_converted(picture, "RGB")), None, ("CMYK converted to sRGB",)


def widened(samples: np.ndarray, bits: int) -> np.ndarray:
    """Samples of any number of bits as ones of 8 or 16."""
    if samples.dtype.kind == "f" or bits == 8 * samples.itemsize:
        return samples
    most = int(white_of(samples.dtype))
    levels = (np.arange(2**bits) * most + 2**bits // 2 - 1) // (2**bits - 1)
    widened: np.ndarray = levels.astype(samples.dtype)[np.minimum(samples, 2**bits - 1)]
    return widened


def turned(array: np.ndarray, orientation: int) -> np.ndarray:
    """The upright picture, where `array` was stored with this EXIF orientation (1 to 8)."""
    if orientation >= 5:
        array = array.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    return np.ascontiguousarray(array)
