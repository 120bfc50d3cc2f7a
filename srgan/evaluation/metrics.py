"""How close a restored picture is to the clean one: PSNR, SSIM, LPIPS, fine detail, colours.

A score means nothing without its protocol: which channels, how much border cut, how many levels. So a `Protocol` is a
value that is stored beside the scores, and `score` is the one place that applies it.
"""

import logging
import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.evaluation.lpips import lpips
from srgan.evaluation.niqe import niqe
from srgan.ops.colour import fine_power, lab, luma
from srgan.ops.resample import downsample
from srgan.tasks.protocol import Prepared, Protocol
from srgan.types import Batch

_log = logging.getLogger(__name__)

_BAND = 1 << 20
"""Pixels that SSIM looks at together: it takes about 100 bytes for each."""


def psnr(restored: Prepared, clean: Prepared) -> Float[Tensor, "n"]:
    """Peak signal-to-noise ratio of each picture over all its channels [dB], peak 1; infinite where they are equal.

    -10 log10 of the mean squared error; computed in float64.
    """
    error = restored.double() - clean.double()
    return -10 * error.square().mean(dim=(1, 2, 3)).log10()


def ssim(restored: Prepared, clean: Prepared) -> Float[Tensor, "n"]:
    """Structural similarity of each picture, in [-1, 1], the mean over its channels; 1 means identical.

    Gaussian window of 11 px, sigma 1.5 px; borders without a full window are left out, as in the
    authors' MATLAB code. Computed in float64, a channel and a band of rows at a time.

    Paper: Wang et al., "Image Quality Assessment", TIP 2004, doi:10.1109/TIP.2003.819861 (Eq. 13).

    Raises:
        ConfigError: a side is shorter than the window.
    """
    height, width = clean.shape[2:]
    if min(height, width) < 11:
        raise ConfigError(f"SSIM needs pictures of at least 11 px a side, got {width}x{height}")
    rows = max(_BAND // width, 64)
    total = clean.new_zeros(len(clean), dtype=torch.float64)
    for channel in range(clean.shape[1]):
        for top in range(0, height - 10, rows):
            x, y = (one[:, channel : channel + 1, top : top + rows + 10].double() for one in (restored, clean))
            total += _alike(x, y).sum(dim=(1, 2, 3))
    return total / (clean.shape[1] * (height - 10) * (width - 10))


def _alike(x: Prepared, y: Prepared) -> Float[Tensor, "n channels height-10 width-10"]:
    """SSIM's index wherever the whole window fits."""
    mean_x, mean_y = _windowed_mean(x), _windowed_mean(y)
    variance_x = _windowed_mean(x * x) - mean_x**2
    variance_y = _windowed_mean(y * y) - mean_y**2
    covariance = _windowed_mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    alike = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return torch.div(alike, (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2))


def _windowed_mean(x: Prepared) -> Float[Tensor, "n channels height-10 width-10"]:
    """The mean of `x` under SSIM's window, wherever the whole window fits."""
    window = [math.exp(-((i / 1.5) ** 2) / 2) for i in range(-5, 6)]
    for dim in (2, 3):
        kept = x.shape[dim] - 10
        x = sum((weight * x.narrow(dim, i, kept) for i, weight in enumerate(window)), x.new_zeros(())) / sum(window)
    return x


def spectrum(restored: Batch, clean: Batch) -> Float[Tensor, "n"]:
    """Power of the fine detail of each picture over that of the clean one: below 1 it is soft, above 1 noisy."""
    return torch.div(fine_power(restored), fine_power(clean))


def colour_drift(restored: Batch, clean: Batch) -> Float[Tensor, "n"]:
    """Mean colour difference of each picture from the clean one once both are reduced 4 times [CIE 1976 Lab, D65].

    What is left of a reduced picture is not detail; a difference of 2.3 is just noticeable.

    Standard: ISO/CIE 11664-4 (Eq. 3 to 6 and 22).
    """
    height, width = (side // 4 * 4 for side in clean.shape[2:])
    if not height or not width:
        raise ConfigError("colours are compared on pictures reduced 4 times: they need at least 4 px a side")
    reduced = (downsample(x[..., :height, :width].float(), 4) for x in (restored, clean))
    a, b = (lab(x.clamp(0, 1)) for x in reduced)
    return torch.mean(torch.linalg.vector_norm(a - b, dim=1), dim=(1, 2))


def _niqe(restored: Batch, clean: Batch) -> Float[Tensor, "n"]:
    return torch.tensor([niqe(luma(one[None])) for one in restored])


METRICS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "psnr": psnr,
    "ssim": ssim,
    "lpips": lpips,
    "spectrum": spectrum,
    "colour_drift": colour_drift,
    "niqe": _niqe,
}
"""Each maps (restored, clean) to one value a picture."""

WHOLE_RGB = frozenset({"lpips", "spectrum", "colour_drift", "niqe"})
"""Metrics that look at the whole picture in colour: of the protocol, only its levels apply to them."""


@torch.no_grad()
def score(
    restored: Float[Tensor, "1 3 h w"],
    clean: Float[Tensor, "1 3 h w"],
    protocol: Protocol,
    names: Sequence[str],
    *,
    grey: bool = False,
) -> dict[str, float | None]:
    """The named metrics of one picture under `protocol`; None, with a warning that says why, where there is no number.

    Args:
        grey: the clean picture's file has one channel; an RGB file whose channels are equal is not grey.

    Raises:
        ConfigError: a metric is unknown.
    """
    if unknown := [name for name in names if name not in METRICS]:
        raise ConfigError(f"unknown metric {unknown[0]!r}: choose one of {', '.join(sorted(METRICS))}")
    return {name: _score(name, restored, clean, protocol, grey) for name in names}


def _score(name: str, restored: Batch, clean: Batch, protocol: Protocol, grey: bool) -> float | None:
    try:
        if name in WHOLE_RGB:
            # a network's metric: float32, on the device of the pictures
            pair = tuple(protocol.quantise(x).to(clean.device, torch.float32) for x in (restored, clean))
        else:
            pair = protocol.prepare(restored, clean, grey)
        value = METRICS[name](*pair).item()
    except ConfigError as error:
        _log.warning("no %s: %s", name, error)
        return None
    return _finite(name, value, "the restored picture has pixels that are not numbers", "the pictures are identical")


@torch.no_grad()
def score_hole(
    restored: Float[Tensor, "1 3 h w"],
    clean: Float[Tensor, "1 3 h w"],
    hole: Float[Tensor, "1 1 h w"],
    protocol: Protocol,
) -> dict[str, float | None]:
    """PSNR of the hole of one picture [dB], in RGB; None, with a warning that says why, where there is no number."""
    if not hole.any():
        _log.warning("no psnr of the hole: there is none")
        return {"psnr": None}
    error = (protocol.quantise(restored) - protocol.quantise(clean)).square().mean(dim=1, keepdim=True)
    value = -10 * torch.log10((error * hole).sum() / hole.sum()).item()
    nan = "the restored picture has pixels that are not numbers"
    return {"psnr": _finite("psnr of the hole", value, nan, "it is filled exactly")}


def _finite(name: str, value: float, nan: str, infinite: str) -> float | None:
    """The value where it is a number that JSON has; else None, and why is said."""
    if math.isfinite(value):
        return value
    _log.warning("no %s: %s", name, nan if math.isnan(value) else infinite)
    return None
