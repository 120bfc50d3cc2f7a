"""What training minimises: an objective is data, a weight for each name.

`LOSSES` compare pictures. `FEATURE_LOSSES` compare what the layers of a frozen network see of them. Games, the third
kind of loss, are in games.py.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.ops.colour import fine_power
from srgan.ops.resample import downsample
from srgan.types import Batch

Loss = Callable[[Batch, Batch], Float[Tensor, ""]]

_LEAST = 1e-7
"""Power of fine detail that rounding to 8 bit alone would give a picture; smaller differences mean nothing."""

_ROUNDING = 1 / (12 * 255**2)
"""Mean square of what rounding to 8 bit changes."""

Features = Iterable[tuple[float, Tensor, Tensor]]
"""Layers: the weight of each, and what it sees of the restored pictures and of the clean ones."""


def l1(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean absolute difference; trains to a higher PSNR than L2 (Lim et al. 2017, EDSR, arXiv:1707.02921, Sec. 3.2)."""
    return (restored - clean).abs().mean()


def l2(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean squared difference: what PSNR measures."""
    return (restored - clean).square().mean()


def psnr(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean over the pictures of what PSNR lacks of what 8 bits can show [dB]: hard pictures weigh no more.

    Paper: Chen et al. 2022, NAFNet, arXiv:2204.04676, whose code trains for PSNR itself.
    """
    return 10 * ((restored - clean).square().mean(dim=(1, 2, 3)) / _ROUNDING + 1).log10().mean()


def charbonnier(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean of sqrt(d^2 + 1e-6): L1 with a smooth minimum (Lai et al. 2017, LapSRN, arXiv:1704.03915, Eq. 3)."""
    return ((restored - clean).square() + 1e-6).sqrt().mean()


def total_variation(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean absolute difference of neighbours beyond that of the clean pictures: noise, never texture that belongs.

    Paper: Rudin, Osher and Fatemi 1992, doi:10.1016/0167-2789(92)90242-F (Eq. 2.2), here anisotropic and relative.
    """

    def variation(x: Batch) -> Float[Tensor, "n"]:
        along, down = x.diff(dim=3).abs().mean(dim=(1, 2, 3)), x.diff(dim=2).abs().mean(dim=(1, 2, 3))
        return torch.add(along, down)

    return (variation(restored) - variation(clean)).relu().mean()


def focal_frequency(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Squared difference of spectra, each frequency weighted by how wrong it is.

    Paper: Jiang et al. 2021, "Focal Frequency Loss", arXiv:2012.12821 (Eq. 8 and 9, alpha = 1, whole picture).
    """
    difference = torch.fft.fft2((restored - clean).float(), norm="ortho")
    power = difference.real.square() + difference.imag.square()
    weight = power.detach().sqrt()
    return torch.mul(weight / weight.amax(dim=(2, 3), keepdim=True).clamp(min=1e-12), power).mean()


def detail(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean difference of the logarithms of the power of fine detail: how much there is of it, wherever it lies.

    What is certain is restored too soft, and what is made up may be of any strength; a spectrum has one that is right
    (Durall et al. 2020, "Watch your Up-Convolution", arXiv:2003.01826, Sec. 4).
    """
    return ((fine_power(restored) + _LEAST).log() - (fine_power(clean) + _LEAST).log()).abs().mean()


def consistency(restored: Batch, clean: Batch, *, scale: int = 4) -> Float[Tensor, ""]:
    """Mean absolute difference of the pictures once both are reduced: holds the result to what was observed."""
    return (downsample(restored, scale) - downsample(clean, scale)).abs().mean()


def checkerboard(restored: Batch, clean: Batch, *, scale: int = 4) -> Float[Tensor, ""]:
    """Mean absolute pattern that repeats with the scale in what is wrong with a square of 4 x 4 input pixels.

    A generator has weights of its own for each place within an input pixel, and the same dots in all of them are the
    first detail that feature losses teach it (Odena et al. 2016, doi:10.23915/distill.00003).
    """
    places = F.pixel_unshuffle((restored - clean).float(), scale)
    local = F.avg_pool2d(places, min(4, *places.shape[2:]), stride=2)
    local = local.reshape(len(local), -1, scale**2, *local.shape[2:])
    return (local - local.mean(dim=2, keepdim=True)).abs().mean()


SCALED: dict[str, Callable[..., Float[Tensor, ""]]] = {"consistency": consistency, "checkerboard": checkerboard}
"""Losses that must be told how many times as large as the observed pictures the restored ones are."""

LOSSES: dict[str, Loss] = {
    "l1": l1,
    "l2": l2,
    "psnr": psnr,
    "charbonnier": charbonnier,
    "total_variation": total_variation,
    "focal_frequency": focal_frequency,
    "detail": detail,
    **SCALED,
}


def perceptual(features: Features) -> Float[Tensor, ""]:
    """Weighted sum over the layers of the mean absolute difference, over the mean size of what clean pictures show.

    Paper: Johnson et al. 2016, arXiv:1603.08155 (Eq. 2), before activation as in ESRGAN (arXiv:1809.00219, Sec. 3.2).
    """
    terms = [
        weight * _size(seen - wanted.detach()) / _size(wanted.detach()).clamp(min=1e-8)
        for weight, seen, wanted in features
    ]
    return torch.stack(terms).sum()


def style(features: Features) -> Float[Tensor, ""]:
    """The same of Gram matrices: which channels answer together, wherever in the picture.

    Paper: Gatys et al. 2015, arXiv:1508.06576 (Eq. 3 and 4).
    """

    def gram(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c c"]:
        flat = x.float().flatten(2)
        return flat @ flat.mT / flat.shape[2]

    return perceptual((weight, gram(seen), gram(wanted)) for weight, seen, wanted in features)


FEATURE_LOSSES: dict[str, Callable[[Features], Float[Tensor, ""]]] = {"perceptual": perceptual, "style": style}


def weighing(weights: Sequence[Tensor], l1: float, l2: float) -> dict[str, Float[Tensor, ""]]:
    """What weights cost for their size, by name: `l1` times their absolute sum, `l2` times half their sum of squares.

    Of kernels and matrices alone: biases and the scales of norms hold no pattern that could be learnt by heart.
    Papers: Tibshirani 1996, "Regression Shrinkage and Selection via the Lasso"; Krogh and Hertz 1991, "A Simple Weight
    Decay Can Improve Generalization" (Eq. 2).
    """
    kernels = [weight for weight in weights if weight.ndim > 1]
    costs = {}
    if l1:
        costs["weight_l1"] = l1 * torch.stack([kernel.abs().sum() for kernel in kernels]).sum()
    if l2:
        costs["weight_l2"] = l2 / 2 * torch.stack([kernel.square().sum() for kernel in kernels]).sum()
    return costs


def _size(x: Tensor) -> Float[Tensor, ""]:
    """Mean absolute value, summed in float32.

    A norm, since the gradient of a mean is written out in another memory order: on large maps it took 5 times as long.
    """
    total = torch.linalg.vector_norm(x, 1, dtype=torch.promote_types(x.dtype, torch.float32))
    return torch.div(total, x.numel())
