"""The contract every discriminator states, and several of them as one."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.types import Logits


class Discriminator(nn.Module, ABC):
    """Pictures, with a condition as further channels where there is one, become a map of logits.

    Attributes:
        smallest: least side of a picture [px].
        multiple_of: the sides of a picture must be multiples of this.
    """

    smallest: int
    multiple_of: int

    @abstractmethod
    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        """What each layer makes of the pictures; the last are the logits."""

    def forward(self, pictures: Float[Tensor, "n c h w"]) -> Logits:
        return self.layers(pictures)[-1]


class Several(Discriminator):
    """Several discriminators, each of which sees pictures at half the size of the one before; a logit is the mean.

    Paper: Wang et al. 2018, pix2pixHD, arXiv:1711.11585, Sec. 3.2, which averages losses instead.
    """

    def __init__(self, judges: Sequence[Discriminator]) -> None:
        super().__init__()
        self.judges = nn.ModuleList(judges)
        halved = [2**times for times in range(len(judges))]
        self.smallest = max(times * judge.smallest for times, judge in zip(halved, judges, strict=True))
        self.multiple_of = math.lcm(*(times * judge.multiple_of for times, judge in zip(halved, judges, strict=True)))

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        made, verdicts = [], []
        for judge in self.judges:
            *hidden, logits = judge.layers(pictures)  # type: ignore[operator]  # as a ModuleList hides what it holds
            made += hidden
            verdicts.append(logits)
            pictures = F.avg_pool2d(pictures, 2)
        size = verdicts[0].shape[2:]
        return [*made, torch.stack([F.interpolate(logits, size) for logits in verdicts]).mean(dim=0)]
