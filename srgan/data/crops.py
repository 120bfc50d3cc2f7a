"""Pictures become training pairs; sample i of step s is a function of (seed, s, i), so a run can start anywhere.

clean files  -> bytes on the device -> crop, flip, rotate, rescale -> clean batch -> task.degrade -> pair
paired files -> bytes on the device -> the same crop of both, flip, rotate ----------------------> pair
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np
import torch

from srgan.data.pictures import Pictures
from srgan.data.sources import Source
from srgan.errors import ConfigError
from srgan.ops.resample import resize
from srgan.tasks.task import Task
from srgan.types import Batch, Bytes, Observed


def check_pairs(task: Task, every: Sequence[Source]) -> None:
    """Raises ConfigError where pairs are given to a task that they do not tell enough."""
    if not task.pairable and any(source.observed_bytes is not None for source in every):
        raise ConfigError(
            f"pairs say nothing of what {task.name} needs beside a picture: give --data DIR, of clean pictures"
        )


def pairs(
    pictures: Pictures,
    task: Task,
    *,
    crop: int,
    batch: int,
    rescale: float = 0.0,
    seed: int = 0,
    turns: int = 1,
    start: int = 0,
    device: torch.device,
) -> Iterator[list[tuple[Observed, Batch]]]:
    """The batches (observed, clean) of each step from `start` on, without end, on the device.

    Args:
        crop: side of what is observed [px].
        batch: samples a batch.
        rescale: share of the clean crops that are cut from a picture made smaller; not of pairs.
        turns: batches a step.
    """
    side = crop * task.scale
    held = pictures.to(device)
    for step in count(start):
        rng = torch.Generator(device).manual_seed(seed * 1_000_003 + step)
        batches = []
        for turn in range(turns):
            samples = range(turn * batch, (turn + 1) * batch)
            if held.observed is None:
                clean = _batch([_crop(held.pictures, side, rescale, seed, step, i) for i in samples])
                batches.append((task.degrade(clean, rng), clean))
            else:
                both = [_crop_both(held, crop, task.scale, seed, step, i) for i in samples]
                observed = task.present(_batch([one for one, _ in both]))
                batches.append((observed, _batch([other for _, other in both])))
        yield batches


def _batch(crops: list[Bytes]) -> Batch:
    batch: Batch = torch.stack(crops).float().div_(255).contiguous(memory_format=torch.channels_last)
    return batch


def _crop_both(pictures: Pictures, side: int, scale: int, seed: int, step: int, sample: int) -> tuple[Bytes, Bytes]:
    """A random square of a random pair, `side` px of the observed picture, in one of its eight orientations."""
    rng = np.random.default_rng([seed, step, sample])
    which = int(rng.integers(len(pictures.pictures)))
    observed = (pictures.observed or [])[which]
    top, left = (int(rng.integers(length - side + 1)) for length in observed.shape[1:])
    flip, turns = rng.random() < 0.5, int(rng.integers(4))

    def cut(picture: Bytes, times: int) -> Bytes:
        crop = picture[:, top * times : (top + side) * times, left * times : (left + side) * times]
        return torch.rot90(crop.flip(2) if flip else crop, turns, (1, 2))

    return cut(observed, 1), cut(pictures.pictures[which], scale)


def _crop(pictures: list[Bytes], side: int, rescale: float, seed: int, step: int, sample: int) -> Bytes:
    """A random square of a random picture, in one of its eight orientations, at times of a reduced picture."""
    rng = np.random.default_rng([seed, step, sample])
    picture = pictures[int(rng.integers(len(pictures)))]
    height, width = picture.shape[1:]
    cut = side
    if rng.random() < rescale:
        cut = min(round(side / rng.uniform(0.5, 1)), height, width)
    top, left = int(rng.integers(height - cut + 1)), int(rng.integers(width - cut + 1))
    crop = picture[:, top : top + cut, left : left + cut]
    if cut != side:
        crop = resize(crop[None].float(), side, side)[0].round().clamp(0, 255).to(torch.uint8)
    if rng.random() < 0.5:
        crop = crop.flip(2)
    return torch.rot90(crop, int(rng.integers(4)), (1, 2))
