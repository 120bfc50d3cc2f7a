"""A picture in tiles: cut, run through the engine, composed, and put where they belong."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import Executor

import torch
from jaxtyping import Shaped
from torch import Tensor

from srgan.engines import Engine
from srgan.models.model import Model
from srgan.ops.tiles import Tile, batched, fitting, padded, tiles
from srgan.types import Batch, Observed

AUTO_TILE = 384
"""Side of the kept centre of a tile that the caller did not choose [px of the input]."""


def context_of(model: Model) -> int | None:
    """Input pixels to each side that a restored pixel depends on."""
    return None if model.generator.context is None else model.generator.context + model.task.context


def reach_of(model: Model) -> float:
    """How far what is hidden takes the colour of what is visible [px]: farther than what is visible depends on."""
    context = context_of(model)
    return math.inf if context is None else 2.0 * context + 8


def side_of(model: Model) -> int:
    """The side of a tile: the context is computed twice, and what it costs falls with the side."""
    return max(AUTO_TILE, 4 * (context_of(model) or 0), 8 * (model.generator.context or 0))


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


def restore_tiles(
    model: Model,
    pixels: Shaped[Tensor, "n c h w"],
    engine: Engine,
    tile: int | None,
    look: Callable[[Tensor], Observed],
    put: Callable[[Tile, Batch], None],
    workers: Executor | None = None,
    part: tuple[int, int] | None = None,
    progress: Callable[[float], None] | None = None,
    wanted: Callable[[Tile], bool] | None = None,
) -> None:
    """Puts each tile's restored pixels where they belong; `look` turns a part of `pixels` into what is observed.

    Args:
        wanted: says of which tiles; None is all.
    """
    restore_alike = _restorer_of_alike(model, pixels, engine, look, put)

    def restore_all(side: int) -> None:
        every = tiles(height, width, side, context_of(model), model.generator.multiple_of, part)
        batches = list(batched(filter(wanted, every), engine.batch))
        for done, _ in enumerate(run(restore_alike, batches), 1):  # raises what a tile raised
            if progress is not None:
                progress(done / len(batches))

    height, width = pixels.shape[-2:]
    run = map if workers is None else workers.map
    fitting(restore_all, tile or side_of(model), chosen=bool(tile))
