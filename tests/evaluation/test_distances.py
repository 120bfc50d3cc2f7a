"""How far sets of pictures are from each other, where that is known beforehand."""

import pytest
import torch

from srgan.evaluation import distances as module
from srgan.evaluation.distances import diversity, frechet, nearness, precision_and_recall


def test_the_distance_of_two_normal_clouds_is_that_of_their_means_and_deviations():
    corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    one, other = corners * torch.tensor([1.0, 3.0]), corners * torch.tensor([2.0, 3.0]) + torch.tensor([5.0, 0.0])

    # The variance of +-a over four points, less one: 4/3 a^2.
    assert frechet(one, other) == pytest.approx(25 + 4 / 3 * (2 - 1) ** 2)
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)


def test_what_has_collapsed_is_precise_and_recalls_little():
    real = torch.randn(300, 4, generator=torch.Generator().manual_seed(0))
    middle = real[real.norm(dim=1).argsort()[:30]] + 1e-3

    assert precision_and_recall(real, real) == (1, 1)
    assert precision_and_recall(real + 100, real) == (0, 0)
    precision, recall = precision_and_recall(middle, real)
    assert precision == 1 and recall < 0.5


def test_copies_are_near_and_other_draws_as_far_as_real_pictures_are():
    one, other = torch.rand(2, 100, 3, 4, 4, generator=torch.Generator().manual_seed(0))

    assert nearness(one, one) == 0
    assert nearness(other, one) == pytest.approx(1, abs=0.05)


def test_how_many_rows_are_compared_at_once_changes_nothing(monkeypatch):
    rng = torch.Generator().manual_seed(0)
    fake, real = torch.rand(50, 3, 2, 2, generator=rng), torch.rand(70, 3, 2, 2, generator=rng)
    at_once = nearness(fake, real), precision_and_recall(fake.flatten(1), real.flatten(1))

    monkeypatch.setattr(module, "_ROWS", 7)

    assert nearness(fake, real) == pytest.approx(at_once[0])
    assert precision_and_recall(fake.flatten(1), real.flatten(1)) == at_once[1]


def test_pictures_that_look_alike_are_not_diverse(squeezenet_weights):
    one, *_ = many = torch.rand(9, 3, 28, 28, generator=torch.Generator().manual_seed(0))
    grey = many[:, :1].expand(-1, 3, -1, -1)

    assert diversity(one.expand(9, -1, -1, -1)) == 0
    assert 0 < diversity(0.5 + 0.1 * (grey - 0.5)) < diversity(grey) < diversity(many)
