"""NIQE: how natural a picture looks, without the clean one: statistics of local contrast against those of photographs.

Blocks of a picture are described by how their contrast-normalised pixels and neighbouring products are distributed;
`niqe` is the distance of that description from the one fitted to sharp photographs (by
`scripts/publish/fit_niqe.py`, kept in niqe.npz). The fit is to photographs of our own training, so values do not
compare with those of other fits.

Paper: Mittal et al. 2013, "Making a Completely Blind Image Quality Analyzer", doi:10.1109/LSP.2012.2227726.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.special import gamma
from torch import Tensor

from srgan.errors import ConfigError
from srgan.ops.resample import resize

BLOCK = 96
"""Side of a block [px]; twice as coarse, half of it."""

Features = Float[np.ndarray, "blocks 36"]


class Natural(NamedTuple):
    """Mean and covariance of the features of sharp blocks of photographs."""

    mean: Float[np.ndarray, "36"]
    covariance: Float[np.ndarray, "36 36"]


@cache
def _natural() -> Natural:
    """The fit that ships with the package."""
    with np.load(Path(__file__).with_name("niqe.npz")) as fit:
        return Natural(fit["mean"], fit["covariance"])


def niqe(luma: Float[Tensor, "1 1 h w"], fit: Natural | None = None) -> float:
    """The distance from photographs of a picture's luma in [0, 1] (Eq. 10); lower is more natural.

    Raises:
        ConfigError: the picture holds fewer than two whole blocks.
    """
    height, width = luma.shape[2:]
    if (height // BLOCK) * (width // BLOCK) < 2:
        raise ConfigError(f"NIQE needs at least two blocks of {BLOCK} px, not a {width}x{height} picture")
    features, _ = block_features(luma)
    mean, covariance = fit or _natural()
    difference = mean - features.mean(axis=0)
    both = (covariance + np.cov(features, rowvar=False)) / 2
    return float(np.sqrt(difference @ np.linalg.pinv(both) @ difference))


def block_features(luma: Float[Tensor, "1 1 h w"]) -> tuple[Features, Float[np.ndarray, "blocks"]]:
    """The features of each whole block at both scales, and how sharp it is (mean local deviation, Eq. 9)."""
    height, width = (side // BLOCK * BLOCK for side in luma.shape[2:])
    x = luma[..., :height, :width].double() * 255
    described = []
    sharpness = np.zeros(0)
    for coarser in (1, 2):
        mean = _blurred(x)
        deviation = (_blurred(x * x) - mean * mean).abs().sqrt()
        normalised = (x - mean) / (deviation + 1)  # Eq. 1
        described.append([_describe(block) for block in _blocks(normalised, BLOCK // coarser)])
        if coarser == 1:
            sharpness = np.array([block.mean() for block in _blocks(deviation, BLOCK)])
            x = resize(x.float(), height // 2, width // 2).double()
    return np.concatenate([np.array(scale).reshape(-1, 18) for scale in described], axis=1), sharpness


def fit_natural(features: Features) -> Natural:
    """The mean and covariance of the features of sharp blocks."""
    return Natural(features.mean(axis=0), np.cov(features, rowvar=False))


def _describe(block: Float[np.ndarray, "h w"]) -> list[float]:
    """Shape and width of the distribution of the pixels, and of the products with four neighbours (Eq. 4 to 8)."""
    shape, left, right = _asymmetric(block)
    features = [shape, (left + right) / 2]
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        shape, left, right = _asymmetric(block * np.roll(block, (down, across), axis=(0, 1)))
        features += [shape, (right - left) * gamma(2 / shape) / gamma(1 / shape), left, right]
    return features


_SHAPES = np.arange(0.2, 10, 0.001)
_RATIOS = gamma(2 / _SHAPES) ** 2 / (gamma(1 / _SHAPES) * gamma(3 / _SHAPES))


def _asymmetric(values: Float[np.ndarray, "h w"]) -> tuple[float, float, float]:
    """Shape, left and right width of the asymmetric generalised Gaussian whose moments these values have.

    Paper: Lasmar et al. 2009, doi:10.1109/ICIP.2009.5414404 (Sec. 3).
    """
    tiny = 1e-12
    left = np.sqrt((values[values < 0] ** 2).mean()) if (values < 0).any() else tiny
    right = np.sqrt((values[values > 0] ** 2).mean()) if (values > 0).any() else tiny
    lean = left / right
    ratio = np.abs(values).mean() ** 2 / max((values**2).mean(), tiny)
    ratio *= (lean**3 + 1) * (lean + 1) / (lean**2 + 1) ** 2
    shape = float(_SHAPES[np.abs(_RATIOS - ratio).argmin()])
    width = np.sqrt(gamma(1 / shape) / gamma(3 / shape))
    return shape, float(left * width), float(right * width)


def _blurred(x: Float[Tensor, "1 1 h w"]) -> Float[Tensor, "1 1 h w"]:
    """The local mean under a Gaussian of 7 px, sigma 7/6, the edge repeated."""
    taps = torch.exp(-torch.arange(-3.0, 4.0, dtype=x.dtype, device=x.device).square() / (2 * (7 / 6) ** 2))
    taps = taps / taps.sum()
    return F.conv2d(F.pad(x, (3, 3, 3, 3), mode="replicate"), torch.outer(taps, taps)[None, None])


def _blocks(x: Float[Tensor, "1 1 h w"], side: int) -> list[Float[np.ndarray, "{side} {side}"]]:
    picture = x[0, 0].cpu().numpy()
    rows, columns = (length // side for length in picture.shape)
    return [picture[row * side :, column * side :][:side, :side] for row in range(rows) for column in range(columns)]
