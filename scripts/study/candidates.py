"""U-Nets that see farther or fill otherwise: what was tried for inpainting and does not ship.

A script that adds `NETWORKS` to those of `srgan.networks` can build them by name.
"""

import functools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from srgan.networks.network import ConvReLU, started
from srgan.networks.unet import UNet


class Gated(UNet):
    """Every block's first convolution gates its own channels (Yu et al. 2019, arXiv:1806.03589, Sec. 3.1)."""

    @functools.wraps(UNet.__init__)
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for block in [part for part in self.modules() if hasattr(part, "first")]:
            block.first = _GatedConv(block.first.in_channels)


class Dilated(UNet):
    """The coarsest map is seen through holes of 1, 2, 4 and 8 (Iizuka et al. 2017, doi:10.1145/3072959.3073659)."""

    @functools.wraps(UNet.__init__)
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        channels = self.tail.in_channels * (len(self.fine) + 1)
        self.coarsest = nn.Sequential(*(_Block(channels, dilation) for dilation in (1, 2, 4, 8, 1, 2)))
        self.context += 2 ** len(self.fine) * self.fold * 2 * (1 + 2 + 4 + 8 + 1 + 2)


class Fourier(UNet):
    """On the coarsest map a quarter of the channels is convolved in frequencies (LaMa, arXiv:2109.07161, Sec. 2.1)."""

    @functools.wraps(UNet.__init__)
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        channels = self.tail.in_channels * (len(self.fine) + 1)
        self.coarsest = nn.Sequential(*(part(channels) for _ in range(3) for part in (_Block, _Spectral)))
        self.context = None


class Attention(UNet):
    """On the coarsest map every place looks at every other."""

    @functools.wraps(UNet.__init__)
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        channels = self.tail.in_channels * (len(self.fine) + 1)
        self.coarsest = nn.Sequential(*(part(channels) for _ in range(2) for part in (_Block, _Attention)))
        self.context = None


class _GatedConv(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.both = started(nn.Conv2d(channels, 2 * channels, 3, padding=1))

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.both(x).chunk(2, dim=1)
        return F.relu(value) * torch.sigmoid(gate)


class _Block(nn.Module):
    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = started(ConvReLU(channels, channels, 3, padding=dilation, dilation=dilation))
        self.second = started(nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation), gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(self.first(x))


class _Spectral(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels // 4
        self.waves = started(nn.Conv2d(2 * self.channels, 2 * self.channels, 1))
        self.second = started(nn.Conv2d(self.channels, channels, 1), gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        waves = torch.fft.rfft2(x[:, : self.channels].float(), norm="ortho")
        both = torch.cat([waves.real, waves.imag], dim=1).to(x.dtype)
        real, imaginary = F.relu(self.waves(both)).float().chunk(2, dim=1)
        seen = torch.fft.irfft2(torch.complex(real, imaginary), s=x.shape[2:], norm="ortho").to(x.dtype)
        return x + self.second(seen)


class _Attention(nn.Module):
    def __init__(self, channels: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.ask = nn.Conv2d(channels, 3 * channels, 1)
        self.answer = started(nn.Conv2d(channels, channels, 1), gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        query, key, value = (part.reshape(n, self.heads, -1, height * width).mT for part in self.ask(x).chunk(3, dim=1))
        seen = F.scaled_dot_product_attention(query, key, value).mT.reshape(n, -1, height, width)
        return x + self.answer(seen)


NETWORKS: dict[str, type[UNet]] = {"gated": Gated, "dilated": Dilated, "fourier": Fourier, "attention": Attention}
