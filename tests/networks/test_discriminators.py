"""Discriminators: how far they see, what they return, and that their layers are normalised."""

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from srgan.networks.discriminators import DISCRIMINATORS, build_discriminator

every_discriminator = pytest.mark.parametrize("name", DISCRIMINATORS)


def build(name, in_channels=3, *, side=32, width=4, depth=2, **options):
    return build_discriminator(name, in_channels, side, width=width, depth=depth, **{"seed": 0, **options})


def pictures(n=2, channels=3, height=32, width=32, seed=0):
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(seed))


def normalised(discriminator):
    return {name: m for name, m in discriminator.named_modules() if parametrize.is_parametrized(m, "weight")}


@pytest.mark.parametrize("depth, side, seen", [(2, 64, 34), (3, 96, 70)])
def test_a_logit_of_patchgan_sees_a_square_of(depth, side, seen):
    discriminator = build("patchgan", width=2, depth=depth).eval()
    x = pictures(1, height=side, width=side).requires_grad_()
    logits = discriminator(x)
    middle = logits.shape[2] // 2

    logits[0, 0, middle, middle].backward()

    touched = x.grad.abs().sum(dim=(0, 1)) > 0
    rows, columns = touched.any(dim=1).nonzero().flatten(), touched.any(dim=0).nonzero().flatten()
    assert rows.min() > 0 and rows.max() < side - 1  # the picture's edge does not cut it
    assert len(rows) == len(columns) == seen
    assert rows.max() - rows.min() + 1 == columns.max() - columns.min() + 1 == seen
    assert touched.sum() == seen**2


@pytest.mark.parametrize("depth, shape", [(1, (14, 22)), (2, (6, 10)), (3, (2, 4))])
def test_patchgan_halves_a_picture_depth_times_then_loses_a_row_and_a_column_twice(depth, shape):
    assert build("patchgan", depth=depth)(pictures(height=32, width=48)).shape == (2, 1, *shape)


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_unet_gives_a_logit_for_each_pixel(depth):
    assert build("unet", depth=depth)(pictures(height=32, width=48)).shape == (2, 1, 32, 48)


def test_a_logit_of_the_unet_sees_its_own_pixel_and_farther_with_every_depth():
    def seen(depth):
        x = pictures(1, height=64, width=64).requires_grad_()
        build("unet", depth=depth).eval()(x)[0, 0, 32, 32].backward()
        touched = x.grad.abs().sum(dim=(0, 1)) > 0
        assert touched[32, 32]
        return touched.sum()

    assert seen(1) < seen(2)


def test_detail_passes_by_the_depths_of_the_unet():
    discriminator = build("unet").eval()
    discriminator.down[0].register_forward_hook(lambda layer, given, made: torch.zeros_like(made))
    x = pictures().requires_grad_()

    discriminator(x).square().sum().backward()

    assert (x.grad != 0).all()


@every_discriminator
def test_a_verdict_does_not_depend_on_the_other_pictures_of_the_batch(name):
    discriminator = build(name).eval()
    x = pictures(3)

    with torch.inference_mode():
        together = discriminator(x)
        alone = torch.cat([discriminator(one[None]) for one in x])

    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(together[0], together[1])


@pytest.mark.parametrize("name", ["patchgan", "unet"])
def test_normalised_layers_come_to_a_largest_singular_value_of_one_in_training(name):
    discriminator = build(name, width=8).train()
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in normalised(discriminator).values():
            layer.parametrizations.weight.original.normal_(0, 3, generator=rng)

        for _ in range(300):  # one step of power iteration each
            discriminator(pictures(1, height=16, width=16))
        discriminator.eval()

        for layer in normalised(discriminator).values():
            assert torch.linalg.svdvals(layer.weight.flatten(1)).max().item() == pytest.approx(1, abs=0.01)


def test_every_convolution_is_normalised_but_the_first_and_the_last():
    def others(discriminator):
        known = normalised(discriminator)
        return [n for n, m in discriminator.named_modules() if isinstance(m, nn.Conv2d) and n not in known]

    assert others(build("patchgan")) == ["body.0", "tail"]
    assert others(build("unet")) == ["head", "tail.2"]


@every_discriminator
def test_the_last_of_the_layers_are_the_logits(name):
    discriminator = build(name).eval()
    x = pictures()

    layers = discriminator.layers(x)

    assert torch.equal(layers[-1], discriminator(x))
    assert len(layers) > 2 and all(len(layer) == 2 for layer in layers)


@every_discriminator
def test_a_condition_doubles_the_channels_and_is_looked_at(name):
    x = pictures(channels=6).requires_grad_()

    build(name, 6)(x).sum().backward()

    assert (x.grad.abs().sum(dim=(0, 2, 3)) > 0).all()


@every_discriminator
def test_gradients_reach_every_weight(name):
    discriminator = build(name)

    discriminator(pictures()).square().mean().backward()

    for weight, parameter in discriminator.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, weight


@every_discriminator
def test_weights_are_a_function_of_the_seed_and_leave_the_global_rng_alone(name):
    torch.manual_seed(1)
    before = torch.get_rng_state()

    one, same, other = (build(name, seed=seed).state_dict() for seed in (5, 5, 6))

    assert torch.equal(torch.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@every_discriminator
def test_kernels_lie_in_channels_last_memory(name):
    kernels = [weight for weight in build(name).parameters() if weight.dim() == 4]

    assert kernels and all(kernel.is_contiguous(memory_format=torch.channels_last) for kernel in kernels)


@every_discriminator
def test_several_judge_at_half_the_size_each_and_their_verdicts_are_averaged(name):
    several, x = build(name, side=64, count=2).eval(), pictures(3, height=64, width=64)
    first, second = several.judges

    coarse = torch.nn.functional.avg_pool2d(x, 2)
    fine = first(x)
    expected = (fine + torch.nn.functional.interpolate(second(coarse), fine.shape[2:])) / 2

    torch.testing.assert_close(several(x), expected)
    assert len(several.layers(x)) == len(first.layers(x)) + len(second.layers(coarse)) - 1
    assert not torch.equal(next(first.parameters()), next(second.parameters()))
    assert several.smallest == 2 * first.smallest
