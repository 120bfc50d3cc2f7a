"""Inpaint one picture: what a mask covers is filled, and every other pixel stays as it was.

mask -> windows around its holes -> each halved until the holes are thin -> filled -> enlarged as a guess, filled, ...
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float32
from scipy.ndimage import binary_dilation, distance_transform_edt, find_objects, label

from srgan.engines import Engine
from srgan.images.image import as_samples, white_of
from srgan.models.model import Model
from srgan.ops.pyramid import halved, smoothed
from srgan.ops.resample import upsample
from srgan.ops.tiles import Tile, batched, fitting, padded, tiles
from srgan.tasks.inpaint import Inpaint
from srgan.types import Batch, Levels, Mask

THIN = 24
"""Holes are filled at once where no pixel in them is farther than this from what is known [px]."""

AROUND = 96
"""What is looked at around a hole, at the coarsest size at which it is filled [px]."""

CELL = 16
"""Side of the squares in which holes are looked for [px]."""

TILE = 512
"""Side of the kept centre of a tile [px]."""


def inpaint_levels(
    model: Model,
    rgb: Levels,
    weights: Float32[np.ndarray, "h w"],
    *,
    engine: Engine,
    tile: int | None = None,
    workers: Executor | None = None,
    neutral: bool = False,
) -> Levels:
    """The colours with their holes filled, in their own depth; where the weight is 0 they stay bit for bit.

    Args:
        weights: how much of each pixel is filled, in [0, 1].
        workers: threads that share the tiles; None fills one tile after the other.
        neutral: what is filled is grey.
    """
    white = white_of(rgb.dtype)
    inpainted = rgb.copy()
    for rows, columns, halvings, own in windows(weights > 0):
        part, weight = rgb[rows, columns], weights[rows, columns]
        picture = torch.from_numpy(part.astype(np.float32) / white).permute(2, 0, 1)[None]
        mixed = _mixed(model, picture, weight, halvings, engine, tile, workers)
        if neutral:
            mixed = mixed.mean(dim=1, keepdim=True).expand_as(mixed)
        levels = as_samples(mixed[0].mul(white).permute(1, 2, 0).numpy(), rgb.dtype)
        np.copyto(inpainted[rows, columns], levels, where=(own & (weight > 0))[:, :, None])
    return inpainted


def inpaint_floats(
    model: Model, picture: Batch, weights: Float32[np.ndarray, "h w"], *, engine: Engine, tile: int | None = None
) -> Batch:
    """The same of one picture in floats, which are neither rounded nor clipped."""
    inpainted = picture.clone()
    for rows, columns, halvings, own in windows(weights > 0):
        weight, seen = weights[rows, columns], (..., rows, columns)
        mixed = _mixed(model, picture[seen], weight, halvings, engine, tile)
        inpainted[seen] = torch.where(torch.from_numpy(own & (weight > 0)), mixed, inpainted[seen])
    return inpainted


def _mixed(
    model: Model,
    picture: Batch,
    weight: Float32[np.ndarray, "h w"],
    halvings: int,
    engine: Engine,
    tile: int | None,
    workers: Executor | None = None,
) -> Batch:
    """What is filled, and what was there, by weight."""
    share = torch.from_numpy(weight)[None, None]
    filled = fill(model, picture, (share > 0).float(), halvings, engine=engine, tile=tile, workers=workers)
    return torch.lerp(picture, filled, share)


def windows(mask: Bool[np.ndarray, "h w"]) -> Iterator[tuple[slice, slice, int, Bool[np.ndarray, "_ _"]]]:
    """Where to fill: rows and columns around each group of holes, and how many times to halve them there.

    Holes near to each other are filled together. What else lies in a window may belong to holes that it cuts off: the
    fourth says which pixels are the group's own.
    """
    height, width = mask.shape
    cells = _cells(mask)
    groups, _ = label(binary_dilation(cells, iterations=AROUND // 2 // CELL))
    for number, spans in enumerate(find_objects(groups), 1):
        rows, columns = (slice(span.start * CELL, span.stop * CELL) for span in spans)
        deepest = distance_transform_edt(mask[rows, columns]).max()
        halvings = max(0, math.ceil(math.log2(max(deepest, 1) / THIN)))
        reach = AROUND * 2**halvings
        rows = slice(max(0, rows.start - reach), min(height, rows.stop + reach))
        columns = slice(max(0, columns.start - reach), min(width, columns.stop + reach))
        cells = groups[rows.start // CELL : -(-rows.stop // CELL), columns.start // CELL : -(-columns.stop // CELL)]
        own = (cells == number).repeat(CELL, axis=0).repeat(CELL, axis=1)
        yield rows, columns, halvings, own[: rows.stop - rows.start, : columns.stop - columns.start]


def _cells(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "rows columns"]:
    """Which squares of CELL x CELL pixels have a hole: looking for holes must not cost as much as the picture."""
    padded = np.pad(mask, [(0, -side % CELL) for side in mask.shape])
    rows, columns = (side // CELL for side in padded.shape)
    cells: Bool[np.ndarray, "rows columns"] = np.any(padded.reshape(rows, CELL, columns, CELL), axis=(1, 3))
    return cells


@torch.inference_mode()
def fill(
    model: Model,
    picture: Batch,
    mask: Mask,
    halvings: int,
    *,
    engine: Engine,
    tile: int | None = None,
    workers: Executor | None = None,
) -> Batch:
    """The picture with its holes filled, coarse to fine: what was filled at half the size is the guess at the next."""
    sizes = [(picture, mask)]
    for _ in range(halvings):
        sizes.append(halved(*sizes[-1]))
    filled = _fill_at_once(model, *sizes[-1], smoothed(*sizes[-1]), False, engine, tile, workers)
    for larger, holes in reversed(sizes[:-1]):
        guess = upsample(filled, 2)[..., : larger.shape[2], : larger.shape[3]].clamp(0, 1)
        filled = _fill_at_once(model, larger, holes, guess, True, engine, tile, workers)
    return filled


def _fill_at_once(
    model: Model,
    picture: Batch,
    mask: Mask,
    guess: Batch,
    coarse: bool,
    engine: Engine,
    tile: int | None,
    workers: Executor | None,
) -> Batch:
    generator, task = model.generator, cast(Inpaint, model.task)
    filled = picture.clone()

    @torch.inference_mode()
    def fill_alike(alike: list[Tile]) -> None:
        parts = [(..., tile.rows.seen, tile.columns.seen) for tile in alike]
        observed = torch.cat([task.present(picture[seen], mask[seen], guess[seen], float(coarse)) for seen in parts])
        generated = padded(engine, observed.to(engine.device), generator.multiple_of, 1).cpu()
        for (rows, columns), composed in zip(alike, task.compose(observed, generated), strict=True):
            filled[0, :, rows.kept(1), columns.kept(1)] = composed[:, rows.centre(1), columns.centre(1)]

    def fill_tiles(side: int) -> None:
        every = tiles(height, width, side, context, generator.multiple_of)
        with_holes = (one for one in every if mask[..., one.rows.kept(1), one.columns.kept(1)].any())
        for _ in run(fill_alike, batched(with_holes, engine.batch)):
            pass  # raises what a tile raised

    height, width = picture.shape[2:]
    # What lies farther away changes nothing by more than 2 of 255 levels, and to look at it would take twice as long.
    context = None if generator.context is None else min(generator.context, AROUND)
    run = map if workers is None else workers.map
    fitting(fill_tiles, tile or TILE, chosen=bool(tile))
    return filled
