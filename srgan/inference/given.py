"""What callers give becomes what we work on: arrays and Pillow images an Image, masks of any kind numbers in [0, 1]."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Union

import numpy as np
from torch import Tensor

from srgan.errors import ConfigError, ImageError
from srgan.images.image import LARGEST_FLOAT, Image
from srgan.images.pixels import from_pillow
from srgan.images.reader import read
from srgan.inference.painted import Masked, masked, painted
from srgan.inference.picture import checked

if TYPE_CHECKING:
    import PIL.Image
    from PIL.Image import Image as PillowImage

Array = np.ndarray[Any, np.dtype[Any]]

AnyMask = Union[str, os.PathLike[str], Image, "PIL.Image.Image", Array, Tensor]
"""Numbers (h, w), or a picture of them: the path of one, an Image, a Pillow image, an array."""


def image_of(picture: Array) -> Image:
    """An array as an Image of its own depth; floats of any kind as float32.

    Raises:
        ConfigError: it is no picture.
    """
    if 0 in picture.shape:
        raise ConfigError(f"an array without pixels: {picture.shape}")
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (1, 2, 3, 4)):
        raise ConfigError(f"an array must be (h, w) or (h, w, 1|2|3|4), not {picture.shape}")
    native = picture.astype(np.float32 if picture.dtype.kind == "f" else picture.dtype.newbyteorder("="), copy=False)
    if native.dtype not in (np.uint8, np.uint16, np.float32):
        raise ConfigError(f"an array must be uint8, uint16 or float, not {picture.dtype} {picture.shape}")
    check_samples(native)
    channels = native[:, :, None] if native.ndim == 2 else native
    grey, transparent = channels.shape[2] <= 2, channels.shape[2] in (2, 4)
    alpha = channels[:, :, -1] if transparent else None
    if alpha is not None and alpha.dtype.kind == "f" and (alpha.min() < 0 or alpha.max() > 1):
        raise ConfigError(f"alpha from {alpha.min():.3g} to {alpha.max():.3g}: in floats it lies in [0, 1]")
    return Image(channels[:, :, :1].repeat(3, axis=2) if grey else channels[:, :, :3], alpha, grey=grey)


def array_of(picture: PillowImage) -> Array:
    """A Pillow image as an array of 8 or 16 bits: grey or RGB, with or without alpha; inks as sRGB, as files of them.

    Raises:
        ConfigError: its mode does not say what white is, or Pillow cannot make RGB of it.
    """
    mode = picture.mode
    if mode.startswith("I;16"):  # in whatever order its bytes are
        return np.array(picture).astype(np.uint16)
    if mode in ("I", "F"):
        raise ConfigError(f"a Pillow image of mode {mode} does not say what white is: give an array")
    if mode == "CMYK":
        inks, _, _ = from_pillow(picture, picture.info.get("icc_profile"))
        return inks.rgb
    alpha = picture.has_transparency_data
    wanted = {"1": "L", "L": "L", "LA": "LA", "La": "LA"}.get(mode, "RGB")
    wanted = {"L": "LA", "RGB": "RGBA"}.get(wanted, wanted) if alpha else wanted
    try:
        return np.array(picture if mode == wanted else picture.convert(wanted))
    except ValueError as error:
        raise ConfigError(f"a Pillow image of mode {mode} cannot become {wanted} ({error}): convert it") from error


def check_samples(values: Array | Tensor) -> None:
    """Checks that there are pixels, and that floats are finite and white is 1.

    Raises:
        ConfigError: there are none, or they are not.
    """
    if 0 in values.shape:
        raise ConfigError(f"a picture without pixels: {tuple(values.shape)}")
    if isinstance(values, np.ndarray) and values.dtype.kind != "f":
        return
    least, most = float(values.min()), float(values.max())
    if not np.isfinite([least, most]).all():
        raise ConfigError("the picture has pixels that are not numbers (NaN) or infinite")
    if max(-least, most) > LARGEST_FLOAT:
        raise ConfigError(f"floats up to {max(-least, most):.3g}: white is 1, so divide by 255, say")


def masked_of(mask: AnyMask, picture: Image) -> Masked:
    """What a mask of any kind says is to be filled of a picture.

    Raises:
        ConfigError: it is of another size, covers everything, or is no mask.
        ImageError: its file cannot be read, or it could mean this or that.
    """
    size = picture.height, picture.width
    if isinstance(mask, Tensor):
        mask = mask.detach().cpu().numpy()
        mask = mask[0] if mask.ndim == 3 and len(mask) == 1 else mask
    if isinstance(mask, np.ndarray) and (mask.ndim != 3 or 0 in mask.shape):
        if mask.dtype.kind not in "ui" or mask.shape != size or mask.max() <= 1:
            return masked(checked(mask, *size))
        if mask.min() < 0 or mask.max() > np.iinfo(np.uint16).max:
            raise ConfigError(f"a mask of whole numbers from {mask.min()} to {mask.max()}: choose 0 and 1, or 0 to 255")
        if mask.max() in (255, 65535) and np.isin(mask, (0, mask.max())).all():  # of a program, not of a brush
            return masked(checked(mask > 0, *size))
        mask = mask.astype(np.uint8 if mask.max() <= 255 and mask.dtype != np.uint16 else np.uint16)
    seen = _picture_of(mask)
    if (seen.height, seen.width) != size:
        raise ConfigError(f"a mask must be (h, w) as the picture, {size}, not {(seen.height, seen.width)}")
    try:
        holes, how = painted(seen, picture)
    except ImageError as error:
        raise ImageError(f"the mask {error}; paint white on black, or give an array of 0 and 1") from error
    return masked(checked(holes, *size), how)


def _picture_of(mask: AnyMask) -> Image:
    from PIL import Image as Pillow

    if isinstance(mask, Image):
        return mask
    if isinstance(mask, (str, os.PathLike)):
        return read(mask)
    if isinstance(mask, np.ndarray):
        return image_of(mask)
    if isinstance(mask, Pillow.Image):
        return image_of(array_of(mask))
    raise ConfigError(f"a {type(mask).__name__} is no mask: give an array, a Pillow image, an Image or a path")
