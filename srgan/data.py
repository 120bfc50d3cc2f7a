"""Pictures become training pairs; sample i of step s is a function of (seed, s, i), so a run can start anywhere.

clean files  -> bytes on the device -> crop, flip, rotate, rescale -> clean batch -> task.degrade -> pair
paired files -> bytes on the device -> the same crop of both, flip, rotate ----------------------> pair
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch

from srgan.errors import ConfigError, ImageError, NoPicturesError, TrainingError
from srgan.images import Image, eight_bits
from srgan.resample import resize
from srgan.sources import Data, Source, sources
from srgan.tasks import Task
from srgan.types import Batch, Bytes, Observed

if TYPE_CHECKING:
    from srgan.training.config import TrainConfig

log = logging.getLogger(__name__)

T = TypeVar("T")
R = TypeVar("R")

MOST_BAD = 0.01
"""The share of unreadable pictures above which a data set is refused."""


@dataclass(frozen=True)
class Pictures:
    """Clean pictures in memory, what was observed of each where pairs were given, and what became of the others."""

    pictures: list[Bytes]
    observed: list[Bytes] | None = None
    bad: tuple[str, ...] = ()
    unused: int = 0

    def to(self, device: torch.device) -> Pictures:
        observed = None if self.observed is None else [picture.to(device) for picture in self.observed]
        return Pictures([picture.to(device) for picture in self.pictures], observed, self.bad, self.unused)

    @property
    def megapixels(self) -> float:
        return sum(picture[0].numel() for picture in self.pictures) / 1e6


def load_pictures(data: Data, *, smallest: int = 1, memory: float = 8.0, scale: int = 1, seed: int = 0) -> Pictures:
    """The pictures of a folder (of any size and mode, tar shards among them), a tar file or pairs, as 8-bit RGB.

    Args:
        smallest: pictures with a side shorter than this are left out [px].
        memory: of more pictures than this holds when they are decoded, a random sample is taken [GB].
        scale: how many times the sides of an observed picture those of the clean one are.
        seed: of that sample.

    Raises:
        NoPicturesError: there is none that can be used.
        TrainingError: more than 1 % are unreadable.
        ConfigError: the sizes of a pair do not fit.
    """
    every = sources(data)
    where = data if isinstance(data, str | os.PathLike) else f"{len(every)} pictures"
    order = np.random.default_rng(seed).permutation(len(every)).tolist()
    held, bad = _sample(every, order, where, smallest, memory, scale)
    if not held:
        raise NoPicturesError(f"{where}: no picture has sides of at least {smallest} px")
    if unused := len(every) - len(held) - len(bad):
        log.warning(
            "%s: %d of %d pictures are unused (under %d px, or beyond %g GB)",
            *(where, unused, len(every), smallest, memory),
        )
    numbers = sorted(held)  # where all are held, their order is that of their names, whatever the seed
    seen = [observed for number in numbers if (observed := held[number][1]) is not None]
    names = tuple(every[number].name for number in sorted(bad))
    return Pictures([held[number][0] for number in numbers], seen or None, names, unused)


def _sample(
    every: Sequence[Source], order: Sequence[int], where: object, smallest: int, memory: float, scale: int
) -> tuple[dict[int, tuple[Bytes, Bytes | None]], list[int]]:
    """The first pictures in that order that memory holds, by number, and the numbers of those that cannot be read.

    Raises:
        TrainingError: too many are unreadable.
    """
    held: dict[int, tuple[Bytes, Bytes | None]] = {}
    bad: list[int] = []
    looked_at, used_bytes, workers = 0, 0, os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        decoded = _ahead(pool, partial(_decode_one, scale=scale), [every[number] for number in order], 2 * workers)
        for number, (clean, observed, error) in zip(order, decoded, strict=False):
            if clean is None:
                log.warning("left out: %s", error)
                bad.append(number)
            elif min(clean.shape[1:]) >= smallest:
                used_bytes += clean.numel() + (0 if observed is None else observed.numel())
                if held and used_bytes > memory * 1e9:
                    break
                held[number] = clean, observed
            looked_at += 1
        decoded.close()
    if len(bad) > max(1, MOST_BAD * looked_at):
        first = every[min(bad)].name
        raise TrainingError(f"{where}: {len(bad)} of {looked_at} pictures are unreadable, the first is {first}")
    return held, bad


def _ahead(pool: Executor, function: Callable[[T], R], items: Iterable[T], most: int) -> Generator[R, None, None]:
    """What the pool makes of the items, in their order, and of no more than `most` that nobody has asked for yet."""
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


def check_pairs(task: Task, every: Sequence[Source]) -> None:
    """Raises ConfigError where pairs are given to a task that they do not tell enough."""
    if not task.pairable and any(source.observed_bytes is not None for source in every):
        raise ConfigError(
            f"pairs say nothing of what {task.name} needs beside a picture: give --data DIR, of clean pictures"
        )


def pairs(
    pictures: Pictures, task: Task, config: TrainConfig, *, start: int, device: torch.device
) -> Iterator[list[tuple[Observed, Batch]]]:
    """The batches (observed, clean) of each step from `start` on, without end, on the device.

    A step has one batch for each update of the discriminator, where there is one; the last is the generator's, too.
    """
    side = config.crop * task.scale
    held = pictures.to(device)
    turns = config.discriminator_steps if config.playing else 1
    for step in count(start):
        rng = torch.Generator(device).manual_seed(config.seed * 1_000_003 + step)
        batches = []
        for turn in range(turns):
            samples = range(turn * config.batch, (turn + 1) * config.batch)
            if held.observed is None:
                clean = _batch([_crop(held.pictures, side, config.rescale, config.seed, step, i) for i in samples])
                batches.append((task.degrade(clean, rng), clean))
            else:
                both = [_crop_both(held, config.crop, task.scale, config.seed, step, i) for i in samples]
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


def _decode_one(source: Source, scale: int) -> tuple[Bytes | None, Bytes | None, str]:
    """The clean and the observed picture as 8-bit RGB, or what is wrong with them."""
    try:
        clean, observed = source.pair(scale)
    except (ImageError, OSError) as error:
        return None, None, str(error)
    return _as_bytes(clean), None if observed is None else _as_bytes(observed), ""


def _as_bytes(image: Image) -> Bytes:
    rgb = eight_bits(image.rgb)
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
