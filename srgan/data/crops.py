"""Pictures become training pairs; sample i of step s is a function of (seed, s, i), so a run can start anywhere.

clean files  -> bytes on the device -> crop, rescale, flip, rotate, recolour -> clean batch -> task.degrade -> pair
paired files -> bytes on the device -> the same crop of both, flip, rotate --------------------------------> pair

Where windows lie is drawn by the program itself; the device cuts, turns and degrades them a batch at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from srgan.data.pictures import Pictures
from srgan.data.sources import Source
from srgan.errors import ConfigError
from srgan.ops.colour import GREY
from srgan.ops.resample import resize
from srgan.tasks.task import PseudoTargets, Task
from srgan.types import Batch, Bytes, Observed


class Pair(NamedTuple):
    """A batch to learn from: what is observed, what should become of it, and what the model makes of some."""

    observed: Observed
    clean: Batch
    pseudo: PseudoTargets | None = None


class _Window(NamedTuple):
    """A square of a picture [px], and how it is turned."""

    which: int
    top: int
    left: int
    side: int
    mirrored: bool
    quarters: int
    """Quarters of a turn against the clock, once it is mirrored."""


def check_pairs(task: Task, every: Sequence[Source]) -> None:
    """Raises ConfigError where pairs are given to a task that they do not tell enough, or none where they alone do."""
    paired = [source.observed_bytes is not None for source in every]
    if task.only_pairs and not all(paired):
        raise ConfigError(f"{task.name} can be learnt, and judged, from pairs alone: give --paired OBSERVED CLEAN")
    if not task.pairable and any(paired):
        raise ConfigError(
            f"pairs say nothing of what {task.name} needs beside a picture: give --data DIR, of clean pictures"
        )


def check_comparable(task: Task, every: Sequence[Source]) -> None:
    """Raises ConfigError where what is restored of these pictures cannot be compared with what is right."""
    if not task.has_truth:
        raise ConfigError(
            f"{task.name} makes pictures of which none is right or wrong, so there is nothing to compare; "
            "srgan eval judges them as a set"
        )
    check_pairs(task, every)


def pairs(
    pictures: Pictures,
    task: Task,
    *,
    crop: int,
    batch: int,
    rescale: float = 0.0,
    recolour: float = 0.0,
    orientations: int = 8,
    seed: int = 0,
    turns: int = 1,
    start: int = 0,
    device: torch.device,
) -> Iterator[list[Pair]]:
    """The batches of each step from `start` on, without end, on the device.

    Args:
        crop: side of what is observed [px].
        rescale: share of the clean crops that are cut from a picture made smaller; not of pairs.
        recolour: share of the clean crops of which the colours are mixed anew; not of pairs.
        orientations: in which crops come: 8, 2 (as they are, and mirrored) or 1.
        turns: batches a step.
    """
    held, side = pictures.to(device), crop * task.scale
    for step in count(start):
        rng = torch.Generator(device).manual_seed(seed * 1_000_003 + step)
        draws = torch.Generator(device).manual_seed((seed * 1_000_003 + step + 1) * 1009 - 1)
        batches = []
        for turn in range(turns):
            every = [np.random.default_rng([seed, step, sample]) for sample in range(turn * batch, (turn + 1) * batch)]
            if held.observed is None:
                windows = [_window(held.pictures, side, rescale, orientations, one) for one in every]
                clean = _recoloured(_cut(held.pictures, windows, side), recolour, every)
                observed = task.degrade(clean, rng)
            else:
                windows = [_window(held.observed, crop, None, orientations, one) for one in every]
                observed = task.present(_cut(held.observed, windows, crop))
                clean = _cut(held.pictures, [_enlarged(window, task.scale) for window in windows], side)
            if held.labels:
                observed = task.labelled(observed, [held.labels[window.which] for window in windows])
            batches.append((observed, clean))
        yield [Pair(observed, *task.wanted(observed, clean, draws)) for observed, clean in batches]


def _window(
    pictures: list[Bytes], side: int, rescale: float | None, orientations: int, rng: np.random.Generator
) -> _Window:
    """A random square of a random picture, in one of its orientations; a share are larger, to be reduced."""
    which = int(rng.integers(len(pictures)))
    height, width = pictures[which].shape[1:]
    cut = side
    if rescale is not None and rng.random() < rescale:
        cut = min(round(side / rng.uniform(0.5, 1)), height, width)
    top, left = int(rng.integers(height - cut + 1)), int(rng.integers(width - cut + 1))
    mirrored, quarters = rng.random() < 0.5, int(rng.integers(4))
    return _Window(which, top, left, cut, mirrored and orientations > 1, quarters if orientations == 8 else 0)


def _enlarged(window: _Window, scale: int) -> _Window:
    """The same window of a picture whose sides are `scale` times as long."""
    top, left, side = (scale * length for length in (window.top, window.left, window.side))
    return window._replace(top=top, left=left, side=side)


def _cut(pictures: list[Bytes], windows: Sequence[_Window], side: int) -> Batch:
    """What is seen through windows, at one size and turned, in [0, 1]."""
    seen = torch.stack([_seen(pictures[window.which], window, side) for window in windows])
    # The eight orientations are four steps, each of which is taken by the whole batch at once.
    quarters = np.array([window.quarters for window in windows])
    steps: list[tuple[Callable[[Tensor], Tensor], Bool[np.ndarray, " n"]]] = [
        (lambda x: x.flip(3), np.array([window.mirrored for window in windows])),
        (lambda x: x.mT, quarters % 2 == 1),
        (lambda x: x.flip(2), (quarters == 1) | (quarters == 2)),
        (lambda x: x.flip(3), quarters >= 2),
    ]
    for step, taken in steps:
        seen = torch.where(torch.from_numpy(taken).to(seen.device).view(-1, 1, 1, 1), step(seen), seen)
    batch: Batch = seen.float().div_(255).contiguous(memory_format=torch.channels_last)
    return batch


def _recoloured(clean: Batch, share: float, every: Sequence[np.random.Generator]) -> Batch:
    """A share of them with channels exchanged and up to twice the saturation, which photographs seldom have."""
    if not share:
        return clean
    mixes = np.stack([_mix(rng) if rng.random() < share else np.eye(3) for rng in every])
    mixed: Batch = torch.einsum("nij,njhw->nihw", torch.from_numpy(mixes).to(clean), clean).clamp_(0, 1)
    return mixed.contiguous(memory_format=torch.channels_last)


def _mix(rng: np.random.Generator) -> Float[np.ndarray, "3 3"]:
    """What makes other colours of RGB: the channels in another order, then farther from the grey of their luma."""
    saturation, order = rng.uniform(1, 2), rng.permutation(np.eye(3))
    mix: Float[np.ndarray, "3 3"] = (saturation * np.eye(3) + (1 - saturation) * np.array(GREY)) @ order
    return mix


def _seen(picture: Bytes, window: _Window, side: int) -> UInt8[Tensor, "3 {side} {side}"]:
    """What is seen through one window, not turned."""
    seen = picture[:, window.top : window.top + window.side, window.left : window.left + window.side]
    if window.side == side:
        return seen
    return resize(seen[None].float(), side, side)[0].round().clamp(0, 255).to(torch.uint8)
