"""Restore a picture of any kind: the same kind that goes in comes back.

Image, Pillow image, numpy array, torch tensor -> levels or floats -> restored -> the same kind
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from srgan.engines import Engine, make_engine
from srgan.errors import ConfigError
from srgan.images import LARGEST_FLOAT, Image
from srgan.inpainting import inpaint_floats
from srgan.model import Model
from srgan.restoration import Weights, check_mask, checked, restore_batch, restore_image

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Array = np.ndarray[Any, np.dtype[Any]]

Kind = TypeVar("Kind")
"""Image, Pillow image, numpy array or torch tensor."""


def restore(
    model: Model,
    picture: Kind,
    mask: Weights | None = None,
    *,
    engine: Engine | None = None,
    tile: int | None = None,
) -> Kind:
    """The restored picture, as the same kind: Image, Pillow image, numpy array or torch tensor.

    Args:
        picture: an `Image`; a Pillow image (grey, RGB, with or without alpha); an array (h, w), (h, w, 1) or (h, w, 3)
            of uint8, uint16, or floats in [0, 1]; one of integers with alpha, (h, w, 2) or (h, w, 4); a float tensor
            (3, h, w) or (n, 3, h, w) in [0, 1]. Floats stay floats, neither clipped nor rounded: steps can be chained.
        mask: for inpainting: an array (h, w), 1 or True where pixels are to be filled, 0 where they stay; between,
            for floats, what is filled and what was there are mixed.
        engine: what runs the generator; made anew for each call where it is not given.
        tile: side of a tile's kept centre [px of the input]; None chooses. It changes speed, not the picture.

    Raises:
        ConfigError: the picture is of no such kind, its floats are not in [0, 1], or the mask does not fit.
    """
    if isinstance(picture, Image):
        restored: object = restore_image(model, picture, mask, engine=engine, tile=tile)
    elif isinstance(picture, Tensor):
        restored = _restore_tensor(model, picture, mask, engine, tile)
    elif isinstance(picture, np.ndarray):
        restored = _restore_array(model, picture, mask, engine, tile)
    else:
        restored = _restore_pillow(model, cast("PillowImage", picture), mask, engine, tile)
    return cast(Kind, restored)


def _restore_tensor(
    model: Model, picture: Tensor, mask: Weights | None, engine: Engine | None, tile: int | None
) -> Tensor:
    if not picture.is_floating_point() or picture.ndim not in (3, 4) or picture.shape[-3] != 3:
        raise ConfigError(
            f"a tensor must be float (3, h, w) or (n, 3, h, w), not {picture.dtype} {tuple(picture.shape)}"
        )
    batch = picture if picture.ndim == 4 else picture[None]
    engine = engine or make_engine(model.generator)
    check_mask(model, mask)
    with torch.inference_mode():
        if mask is None:
            restored = restore_batch(model, model.task.present(batch), engine=engine, tile=tile)
        else:
            weights = checked(mask, *batch.shape[2:])
            restored = torch.cat(
                [inpaint_floats(model, one[None], weights, engine=engine, tile=tile) for one in batch.cpu()]
            )
    restored = restored.clone().to(picture)
    return restored if picture.ndim == 4 else restored[0]


def _restore_array(
    model: Model, picture: Array, mask: Weights | None, engine: Engine | None, tile: int | None
) -> Array:
    if 0 in picture.shape:
        raise ConfigError(f"an array without pixels: {picture.shape}")
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (1, 2, 3, 4)):
        raise ConfigError(f"an array must be (h, w) or (h, w, 1|2|3|4), not {picture.shape}")
    channels = picture[:, :, None] if picture.ndim == 2 else picture
    grey, transparent = channels.shape[2] <= 2, channels.shape[2] in (2, 4)
    colour = channels[:, :, :1].repeat(3, axis=2) if grey else channels[:, :, :3]
    if picture.dtype in (np.uint8, np.uint16):
        alpha = channels[:, :, -1] if transparent else None
        image = restore_image(model, Image(colour, alpha, grey=grey), mask, engine=engine, tile=tile)
        planes = [image.rgb[:, :, :1] if image.grey else image.rgb]
        planes += [] if image.alpha is None else [image.alpha[:, :, None]]
        restored = np.concatenate(planes, axis=2)
    elif picture.dtype.kind == "f" and not transparent:
        if np.abs(picture).max() > LARGEST_FLOAT:
            raise ConfigError(f"floats up to {np.abs(picture).max():.3g}: white is 1, so divide by 255, say")
        tensor = torch.from_numpy(colour.astype(np.float32)).permute(2, 0, 1)
        floats = _restore_tensor(model, tensor, mask, engine, tile)
        floats = floats.mean(dim=0, keepdim=True) if grey else floats
        restored = floats.permute(1, 2, 0).numpy().astype(picture.dtype)
    else:
        raise ConfigError(
            f"an array must be uint8, uint16, or float without alpha, not {picture.dtype} {picture.shape}"
        )
    return restored[:, :, 0] if picture.ndim == 2 else restored


def _restore_pillow(
    model: Model, picture: PillowImage, mask: Weights | None, engine: Engine | None, tile: int | None
) -> PillowImage:
    from PIL import Image as Pillow

    if not isinstance(picture, Pillow.Image):
        raise ConfigError(f"cannot restore a {type(picture).__name__}: give an Image, Pillow image, array or tensor")
    if picture.mode in ("I", "F"):
        raise ConfigError(f"a Pillow image of mode {picture.mode} does not say what white is: give an array")
    plain = {"1": "L", "La": "LA", "RGBa": "RGBA"}.get(picture.mode)
    picture = picture if plain is None else picture.convert(plain)
    alpha = "A" in picture.getbands() or "transparency" in picture.info
    if picture.mode not in ("L", "LA", "RGB", "RGBA", "I;16") or (alpha and picture.mode not in ("LA", "RGBA")):
        picture = picture.convert("RGBA" if alpha else "RGB")
    restored = Pillow.fromarray(_restore_array(model, np.array(picture), mask, engine, tile))
    restored.info.update(picture.info)
    return restored
