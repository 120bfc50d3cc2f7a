"""Blur and its opposite: kernels of lenses, one for each picture of a batch, and unsharp masking."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.tasks.degrade.draws import Draw
from srgan.types import Batch

Kernels = Float[Tensor, "n side side"]


def lens(draw: Draw, *, largest: float, none: float = 0.2) -> Kernels:
    """Random kernels that sum to 1: Gaussian (three in ten alike in all directions, three not), generalised Gaussian
    (two in ten), a disc out of focus or a slight motion (one in ten each); for a share of the pictures no blur.

    Args:
        largest: standard deviation of the widest [px]; drawn so that narrow ones are a little more frequent.

    Papers: Real-ESRGAN, Wang et al. 2021, arXiv:2107.10833 (Eq. 2 and Sec. 3.2); BSRGAN, Zhang et al. 2021,
    arXiv:2103.14006 (Sec. 3.1).
    """
    wide = draw.uniform(0.0, 1.0).pow(1.3) * largest + 0.1
    narrow = wide * draw.uniform(0.25, 1.0)
    angle = draw.uniform(0.0, math.pi)
    kind = draw.uniform(0.0, 1.0)
    narrow = torch.where(kind < 0.3, wide, narrow)
    power = torch.where((kind >= 0.6) & (kind < 0.8), draw.uniform(0.6, 2.0), 1.0)
    radius = math.ceil(2.5 * (largest + 0.1))
    disc = (kind >= 0.8) & (kind < 0.9)
    motion = kind >= 0.9
    # A disc of radius r has a standard deviation of r / 2 along each axis, a line of length l of l / sqrt(12).
    chosen = torch.where(
        disc.view(-1, 1, 1),
        ellipses(2 * wide, 2 * wide, angle, radius),
        torch.where(
            motion.view(-1, 1, 1),
            ellipses(1.7 * wide, torch.full_like(wide, 0.5), angle, radius),
            gaussians(wide, narrow, angle, power, radius),
        ),
    )
    sharp = torch.zeros_like(chosen)
    sharp[:, radius, radius] = 1
    return torch.where((draw.uniform(0.0, 1.0) < none).view(-1, 1, 1), sharp, chosen)


def gaussians(
    wide: Float[Tensor, "n"],
    narrow: Float[Tensor, "n"],
    angle: Float[Tensor, "n"],
    power: Float[Tensor, "n"],
    radius: int,
) -> Kernels:
    """exp(-(d / 2)^power), d the squared distance in standard deviations along both axes: Gaussian at power 1."""
    along, across = _turned(angle, radius)
    distance = (along / wide.view(-1, 1, 1)).square() + (across / narrow.view(-1, 1, 1)).square()
    kernels = torch.exp(-(distance / 2).pow(power.view(-1, 1, 1)))
    return kernels / kernels.sum(dim=(1, 2), keepdim=True)


def ellipses(long: Float[Tensor, "n"], short: Float[Tensor, "n"], angle: Float[Tensor, "n"], radius: int) -> Kernels:
    """Even discs with two half-axes, their edge one pixel soft: out of focus where these are equal, else motion."""
    along, across = _turned(angle, radius)
    long, short = (axis.clamp(min=0.5).view(-1, 1, 1) for axis in (long, short))
    distance = ((along / long).square() + (across / short).square()).sqrt()
    kernels = ((1 - distance) * short + 0.5).clamp(0, 1)
    return kernels / kernels.sum(dim=(1, 2), keepdim=True)


def blurred(x: Batch, kernels: Kernels) -> Batch:
    """Each picture convolved with its kernel, edges repeated."""
    radius = kernels.shape[-1] // 2
    padded = F.pad(x, (radius,) * 4, mode="replicate")
    size = padded.shape[-2:]
    # By Fourier transforms: kernels of twenty pixels, another for each picture, are slow as convolutions.
    spectrum = torch.fft.rfft2(padded) * torch.fft.rfft2(kernels[:, None], s=size)
    convolved: Batch = torch.fft.irfft2(spectrum, s=size)
    return convolved[:, :, 2 * radius :, 2 * radius :]


def sharpened(x: Batch, amount: Float[Tensor, "n"], deviation: Float[Tensor, "n"]) -> Batch:
    """Unsharp masking, with the halos it makes: `amount` times the difference to a Gaussian blur is added."""
    round_, straight = torch.ones_like(deviation), torch.zeros_like(deviation)
    soft = blurred(x, gaussians(deviation, deviation, straight, round_, radius=4))
    return (x + amount.view(-1, 1, 1, 1) * (x - soft)).clamp(0, 1)


def _turned(angle: Float[Tensor, "n"], radius: int) -> tuple[Kernels, Kernels]:
    """Coordinates of a kernel's pixels along an axis at that angle, and across it."""
    places = torch.arange(-radius, radius + 1, device=angle.device, dtype=torch.float32)
    cosine, sine = (wave.view(-1, 1, 1) for wave in (torch.cos(angle), torch.sin(angle)))
    across, down = places.view(1, 1, -1), places.view(1, -1, 1)
    return cosine * across + sine * down, cosine * down - sine * across
