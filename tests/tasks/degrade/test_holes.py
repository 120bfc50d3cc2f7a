"""Random holes: their share of the picture, their shape, and what they depend on."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from srgan.tasks.degrade.holes import HOLES, mask


def drawn(kind, count=24, height=512, width=768):
    return [mask(kind, height, width, np.random.default_rng([0, number])) for number in range(count)]


@pytest.mark.parametrize("kind, share", [("thin", 0.10), ("medium", 0.20), ("thick", 0.35)])
def test_holes_cover_about_their_share_of_the_picture(kind, share):
    shares = [one.mean() for one in drawn(kind)]

    assert np.mean(shares) == pytest.approx(share, rel=0.1)
    assert min(shares) > share / 2
    assert max(shares) < 1.5 * share


def test_a_mask_is_1_where_pixels_are_missing_and_0_elsewhere():
    assert set(np.unique(drawn("medium", 1)[0])) == {0, 1}


def test_thicker_kinds_have_pixels_farther_from_what_is_known():
    deepest = {kind: np.median([distance_transform_edt(one).max() for one in drawn(kind, 8)]) for kind in HOLES}

    assert deepest["thin"] < deepest["medium"] < deepest["thick"]


def test_a_mask_is_a_function_of_its_generator():
    first, again, other = (mask("thin", 64, 64, np.random.default_rng(seed)) for seed in (1, 1, 2))

    assert (first == again).all()
    assert (first != other).any()


def test_holes_can_be_drawn_into_tiny_pictures():
    assert mask("thick", 3, 5, np.random.default_rng(0)).shape == (3, 5)
