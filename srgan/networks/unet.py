"""A U-Net: fine detail at full size, and what is seen from afar on smaller maps, where looking far is cheap."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.network import Network, Residual, started
from srgan.ops.resample import pixel_shuffle


class UNet(Network):
    """Residual blocks on `levels` sizes, each half of the one before and wider; ways down and up meet in sums.

    The input is folded first, `fold` x `fold` pixels into channels. Level k has (k + 1) * `width` channels, and
    `depth` blocks on the way down and as many on the way up.

    Paper: Ronneberger et al. 2015, arXiv:1505.04597; strided and transposed convolutions and sums instead of
    concatenation as in DRUNet (Zhang et al. 2021, arXiv:2008.13751, Sec. III-B).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        scale: int,
        *,
        width: int = 64,
        depth: int = 2,
        levels: int = 3,
        fold: int = 2,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.fold, self.scale = fold, scale
        self.multiple_of = fold * 2 ** (levels - 1)
        widths = [width * (level + 1) for level in range(levels)]
        steps = list(pairwise(widths))
        self.head = started(nn.Conv2d(in_channels * fold**2, width, 3, padding=1))
        self.fine = nn.ModuleList(_blocks(channels, depth) for channels in widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(here, below, 2, stride=2) for here, below in steps)
        self.coarsest = _blocks(widths[-1], 2 * depth)
        self.up = nn.ModuleList(nn.ConvTranspose2d(below, here, 2, stride=2) for here, below in steps)
        self.merged = nn.ModuleList(_blocks(channels, depth) for channels in widths[:-1])
        self.tail = started(nn.Conv2d(width, out_channels * (fold * scale) ** 2, 3, padding=1), gain=0.1)
        # Two convolutions a block, 2 * depth blocks on each level, and head and tail on the first; what is folded
        # or halved is seen as a whole.
        seen = 2 + sum(4 * depth * 2**level for level in range(levels))
        self.context = fold * seen + self.multiple_of - 1

    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        if self.fold > 1:
            observed = F.pixel_unshuffle(observed, self.fold).contiguous(memory_format=torch.channels_last)
        x = self.head(observed)
        seen = []
        for blocks, halve in zip(self.fine, self.down, strict=True):
            x = blocks(x)
            seen.append(x)
            x = halve(x)
        x = self.coarsest(x)
        for blocks, double, beside in zip(*(reversed(part) for part in (self.merged, self.up, seen)), strict=True):
            x = blocks(double(x) + beside)
        return pixel_shuffle(self.tail(x), self.fold * self.scale)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(channels) for _ in range(count)))
