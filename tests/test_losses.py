"""Losses, computed by hand."""

import math

import pytest
import torch

from srgan.losses import LOSSES


def batch(*values):
    return torch.tensor(values).reshape(1, 3, 1, -1)


@pytest.mark.parametrize(
    "name, expected",
    [
        ("l1", (0.5 + 0.25 + 0 + 0 + 0 + 0.75) / 6),
        ("l2", (0.25 + 0.0625 + 0 + 0 + 0 + 0.5625) / 6),
        ("charbonnier", sum(math.sqrt(d * d + 1e-6) for d in (0.5, 0.25, 0, 0, 0, 0.75)) / 6),
    ],
)
def test_a_loss_is_the_mean_over_all_pixels_and_channels(name, expected):
    clean = batch(0.0, 1.0, 0.5, 0.5, 0.25, 0.0)
    restored = batch(0.5, 0.75, 0.5, 0.5, 0.25, 0.75)

    assert LOSSES[name](restored, clean).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_least_for_equal_pictures_and_does_not_depend_on_their_order(name):
    rng = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 3, 4, 5, generator=rng), torch.rand(2, 3, 4, 5, generator=rng)

    assert LOSSES[name](a, b) == LOSSES[name](b, a)
    assert LOSSES[name](a, a) < 2e-3 < LOSSES[name](a, b)


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_a_loss_is_finite_also_where_nothing_is_wrong(name):
    clean = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    restored = clean.clone().requires_grad_()

    LOSSES[name](restored, clean).backward()

    assert torch.isfinite(restored.grad).all()
