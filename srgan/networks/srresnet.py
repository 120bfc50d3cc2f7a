"""The generator of the SRGAN paper, without its batch normalisation."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from srgan.errors import ConfigError
from srgan.networks.network import Network


class SRResNet(Network):
    """SRResNet, the generator of SRGAN.

    Batch normalisation is left out: it brings artefacts in adversarial training and makes a tile depend on its
    neighbours (ESRGAN, Wang et al. 2018, arXiv:1809.00219, Sec. 3.1).

    Paper: Ledig et al., "Photo-Realistic Single Image Super-Resolution Using a Generative Adversarial Network",
    CVPR 2017, arXiv:1609.04802, Fig. 4.
    """

    multiple_of = 1

    def __init__(self, in_channels: int, out_channels: int, scale: int, *, width: int = 64, depth: int = 16) -> None:
        super().__init__()
        self.in_channels = in_channels
        steps = {1: [], 2: [2], 3: [3], 4: [2, 2]}.get(scale)
        if steps is None:
            raise ConfigError(f"SRResNet has no scale {scale}: choose 1, 2, 3 or 4")
        self.head = nn.Sequential(nn.Conv2d(in_channels, width, 9, padding=4), nn.PReLU())
        self.body = nn.Sequential(*(_Residual(width) for _ in range(depth)), nn.Conv2d(width, width, 3, padding=1))
        self.enlarge = nn.Sequential(*(layer for step in steps for layer in _enlarging(width, step)))
        self.tail = nn.Conv2d(width, out_channels, 9, padding=4)
        # In pixels of the input, a layer reaches its radius over the enlargement before it.
        reach, enlarged = 4.0 + 2 * depth + 1, 1
        for step in steps:
            reach, enlarged = reach + 1 / enlarged, enlarged * step
        self.context = int(-(-(reach + 4 / enlarged) // 1))
        nn.init.zeros_(self.tail.weight)
        nn.init.zeros_(self.tail.bias)  # type: ignore[arg-type]

    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        shallow = self.head(observed)
        generated: Tensor = self.tail(self.enlarge(shallow + self.body(shallow)))
        return generated


class _Residual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1), nn.PReLU(), nn.Conv2d(width, width, 3, padding=1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(x, self.layers(x))


def _enlarging(width: int, step: int) -> list[nn.Module]:
    """Sub-pixel convolution (Shi et al. 2016, arXiv:1609.05158)."""
    return [nn.Conv2d(width, width * step**2, 3, padding=1), nn.PixelShuffle(step), nn.PReLU()]
