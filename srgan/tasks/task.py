"""A task says what was lost; it is the only part that knows."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.metrics import Protocol
from srgan.types import Batch, Observed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """What was lost of a picture, and how what a generator makes becomes a picture again.

    Attributes:
        name: the task in `TASKS`, in weights files and on the command line.
        in_channels, out_channels: of the generator.
        context: input pixels to each side that `compose` itself looks at.
        scale: output side / input side.
    """

    name: ClassVar[str]
    in_channels: ClassVar[int]
    out_channels: ClassVar[int] = 3
    context: ClassVar[int] = 0
    scale: int = dataclasses.field(default=1, init=False)

    @abstractmethod
    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """Training: what is left of `clean` after losing something on purpose."""

    @abstractmethod
    def present(self, picture: Batch) -> Observed:
        """Inference: a real picture, in the form `degrade` gives."""

    @abstractmethod
    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """Both: the restored picture, not clipped, in float32 whatever the numbers of `generated`."""

    @abstractmethod
    def protocol(self) -> Protocol:
        """Evaluation: how the field scores this task."""

    @abstractmethod
    def baselines(self) -> dict[str, Callable[[Observed], Batch]]:
        """Evaluation: restored pictures that cost nothing, by name; what a model must beat."""
