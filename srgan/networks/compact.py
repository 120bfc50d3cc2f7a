"""The default network: a short chain of wide convolutions, nothing else.

Efficient super-resolution found that plain 3x3 convolutions in a short chain beat clever blocks once time is
measured instead of operations (RLFN, Kong et al. 2022, arXiv:2205.07514; SPAN, Wan et al. 2024, arXiv:2311.12770).

The input can be folded first, `fold` x `fold` pixels into channels (pixel-unshuffle, as FFDNet, Zhang et al. 2018,
arXiv:1710.04026, Sec. III-A). At equal operations that is faster, but it gives up most of what makes convolutions learn
from few examples, that all pixels share one kernel; docs/NETWORKS.md shows what it costs.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.network import ConvReLU, Network, started
from srgan.ops.resample import pixel_shuffle


class Compact(Network):
    """A chain of `depth` convolutions of `width` channels on `fold` x `fold` pixels at a time.

    Each layer is relu(conv(x)), its kernel starting as the identity plus noise: a residual block whose shortcut is
    merged into the kernel from the start (RepVGG, Ding et al. 2021, arXiv:2101.03697, Sec. 3.3).
    """

    def __init__(
        self, in_channels: int, out_channels: int, scale: int, *, width: int = 64, depth: int = 11, fold: int = 1
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.fold, self.scale = fold, scale
        # oneDNN's AMX kernels run at a third of their rate on rows of 397 pixels, and at full rate on rows of 400.
        self.multiple_of = 16 * fold
        self.context = fold * (depth + 2) + fold - 1
        self.head = started(nn.Conv2d(in_channels * fold**2, width, 3, padding=1))
        layers = (ConvReLU(width, width, 3, padding=1) for _ in range(depth))
        self.body = nn.Sequential(*(started(layer, gain=0.3, shortcut=1.0) for layer in layers))
        self.tail = started(nn.Conv2d(width, out_channels * (fold * scale) ** 2, 3, padding=1), gain=0.1)

    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        if self.fold > 1:
            observed = F.pixel_unshuffle(observed, self.fold).contiguous(memory_format=torch.channels_last)
        shallow = self.head(observed)
        deep = self.body(shallow)
        return pixel_shuffle(self.tail(deep + shallow), self.fold * self.scale)
