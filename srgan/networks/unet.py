"""A U-Net: fine detail at full size, and what is seen from afar on smaller maps, where looking far is cheap."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.errors import ConfigError
from srgan.networks.network import Network, Residual, started
from srgan.ops.resample import pixel_shuffle


class UNet(Network):
    """Residual blocks on `levels` sizes, each half of the one before and wider; ways down and up meet in sums.

    The input is folded first, `fold` x `fold` pixels into channels. Level k has (k + 1) * `width` channels, and
    `depth` blocks on the way down and as many on the way up. On that way each pixel becomes 2 x 2, by weights of their
    own where `phases` is 2; by the same where it is 1, so that nothing repeats with the period of a level where there
    is nothing else to see, as in the middle of a hole. `taps` is how wide each spreads: 2 pixels, or with `phases` of 1
    also 4, which is linear between neighbours, so that no edges lie there.

    Paper: Ronneberger et al. 2015, arXiv:1505.04597; strided and transposed convolutions and sums instead of
    concatenation as in DRUNet (Zhang et al. 2021, arXiv:2008.13751, Sec. III-B); what weights of their own may weave is
    Odena et al. 2016, "Deconvolution and Checkerboard Artifacts", doi:10.23915/distill.00003.
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
        phases: int = 2,
        taps: int = 2,
    ) -> None:
        super().__init__()
        if phases > 2:
            raise ConfigError(f"phases={phases}: a U-Net enlarges 2 times: choose 1 or 2")
        if taps != 2 and (taps, phases) != (4, 1):
            raise ConfigError(f"taps={taps}, phases={phases}: choose taps=2, or taps=4 and phases=1")
        self.in_channels = in_channels
        self.fold, self.scale = fold, scale
        self.multiple_of = fold * 2 ** (levels - 1)
        widths = [width * (level + 1) for level in range(levels)]
        steps = list(pairwise(widths))
        self.head = started(nn.Conv2d(in_channels * fold**2, width, 3, padding=1))
        self.fine = nn.ModuleList(_blocks(channels, depth) for channels in widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(here, below, 2, stride=2) for here, below in steps)
        self.coarsest = _blocks(widths[-1], 2 * depth)
        self.up = nn.ModuleList(Doubled(below, here, phases, taps) for here, below in steps)
        self.merged = nn.ModuleList(_blocks(channels, depth) for channels in widths[:-1])
        self.tail = started(nn.Conv2d(width, out_channels * (fold * scale) ** 2, 3, padding=1), gain=0.1)
        # Two convolutions a block, 2 * depth blocks on each level, and head and tail on the first; what is folded
        # or halved is seen as a whole.
        seen = (
            2
            + sum(4 * depth * 2**level for level in range(levels))
            + (taps // 2 - 1) * sum(2**k for k in range(1, levels))
        )
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


class Doubled(nn.ConvTranspose2d):
    """Each pixel becomes 2 x 2, by `phases` x `phases` kernels of 1 x 1.

    With one kernel, this is nearest enlargement, or with four taps a bilinear one that takes what lies outside of the
    picture for 0.
    """

    def __init__(self, channels: int, out_channels: int, phases: int, taps: int = 2) -> None:
        super().__init__(channels, out_channels, phases, stride=2, padding=taps // 2 - 1)
        self.taps = taps
        self.register_buffer("spread", torch.tensor([0.25, 0.75, 0.75, 0.25] if taps == 4 else [1.0, 1.0]), False)

    @property
    def kernel(self) -> Float[Tensor, "c d k k"]:
        """Its weights at all places to which a pixel spreads."""
        spread = self.get_buffer("spread")
        return self.weight * torch.outer(spread, spread)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return F.conv_transpose2d(x, self.kernel, self.bias, stride=2, padding=self.taps // 2 - 1)


def _blocks(channels: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(Residual(channels) for _ in range(count)))
