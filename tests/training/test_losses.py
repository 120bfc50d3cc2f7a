"""Losses, computed by hand."""

import math

import pytest
import torch

from srgan.ops.resample import downsample
from srgan.training.losses import (
    FEATURE_LOSSES,
    LOSSES,
    checkerboard,
    consistency,
    detail,
    focal_frequency,
    perceptual,
    psnr,
    style,
    total_variation,
    weighing,
)

SIDES = {"consistency": (4, 8), "checkerboard": (16, 16)}
"""Height and width of the pictures of a loss that does not take any: multiples of the scale."""

ONE_SIDED = {"total_variation"}
"""Losses that ask only whether there is too much."""


def batch(*values):
    return torch.tensor(values).reshape(1, 3, 1, -1)


def pictures(n, height, width, seed=0):
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(seed))


def grey(*rows):
    """A picture of the same values in all three channels."""
    return torch.tensor(rows).expand(1, 3, -1, -1)


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


def test_psnr_is_what_each_picture_lacks_of_what_eight_bits_can_show():
    clean = torch.full((2, 3, 4, 4), 0.5)
    restored = clean + torch.tensor([0.1, 0.01]).view(2, 1, 1, 1)

    most = 10 * math.log10(12 * 255**2)
    assert psnr(restored, clean).item() == pytest.approx(((most - 20) + (most - 40)) / 2, rel=1e-2)


def test_detail_compares_how_much_there_is_and_not_where():
    clean = pictures(2, 32, 32)
    elsewhere, weaker = clean.roll(5, dims=3), 0.5 + 0.5 * (clean - 0.5)

    assert detail(weaker, clean).item() == pytest.approx(math.log(4), rel=1e-3)
    assert detail(elsewhere, clean) < 0.1 * detail(weaker, clean)


def test_detail_leaves_what_rounding_would_make_alone():
    clean = torch.full((1, 3, 32, 32), 0.5)

    assert detail(clean + (pictures(1, 32, 32) - 0.5) / 2550, clean) < 0.1


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_least_for_equal_pictures_and_does_not_depend_on_their_order(name):
    rng = torch.Generator().manual_seed(0)
    a, b = (torch.rand(2, 3, *SIDES.get(name, (4, 5)), generator=rng) for _ in range(2))

    assert LOSSES[name](a, b) == LOSSES[name](b, a) or name in ONE_SIDED
    assert LOSSES[name](a, a) < 2e-3 < max(LOSSES[name](a, b), LOSSES[name](b, a))


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_a_loss_is_finite_also_where_nothing_is_wrong(name):
    clean = pictures(1, 4, 4)
    restored = clean.clone().requires_grad_()

    LOSSES[name](restored, clean).backward()

    assert torch.isfinite(restored.grad).all()


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_mean_over_the_pictures_of_a_batch(name):
    restored, clean = pictures(3, 8, 8), pictures(3, 8, 8, seed=1)

    alone = [LOSSES[name](a[None], b[None]).item() for a, b in zip(restored, clean, strict=True)]

    assert LOSSES[name](restored, clean).item() == pytest.approx(sum(alone) / 3, rel=1e-5)


def test_total_variation_is_the_mean_step_to_the_right_and_down_beyond_that_of_the_clean_picture():
    restored = grey([0.0, 1.0, 0.5], [0.5, 0.25, 0.25])
    clean = grey([0.0, 0.0, 0.25], [0.0, 0.0, 0.5])

    of_restored = (1 + 0.5 + 0.25 + 0) / 4 + (0.5 + 0.75 + 0.25) / 3
    of_clean = (0 + 0.25 + 0 + 0.5) / 4 + (0 + 0 + 0.25) / 3
    assert total_variation(restored, clean).item() == pytest.approx(of_restored - of_clean, rel=1e-6)


def test_total_variation_never_asks_for_noise_nor_lets_one_smooth_picture_pay_for_anothers():
    rough = pictures(1, 6, 6)
    smooth = rough.mean() + 0.5 * (rough - rough.mean())
    excess = total_variation(rough, smooth)

    assert excess > 0.1
    assert total_variation(smooth, rough) == 0
    both = total_variation(torch.cat([rough, smooth]), torch.cat([smooth, rough]))
    assert both.item() == pytest.approx(excess.item() / 2, rel=1e-6)


def test_total_variation_does_not_see_brightness():
    restored, clean = pictures(2, 6, 6), pictures(2, 6, 6, seed=1) / 2

    assert total_variation(restored + 0.5, clean).item() == pytest.approx(total_variation(restored, clean).item())


def test_focal_frequency_weights_the_power_at_each_frequency_by_its_share_of_the_worst():
    # Two pixels that are wrong by 0.3 and 0.1 have the spectrum (0.4, 0.2) / sqrt(2): powers 0.08 and 0.02, weights
    # 1 and 1/2. The next channel is twice as wrong, the last is right; each has a worst frequency of its own.
    clean = batch(0.5, 0.5, 0.0, 0.25, 1.0, 0.0)
    restored = batch(0.8, 0.6, 0.6, 0.45, 1.0, 0.0)

    one = (1 * 0.08 + 0.5 * 0.02) / 2
    assert focal_frequency(restored, clean).item() == pytest.approx((one + 4 * one + 0) / 3, rel=1e-5)


def test_focal_frequency_of_equal_pictures_is_zero_and_so_is_its_gradient():
    clean = pictures(2, 6, 5)
    restored = clean.clone().requires_grad_()

    loss = focal_frequency(restored, clean)
    loss.backward()

    assert loss == 0
    assert torch.equal(restored.grad, torch.zeros_like(clean))


def test_the_weights_of_focal_frequency_are_given_and_not_learnt():
    # All of the difference is in one frequency: weight 1, so that it is the mean square of the difference, and its
    # gradient that of the mean square.
    clean = pictures(1, 4, 6)
    restored = (clean + 0.25).requires_grad_()

    loss = focal_frequency(restored, clean)
    loss.backward()

    assert loss.item() == pytest.approx(0.25**2, rel=1e-5)
    torch.testing.assert_close(restored.grad, torch.full_like(clean, 2 * 0.25 / clean.numel()))


@pytest.mark.parametrize("scale", [1, 2, 4])
def test_consistency_is_l1_of_the_reduced_pictures(scale):
    restored, clean = pictures(2, 8, 16), pictures(2, 8, 16, seed=1)

    expected = (downsample(restored, scale) - downsample(clean, scale)).abs().mean()

    assert consistency(restored, clean, scale=scale) == expected
    flat = consistency(torch.full((1, 3, 8, 16), 0.75), torch.full((1, 3, 8, 16), 0.5), scale=scale)
    assert flat.item() == pytest.approx(0.25, rel=1e-5)


def test_consistency_ignores_what_disappears_when_the_picture_is_reduced():
    # What a reduction makes of each row alone is a matrix; rows of opposite signs that it sends to 0 disappear.
    rows = torch.eye(16)[:, None, :, None].expand(16, 3, 16, 4)
    reduction = downsample(rows, 4)[:, 0, :, 0].T
    lost = torch.linalg.svd(reduction.double()).Vh[-1].float()
    clean = pictures(1, 16, 16)

    restored = clean + 0.5 * lost[:, None] * torch.rand(16, generator=torch.Generator().manual_seed(2))

    assert LOSSES["l1"](restored, clean) > 0.02
    assert consistency(restored, clean) < 1e-6


def test_checkerboard_is_how_far_the_places_within_an_input_pixel_differ():
    dots = torch.zeros(1, 3, 16, 16)
    dots[:, :, ::2, ::2] = 0.5  # one place of four: 3/8 from their mean of 1/8, the others 1/8 below it

    assert checkerboard(0.25 + dots, torch.full_like(dots, 0.25), scale=2) == pytest.approx((3 / 8 + 3 * 1 / 8) / 4)
    assert checkerboard(0.25 + dots, 0.25 + dots, scale=2) == 0
    assert checkerboard(torch.full_like(dots, 0.5), torch.full_like(dots, 0.25), scale=2) == 0


def test_checkerboard_hardly_minds_detail_that_does_not_repeat():
    clean, noise = torch.zeros(1, 3, 64, 64), pictures(1, 64, 64) - 0.5
    dots = (torch.arange(64) % 4 == 0).float() - 0.25
    dots = (dots[:, None] * dots).expand_as(clean)
    dots = dots * noise.abs().mean() / dots.abs().mean()

    assert checkerboard(noise, clean) < 0.3 * checkerboard(dots, clean)


def test_perceptual_is_the_weighted_sum_of_the_layers_differences_over_the_size_of_what_is_wanted():
    first = (0.5, torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 0.0], [-1.0, 6.0]]))
    second = (3.0, torch.tensor([1.0, -1.0]), torch.tensor([-4.0, 4.0]))

    of_first = 0.5 * ((0 + 2 + 4 + 2) / 4) / ((1 + 0 + 1 + 6) / 4)
    of_second = 3.0 * ((5 + 5) / 2) / 4
    assert perceptual([first]).item() == pytest.approx(of_first, rel=1e-6)
    assert perceptual([first, second]).item() == pytest.approx(of_first + of_second, rel=1e-6)


def test_the_gradient_of_perceptual_pulls_each_feature_to_what_is_wanted_and_only_what_is_restored():
    seen, wanted = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True), torch.tensor([1.5, 0.0, -1.0, 5.5])

    perceptual([(0.5, seen, wanted)]).backward()

    assert seen.grad.tolist() == pytest.approx([0.5 / 4 / 2 * sign for sign in (-1, 1, 1, -1)], rel=1e-6)
    assert wanted.grad is None


def feature_maps(seed):
    return torch.rand(2, 4, 6, 5, generator=torch.Generator().manual_seed(seed)) - 0.5


def test_style_compares_which_channels_answer_together():
    # Two channels at two places; the Gram matrix holds their mean products: [[2.5, 1], [1, 0.5]] and [[1, 0], [0, 1]].
    seen = torch.tensor([[1.0, 2.0], [0.0, 1.0]]).reshape(1, 2, 1, 2)
    wanted = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]).reshape(1, 2, 1, 2)

    expected = 2.0 * ((1.5 + 1 + 1 + 0.5) / 4) / ((1 + 0 + 0 + 1) / 4)
    assert style([(2.0, seen, wanted)]).item() == pytest.approx(expected, rel=1e-6)


def test_style_does_not_see_where_a_feature_is():
    seen, wanted = feature_maps(0), feature_maps(1)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(2))
    elsewhere = seen.flatten(2)[:, :, order].reshape(seen.shape)

    assert style([(1.0, elsewhere, wanted)]).item() == pytest.approx(style([(1.0, seen, wanted)]).item(), rel=1e-5)
    assert style([(1.0, elsewhere, seen)]) < 1e-6
    assert perceptual([(1.0, elsewhere, seen)]) > 0.1


def test_style_does_not_mix_the_pictures_of_a_batch():
    seen, wanted = feature_maps(0), feature_maps(1)

    assert style([(1.0, wanted.flip(0), wanted)]) > 0.1
    exchanged = style([(1.0, seen.flip(0), wanted.flip(0))])
    assert exchanged.item() == pytest.approx(style([(1.0, seen, wanted)]).item(), rel=1e-5)


@pytest.mark.parametrize("name", FEATURE_LOSSES)
def test_a_feature_loss_is_zero_for_equal_features_and_finite_where_nothing_is_wanted(name):
    features = feature_maps(0)
    seen = features.clone().requires_grad_()

    FEATURE_LOSSES[name]([(1.0, seen, torch.zeros_like(features))]).backward()

    assert FEATURE_LOSSES[name]([(1.0, features, features)]) == 0
    assert torch.isfinite(seen.grad).all()


@pytest.mark.parametrize("name", FEATURE_LOSSES)
@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_a_feature_loss_does_not_depend_on_how_loud_a_layer_is(name, factor):
    seen, wanted = feature_maps(0), feature_maps(1)

    louder = FEATURE_LOSSES[name]([(1.0, factor * seen, factor * wanted)])

    assert louder.item() == pytest.approx(FEATURE_LOSSES[name]([(1.0, seen, wanted)]).item(), rel=1e-4)


def test_weights_cost_what_they_are_large_and_only_kernels_and_matrices_do():
    weights = [torch.tensor([[1.0, -2.0]]), torch.tensor([7.0]), torch.tensor([[[[3.0]]]])]

    costs = weighing(weights, 0.1, 0.01)

    assert {name: cost.item() for name, cost in costs.items()} == pytest.approx(
        {"weight_l1": 0.1 * 6, "weight_l2": 0.01 * 14 / 2}
    )
    assert weighing(weights, 0.0, 0.0) == {}
    assert set(weighing(weights, 1.0, 0.0)) == {"weight_l1"}
