"""Upscale: what is left is a small picture."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.images.image import white_of
from srgan.ops.colour import grey
from srgan.ops.resample import UPSAMPLE_CONTEXT, downsample, resize, upsample
from srgan.ops.tiles import tiles
from srgan.options import SCORING, TRAINING, USE, documented, option
from srgan.tasks.degrade.photo import photo
from srgan.tasks.degrade.snapshots import SNAPSHOTS, snapshot
from srgan.tasks.protocol import Protocol
from srgan.tasks.task import Task
from srgan.types import Batch, Levels, Observed

SOURCES = ("clean", "photo", *SNAPSHOTS)
"""What small pictures come from."""


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Upscale(Task):
    """A picture `scale` times as wide and high; the generator adds to the bicubic enlargement."""

    name: ClassVar[str] = "upscale"
    in_channels: ClassVar[int] = 3

    scale: int = option(4, "Output side / input side: 2, 3 or 4; 1, 8 or 16 of weights that others have trained.")
    source: str = option(
        "clean",
        "Small pictures: clean (only reduced), photo (as people have them); to be judged on: web, phone, old.",
        *(TRAINING, SCORING),
    )
    compressed: float = option(
        0.25, "Share of training photographs that are reduced and JPEG, and nothing else.", TRAINING
    )
    keep_grain: float = option(0.0, "Share of what was taken away as noise that is put back in the luma, 0 to 1.", USE)
    rounds: int = option(0, "Rounds of back-projection, which hold the enlarged picture to the small one.", USE)

    def __post_init__(self) -> None:
        if type(self.scale) is not int or self.scale not in (1, 2, 3, 4, 8, 16):
            raise ConfigError(f"scale={self.scale}: choose 2, 3 or 4")
        if self.source not in SOURCES:
            raise ConfigError(f"source={self.source}: choose one of {', '.join(SOURCES)}")
        for name in ("compressed", "keep_grain"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must lie in [0, 1]")
        if self.rounds < 0:
            raise ConfigError(f"rounds={self.rounds}: must not be negative")

    @property
    def context(self) -> int:
        # Each round, and putting grain back, reduces (2 px to each side) and enlarges again (2 px more).
        return UPSAMPLE_CONTEXT + (self.rounds + (self.keep_grain > 0)) * 2 * UPSAMPLE_CONTEXT

    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """The pictures reduced by antialiased bicubic and rounded to 8 bit, as benchmarks do; or as photographs.

        Raises:
            ConfigError: of this source there is a fixed test only.
        """
        if self.source in SNAPSHOTS:
            raise ConfigError(f"source={self.source} is a test: learn from clean or photo")
        if self.source == "photo":
            return photo(clean, self.scale, rng, only_compressed=self.compressed)
        lr = downsample(clean, self.scale)
        return lr.clamp(0, 1).mul(255).round().div(255)

    def present(self, picture: Batch) -> Observed:
        return picture

    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """The enlargement plus what was generated; with grain kept, plus what the small picture has and that has not.

        With rounds, the nearest such picture in [0, 1] that reduces to the small one:
        back-projection (Irani and Peleg 1991, doi:10.1016/1049-9652(91)90045-L, Eq. 3), clipped and with the momentum
        of FISTA (Beck and Teboulle 2009, doi:10.1137/080716542, Eq. 4.1 to 4.3): clipping alone slows it down a lot.
        """
        composed = upsample(observed, self.scale).add_(generated)
        if self.keep_grain:
            taken = grey(observed - _reduced(composed, self.scale))
            composed += self.keep_grain * upsample(taken, self.scale)
        if not self.rounds:
            return composed
        nearest = ahead = composed.clamp_(0, 1)
        momentum = 1.0
        for _ in range(self.rounds):
            missing = observed - _reduced(ahead, self.scale)
            nearer = (ahead + upsample(missing, self.scale)).clamp_(0, 1)
            before, momentum = momentum, (1 + math.sqrt(1 + 4 * momentum**2)) / 2
            ahead = nearer + (before - 1) / momentum * (nearer - nearest)
            nearest = nearer
        return nearest

    @property
    def remark_context(self) -> int:
        return UPSAMPLE_CONTEXT if self.rounds else 0

    def measure(self, picture: Levels, restored: Levels, part: tuple[int, int]) -> float:
        """By how many 8-bit levels the enlarged picture, reduced, misses the small one at most."""
        if not self.rounds:
            return 0.0
        white, scale = white_of(picture.dtype), self.scale
        residue = 0.0
        for rows, columns in tiles(len(picture), picture.shape[1], 512, UPSAMPLE_CONTEXT, 1, part):
            seen = restored[_times(rows.seen, scale), _times(columns.seen, scale)]
            reduced = _reduced(_as_batch(seen), scale)[:, :, rows.centre(1), columns.centre(1)]
            residue = max(residue, float((reduced - _as_batch(picture[rows.kept(1), columns.kept(1)])).abs().max()))
        return 255 * residue / white

    def remarks(self, measured: Sequence[tuple[int, float]]) -> tuple[str, ...]:
        """By how much the enlarged picture, reduced, misses the small one, where it was to be held to it."""
        levels = max(most for _, most in measured)
        return (f"reduces to the input within {levels:.1f} of 255 levels, not 1",) if levels > 1 else ()

    def condition(self, observed: Observed) -> Batch:
        """The bicubic enlargement."""
        return upsample(observed, self.scale)

    def observe(self, clean: Batch, number: int) -> Observed:
        if self.source in SNAPSHOTS:
            return snapshot(clean, self.scale, self.source, number)
        return self.degrade(clean, torch.Generator(clean.device).manual_seed(number))

    def protocol(self) -> Protocol:
        made = "bicubic-antialias" if self.source == "clean" else self.source
        return Protocol(border=self.scale, lost={"downsample": made})

    def baselines(self) -> dict[str, Callable[[Observed, Batch], Batch]]:
        return {"bicubic": lambda observed, clean: upsample(observed, self.scale)}


def _reduced(x: Batch, scale: int) -> Float[Tensor, "n 3 h//{scale} w//{scale}"]:
    """The pictures as Pillow, torch and we ourselves reduce what users have; benchmarks have other borders."""
    return resize(x, x.shape[2] // scale, x.shape[3] // scale, mirrored=False)


def _times(span: slice, scale: int) -> slice:
    return slice(span.start * scale, span.stop * scale)


def _as_batch(levels: Levels) -> Batch:
    batch: Batch = torch.from_numpy(levels.astype(np.float32)).permute(2, 0, 1)[None]
    return batch
