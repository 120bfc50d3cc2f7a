"""The contract every network states, so that padding, tiling and training need not know which one it is."""

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.options import Recipe


class Network(nn.Module, ABC):
    """A generator: (n, in_channels, h, w) -> (n, out_channels, h*scale, w*scale).

    Attributes:
        precisions: that it may compute in, as engines call them: a residual bears bf16, a picture does not.
        plain: whether every engine and memory format suits it; else torch runs it, channel by channel.
        recipe: settings of a training run with this network, where the user says nothing.
        in_channels: of the input.
        context: input pixels to each side that can influence an output pixel; None when all can.
        multiple_of: the sides of the input must be multiples of this, or run fast only then; pictures are padded.
    """

    precisions: tuple[str, ...] = ("fp32", "bf16", "fp16")
    plain: bool = True
    recipe: ClassVar[Recipe] = {}
    in_channels: int
    context: int | None
    multiple_of: int

    @abstractmethod
    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        """What the generator makes of `observed`; restoration tasks add it to their base."""


class ConvReLU(nn.Conv2d):
    """relu(conv(x)) as one layer, so that an engine may run it as one operation."""

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(super().forward(x))


class Residual(nn.Module):
    """x + conv(relu(conv(x))) as one layer. An engine may write the sum where x was: nobody else may need x."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = started(ConvReLU(channels, channels, 3, padding=1))
        self.second = started(nn.Conv2d(channels, channels, 3, padding=1), gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(x, self.second(self.first(x)))


@torch.no_grad()
def started(convolution: nn.Conv2d, *, gain: float = 1.0, shortcut: float = 0.0) -> nn.Conv2d:
    """The convolution, started as He's noise (He et al. 2015, arXiv:1502.01852) plus a share of the identity."""
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu").mul_(gain)
    if shortcut:
        convolution.weight[:, :, 1, 1] += shortcut * torch.eye(convolution.out_channels)
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return convolution
