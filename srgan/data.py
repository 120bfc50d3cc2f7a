"""Pictures become training pairs; sample i of step s is a function of (seed, s, i), so a run can start anywhere.

folder or tar shards -> bytes on the device -> crop, flip, rotate, rescale -> clean batch -> task.degrade -> pair
"""

from __future__ import annotations

import logging
import os
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from srgan.errors import ConfigError, ImageError, NoPicturesError, TrainingError
from srgan.images import decode, find, is_picture
from srgan.resample import resize
from srgan.tasks import Task
from srgan.types import Batch, Bytes, Observed

if TYPE_CHECKING:
    from srgan.training.config import TrainConfig

log = logging.getLogger(__name__)

MOST_BAD = 0.01
"""The share of unreadable pictures above which a data set is refused."""

_Read = Callable[[], bytes]


@dataclass(frozen=True)
class Pictures:
    """Clean pictures in memory, and what became of those that are not."""

    pictures: list[Bytes]
    bad: tuple[str, ...] = ()
    unused: int = 0

    def to(self, device: torch.device) -> Pictures:
        return Pictures([picture.to(device) for picture in self.pictures], self.bad, self.unused)

    @property
    def megapixels(self) -> float:
        return sum(picture[0].numel() for picture in self.pictures) / 1e6


def load_pictures(source: str | os.PathLike[str], *, smallest: int = 1, memory: float = 8.0) -> Pictures:
    """The pictures of a folder (of any size and mode, tar shards among them) or of one tar file, as 8-bit RGB.

    Args:
        smallest: pictures with a side shorter than this are left out [px].
        memory: decoded pictures beyond this are left out, and counted [GB].

    Raises:
        NoPicturesError: there is none that can be used.
        TrainingError: more than 1 % are unreadable.
    """
    held, bad, unused, used_bytes, total = [], [], 0, 0.0, 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, picture, error in pool.map(_decode_one, *zip(*_sources(Path(source)), strict=True)):
            total += 1
            if picture is None:
                log.warning("left out: %s", error)
                bad.append(name)
            elif min(picture.shape[1:]) < smallest or used_bytes + picture.numel() > memory * 1e9:
                unused += 1
            else:
                held.append(picture)
                used_bytes += picture.numel()
    if len(bad) > max(1, MOST_BAD * total):
        raise TrainingError(f"{source}: {len(bad)} of {total} pictures are unreadable, the first is {bad[0]}")
    if not held:
        raise NoPicturesError(f"{source}: no picture has sides of at least {smallest} px")
    if unused:
        log.warning(
            "%s: %d of %d pictures are unused (under %d px, or beyond %g GB)", source, unused, total, smallest, memory
        )
    return Pictures(held, tuple(bad), unused)


def pairs(
    pictures: Pictures, task: Task, config: TrainConfig, *, start: int, device: torch.device
) -> Iterator[tuple[Observed, Batch]]:
    """Batches of (observed, clean) from step `start` on, without end, on the device."""
    side = config.crop * task.scale
    held = pictures.to(device)
    for step in count(start):
        crops = [_crop(held.pictures, side, config.rescale, config.seed, step, i) for i in range(config.batch)]
        clean = torch.stack(crops).float().div_(255)
        clean = clean.contiguous(memory_format=torch.channels_last)
        rng = torch.Generator(device).manual_seed(config.seed * 1_000_003 + step)
        yield task.degrade(clean, rng), clean


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


def _sources(source: Path) -> Iterator[tuple[str, _Read]]:
    """The name of each picture below a folder or inside tar files, in a fixed order, and how to read it."""
    if not source.exists():
        raise ConfigError(f"{source}: there is no such folder or tar file")
    if source.is_file():
        yield from _members(source)
        return
    found = False
    for shard in sorted(source.glob("*.tar")):
        found = True
        yield from _members(shard)
    for relative in find(source):
        found = True
        yield str(relative), (source / relative).read_bytes
    if not found:
        raise NoPicturesError(f"{source}: holds no pictures and no tar shards")


def _members(shard: Path) -> Iterator[tuple[str, _Read]]:
    try:
        with tarfile.open(shard) as tar:
            for member in sorted(tar.getmembers(), key=lambda member: member.name):
                if is_picture(member.name) and (file := tar.extractfile(member)) is not None:
                    yield f"{shard.name}:{member.name}", _already(file.read())
    except tarfile.TarError as error:
        raise TrainingError(f"{shard}: not a tar file that can be read ({error})") from error


def _already(data: bytes) -> _Read:
    return lambda: data


def _decode_one(name: str, read: _Read) -> tuple[str, Bytes | None, str]:
    try:
        image = decode(read(), name)
    except (ImageError, OSError) as error:
        return name, None, str(error)
    rgb = image.rgb if image.depth == 8 else ((image.rgb.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return name, torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1))), ""
