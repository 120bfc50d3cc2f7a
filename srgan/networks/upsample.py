"""Pictures of up to 256 pixels a side, enlarged by repeating pixels: no kernel falls into step with its stride."""

from itertools import pairwise
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.discriminator import Discriminator
from srgan.networks.sampler import Sampler, begun, small
from srgan.options import Recipe

_WIDEST = 8
"""Times `width` that the coarsest maps have channels, at most."""


class Upsample(Sampler):
    """A dense start of 4 to 7 pixels a side; then nearest enlargement, convolution, batch normalisation, leaky ReLU.

    The last map before the picture has `width` channels, each before it twice as many, up to 8 times.

    Paper: Odena et al. 2016, "Deconvolution and Checkerboard Artifacts", doi:10.23915/distill.00003.
    """

    recipe: ClassVar[Recipe] = {"discriminator": "pooled", "discriminator_depth": 6, "discriminator_width": 32}

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, width: int = 32) -> None:
        super().__init__()
        self.in_channels = in_channels
        start, times = begun(scale)
        widths = [width * min(2**level, _WIDEST) for level in reversed(range(times + 1))]
        self.head = nn.ConvTranspose2d(in_channels, widths[0], start, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths)
        self.up = nn.ModuleList(nn.Conv2d(*ends, 3, padding=1, bias=False) for ends in pairwise(widths))
        self.tail = nn.Conv2d(width, out_channels, 3, padding=1)
        self.apply(small)

    def sampled(self, latents: Float[Tensor, "m c"]) -> Float[Tensor, "m d s s"]:
        x: Tensor = self.head(latents[:, :, None, None])
        first, *others = self.norms
        x = F.leaky_relu(first(x), 0.2)
        for convolution, norm in zip(self.up, others, strict=True):
            x = F.leaky_relu(norm(convolution(F.interpolate(x, scale_factor=2.0))), 0.2)
        picture: Tensor = self.tail(x)
        return picture.tanh()


class PooledDiscriminator(Discriminator):
    """A verdict by up to `depth` strided convolutions with leaky ReLU, whose last map is averaged over all places.

    Where in the picture something is it cannot say; and it has as few weights for large pictures as for small ones.

    Paper: Lin et al. 2014, "Network In Network", arXiv:1312.4400, Sec. 3.2 (global average pooling).
    """

    smallest = multiple_of = 1

    def __init__(self, in_channels: int, side: int, *, width: int = 32, depth: int = 6) -> None:
        super().__init__()
        _, times = begun(side, depth)
        widths = [in_channels, *(width * min(2**level, _WIDEST) for level in range(times))]
        self.down = nn.ModuleList(nn.Conv2d(*ends, 4, stride=2, padding=1) for ends in pairwise(widths))
        self.tail = nn.Conv2d(widths[-1], 1, 1)

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        made = [pictures]
        for layer in self.down:
            made.append(F.leaky_relu(layer(made[-1]), 0.2))
        return [*made[1:], self.tail(made[-1].mean(dim=(2, 3), keepdim=True))]
