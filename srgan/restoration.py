"""Restore one picture.

picture -> levels as in the file -> tiles -> engine, compose -> rounded once, in the picture's own depth
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from itertools import groupby
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from srgan.engines import Engine, make_engine
from srgan.errors import ConfigError
from srgan.images import Image, as_samples, white_of
from srgan.inpainting import inpaint_floats, inpaint_levels
from srgan.model import Model
from srgan.resample import UPSAMPLE_CONTEXT, upsample
from srgan.tasks import Inpaint
from srgan.tiling import Tile, batched, fitting, padded, tiles
from srgan.types import Batch, Levels, Observed

Weights = Shaped[np.ndarray, "h w"]
"""1 where pixels are to be filled, 0 where they stay, or between."""

AUTO_TILE = 384
"""Side of the kept centre of a tile that the caller did not choose [px of the input]."""


def restore_image(
    model: Model,
    image: Image,
    mask: Weights | None = None,
    *,
    engine: Engine | None = None,
    tile: int | None = None,
    workers: Executor | None = None,
) -> Image:
    """The restored Image: colours by the model, alpha enlarged beside them, grey kept neutral, the rest as it was.

    What is filled where a `mask` says so becomes opaque.

    Args:
        workers: threads that share the tiles; None restores one tile after the other.
    """
    engine = engine or make_engine(model.generator)
    check_mask(model, mask)
    if mask is not None:
        weights = checked(mask, image.height, image.width)
        filled = inpaint_levels(
            model, image.rgb, weights, engine=engine, tile=tile, workers=workers, neutral=image.grey
        )
        opaque = None if image.alpha is None else np.where(weights > 0, white_of(image.alpha.dtype), image.alpha)
        return dataclasses.replace(image, rgb=filled, alpha=None if opaque is None else opaque.astype(filled.dtype))
    rgb = image.rgb if image.alpha is None else _bleed(image.rgb, image.alpha)
    restored = _restore_levels(model, rgb, engine, tile, workers, neutral=image.grey)
    alpha = None if image.alpha is None else _enlarge_alpha(image.alpha, model.task.scale)
    notes = (*image.notes, *model.task.remarks(rgb, restored))
    return dataclasses.replace(image, rgb=restored, alpha=alpha, notes=notes)


def restore_batch(model: Model, observed: Observed, *, engine: Engine, tile: int | None = None) -> Batch:
    """The restored pictures in float32, not clipped, on the CPU, from what the model's task has presented."""
    if isinstance(model.task, Inpaint):
        weights = (observed[:, 3] > 0).float().cpu().numpy()
        each = zip(observed[:, None, :3].cpu(), weights, strict=True)
        return torch.cat([inpaint_floats(model, picture, weight, engine=engine, tile=tile) for picture, weight in each])
    n, _, height, width = observed.shape
    scale = model.task.scale
    restored = torch.empty(n, model.task.out_channels, height * scale, width * scale)

    def put(tile: Tile, centre: Batch) -> None:
        restored[..., tile.rows.kept(scale), tile.columns.kept(scale)] = centre.cpu()

    _restore_tiles(model, observed, engine, tile, torch.Tensor.float, put)
    return restored


def _restore_levels(
    model: Model, rgb: Levels, engine: Engine, tile: int | None, workers: Executor | None, neutral: bool
) -> Levels:
    """The restored colours in the depth of `rgb`; only tiles are ever held in floats."""
    scale = model.task.scale
    height, width, _ = rgb.shape
    restored = np.empty((height * scale, width * scale, 3), rgb.dtype)
    pixels, look = _levels_as_observed(model, rgb)

    def put(tile: Tile, centre: Batch) -> None:
        if neutral:
            centre = centre.mean(dim=1, keepdim=True).expand_as(centre)
        restored[tile.rows.kept(scale), tile.columns.kept(scale)] = _as_levels(centre[0].cpu(), rgb.dtype)

    _restore_tiles(model, pixels, engine, tile, look, put, workers)
    return restored


def _as_levels(picture: Float[Tensor, "3 h w"], depth: np.dtype[Any]) -> Levels:
    """The picture rounded to the levels of a file and clipped; floats are neither."""
    if depth == np.uint8:  # one pass of OpenCV instead of four of torch
        levels = [cv2.convertScaleAbs(plane, alpha=255) for plane in picture.clamp(min=0).numpy()]
    else:
        levels = [as_samples(plane * white_of(depth), depth) for plane in picture.numpy()]
    merged: Levels = cv2.merge(levels)
    return merged


def restore_strips(
    model: Model, image: Image, *, engine: Engine, tile: int | None = None, workers: Executor | None = None
) -> Iterator[Shaped[np.ndarray, ...]]:
    """The pixels of what `restore_image` makes, alpha beside them, a row of tiles at a time from top to bottom.

    Grey pictures have one channel, as in a file. Only the network's context must be known, and nothing is masked.
    """
    scale, generator, depth = model.task.scale, model.generator, image.rgb.dtype
    rgb = image.rgb if image.alpha is None else _bleed(image.rgb, image.alpha)
    pixels, look = _levels_as_observed(model, rgb)
    strip = np.empty((0, 0, 3), depth)

    def put(tile: Tile, centre: Batch) -> None:
        if image.grey:
            centre = centre.mean(dim=1, keepdim=True).expand_as(centre)
        strip[:, tile.columns.kept(scale)] = _as_levels(centre[0].cpu(), depth)

    restore_alike = _restorer_of_alike(model, pixels, engine, look, put)
    run = map if workers is None else workers.map
    every = tiles(image.height, image.width, tile or _side(model), _context(model), generator.multiple_of)
    for rows, band in groupby(every, key=lambda tile: tile.rows):
        strip = np.empty(((rows.stop - rows.start) * scale, image.width * scale, 3), depth)
        for _ in run(restore_alike, batched(band, engine.batch)):
            pass  # raises what a tile raised
        colours = strip[:, :, :1] if image.grey else strip
        if image.alpha is not None:
            top, bottom = max(0, rows.start - UPSAMPLE_CONTEXT), rows.stop + UPSAMPLE_CONTEXT
            alpha = _enlarge_alpha(image.alpha[top:bottom], scale)[(rows.start - top) * scale :][: len(strip)]
            yield np.concatenate([colours, alpha[:, :, None]], axis=2)
        else:
            yield colours[:, :, 0] if image.grey else colours


def _levels_as_observed(model: Model, rgb: Levels) -> tuple[Tensor, Callable[[Tensor], Observed]]:
    """Levels in planes, and what turns a part of them into what is observed."""
    white = white_of(rgb.dtype)
    pixels = torch.from_numpy(np.require(rgb, requirements=("C", "W"))).permute(2, 0, 1)[None]
    return pixels, lambda levels: model.task.present(levels.float().div(white))


def _context(model: Model) -> int | None:
    """Input pixels to each side that a restored pixel depends on."""
    return None if model.generator.context is None else model.generator.context + model.task.context


def _side(model: Model) -> int:
    """The side of a tile: the context is computed twice, and what it costs falls with the side."""
    return max(AUTO_TILE, 4 * (_context(model) or 0), 8 * (model.generator.context or 0))


def _restorer_of_alike(
    model: Model,
    pixels: Shaped[Tensor, "n c h w"],
    engine: Engine,
    look: Callable[[Tensor], Observed],
    put: Callable[[Tile, Batch], None],
) -> Callable[[list[Tile]], None]:
    task, generator, scale = model.task, model.generator, model.task.scale

    @torch.inference_mode()
    def restore_alike(alike: list[Tile]) -> None:
        rows, columns = alike[0]
        seen = torch.cat([pixels[..., tile.rows.seen, tile.columns.seen] for tile in alike])
        observed = look(seen.to(engine.device))
        generated = padded(engine, observed, generator.multiple_of, scale)
        # Composing looks less far than the generator does: leave out what only the generator needed.
        high, wide = rows.narrowed(task.context), columns.narrowed(task.context)
        observed = observed[..., high.within(rows), wide.within(columns)]
        generated = generated[..., high.within(rows, scale), wide.within(columns, scale)]
        composed = task.compose(observed, generated)[..., high.centre(scale), wide.centre(scale)]
        for tile, centre in zip(alike, torch.split(composed, len(pixels)), strict=True):
            put(tile, centre)

    return restore_alike


def _restore_tiles(
    model: Model,
    pixels: Shaped[Tensor, "n c h w"],
    engine: Engine,
    tile: int | None,
    look: Callable[[Tensor], Observed],
    put: Callable[[Tile, Batch], None],
    workers: Executor | None = None,
) -> None:
    """Puts each tile's restored pixels where they belong; `look` turns a part of `pixels` into what is observed."""
    restore_alike = _restorer_of_alike(model, pixels, engine, look, put)

    def restore_tiles(side: int) -> None:
        every = tiles(height, width, side, _context(model), model.generator.multiple_of)
        for _ in run(restore_alike, batched(every, engine.batch)):
            pass  # raises what a tile raised

    height, width = pixels.shape[-2:]
    run = map if workers is None else workers.map
    fitting(restore_tiles, tile or _side(model), chosen=bool(tile))


def check_mask(model: Model, mask: Weights | None) -> None:
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


@torch.inference_mode()
def _enlarge_alpha(alpha: Shaped[np.ndarray, "h w"], scale: int) -> Shaped[np.ndarray, "sh sw"]:
    """The opacity enlarged like the colours' base; opaque and transparent areas stay exactly so."""
    if scale == 1:
        return alpha
    height, width = alpha.shape
    enlarged = np.empty((height * scale, width * scale), alpha.dtype)
    for rows, columns in tiles(height, width, AUTO_TILE, UPSAMPLE_CONTEXT, 1):
        plane = torch.from_numpy(alpha[rows.seen, columns.seen].astype(np.float32))[None, None]
        larger = upsample(plane.expand(1, 3, -1, -1), scale)[0, 0].clamp_(0, white_of(alpha.dtype))
        centre = larger[rows.centre(scale), columns.centre(scale)]
        enlarged[rows.kept(scale), columns.kept(scale)] = as_samples(centre.numpy(), alpha.dtype)
    return enlarged


def _bleed(rgb: Shaped[np.ndarray, "h w 3"], alpha: Shaped[np.ndarray, "h w"]) -> Shaped[np.ndarray, "h w 3"]:
    """The colours with each fully transparent pixel in the colour of the nearest visible one: no fringes at edges."""
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return rgb
    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    bled: Shaped[np.ndarray, "h w 3"] = rgb[rows, columns]
    return bled
