"""The contract every network states, so that padding, tiling and training need not know which one it is."""

from abc import ABC, abstractmethod

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn


class Network(nn.Module, ABC):
    """A generator: (n, in_channels, h, w) -> (n, out_channels, h*scale, w*scale).

    Attributes:
        context: input pixels to each side that can influence an output pixel; None when all can.
        multiple_of: the sides of the input must be multiples of this, or run fast only then; pictures are padded.
    """

    context: int | None
    multiple_of: int

    @abstractmethod
    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        """What the generator makes of `observed`; restoration tasks add it to their base."""


class ConvReLU(nn.Conv2d):
    """relu(conv(x)) as one layer, so that an engine may run it as one operation."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(super().forward(x))
