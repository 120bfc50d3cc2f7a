"""A modern baseline: residual networks without any normalisation on either side, held stable by the game alone.

Huang et al. 2024, "The GAN is dead; long live the GAN! A Modern Baseline GAN", arXiv:2501.05441: pairs of real and fake
logits, with the slopes at both penalised (R1 and R2).
"""

import math
from itertools import pairwise
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.discriminator import Discriminator
from srgan.networks.network import started
from srgan.networks.sampler import Sampler, begun
from srgan.options import Recipe

_GROUP = 16
"""Channels that a grouped convolution looks at together."""


class R3gan(Sampler):
    """A dense start of 4 to 7 pixels a side, `depth` blocks at each size, bilinear enlargement between; then tanh.

    The last map has `width` channels, each before it twice as many. The paper's is larger, and has no tanh.

    Paper: Huang et al. 2024, arXiv:2501.05441, Sec. 3.4 (Config E).
    """

    recipe: ClassVar[Recipe] = {
        **{"discriminator": "r3gan", "discriminator_depth": 4, "discriminator_width": 32},
        **{"game": "relativistic_paired", "r1": 0.1, "r2": 0.1, "r1_every": 1},
        **{"momentum": 0.0, "discriminator_momentum": 0.0, "learning_rate": 2e-4, "discriminator_learning_rate": 2e-4},
    }

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, width: int = 32, depth: int = 1) -> None:
        super().__init__()
        self.in_channels = in_channels
        start, times = begun(scale)
        widths = [width * 2**level for level in reversed(range(times + 1))]
        self.head = nn.ConvTranspose2d(in_channels, widths[0], start, bias=False)
        self.blocks = nn.ModuleList(_blocks(channels, depth) for channels in widths)
        self.between = nn.ModuleList(started(nn.Conv2d(*ends, 1, bias=False)) for ends in pairwise(widths))
        self.tail = nn.Conv2d(width, out_channels, 1)

    def sampled(self, latents: Float[Tensor, "m c"]) -> Float[Tensor, "m d s s"]:
        first, *others = self.blocks
        x: Tensor = first(self.head(latents[:, :, None, None]))
        for narrow, blocks in zip(self.between, others, strict=True):
            x = blocks(F.interpolate(narrow(x), scale_factor=2.0, mode="bilinear"))
        picture: Tensor = self.tail(x)
        return picture.tanh()


class R3ganDiscriminator(Discriminator):
    """The generator backwards: blocks at up to `depth` sizes, halved by averages between; then a dense layer."""

    smallest = multiple_of = 1

    def __init__(self, in_channels: int, side: int, *, width: int = 32, depth: int = 4) -> None:
        super().__init__()
        coarsest, times = begun(side, depth)
        widths = [width * 2**level for level in range(times + 1)]
        self.head = started(nn.Conv2d(in_channels, width, 1))
        self.blocks = nn.ModuleList(_blocks(channels, 1) for channels in widths)
        self.between = nn.ModuleList(started(nn.Conv2d(*ends, 1, bias=False)) for ends in pairwise(widths))
        self.tail = nn.Conv2d(widths[-1], 1, coarsest)

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        first, *others = self.blocks
        made = [first(self.head(pictures))]
        for widen, blocks in zip(self.between, others, strict=True):
            made.append(blocks(widen(F.avg_pool2d(made[-1], 2))))
        return [*made, self.tail(made[-1])]


class _Block(nn.Module):
    """x + narrow(leaky(grouped(leaky(widen(x))))), small at the start as in Fixup (arXiv:1901.09321)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        wide = 2 * channels
        groups = math.gcd(wide, max(1, wide // _GROUP))
        self.widen = started(nn.Conv2d(channels, wide, 1))
        self.grouped = started(nn.Conv2d(wide, wide, 3, padding=1, groups=groups, bias=False))
        self.narrow = started(nn.Conv2d(wide, channels, 1, bias=False), gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = F.leaky_relu(self.grouped(F.leaky_relu(self.widen(x), 0.2)), 0.2)
        return torch.add(x, self.narrow(hidden))


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Block(channels) for _ in range(count)))
