"""Networks that make a picture of a vector: each pixel of what they observe is a latent, and becomes a picture.

So a latent vector is a picture of 1 x 1 pixels, and 8 x 8 latents become a sheet of 8 x 8 pictures: whatever cuts,
batches and joins pictures does so with samples, too.
"""

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor, nn

from srgan.networks.network import Network

COARSEST = 4
"""The least side at which a picture begins, or at which it is judged [px]."""


class Sampler(Network):
    """A generator of pictures of `scale` x `scale` pixels, each from its own latent and no other."""

    precisions = ("fp32",)
    plain = False
    context = 0
    multiple_of = 1

    head: nn.Linear | nn.ConvTranspose2d

    def first_layer(self) -> Float[Tensor, "features c"]:
        """The weights of the layer that sees the latents."""
        weight = self.head.weight.detach()
        return weight if weight.ndim == 2 else weight.flatten(1).mT

    @abstractmethod
    def sampled(self, latents: Float[Tensor, "m c"]) -> Float[Tensor, "m d s s"]:
        """The picture of each latent, in [-1, 1]."""

    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        n, channels, height, width = observed.shape
        pictures = self.sampled(observed.permute(0, 2, 3, 1).reshape(-1, channels))
        colours, side = pictures.shape[1:3]
        sheets = pictures.reshape(n, height, width, colours, side, side).permute(0, 3, 1, 4, 2, 5)
        return sheets.reshape(n, colours, height * side, width * side)


def begun(side: int, most: int = 32) -> tuple[int, int]:
    """The side at which a picture of that side begins, and how many times it is doubled: 28 is 7, twice doubled.

    Args:
        most: doublings.
    """
    times = 0
    while times < most and side % 2 == 0 and side // 2 >= COARSEST:
        side, times = side // 2, times + 1
    return side, times


@torch.no_grad()
def small(module: nn.Module) -> None:
    """Starts weights as DCGAN does: kernels as noise of 0.02, norms at 1, biases at 0 (arXiv:1511.06434, Sec. 4)."""
    if isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)
    elif isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
        nn.init.normal_(module.weight, 0.0, 0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
