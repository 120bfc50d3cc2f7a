"""What colours are: luma, light, CIE Lab; and how much fine detail there is."""

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.types import Batch

GREY = (0.299, 0.587, 0.114)
"""How much of red, green and blue is in full-range luma."""


def luma(x: Batch) -> Float[Tensor, "n 1 h w"]:
    """Studio-range luma in [16/255, 235/255], not rounded, as MATLAB's rgb2ycbcr gives it for floats.

    Standard: ITU-R BT.601-7, sec. 2.5.
    """
    red, green, blue = x[:, 0:1], x[:, 1:2], x[:, 2:3]
    return (16 + 65.481 * red + 128.553 * green + 24.966 * blue) / 255


def grey(x: Batch) -> Float[Tensor, "n 1 h w"]:
    """Full-range luma, in [0, 1] of pictures in [0, 1]: what three equal channels have in common.

    Standard: ITU-R BT.601-7, sec. 2.5, as JPEG has it (ITU-T T.871, sec. 7).
    """
    red, green, blue = GREY
    return red * x[:, 0:1] + green * x[:, 1:2] + blue * x[:, 2:3]


def linear(x: Batch) -> Batch:
    """Light, in [0, 1], of sRGB (IEC 61966-2-1, Eq. 7)."""
    return torch.where(x <= 0.04045, x / 12.92, ((x.clamp(min=0.04) + 0.055) / 1.055) ** 2.4)


def srgb(light: Batch) -> Batch:
    """sRGB, in [0, 1], of light (IEC 61966-2-1, Eq. 9)."""
    return torch.where(light <= 0.0031308, light * 12.92, 1.055 * light.clamp(min=0.003) ** (1 / 2.4) - 0.055)


def lab(x: Batch) -> Float[Tensor, "n 3 h w"]:
    """L*, a*, b* of sRGB relative to its white.

    Standard: ISO/CIE 11664-4 (Eq. 3 to 11).
    """
    to_xyz = x.new_tensor(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    )
    xyz = torch.einsum("ij,njhw->nihw", to_xyz / to_xyz.sum(dim=1, keepdim=True), linear(x))
    f = torch.where(xyz > (6 / 29) ** 3, xyz.clamp(min=1e-9) ** (1 / 3), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return torch.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], dim=1)


def fine_power(x: Batch) -> Float[Tensor, "n"]:
    """Power of what a picture of half the size could not hold: of luma, beyond a quarter of a cycle a pixel.

    The mean over the pixels, in squared differences from the mean luma; a Hann window keeps the edges out of it.
    """
    height, width = x.shape[2:]
    window = torch.outer(*(torch.hann_window(side, periodic=False, device=x.device) for side in (height, width)))
    frequency = torch.hypot(
        torch.fft.fftfreq(height, device=x.device)[:, None], torch.fft.rfftfreq(width, device=x.device)[None]
    )
    level = luma(x.float())
    spectra = torch.fft.rfft2((level - level.mean(dim=(2, 3), keepdim=True)) * window)
    fine = torch.sum(spectra.abs().square()[:, 0] * (frequency > 0.25), dim=(1, 2))  # to choose would be to wait
    return torch.div(fine, (height * width) ** 2)
