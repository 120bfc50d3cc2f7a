"""A model at work on a picture, in tiles: cut, run through the engine, composed, and put where they belong."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor

from srgan.engines import Engine, engine_of, serves
from srgan.engines.threads import survive_fork
from srgan.errors import ConfigError
from srgan.images.image import as_samples, white_of
from srgan.models.model import Model
from srgan.ops.symmetries import ensembled
from srgan.ops.tiles import AUTO_TILE, Tile, batched, fitting, padded, sparse, tiles
from srgan.pools import ahead
from srgan.quota import allowed
from srgan.tasks.task import Share
from srgan.types import Batch, Mask, Observed, Pixels, Restored

TURN = 4
"""Batches of tiles that a picture has in work or waiting, for each core."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A model at work: what runs its generator, in which tiles, by which threads; and which part is wanted, and how.

    Attributes:
        tile: side of a tile's kept centre [px of the input]; 0 chooses. It changes speed, not the picture.
        workers: threads that share the tiles; None restores one tile after the other.
        progress: is told the share of the tiles that is done, now and then.
        part: only of these rows, from the first to before the last, are the tiles restored.
        grey: what is made is grey.
        ensemble: the generator is asked in all eight symmetries of the square, and its answers are averaged.
    """

    model: Model
    engine: Engine
    tile: int = 0
    workers: Executor | None = None
    progress: Callable[[float], None] | None = None
    part: tuple[int, int] | None = None
    grey: bool = False
    ensemble: bool = False

    def restore(self, pixels: Pixels, mask: Mask | None = None) -> Restored:
        """The restored pictures on the CPU, levels as levels and floats neither rounded nor clipped."""
        restored: Restored = self.model.task.restore(pixels, self, mask)
        return restored

    def __call__(
        self,
        pixels: Pixels,
        present: Callable[[Pixels], Observed],
        *,
        where: Bool[Tensor, "h w"] | None = None,
        reach: int | None = None,
        share: Share = (0.0, 1.0),
    ) -> Restored:
        """What is composed of what the generator makes, as `srgan.tasks.task.Apply` says."""
        height, width = pixels.shape[-2:]
        context, generator = self._context(reach), self.model.generator
        restored = self._blank(pixels)

        @torch.inference_mode()
        def restore_alike(alike: list[Tile]) -> None:
            for tile, centre in zip(alike, self._composed(pixels, alike, present), strict=True):
                self._put(restored, tile, centre)

        def restore_all(side: int) -> None:
            every = tiles(height, width, side, context, generator.multiple_of, self.part)
            if where is not None and context is not None:
                every = sparse(where, side, context, generator.multiple_of, self.part)
            batches = list(batched(every, self.engine.batch))
            made: Iterable[None] = map(restore_alike, batches)
            if self.workers is not None:  # pictures that share the workers take turns
                made = ahead(self.workers, restore_alike, batches, TURN * allowed(os.cpu_count() or 1))
            for done, _ in enumerate(made, 1):  # raises what a tile raised
                if self.progress is not None:
                    self.progress(share[0] + (share[1] - share[0]) * done / len(batches))

        fitting(restore_all, self.side, chosen=bool(self.tile))
        return restored

    @property
    def context(self) -> int | None:
        """Input pixels to each side that a restored pixel depends on; None is the whole picture."""
        return self._context(None)

    @property
    def reach(self) -> float:
        """How far what is hidden takes the colour of what is visible [px]: farther than what is visible depends on."""
        return math.inf if self.context is None else 2.0 * self.context + 8

    @property
    def side(self) -> int:
        """The side of a tile: the context is computed twice, and what it costs falls with the side."""
        return self.tile or max(AUTO_TILE, 4 * (self.context or 0), 8 * (self.model.generator.context or 0))

    def _context(self, reach: int | None) -> int | None:
        sees = self.model.generator.context
        if sees is None:
            return None
        return (sees if reach is None else min(sees, reach)) + self.model.task.context

    def _composed(
        self, pixels: Pixels, alike: list[Tile], present: Callable[[Pixels], Observed]
    ) -> Sequence[Float[Tensor, "n d _ _"]]:
        """The restored centres of some tiles of one size and context."""
        task, scale, (rows, columns) = self.model.task, self.model.task.scale, alike[0]
        seen = torch.cat([pixels[..., tile.rows.seen, tile.columns.seen] for tile in alike]).to(self.engine.device)
        observed = present(seen if seen.is_floating_point() else seen.float().div(_white(pixels)))
        generate = ensembled(self.engine) if self.ensemble else self.engine
        generated = padded(generate, observed, self.model.generator.multiple_of, scale)
        # Composing looks less far than the generator does: leave out what only the generator needed.
        high, wide = rows.narrowed(task.context), columns.narrowed(task.context)
        observed = observed[..., high.within(rows), wide.within(columns)]
        generated = generated[..., high.within(rows, scale), wide.within(columns, scale)]
        composed = task.compose(observed, generated)[..., high.centre(scale), wide.centre(scale)]
        return torch.split(composed, len(pixels))

    def _blank(self, pixels: Pixels) -> Restored:
        """Room for the restored pixels, which lie as in a file: row by row, the channels of each together."""
        task, (first, last) = self.model.task, self.part or (0, pixels.shape[2])
        height, width = (last - first) * task.scale, pixels.shape[3] * task.scale
        return torch.zeros(len(pixels), height, width, 3, dtype=pixels.dtype).permute(0, 3, 1, 2)

    def _put(self, restored: Restored, tile: Tile, centre: Float[Tensor, "n d _ _"]) -> None:
        """Puts a tile where it belongs; levels are rounded."""
        if self.grey:
            centre = centre.mean(dim=1, keepdim=True).expand_as(centre)
        scale, first = self.model.task.scale, 0 if self.part is None else self.part[0]
        place = restored[..., tile.rows.kept(scale, first), tile.columns.kept(scale)]
        if restored.is_floating_point():
            place.copy_(centre)
        else:
            levels = place[0].permute(1, 2, 0).numpy()
            levels[:] = _as_levels(centre[0].cpu(), levels.dtype)


def run_of(model: Model, engine: Engine | None, **how: Any) -> Run:
    """A run of the model; its own engine where none is given.

    Raises:
        ConfigError: what is given is no engine, or that of other weights.
    """
    survive_fork()
    if engine is not None and not isinstance(engine, Engine):
        raise ConfigError(f"a {type(engine).__name__} is no engine: srgan.make_engine(model) makes one")
    if engine is not None and not serves(engine, model.generator):
        raise ConfigError("the engine has other weights than the model: make the engine of this model")
    return Run(model=model, engine=engine or engine_of(model.generator), **how)


def restore_batch(run: Run, observed: Observed) -> Batch:
    """The pictures restored from what was observed of them, in float32 and not clipped, on the CPU."""
    lost = run.model.task.lost(observed)
    return run(observed, torch.Tensor.float) if lost is None else run.restore(observed[:, :3], lost)


def _white(pixels: Pixels) -> float:
    return white_of(pixels[:0].numpy().dtype)


def _as_levels(picture: Float[Tensor, "3 h w"], depth: np.dtype[Any]) -> Shaped[np.ndarray, "h w 3"]:
    """The picture rounded to the levels of a file and clipped."""
    if depth == np.uint8:  # one pass of OpenCV instead of four of torch
        levels = [cv2.convertScaleAbs(plane, alpha=255) for plane in picture.clamp(min=0).numpy()]
    else:
        levels = [as_samples(plane * white_of(depth), depth) for plane in picture.numpy()]
    merged: Shaped[np.ndarray, "h w 3"] = cv2.merge(levels)
    return merged
