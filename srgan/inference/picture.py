"""Restore one picture, held as a whole or some rows at a time.

picture -> levels as in the file -> tiles -> engine, compose -> rounded once, in the picture's own depth
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor

from srgan.engines import Engine, engine_of
from srgan.engines.threads import survive_fork
from srgan.errors import ConfigError
from srgan.images.bands import Bands, Window
from srgan.images.image import Image, as_samples, white_of
from srgan.inference.alpha import bled, enlarged_alpha, even
from srgan.inference.filling import inpaint_floats, inpaint_levels
from srgan.inference.remarks import Remarks
from srgan.inference.tiled import context_of, reach_of, restore_tiles, side_of
from srgan.models.model import Model
from srgan.ops.tiles import LEAST_TILE, Tile, spans
from srgan.tasks.inpaint import Inpaint
from srgan.types import Batch, Levels, Observed

Weights = Shaped[np.ndarray, "h w"]
"""1 where pixels are to be filled, 0 where they stay, or between."""


def restore_image(
    model: Model,
    image: Image,
    mask: Weights | None = None,
    *,
    engine: Engine | None = None,
    tile: int | None = None,
    workers: Executor | None = None,
    progress: Callable[[float], None] | None = None,
) -> Image:
    """The restored Image: colours by the model, alpha enlarged beside them, grey kept neutral, the rest as it was.

    What is filled where a `mask` says so becomes opaque.

    Args:
        workers: threads that share the tiles; None restores one tile after the other.
        progress: is told the share of the tiles that is done, now and then; not with a mask.
    """
    engine = ready(model, engine)
    check_mask(model, mask)
    if mask is not None:
        weights = checked(mask, image.height, image.width)
        filled = inpaint_levels(
            model, image.rgb, weights, engine=engine, tile=tile, workers=workers, neutral=image.grey
        )
        opaque = None if image.alpha is None else np.where(weights > 0, white_of(image.alpha.dtype), image.alpha)
        return replace(image, rgb=filled, alpha=None if opaque is None else opaque.astype(filled.dtype))
    if model.task.idle:
        return image
    image = bled(image, reach_of(model))
    restored = _restored(model, image, engine, tile, workers, (0, image.height), progress)
    remarks = Remarks(model.task)
    remarks.add(image.rgb, restored.rgb, last=True)
    return replace(restored, notes=(*image.notes, *remarks.said()))


def restore_bands(
    model: Model,
    bands: Bands,
    *,
    engine: Engine,
    tile: int | None = None,
    workers: Executor | None = None,
    most: float = math.inf,
    note: Callable[[str], None] | None = None,
) -> Bands:
    """What `restore_image` makes of a picture, a row of tiles at a time; only the rows that these look at are held.

    The network's context must be known, and nothing is masked.

    Args:
        most: bytes that are made at a time; tiles become lower where they would be more, but not than LEAST_TILE.
        note: gets what the task has to say of the whole picture, before its last rows.
    """
    if model.task.idle:
        return bands
    scale = model.task.scale
    row = bands.width * scale**2 * 4 * bands.like.rgb.itemsize  # of the input, in bytes of the output

    def each() -> Iterator[Image]:
        window, side, context = Window(bands), tile or side_of(model), context_of(model) or 0
        high = min(side, max(LEAST_TILE, int(min(side, most // row))))
        reach, remarks = reach_of(model), Remarks(model.task)
        margin = 0 if bands.like.alpha is None else int(reach)
        for rows in spans(bands.height, high, context, model.generator.multiple_of):
            top, bottom = max(0, rows.seen_start - margin), min(bands.height, rows.seen_stop + margin)
            part = rows.start - top, rows.stop - top
            shown = bled(window.rows(top, bottom), reach)
            restored = _restored(model, shown, engine, tile, workers, part)
            remarks.add(shown.rgb[slice(*part)], restored.rgb, last=rows.stop == bands.height)
            if note is not None and rows.stop == bands.height:
                for text in remarks.said():
                    note(text)
            yield restored

    return replace(bands, width=bands.width * scale, height=bands.height * scale, each=each())


def restore_batch(model: Model, observed: Observed, *, engine: Engine, tile: int | None = None) -> Batch:
    """The restored pictures in float32, not clipped, on the CPU, from what the model's task has presented."""
    if isinstance(model.task, Inpaint):
        weights = (observed[:, 3] > 0).float().cpu().numpy()
        each = zip(observed[:, None, :3].cpu(), weights, strict=True)
        return torch.cat([inpaint_floats(model, picture, weight, engine=engine, tile=tile) for picture, weight in each])
    n, _, height, width = observed.shape
    scale = model.task.scale
    restored = torch.empty(n, 3, height * scale, width * scale)

    def put(tile: Tile, centre: Batch) -> None:
        restored[..., tile.rows.kept(scale), tile.columns.kept(scale)] = centre.cpu()

    restore_tiles(model, observed, engine, tile, torch.Tensor.float, put)
    return restored


def _restored(
    model: Model,
    image: Image,
    engine: Engine,
    tile: int | None,
    workers: Executor | None,
    part: tuple[int, int],
    progress: Callable[[float], None] | None = None,
) -> Image:
    """The rows of a picture from the first to before the last of `part`, restored; the others are looked at alone."""
    restored = _restore_levels(model, image.rgb, engine, tile, workers, image.grey, part, progress)
    alpha = None if image.alpha is None else _restore_alpha(model, image.alpha, engine, tile, workers, part)
    return replace(image, rgb=restored, alpha=alpha)


def _restore_alpha(
    model: Model,
    alpha: Shaped[np.ndarray, "h w"],
    engine: Engine,
    tile: int | None,
    workers: Executor | None,
    part: tuple[int, int],
) -> Shaped[np.ndarray, "_ _"]:
    """The opacity of some rows, enlarged as a grey picture by the generator; where it is even, by its base alone."""
    scale = model.task.scale
    enlarged, flat = enlarged_alpha(alpha, scale, part), even(alpha)
    if scale == 1 or flat.all():
        return enlarged

    def uneven(tile: Tile) -> bool:
        return not flat[tile.rows.kept(1), tile.columns.kept(1)].all()

    grey = np.repeat(alpha[:, :, None], 3, axis=2)
    sharp = _restore_levels(model, grey, engine, tile, workers, True, part, None, uneven)[:, :, 0]
    sharp = np.clip(sharp, 0, white_of(alpha.dtype))
    certain = flat[slice(*part)].repeat(scale, axis=0).repeat(scale, axis=1)
    return np.where(certain, enlarged, sharp).astype(alpha.dtype)


def _restore_levels(
    model: Model,
    rgb: Levels,
    engine: Engine,
    tile: int | None,
    workers: Executor | None,
    neutral: bool,
    part: tuple[int, int],
    progress: Callable[[float], None] | None,
    wanted: Callable[[Tile], bool] | None = None,
) -> Levels:
    """The restored colours of some rows in the depth of `rgb`; only tiles are ever held in floats."""
    scale, (first, last) = model.task.scale, part
    restored = np.empty(((last - first) * scale, rgb.shape[1] * scale, 3), rgb.dtype)
    white = white_of(rgb.dtype)
    pixels = torch.from_numpy(np.require(rgb, requirements=("C", "W"))).permute(2, 0, 1)[None]

    def look(levels: Tensor) -> Observed:
        return model.task.present(levels.float().div(white))

    def put(tile: Tile, centre: Batch) -> None:
        if neutral:
            centre = centre.mean(dim=1, keepdim=True).expand_as(centre)
        restored[tile.rows.kept(scale, first), tile.columns.kept(scale)] = _as_levels(centre[0].cpu(), rgb.dtype)

    restore_tiles(model, pixels, engine, tile, look, put, workers, part, progress, wanted)
    return restored


def _as_levels(picture: Float[Tensor, "3 h w"], depth: np.dtype[Any]) -> Levels:
    """The picture rounded to the levels of a file and clipped; floats are neither."""
    if depth == np.uint8:  # one pass of OpenCV instead of four of torch
        levels = [cv2.convertScaleAbs(plane, alpha=255) for plane in picture.clamp(min=0).numpy()]
    else:
        levels = [as_samples(plane * white_of(depth), depth) for plane in picture.numpy()]
    merged: Levels = cv2.merge(levels)
    return merged


def ready(model: Model, engine: Engine | None) -> Engine:
    """The engine, made of the model where none is given.

    Raises:
        ConfigError: what is given is none.
    """
    survive_fork()
    if engine is None:
        return engine_of(model.generator)
    if not isinstance(engine, Engine):
        raise ConfigError(f"a {type(engine).__name__} is no engine: srgan.make_engine(model) makes one")
    return engine


def check_mask(model: Model, mask: object) -> None:
    if (mask is not None) != isinstance(model.task, Inpaint):
        which = "inpainting needs a mask" if mask is None else f"the task {model.task.name} takes no mask"
        raise ConfigError(f"{which}: a mask says what is to be inpainted")


def checked(mask: Weights, height: int, width: int) -> Float32[np.ndarray, "h w"]:
    """The mask as numbers in [0, 1].

    Raises:
        ConfigError: it is of another size, covers everything, or is not in [0, 1].
    """
    weights = np.asarray(mask).astype(np.float32)
    if weights.shape != (height, width):
        raise ConfigError(f"a mask must be (h, w) as the picture, {(height, width)}, not {weights.shape}")
    if not ((weights >= 0) & (weights <= 1)).all():
        raise ConfigError(
            f"a mask must lie in [0, 1], 1 or True where pixels are filled; its largest value is {weights.max():g}"
        )
    if (weights > 0).all():
        raise ConfigError("the mask covers the whole picture: nothing is known to fill it from")
    return weights
