"""NIQE: photographs look more natural than what blur, noise and blocks make of them."""

import numpy as np
import pytest
import skimage.data
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import gennorm

from srgan.errors import ConfigError
from srgan.evaluation.niqe import _asymmetric, block_features, fit_natural, niqe


def photograph(name="astronaut"):
    pixels = getattr(skimage.data, name)()
    return (pixels if pixels.ndim == 2 else pixels @ [0.299, 0.587, 0.114]) / 255


def naturalness(pixels):
    return niqe(torch.from_numpy(np.ascontiguousarray(pixels)).float()[None, None])


@pytest.mark.parametrize("name", ["astronaut", "coffee", "camera"])
def test_blur_noise_and_blocks_are_less_natural_than_the_photograph(name):
    clean = photograph(name)
    noisy = clean + np.random.default_rng(0).normal(0, 0.1, clean.shape)
    blocky = clean[::4, ::4].repeat(4, axis=0).repeat(4, axis=1)

    natural = naturalness(clean)

    assert natural < naturalness(gaussian_filter(clean, 2))
    assert natural < naturalness(noisy)
    assert natural < naturalness(blocky)


@pytest.mark.parametrize("shape", [0.7, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("lean", [1.0, 2.5])
def test_shape_and_widths_of_a_known_distribution_are_recovered(shape, lean):
    values = gennorm.rvs(shape, size=400_000, random_state=np.random.default_rng(1))
    # An asymmetric generalised Gaussian takes each side as often as it is wide.
    rng = np.random.default_rng(2)
    left = rng.random(values.size) < lean / (1 + lean)
    sample = np.where(left, -lean, 1.0) * np.abs(values)

    found_shape, found_left, found_right = _asymmetric(sample.reshape(400, 1000))

    assert found_shape == pytest.approx(shape, rel=0.03)
    assert found_left == pytest.approx(lean, rel=0.03)
    assert found_right == pytest.approx(1.0, rel=0.03)


def test_a_picture_is_at_no_distance_from_its_own_fit():
    luma = torch.from_numpy(photograph()).float()[None, None]

    assert niqe(luma, fit_natural(block_features(luma)[0])) == pytest.approx(0, abs=1e-3)


def test_a_picture_of_less_than_two_blocks_is_refused():
    with pytest.raises(ConfigError, match="NIQE needs at least two blocks of 96 px, not a 150x100 picture"):
        niqe(torch.rand(1, 1, 100, 150))
