"""Upscale: what is left is a small picture."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.metrics import Protocol
from srgan.options import option
from srgan.resample import UPSAMPLE_CONTEXT, downsample, upsample
from srgan.tasks.task import Task
from srgan.types import Batch, Observed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Upscale(Task):
    """A picture `scale` times as wide and high; the generator adds to the bicubic enlargement."""

    name: ClassVar[str] = "upscale"
    in_channels: ClassVar[int] = 3
    context: ClassVar[int] = UPSAMPLE_CONTEXT

    scale: int = option(4, "Output side / input side: 2, 3 or 4.")

    def __post_init__(self) -> None:
        if self.scale not in (2, 3, 4):
            raise ConfigError(f"scale={self.scale}: choose 2, 3 or 4")

    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """The pictures reduced by antialiased bicubic and rounded to 8 bit, as benchmarks make them."""
        lr = downsample(clean, self.scale)
        return lr.clamp(0, 1).mul(255).round().div(255)

    def present(self, picture: Batch) -> Observed:
        return picture

    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        return upsample(observed, self.scale).add_(generated)

    def protocol(self) -> Protocol:
        return Protocol(border=self.scale, downsample="bicubic-antialias")

    def baselines(self) -> dict[str, Callable[[Observed], Batch]]:
        return {"bicubic": partial(upsample, scale=self.scale)}
