"""Ways through the latent space, of generators of which they are known."""

import math

import pytest
import torch

from srgan.tasks.latents import between, directions, nearest


def test_between_two_latents_the_way_lies_on_their_sphere_in_equal_steps():
    one, other = torch.tensor([2.0, 0.0, 0.0]), torch.tensor([0.0, 2.0, 0.0])

    way = between(one, other, 4)

    angles = [0, math.pi / 6, math.pi / 3, math.pi / 2]
    expected = torch.tensor([[2 * math.cos(a), 2 * math.sin(a), 0.0] for a in angles])
    torch.testing.assert_close(way, expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("other", [[1.0, 1.0], [-1.0, -1.0]])
def test_between_latents_on_one_line_the_way_is_straight(other):
    way = between(torch.tensor([1.0, 1.0]), torch.tensor(other), 3)

    assert torch.isfinite(way).all()
    torch.testing.assert_close(way[[0, -1]], torch.tensor([[1.0, 1.0], other]))


def test_directions_are_those_along_which_the_first_layer_changes_most():
    turned = torch.tensor([[3.0, 4.0, 0.0], [-4.0, 3.0, 0.0], [0.0, 0.0, 5.0]]) / 5
    layer = torch.diag(torch.tensor([1.0, 7.0, 2.0])) @ turned

    found = directions(layer, 2)

    torch.testing.assert_close(found, torch.tensor([[0.8, -0.6, 0.0], [0.0, 0.0, 1.0]]), atol=1e-6, rtol=0)


def test_a_picture_that_was_made_is_found_again():
    paint = torch.randn(5, 3 * 4 * 4, generator=torch.Generator().manual_seed(1)) / 5

    def make(latents):
        return (latents @ paint).tanh().reshape(-1, 3, 4, 4) / 2 + 0.5

    wanted = torch.randn(5, generator=torch.Generator().manual_seed(2))

    latent, error = nearest(make, make(wanted[None]), 5)
    again, _ = nearest(make, make(wanted[None]), 5)

    assert error < 1e-4
    torch.testing.assert_close(latent, wanted, atol=0.15, rtol=0.1)
    assert torch.equal(latent, again)
