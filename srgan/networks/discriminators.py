"""Discriminators: they tell real pictures from restored ones, patch by patch.

Both are spectrally normalised (Miyato et al. 2018, arXiv:1802.05957), but for the first layer and the last: a chain of
slopes below 1 alone would hush a faint pattern, and the generator would keep it. They know no batch statistics, so that
a verdict depends on nothing but its own patch, and gradient penalties make sense.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

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


class _Several(Discriminator):
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


DISCRIMINATORS: dict[str, Callable[..., Discriminator]] = {"patchgan": PatchGAN, "unet": UNetDiscriminator}
"""Each is made of the channels and the side of the pictures, a width and a depth."""


def build_discriminator(
    name: str, in_channels: int, side: int, *, width: int, depth: int, seed: int, count: int = 1
) -> Discriminator:
    """A fresh discriminator, or several as one, in channels-last memory.

    Args:
        side: of the pictures that will be shown [px].
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        judges = [
            DISCRIMINATORS[name](in_channels, side // 2**times, width=width, depth=depth) for times in range(count)
        ]
    discriminator = judges[0] if count == 1 else _Several(judges)
    return discriminator.to(memory_format=torch.channels_last)
