"""Noise: as papers add it, and as cameras make it."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.ops.colour import linear, srgb
from srgan.tasks.degrade.draws import Draw
from srgan.tasks.degrade.jpeg import jpeg
from srgan.types import Batch


def gaussian(clean: Batch, level: Float[Tensor, "n"], rng: torch.Generator) -> Batch:
    """The pictures with white Gaussian noise, not clipped.

    Args:
        level: its standard deviation in each picture [8-bit levels].
    """
    noise = torch.randn(clean.shape, generator=rng, device=clean.device)
    return clean + noise * (level / 255).view(-1, 1, 1, 1)


def grain(clean: Batch, level: Float[Tensor, "n"], rng: torch.Generator) -> Batch:
    """The pictures with noise that is the same in all three colours, as grey pictures and film have it, not clipped.

    Args:
        level: its standard deviation in each picture [8-bit levels].
    """
    noise = torch.randn(clean[:, :1].shape, generator=rng, device=clean.device)
    return clean + noise * (level / 255).view(-1, 1, 1, 1)


def film(x: Batch, level: Float[Tensor, "n"], rng: torch.Generator) -> Batch:
    """The pictures with noise between white noise and grain, clipped: coloured more or less, stronger in the dark or in
    the bright, and for a third of them soft, as small cameras' own filters and reductions leave it.

    Args:
        level: its standard deviation in each picture at half brightness [8-bit levels].
    """
    draw = Draw(len(x), x.device, rng)
    colour, slope, soft = draw.uniform(0.0, 1.0), draw.uniform(-0.6, 1.0), draw.uniform(-0.5, 0.25).clamp(min=0)
    same, each = (torch.randn(like.shape, generator=rng, device=x.device) for like in (x[:, :1], x))
    colour, slope, soft, level = (one.view(-1, 1, 1, 1) for one in (colour, slope, soft, level))
    noise = colour.sqrt() * each + (1 - colour).sqrt() * same
    # A binomial blur, one direction after the other, and what it takes from the variance given back.
    for dim in (2, 3):
        beside = torch.roll(noise, 1, dim) + torch.roll(noise, -1, dim)
        noise = ((1 - 2 * soft) * noise + soft * beside) / ((1 - 2 * soft).square() + 2 * soft.square()).sqrt()
    deviation = level / 255 * (1 + slope * (1 - 2 * x.clamp(0, 1))).clamp(min=0).sqrt()
    return (x + deviation * noise).clamp(0, 1)


def camera(clean: Batch, rng: torch.Generator) -> Batch:
    """The pictures with the noise of a camera at some ISO speed, after its own processing: 8-bit levels in [0, 1].

    Shot and read noise of the sensor, which white balance and colour matrix make stronger in chroma than in luma, which
    demosaicing blurs, the tone curve lifts in the shadows, and JPEG cuts into blocks.

    Paper: Brooks et al. 2019, "Unprocessing Images for Learned Raw Denoising", arXiv:1811.11127 (Sec. 3.1 to 3.6).
    """
    draw = Draw(len(clean), clean.device, rng)
    # The log-log line through the noise of real cameras of Brooks et al., Sec. 3.1.
    log_shot = draw.uniform(math.log(1e-4), math.log(0.012))
    read = torch.exp(2.18 * log_shot + 1.2 + 0.26 * draw.normal())
    gains = torch.stack([draw.uniform(1.9, 2.4), torch.ones_like(read), draw.uniform(1.5, 1.9)], dim=1)
    noisy = sensor(clean, torch.exp(log_shot), read, gains, rng)
    quality = draw.uniform(60.0, 100.0)
    coded, whole = (jpeg(noisy, quality, subsampled=subsampled) for subsampled in (True, False))
    return torch.where(draw.uniform(0.0, 1.0).view(-1, 1, 1, 1) < 0.5, coded, whole)


def sensor(
    clean: Batch,
    shot: Float[Tensor, "n"],
    read: Float[Tensor, "n"],
    gains: Float[Tensor, "n 3"],
    rng: torch.Generator,
) -> Batch:
    """The pictures with Poisson-Gaussian noise of a Bayer sensor, demosaiced bilinearly and developed, clipped.

    Every step after the sensor but the tone curve is linear, so that the noise can go through them alone: the pictures
    themselves are not demosaiced, and what is wrong with the result is noise only.

    Args:
        shot, read: the variance in the raw picture, whose white is 1, is shot * x + read (Foi et al. 2008,
            doi:10.1109/TIP.2008.2001399, Eq. 3).
        gains: white balance of red, green and blue.
    """
    light = linear(clean)
    to_srgb = clean.new_tensor(_TO_SRGB)
    gains = gains.view(-1, 3, 1, 1)
    raw = torch.einsum("ij,njhw->nihw", to_srgb.inverse(), light).clamp(min=0) / gains
    deviation = (shot.view(-1, 1, 1, 1) * raw + read.view(-1, 1, 1, 1)).sqrt()
    noise = torch.randn(clean.shape, generator=rng, device=clean.device) * deviation
    developed = torch.einsum("ij,njhw->nihw", to_srgb, _demosaiced(noise) * gains)
    return srgb((light + developed).clamp(0, 1))


_TO_SRGB = ((1.72, -0.58, -0.14), (-0.24, 1.56, -0.32), (0.02, -0.56, 1.54))
"""A colour matrix as cameras have it: white stays white, and what the filters let through of other colours goes out."""


def _demosaiced(x: Batch) -> Batch:
    """What bilinear interpolation makes of the pixels that lie under the filters of an RGGB Bayer pattern."""
    height, width = x.shape[2:]
    rows, columns = torch.arange(height, device=x.device)[:, None] % 2, torch.arange(width, device=x.device)[None] % 2
    filters = torch.stack([(rows + columns) == 0, (rows + columns) == 1, (rows + columns) == 2]).to(x)
    cross = x.new_tensor([[0, 1, 0], [1, 4, 1], [0, 1, 0]]) / 4
    square = x.new_tensor([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 4
    kernels = torch.stack([square, cross, square])[:, None]
    return F.conv2d(F.pad(x * filters, (1, 1, 1, 1), mode="reflect"), kernels, groups=3)
