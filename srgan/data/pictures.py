"""Clean pictures in memory, from folders, tar shards and pairs."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from srgan.data.sources import Data, Source, sources
from srgan.errors import ImageError, NoPicturesError, TrainingError
from srgan.images.image import Image, eight_bits
from srgan.pools import ahead
from srgan.types import Bytes

log = logging.getLogger(__name__)

MOST_BAD = 0.01
"""The share of unreadable pictures above which a data set is refused."""


@dataclass(frozen=True)
class Pictures:
    """Clean pictures in memory, what was observed of each where pairs were given, and what became of the others.

    Attributes:
        labels: the class of each picture, where it has one; else "".
    """

    pictures: list[Bytes]
    observed: list[Bytes] | None = None
    bad: tuple[str, ...] = ()
    unused: int = 0
    labels: tuple[str, ...] = ()

    def to(self, device: torch.device) -> Pictures:
        observed = None if self.observed is None else [picture.to(device) for picture in self.observed]
        return Pictures([picture.to(device) for picture in self.pictures], observed, self.bad, self.unused, self.labels)

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
    labels = tuple(every[number].label for number in numbers)
    return Pictures([held[number][0] for number in numbers], seen or None, names, unused, labels)


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
        decoded = ahead(pool, partial(_decode_one, scale=scale), [every[number] for number in order], 2 * workers)
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
