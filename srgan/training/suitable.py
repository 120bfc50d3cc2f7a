"""Which pictures of a set teach little, or what is wrong: each is looked at, and none is changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from srgan.data.sources import Data, Source, sources
from srgan.errors import ImageError
from srgan.files import printable
from srgan.images.image import eight_bits
from srgan.inference.bysource import SOFT
from srgan.inference.traces import traces
from srgan.pools import ahead
from srgan.types import Levels

SMALLEST = 128
"""With a shorter side a picture has room for few crops [px]."""

COMPRESSED = 75
"""JPEG of this quality or below shows, and a network learns to make it."""

ALIKE = 4
"""Of 64 bits, by so many at most the fingerprints of a picture and its copy differ."""


@dataclass(frozen=True)
class Looked:
    """What was found of a picture.

    Attributes:
        name: as its source is called.
        size: width and height [px]; (0, 0) where it cannot be read.
        problems: why it should not be learnt from, in words; none is well.
    """

    name: str
    size: tuple[int, int]
    problems: tuple[str, ...]


def look(data: Data, *, smallest: int = SMALLEST, pool: Executor | None = None, at_once: int = 0) -> Iterator[Looked]:
    """What is wrong with each picture of a set, in its order.

    Unreadable, small, coarse JPEG (also of what is a PNG now), soft (out of focus, or enlarged), or a copy of an
    earlier one, smaller, paler or compressed anew.

    Args:
        smallest: what the shorter side should have [px].
        pool: does what is done to each picture; None is threads, one a core.
        at_once: pictures that it gets ahead; 0 is two a core.

    Raises:
        ConfigError: there is no such set.
        NoPicturesError: it holds no picture.
    """
    every, workers = sources(data), os.cpu_count() or 1
    prints = np.zeros(len(every), np.uint64)
    with ThreadPoolExecutor(workers) as own:
        looks = ahead(pool or own, partial(_look, smallest=smallest), every, at_once or 2 * workers)
        for number, (looked, mark) in enumerate(looks):
            prints[number] = mark
            earlier = prints[:number]
            alike = np.flatnonzero((earlier != 0) & (np.bitwise_count(earlier ^ mark) <= ALIKE))
            copy = (f"a copy of {every[alike[0]].name}",) if mark and alike.size else ()
            yield Looked(looked.name, looked.size, looked.problems + copy)


def _look(source: Source, smallest: int) -> tuple[Looked, np.uint64]:
    """What is wrong with a picture by itself, and its fingerprint."""
    try:
        image = source.read(source.clean_bytes(), source.name)
    except (ImageError, OSError) as error:
        why = str(error).removeprefix(f"{printable(source.name)}: ")
        return Looked(source.name, (0, 0), (f"unreadable: {why}",)), np.uint64(0)
    found, problems = traces(image.rgb), []
    if min(image.width, image.height) < smallest:
        problems.append(f"small: {image.width} x {image.height} px")
    if found.jpeg is not None and found.jpeg <= COMPRESSED:
        problems.append(f"JPEG quality about {found.jpeg}")
    if found.sharpness < SOFT:
        problems.append("soft: out of focus, or enlarged")
    return Looked(source.name, (image.width, image.height), tuple(problems)), fingerprint(image.rgb)


def fingerprint(picture: Levels) -> np.uint64:
    """64 bits: whether the picture becomes brighter from each of 8 x 9 parts to the next; 0 where it is even.

    Source: Krawetz 2013, "Kind of Like That" (the difference hash, dHash).
    """
    grey = eight_bits(picture).astype(np.float32).mean(axis=2)
    parts = cv2.resize(grey, (9, 8), interpolation=cv2.INTER_AREA)
    bits: np.uint64 = np.packbits(np.diff(parts, axis=1) > 0.5).view(np.uint64)[0]
    return bits
