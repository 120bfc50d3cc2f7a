"""Translate: what is left is the same scene in another domain, such as by day instead of by night."""

import dataclasses
from collections.abc import Callable
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.options import Recipe, documented
from srgan.tasks.protocol import Protocol
from srgan.tasks.task import Task
from srgan.types import Batch, Observed


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Translate(Task):
    """The same scene in another domain, pixel upon pixel; the generator adds the difference.

    What one domain shows of the other only pairs tell. The discriminator sees both pictures, so that it judges not
    only whether one looks real but whether it belongs to the other.

    Paper: Isola et al. 2017, pix2pix, arXiv:1611.07004, whose L1 weighs 100 times as much as its adversary (Eq. 4).
    """

    name: ClassVar[str] = "translate"
    in_channels: ClassVar[int] = 3
    only_pairs: ClassVar[bool] = True
    recipe: ClassVar[Recipe] = {
        **{"network": "unet", "crop": 128, "batch": 4, "orientations": 2, "off_grid": 1},
        **{"l1": 1.0, "adversarial": 0.01, "game": "non_saturating", "conditional": True},
    }

    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """The pictures themselves, as stand-ins: nothing can be lost on purpose, and training wants pairs."""
        return clean

    def present(self, picture: Batch) -> Observed:
        return picture

    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """The picture plus what was generated."""
        return observed.float() + generated.float()

    def condition(self, observed: Observed) -> Batch:
        """The picture of the other domain."""
        return observed

    def observe(self, clean: Batch, number: int) -> Observed:
        """As `degrade`: evaluation wants pairs, too."""
        return clean

    def protocol(self) -> Protocol:
        """RGB."""
        return Protocol(luma=None)

    def baselines(self) -> dict[str, Callable[[Observed, Batch], Batch]]:
        """The picture as it is."""
        return {"identity": lambda observed, clean: observed}
