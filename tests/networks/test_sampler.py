"""Networks that make a picture of a latent: at the papers' sizes, each latent its own, and nothing beside it."""

import pytest
import torch
from torch import nn

from srgan.networks import NETWORKS, build_network
from srgan.networks.discriminators import DISCRIMINATORS, build_discriminator
from srgan.networks.sampler import Sampler, begun

SAMPLERS = [name for name, network in NETWORKS.items() if issubclass(network, Sampler)]

every_sampler = pytest.mark.parametrize("name", SAMPLERS)


def build(name, side, latent=6, colours=3):
    return build_network({"name": name, "width": 4}, latent, colours, side).eval()


def latents(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@every_sampler
@pytest.mark.parametrize("side", [28, 32, 64])
def test_a_latent_of_1_x_1_becomes_a_picture_within_minus_1_and_1(name, side):
    with torch.inference_mode():
        made = build(name, side, colours=1)(latents(2, 6, 1, 1))

    assert made.shape == (2, 1, side, side)
    assert made.abs().max() <= 1
    assert not torch.equal(made[0], made[1])


@every_sampler
def test_a_sheet_of_latents_becomes_a_sheet_of_the_pictures_that_each_makes_alone(name):
    network, sheet = build(name, 12), latents(2, 6, 3, 4)

    with torch.inference_mode():
        made = network(sheet)
        alone = network(sheet[1:, :, 2:, 1:2])

    torch.testing.assert_close(made[1:, :, 24:, 12:24], alone)


@pytest.mark.parametrize("side, start", [(28, (7, 2)), (32, (4, 3)), (64, (4, 4)), (30, (15, 1)), (5, (5, 0))])
def test_a_picture_begins_at_4_to_7_pixels_where_halves_come_out_even(side, start):
    assert begun(side) == start


def test_dcgan_is_the_papers_at_64_pixels():
    """Fig. 1, with 4 x 4 x 1024 at the start; its discriminator has as many layers, without batch normalisation."""
    network = build_network({"name": "dcgan", "width": 128}, 100, 3, 64)
    judge = build_discriminator("dcgan", 3, 64, width=64, depth=4, seed=0)

    kernels = [tuple(m.weight.shape) for m in network.modules() if isinstance(m, nn.ConvTranspose2d)]

    assert kernels == [(100, 1024, 4, 4), (1024, 512, 4, 4), (512, 256, 4, 4), (256, 128, 4, 4), (128, 3, 4, 4)]
    assert [m.weight.shape[0] for m in judge.modules() if isinstance(m, nn.Conv2d)] == [64, 128, 256, 512, 1]
    assert not any(isinstance(m, nn.BatchNorm2d) for m in judge.modules())


@every_sampler
def test_a_discriminator_belongs_to_it_and_gives_one_verdict_a_picture(name):
    judge = build_discriminator(NETWORKS[name].recipe["discriminator"], 3, 28, width=8, depth=3, seed=0)

    assert NETWORKS[name].recipe["discriminator"] in DISCRIMINATORS
    assert judge(latents(5, 3, 28, 28)).shape == (5, 1, 1, 1)


def test_upsample_makes_256_pixels_of_maps_that_are_at_most_8_times_as_wide():
    network = build("upsample", 256)

    with torch.inference_mode():
        assert network(latents(1, 6, 1, 1)).shape == (1, 3, 256, 256)
    assert [convolution.in_channels for convolution in network.up] == [32, 32, 32, 32, 16, 8]


def test_a_pooled_verdict_does_not_depend_on_where_something_is():
    judge = build_discriminator("pooled", 3, 32, width=4, depth=2, seed=0).eval()
    dot = torch.zeros(2, 3, 32, 32)
    dot[0, :, 12, 12] = dot[1, :, 16, 20] = 1.0

    here, there = judge(dot).flatten()

    torch.testing.assert_close(here, there)
    assert not torch.isclose(here, judge(0 * dot)[0].flatten())


def test_r3gan_knows_no_norms_and_its_blocks_begin_small():
    network = build_network({"name": "r3gan", "width": 16}, 8, 3, 32)
    block = network.blocks[0][0]
    x = latents(2, 128, 8, 8)

    assert not any(isinstance(module, nn.BatchNorm2d) for module in network.modules())
    assert (block(x) - x).std() < 0.5 * x.std()
