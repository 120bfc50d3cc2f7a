"""The GAN that first made pictures one could look at: convolutions that learn to enlarge, and others that reduce.

Radford, Metz and Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial
Networks", arXiv:1511.06434.
"""

from itertools import pairwise
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.discriminator import Discriminator
from srgan.networks.sampler import Sampler, begun, small
from srgan.options import Recipe


class Dcgan(Sampler):
    """A dense start of 4 to 7 pixels a side, doubled by transposed convolutions with batch normalisation; then tanh.

    The last map before the picture has `width` channels, each before it twice as many.

    Paper: Radford et al. 2016, arXiv:1511.06434, Fig. 1; batch normalisation: Ioffe and Szegedy 2015, arXiv:1502.03167.
    """

    recipe: ClassVar[Recipe] = {"discriminator": "dcgan", "discriminator_depth": 4}

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, width: int = 32) -> None:
        super().__init__()
        self.in_channels = in_channels
        start, times = begun(scale)
        widths = [width * 2**level for level in reversed(range(max(1, times)))]
        self.head = nn.ConvTranspose2d(in_channels, widths[0], start, bias=False)
        self.norms = nn.ModuleList(nn.BatchNorm2d(channels) for channels in widths)
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(*ends, 4, stride=2, padding=1, bias=False) for ends in pairwise(widths)
        )
        doubling = nn.ConvTranspose2d(width, out_channels, 4, stride=2, padding=1)
        self.tail = doubling if times else nn.Conv2d(width, out_channels, 3, padding=1)
        self.apply(small)

    def sampled(self, latents: Float[Tensor, "m c"]) -> Float[Tensor, "m d s s"]:
        x: Tensor = self.head(latents[:, :, None, None])
        for norm, double in zip(self.norms, [*self.up, self.tail], strict=True):
            x = double(F.relu(norm(x)))
        return x.tanh()


class DcganDiscriminator(Discriminator):
    """A verdict on the whole picture by up to `depth` strided convolutions with leaky ReLU, and a dense layer.

    The first map has `width` channels, each after it twice as many. It has no batch normalisation: a verdict depends on
    nothing but its own picture, and the slopes that penalties look at are those of training.

    Paper: Radford et al. 2016, arXiv:1511.06434, Sec. 3.
    """

    smallest = multiple_of = 1

    def __init__(self, in_channels: int, side: int, *, width: int = 64, depth: int = 4) -> None:
        super().__init__()
        coarsest, times = begun(side, depth)
        widths = [in_channels, *(width * 2**level for level in range(times))]
        self.down = nn.ModuleList(nn.Conv2d(*ends, 4, stride=2, padding=1) for ends in pairwise(widths))
        self.tail = nn.Conv2d(widths[-1], 1, coarsest)
        self.apply(small)

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        made = [pictures]
        for layer in self.down:
            made.append(F.leaky_relu(layer(made[-1]), 0.2))
        return [*made[1:], self.tail(made[-1])]
