"""Exemplars: deep holes get the detail that the picture has elsewhere, and nothing else changes."""

import pytest
import torch
import torch.nn.functional as F

from srgan.tasks import exemplar
from srgan.tasks.exemplar import SHALLOW, detailed


def cloth(height, width):
    """Threads across each other, coloured: nothing in it is as smooth as a guess."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([(y // 2 % 3 == 0).float(), (x // 2 % 3 == 0).float(), ((x + y) // 3 % 2).float()])[None]


def soft(picture):
    return F.avg_pool2d(F.pad(picture, [4] * 4, mode="replicate"), 9, stride=1)


def hole(height, width, top, left, side):
    mask = torch.zeros(1, 1, height, width)
    mask[..., top : top + side, left : left + side] = 1
    return mask


def roughness(picture, mask):
    return float(((picture - soft(picture)) * mask).square().sum() / mask.sum())


@pytest.mark.parametrize("largest", [2**17, 2**12], ids=["matched", "followed"])
@pytest.mark.parametrize("side", [30, 70, 110])
def test_what_a_guess_leaves_soft_gets_the_detail_around_it(monkeypatch, largest, side):
    monkeypatch.setattr(exemplar, "LARGEST", largest)
    clean, mask = cloth(190, 211), hole(190, 211, 40, 45, side)
    guess = torch.lerp(clean, soft(clean), mask)

    made = detailed(guess, mask)

    deep = hole(190, 211, 52, 57, side - 24)
    assert roughness(made, deep) > 0.4 * roughness(clean, deep) > 4 * roughness(guess, deep)
    assert (made - soft(made) - guess + soft(guess)).mul(deep).abs().max() > 0.1


def test_what_is_known_and_what_is_near_to_it_stays_bit_for_bit():
    clean, mask = cloth(80, 90), hole(80, 90, 20, 25, 40)
    guess = torch.lerp(clean, soft(clean), mask)

    made = detailed(guess, mask)

    near = 1 - hole(80, 90, 20 + SHALLOW, 25 + SHALLOW, 40 - 2 * SHALLOW)
    assert torch.equal(made * near, guess * near)
    assert not torch.equal(made, guess)


def test_smooth_colours_stay_as_guessed():
    """A sky that grows lighter has no second place that is as light."""
    noise = torch.randn(1, 3, 120, 100, generator=torch.Generator().manual_seed(0))
    sky = torch.linspace(0.2, 0.9, 120).view(1, 1, 120, 1) + 0.01 * noise

    made = detailed(sky, hole(120, 100, 30, 20, 60))

    assert (soft(made) - soft(sky)).abs().max() < 0.02


def test_colours_that_are_nowhere_else_are_met_for_the_most_part():
    clean, mask = 0.2 * cloth(160, 160), hole(160, 160, 30, 30, 100)

    made = detailed(clean + 0.5 * mask, mask)

    deep = hole(160, 160, 60, 60, 40)
    assert 0.33 < ((made - clean) * deep).sum() / (3 * deep.sum()) < 0.42


@pytest.mark.parametrize(
    ("height", "width", "box"),
    [(60, 70, (0, 0, 70)), (60, 70, (1, 1, 80)), (1, 90, (0, 20, 40)), (4, 90, (0, 20, 40)), (60, 70, (20, 20, 6))],
    ids=["all", "all but a line", "a line", "a strip", "a shallow hole"],
)
def test_a_guess_stays_where_there_is_nothing_to_take(height, width, box):
    picture = cloth(height, width)

    assert torch.equal(detailed(picture, hole(height, width, *box)), picture)


def test_grey_stays_grey():
    grey = cloth(80, 90).mean(dim=1, keepdim=True).expand(-1, 3, -1, -1)
    mask = hole(80, 90, 20, 25, 40)

    made = detailed(torch.lerp(grey, soft(grey), mask), mask)

    assert torch.equal(made[:, :1].expand_as(made), made)
