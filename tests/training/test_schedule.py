"""Learning rates rise and fall together, and the average remembers what is worth it."""

import math

import pytest

from srgan.training.config import TrainConfig
from srgan.training.schedule import averaging_at, discriminator_rate_at, learning_rate_at


def test_the_learning_rate_rises_linearly_and_falls_along_half_a_cosine():
    config = TrainConfig(steps=1000, warmup=100, learning_rate=1e-3, final_learning_rate=1e-5)

    rates = [learning_rate_at(step, config) for step in range(1, 1001)]

    assert rates[0] == pytest.approx(1e-5)
    assert rates[49] == pytest.approx(5e-4)
    assert rates[99] == pytest.approx(1e-3)
    assert rates[549] == pytest.approx((1e-3 + 1e-5) / 2)
    assert rates[-1] == pytest.approx(1e-5)
    assert rates[99:] == sorted(rates[99:], reverse=True)


def test_without_a_warm_up_the_first_step_is_of_full_size():
    config = TrainConfig(steps=1000, warmup=0, learning_rate=1e-3)

    assert learning_rate_at(1, config) == pytest.approx(1e-3, rel=1e-4)


@pytest.mark.parametrize("steps", [10, 100, 400])
def test_a_run_no_longer_than_its_warm_up_has_a_tenth_of_it_instead(steps):
    config = TrainConfig(steps=steps, warmup=400, learning_rate=1e-3, final_learning_rate=1e-6)

    rates = {step: learning_rate_at(step, config) for step in range(1, steps + 1)}

    assert rates[steps // 10] == pytest.approx(1e-3) == max(rates.values())
    assert rates[steps] == pytest.approx(1e-6)


def test_the_discriminators_rate_falls_beside_the_generators_and_is_not_warmed_up():
    config = TrainConfig(
        steps=1000, warmup=100, learning_rate=1e-3, final_learning_rate=1e-6, discriminator_learning_rate=4e-4
    )

    assert [discriminator_rate_at(step, config) for step in (1, 50, 100)] == [4e-4] * 3
    for step in (100, 400, 550, 900, 1000):
        ours, theirs = discriminator_rate_at(step, config), learning_rate_at(step, config)
        assert (ours - 1e-6) / (4e-4 - 1e-6) == pytest.approx((theirs - 1e-6) / (1e-3 - 1e-6))


def test_the_discriminators_rate_never_rises():
    config = TrainConfig(steps=10, warmup=0, final_learning_rate=5e-4, discriminator_learning_rate=1e-4)

    assert {discriminator_rate_at(step, config) for step in range(1, 11)} == {1e-4}


def test_the_memory_of_the_average_of_fresh_weights_grows_with_the_steps():
    config = TrainConfig(steps=50_000, ema=0.999)

    decays = [averaging_at(step, config, fresh=True) for step in (1, 10, 1000, 50_000)]

    assert decays == [2 / 11, 11 / 20, 1001 / 1010, 0.999]


@pytest.mark.parametrize("steps, decay", [(50_000, 0.999), (2000, 0.998), (20, 0.8), (2, 0.0)])
def test_the_average_of_trained_weights_remembers_them_from_the_first_step_but_not_beyond_the_run(steps, decay):
    config = TrainConfig(steps=steps, ema=0.999)

    assert {averaging_at(step, config, fresh=False) for step in (1, 2, steps)} == {decay}
    assert decay**steps < 1.01 * math.exp(-4)
