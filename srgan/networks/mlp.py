"""The first GAN: fully connected layers on either side.

Goodfellow et al. 2014, "Generative Adversarial Nets", arXiv:1406.2661, Sec. 5, which made digits of 28 x 28 pixels so.
"""

from itertools import pairwise
from typing import ClassVar

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.discriminator import Discriminator
from srgan.networks.sampler import Sampler
from srgan.options import Recipe


class Mlp(Sampler):
    """A generator of `depth` hidden layers, each twice as wide as the one before, with leaky ReLU; then tanh.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661; leaky ReLU instead of ReLU as in Radford et al. 2016,
    arXiv:1511.06434.
    """

    recipe: ClassVar[Recipe] = {"discriminator": "mlp", "discriminator_width": 256}

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, width: int = 256, depth: int = 3) -> None:
        super().__init__()
        self.in_channels, self.side, self.colours = in_channels, scale, out_channels
        widths = [width * 2**level for level in range(depth)]
        self.head = nn.Linear(in_channels, width)
        self.body = nn.ModuleList(nn.Linear(*ends) for ends in pairwise(widths))
        self.tail = nn.Linear(widths[-1], out_channels * scale**2)

    def sampled(self, latents: Float[Tensor, "m c"]) -> Float[Tensor, "m d s s"]:
        x = F.leaky_relu(self.head(latents), 0.2)
        for layer in self.body:
            x = F.leaky_relu(layer(x), 0.2)
        values: Tensor = self.tail(x)
        return values.tanh().reshape(-1, self.colours, self.side, self.side)


class MlpDiscriminator(Discriminator):
    """A verdict on the whole picture by `depth` hidden layers, each half as wide as the one before, with leaky ReLU.

    Dense layers are written as convolutions: the first has a kernel as large as the picture.

    Paper: Goodfellow et al. 2014, arXiv:1406.2661, with leaky ReLU instead of maxout.
    """

    smallest = multiple_of = 1

    def __init__(self, in_channels: int, side: int, *, width: int = 256, depth: int = 3) -> None:
        super().__init__()
        widths = [max(1, width * 2 ** (depth - 1 - level)) for level in range(depth)]
        self.head = nn.Conv2d(in_channels, widths[0], side)
        self.body = nn.ModuleList(nn.Conv2d(*ends, 1) for ends in pairwise(widths))
        self.tail = nn.Conv2d(widths[-1], 1, 1)

    def layers(self, pictures: Float[Tensor, "n c h w"]) -> list[Tensor]:
        made = [F.leaky_relu(self.head(pictures), 0.2)]
        for layer in self.body:
            made.append(F.leaky_relu(layer(made[-1]), 0.2))
        return [*made, self.tail(made[-1])]
