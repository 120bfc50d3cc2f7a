"""Restore a picture of any kind: the same kind that goes in comes back.

Image, Pillow image, numpy array, torch tensor -> levels or floats -> restored -> the same kind
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from srgan.engines import Engine
from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.inference.bysource import BySource, source_of
from srgan.inference.given import AnyMask, Array, array_of, check_samples, image_of, masked_of
from srgan.inference.picture import check_mask, restore_image
from srgan.inference.tiled import Run, run_of
from srgan.models.model import Model, check_model

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

Kind = TypeVar("Kind")
"""Image, Pillow image, numpy array or torch tensor."""


def restore(
    model: Model | BySource,
    picture: Kind,
    mask: AnyMask | None = None,
    *,
    engine: Engine | None = None,
    tile: int | None = None,
    ensemble: bool = False,
) -> Kind:
    """The restored picture, as the same kind: Image, Pillow image, numpy array or torch tensor.

    Args:
        picture: an `Image`; a Pillow image of 8 or 16 bits; an array (h, w), (h, w, 1) or (h, w, 3), or with alpha
            (h, w, 2) or (h, w, 4), of uint8, uint16, or floats in which white is 1; a float tensor (3, h, w) or
            (n, 3, h, w). Floats stay floats, neither clipped nor rounded: steps can be chained.
        mask: for inpainting: an array or tensor (h, w) of floats, bools, or whole numbers, 1, True or 255 where pixels
            are to be filled, 0 where they stay; of floats between, what is filled and what was there are mixed. Or a
            picture of the mask, read as `Masks` reads it: a path, an `Image`, a Pillow image, an array of colours.
        engine: what runs the generator; made once for a model where it is not given.
        tile: side of a tile's kept centre [px of the input]; None chooses. It changes speed, not the picture.
        ensemble: ask the generator eight times, turned and mirrored, and average: truer, 8 times as slow.

    Raises:
        ConfigError: the picture is of no such kind, its floats are not finite or far from [0, 1], the mask does not
            fit, or the engine is that of another model.
        ImageError: the mask cannot be read, or could mean this or that.
    """
    if not isinstance(model, BySource):
        check_model(model)
    given, note = _checked(picture), ""
    if isinstance(model, BySource):
        model, note = _suited(model, given)
    if tile is not None and (not isinstance(tile, int) or tile < 0):
        raise ConfigError(f"tile={tile!r}: choose a side in whole pixels, or None")
    if ensemble and not model.task.has_truth:
        raise ConfigError("ensemble turns pictures, and this makes them of noise, of which each is as right as another")
    check_mask(model.task, mask)
    run = run_of(model, engine, tile=tile or 0, ensemble=ensemble)
    if isinstance(given, Tensor):
        restored: object = _restore_tensor(run, given, mask)
    elif isinstance(picture, Image):
        made = _restore_image(run, given, mask)
        restored = dataclasses.replace(made, notes=(*made.notes, note)) if note else made
    elif isinstance(picture, np.ndarray):
        samples = _restore_array(run, given, mask).astype(picture.dtype)
        restored = samples[:, :, 0] if picture.ndim == 2 else samples
    else:
        restored = _restore_pillow(run, given, mask, cast("PillowImage", picture))
    return cast(Kind, restored)


def _checked(picture: object) -> Image | Tensor:
    """What is worked on: a tensor for a tensor, and an Image for everything else.

    Raises:
        ConfigError: the picture is of no such kind, or its floats are not finite or far from [0, 1].
    """
    from PIL import Image as Pillow

    if isinstance(picture, Tensor):
        if not picture.is_floating_point() or picture.ndim not in (3, 4) or picture.shape[-3] != 3:
            raise ConfigError(
                f"a tensor must be float (3, h, w) or (n, 3, h, w), not {picture.dtype} {tuple(picture.shape)}"
            )
        check_samples(picture.detach())
        return picture.detach()
    if isinstance(picture, Image):
        check_samples(picture.rgb)
        return picture
    if isinstance(picture, np.ndarray):
        return image_of(picture)
    if isinstance(picture, Pillow.Image):
        return image_of(array_of(picture))
    raise ConfigError(f"cannot restore a {type(picture).__name__}: give an Image, Pillow image, array or tensor")


def _suited(models: BySource, picture: Image | Tensor) -> tuple[Model, str]:
    """The model for what a picture comes from, and why; of a batch of tensors, the first tells for all."""
    quality = None
    if isinstance(picture, Image):
        rgb, quality = picture.rgb, picture.jpeg_quality
    else:
        rgb = picture.reshape(-1, *picture.shape[-3:])[0].permute(1, 2, 0).float().cpu().numpy()
    source = source_of(rgb, quality, models.among)
    chosen = getattr(models, source.name)
    if not isinstance(chosen, Model):
        raise ConfigError("one picture needs one model of each kind, not one for each scale")
    return chosen, models.note(source)


def _restore_image(run: Run, image: Image, mask: AnyMask | None) -> Image:
    if mask is None:
        return restore_image(run, image)
    opacity, note = masked_of(mask, image)
    restored = restore_image(run, image, opacity)
    return dataclasses.replace(restored, notes=(*restored.notes, note))


def _restore_tensor(run: Run, picture: Tensor, mask: AnyMask | None) -> Tensor:
    batch = (picture if picture.ndim == 4 else picture[None]).float()
    holes = None
    if mask is not None:
        batch = batch.cpu()
        each = [masked_of(mask, Image(one.permute(1, 2, 0).numpy())).opacity for one in batch]
        holes = torch.from_numpy(np.stack(each))[:, None]
    restored = run.restore(batch, holes).clone(memory_format=torch.contiguous_format).to(picture)  # no inference tensor
    return restored if picture.ndim == 4 else restored[0]


def _restore_array(run: Run, image: Image, mask: AnyMask | None) -> Array:
    """The restored samples (h, w, 1|2|3|4), as many channels as the array had."""
    if image.rgb.dtype.kind == "f" and image.alpha is None:
        tensor = torch.from_numpy(np.require(image.rgb, requirements=("C", "W"))).permute(2, 0, 1)
        floats = _restore_tensor(run, tensor, mask)
        return (floats.mean(dim=0, keepdim=True) if image.grey else floats).permute(1, 2, 0).numpy()
    made = _restore_image(run, image, mask)
    planes = [made.rgb[:, :, :1] if made.grey else made.rgb]
    planes += [] if made.alpha is None else [made.alpha[:, :, None]]
    return np.concatenate(planes, axis=2)


def _restore_pillow(run: Run, image: Image, mask: AnyMask | None, picture: PillowImage) -> PillowImage:
    from PIL import Image as Pillow

    samples = _restore_array(run, image, mask)
    restored = Pillow.fromarray(samples[:, :, 0] if samples.shape[2] == 1 else samples)
    untrue = ("transparency", "icc_profile") if picture.mode == "CMYK" else ("transparency",)
    restored.info.update({name: said for name, said in picture.info.items() if name not in untrue})
    return restored
