"""Discriminators by name; here those that tell real pictures from restored ones patch by patch.

Both of these are spectrally normalised (Miyato et al. 2018, arXiv:1802.05957), but for the first layer and the last: a
chain of slopes below 1 alone would hush a faint pattern, and the generator would keep it. They know no batch
statistics, so that a verdict depends on nothing but its own patch, and gradient penalties make sense.
"""

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from srgan.networks.dcgan import DcganDiscriminator
from srgan.networks.discriminator import Discriminator, Several
from srgan.networks.mlp import MlpDiscriminator
from srgan.networks.r3gan import R3ganDiscriminator
from srgan.networks.seeded import Seeded
from srgan.networks.upsample import PooledDiscriminator


class PatchGAN(Discriminator):
    """The patch discriminator of pix2pix; with depth 3 a logit sees 70x70 px, with depth 2 34x34.

    Paper: Isola et al. 2017, arXiv:1611.07004, Sec. 6.1.2, without batch normalisation.
    """

    def __init__(self, in_channels: int, side: int, *, width: int = 64, depth: int = 3) -> None:
        super().__init__()
        self.smallest, self.multiple_of = 3 * 2**depth, 1
        widths = [in_channels, *(width * min(2**level, 8) for level in range(depth + 1))]
        strides = [2] * depth + [1]
        layers = [nn.Conv2d(*ends, 4, stride, 1) for ends, stride in zip(pairwise(widths), strides, strict=True)]
        self.body = nn.ModuleList([layers[0], *map(spectral_norm, layers[1:])])
        self.tail = nn.Conv2d(widths[-1], 1, 4, 1, 1)

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        made = [pictures]
        for layer in self.body:
            made.append(F.leaky_relu(layer(made[-1]), 0.2))
        return [*made[1:], self.tail(made[-1])]


class UNetDiscriminator(Discriminator):
    """A logit for each pixel, of its surroundings at every size.

    Paper: Schönfeld et al. 2020, arXiv:2002.12655; in the form of Real-ESRGAN, Wang et al. 2021, arXiv:2107.10833,
    Sec. 3.3. The sides of the pictures are multiples of 2**depth.
    """

    def __init__(self, in_channels: int, side: int, *, width: int = 64, depth: int = 3) -> None:
        super().__init__()
        self.smallest = self.multiple_of = 2**depth
        widths = [width * min(2**level, 8) for level in range(depth + 1)]
        self.head = nn.Conv2d(in_channels, width, 3, padding=1)
        self.down = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 4, 2, 1, bias=False)) for before, after in pairwise(widths)
        )
        self.up = nn.ModuleList(
            spectral_norm(nn.Conv2d(before, after, 3, padding=1, bias=False))
            for after, before in reversed(list(pairwise(widths)))
        )
        self.tail = nn.Sequential(
            spectral_norm(nn.Conv2d(width, width, 3, padding=1, bias=False)),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 1, 3, padding=1),
        )

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        made = [F.leaky_relu(self.head(pictures), 0.2)]
        for layer in self.down:
            made.append(F.leaky_relu(layer(made[-1]), 0.2))
        passed = made[-2::-1]
        for layer, skip in zip(self.up, passed, strict=True):
            enlarged = F.interpolate(made[-1], scale_factor=2, mode="bilinear")
            made.append(F.leaky_relu(layer(enlarged), 0.2) + skip)
        return [*made, self.tail(made[-1])]


DISCRIMINATORS: dict[str, Callable[..., Discriminator]] = {
    "patchgan": PatchGAN,
    "unet": UNetDiscriminator,
    "mlp": MlpDiscriminator,
    "dcgan": DcganDiscriminator,
    "pooled": PooledDiscriminator,
    "r3gan": R3ganDiscriminator,
}
"""Each is made of the channels and the side of the pictures, a width and a depth."""


def build_discriminator(
    name: str, in_channels: int, side: int, *, width: int, depth: int, seed: int, count: int = 1
) -> Discriminator:
    """A fresh discriminator, or several as one, in channels-last memory.

    Args:
        side: of the pictures that will be shown [px].
    """
    with Seeded(seed):
        judges = [
            DISCRIMINATORS[name](in_channels, side // 2**times, width=width, depth=depth) for times in range(count)
        ]
    discriminator = judges[0] if count == 1 else Several(judges)
    return discriminator.to(memory_format=torch.channels_last)
