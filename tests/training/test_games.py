"""Games against their papers' equations, computed by hand, and penalties of critics whose slope is known."""

import math

import pytest
import torch
from torch import nn

from srgan.training.games import GAMES, Game, accuracy, gradient_penalty, mean_of, r1, r2

every_game = pytest.mark.parametrize("name", GAMES)

REAL, FAKE = [2.0, -0.5, 0.25, 1.5], [-1.0, 0.75, 0.0, -2.5]


def logits(values):
    """Two pictures, a row of patches each."""
    return torch.tensor(values).reshape(2, 1, 1, -1)


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def d(logit):
    """The discriminator's probability that a picture is real."""
    return 1 / (1 + math.exp(-logit))


def cross_entropy(real, fake):
    return -mean(math.log(d(r)) for r in real) - mean(math.log(1 - d(f)) for f in fake)


def relativistic(real, fake):
    return -mean(math.log(d(r - mean(fake))) for r in real) - mean(math.log(1 - d(f - mean(real))) for f in fake)


# The discriminator's loss and the generator's, from the equations.
BY_HAND = {
    "minimax": (cross_entropy, lambda real, fake: mean(math.log(1 - d(f)) for f in fake)),
    "non_saturating": (cross_entropy, lambda real, fake: -mean(math.log(d(f)) for f in fake)),
    "least_squares": (
        lambda real, fake: 0.5 * mean((r - 1) ** 2 for r in real) + 0.5 * mean((f - (-1)) ** 2 for f in fake),
        lambda real, fake: 0.5 * mean((f - 1) ** 2 for f in fake),
    ),
    "hinge": (
        lambda real, fake: -mean(min(0, -1 + r) for r in real) - mean(min(0, -1 - f) for f in fake),
        lambda real, fake: -mean(fake),
    ),
    "smoothed": (
        lambda real, fake: (
            -mean(0.9 * math.log(d(r)) + 0.1 * math.log(1 - d(r)) for r in real)
            - mean(math.log(1 - d(f)) for f in fake)
        ),
        lambda real, fake: -mean(math.log(d(f)) for f in fake),
    ),
    "wasserstein": (lambda real, fake: -(mean(real) - mean(fake)), lambda real, fake: -mean(fake)),
    "wasserstein_clipped": (lambda real, fake: -(mean(real) - mean(fake)), lambda real, fake: -mean(fake)),
    "relativistic_paired": (
        lambda real, fake: -mean(math.log(d(r - f)) for r, f in zip(real, fake, strict=True)),
        lambda real, fake: -mean(math.log(d(f - r)) for r, f in zip(real, fake, strict=True)),
    ),
    "relativistic": (
        relativistic,
        lambda real, fake: (
            -mean(math.log(1 - d(r - mean(fake))) for r in real) - mean(math.log(d(f - mean(real))) for f in fake)
        ),
    ),
}


@every_game
@pytest.mark.parametrize("real, fake", [(REAL, FAKE), (FAKE, REAL), ([0.0] * 4, [0.0] * 4)])
def test_both_players_losses_are_the_papers(name, real, fake):
    discriminator, generator = BY_HAND[name]

    game = GAMES[name]

    assert game.discriminator(logits(real), logits(fake)).item() == pytest.approx(discriminator(real, fake), abs=1e-6)
    assert game.generator(logits(real), logits(fake)).item() == pytest.approx(generator(real, fake), abs=1e-6)


@pytest.mark.parametrize("name", [name for name in GAMES if name != "relativistic_paired"])
def test_a_game_over_some_logits_is_that_of_these_alone(name):
    discriminator, generator = BY_HAND[name]
    real, fake, first, last = logits(REAL), logits(FAKE), [True, True, True, False], [False, False, True, True]
    means = [mean_of(torch.tensor(counted).reshape(2, 1, 1, 2)) for counted in (first, last)]

    game = GAMES[name]

    assert game.discriminator(real, fake, *means).item() == pytest.approx(discriminator(REAL[:3], FAKE[2:]), abs=1e-6)
    assert game.generator(real, fake, *means).item() == pytest.approx(generator(REAL[:3], FAKE[2:]), abs=1e-6)


def test_pairs_are_those_of_the_fake_logits_that_count_and_what_stands_below_the_real_ones_has_no_pair():
    real, fake = torch.tensor([REAL[:2], [9.0, 9.0]])[None, None], torch.tensor([FAKE[:2]])[None, None]
    second = mean_of(torch.tensor([[[[False, True]]]]))

    game = GAMES["relativistic_paired"]

    expected = -math.log(d(REAL[1] - FAKE[1])), -math.log(d(FAKE[1] - REAL[1]))
    assert game.discriminator(real, fake, second, second).item() == pytest.approx(expected[0], abs=1e-6)
    assert game.generator(real, fake, second, second).item() == pytest.approx(expected[1], abs=1e-6)


@every_game
def test_the_discriminator_wants_real_logits_up_and_fake_logits_down(name):
    real = logits([0.5, -0.75, 0.25, 0.0]).requires_grad_()
    fake = logits([-0.25, 0.5, 0.0, -0.5]).requires_grad_()

    GAMES[name].discriminator(real, fake).backward()

    assert (real.grad < 0).all()
    assert (fake.grad > 0).all()


@every_game
def test_the_generator_wants_fake_logits_up(name):
    fake = logits([-0.25, 0.5, 0.0, -0.5]).requires_grad_()

    GAMES[name].generator(logits([0.5, -0.75, 0.25, 0.0]), fake).backward()

    assert (fake.grad < 0).all()


@every_game
@pytest.mark.parametrize("sure", [200.0, -200.0])
def test_losses_and_their_gradients_are_finite_however_sure_the_discriminator_is(name, sure):
    for loss in (GAMES[name].discriminator, GAMES[name].generator):
        real, fake = logits([sure] * 4).requires_grad_(), logits([-sure] * 4).requires_grad_()

        value = loss(real, fake)
        (gradient,) = torch.autograd.grad(value, fake)

        assert torch.isfinite(value) and torch.isfinite(gradient).all()


def test_where_the_discriminator_is_sure_the_gradient_of_minimax_fades_and_that_of_non_saturating_does_not():
    def slope(name):
        fake = logits([-10.0] * 2).requires_grad_()
        GAMES[name].generator(logits([10.0] * 2), fake).backward()
        return fake.grad.sum().item()

    assert slope("minimax") == pytest.approx(-d(-10), rel=1e-4)  # d log(1 - D) / d logit = -D
    assert slope("non_saturating") == pytest.approx(-(1 - d(-10)), rel=1e-4)  # d -log D / d logit = -(1 - D)


@pytest.mark.parametrize(
    "name, player",
    [
        *(
            (name, player)
            for name in ("relativistic", "relativistic_paired")
            for player in ("discriminator", "generator")
        ),
        ("wasserstein", "discriminator"),
    ],
)
@pytest.mark.parametrize("constant", [-5.0, 3.0])
def test_a_constant_added_to_all_logits_changes_nothing_in_a_relative_game(name, player, constant):
    loss = getattr(GAMES[name], player)

    moved = loss(logits(REAL) + constant, logits(FAKE) + constant)

    assert moved.item() == pytest.approx(loss(logits(REAL), logits(FAKE)).item(), abs=1e-6)


def test_just_the_games_that_a_constant_leaves_alone_are_relative():
    def unmoved(game):
        return torch.isclose(
            game.discriminator(logits(REAL) + 2, logits(FAKE) + 2), game.discriminator(logits(REAL), logits(FAKE))
        )

    assert {name for name, game in GAMES.items() if game.relative} == {n for n, g in GAMES.items() if unmoved(g)}


def test_in_an_absolute_game_the_accuracy_counts_logits_on_their_own_side_of_0():
    real, fake = accuracy(GAMES["hinge"], logits([2.0, 0.1, -0.1, 3.0]), logits([-0.5, 0.1, 0.2, 7.0]))

    assert (real.item(), fake.item()) == (3 / 4, 1 / 4)


@pytest.mark.parametrize("constant", [0.0, -100.0, 100.0])
def test_in_a_relative_game_the_accuracy_compares_real_with_fake_and_a_constant_changes_nothing(constant):
    game = GAMES["relativistic"]

    told = accuracy(game, logits([1.0, 2.0, 3.0, -9.0]) + constant, logits([-3.0, -4.0, 8.0, -5.0]) + constant)
    all_told = accuracy(game, logits([1.0, 2.0, 3.0, 4.0]) + constant, logits([-3.0, -4.0, -1.0, -2.0]) + constant)

    assert [share.item() for share in told] == [3 / 4, 3 / 4]
    assert [share.item() for share in all_told] == [1, 1]


def test_a_judge_that_says_the_same_of_all_pictures_tells_none_apart():
    for game in GAMES.values():
        assert [share.item() for share in accuracy(game, logits([0.0] * 4), logits([0.0] * 4))] == [0, 0]


def test_only_games_that_need_a_gradient_penalty_have_one():
    assert Game(*GAMES["hinge"][:2]).penalty == 0
    assert {name for name, game in GAMES.items() if game.penalty} == {"wasserstein"}


def linear(*weights, bias=0.0):
    """A critic whose logits are weighted sums of a pixel's three channels."""
    critic = nn.Conv2d(3, 1, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor(weights).reshape(1, 3, 1, 1))
        critic.bias.fill_(bias)
    return critic


def pictures(n=2, height=2, width=2, seed=0):
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(seed))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


# The mean logit of a picture of 2x2 px has the slope w/4 at each of 4 pixels: sqrt(4 * |w/4|^2) = |w| / 2 in all. The
# sum of its logits has the slope w at each: 2 |w|.
@pytest.mark.parametrize("weights, length", [((3.0, 0.0, 4.0), 5.0), ((0.0, 2.0, 0.0), 2.0), ((0.0, 0.0, 0.0), 0.0)])
def test_penalties_of_a_linear_critic_are_those_of_its_weights(weights, length):
    critic = linear(*weights, bias=3.0)

    penalty = gradient_penalty(critic, pictures(), pictures(seed=1), rng())

    assert penalty.item() == pytest.approx((length / 2 - 1) ** 2, abs=1e-6)
    assert r1(critic, pictures()).item() == pytest.approx((2 * length) ** 2 / 2, rel=1e-6)


def test_r2_is_r1_at_fake_pictures():
    def judge(x):
        return x.square().sum(dim=1, keepdim=True) / 2

    fake = pictures(n=3, height=4, width=5)

    assert r2(judge, fake).item() == pytest.approx(fake.square().sum(dim=(1, 2, 3)).mean().item() / 2, rel=1e-5)


def test_just_the_clipped_game_bounds_weights():
    assert {name: game.bound for name, game in GAMES.items() if game.bound} == {"wasserstein_clipped": 0.01}


def test_penalties_reach_the_judges_weights():
    weights = torch.tensor([3.0, 0.0, 4.0])
    critic, other = linear(*weights), linear(*weights)

    gradient_penalty(critic, pictures(), pictures(seed=1), rng()).backward()
    r1(other, pictures()).backward()

    # With s = |w| / 2: d (s - 1)^2 / dw = 2 (s - 1) w / (2 |w|). With s = 2 |w|: d (s^2 / 2) / dw = 4 w.
    torch.testing.assert_close(critic.weight.grad.flatten(), (2.5 - 1) * weights / 5)
    torch.testing.assert_close(other.weight.grad.flatten(), 4 * weights)


def test_r1_grows_with_the_square_of_the_logits_as_in_stylegan3_and_lama():
    """Their `real_logits.sum()`, differentiated by the pictures."""
    judge = nn.Conv2d(3, 1, 3, stride=2)
    real = pictures(n=3, height=9, width=13).requires_grad_()

    (gradient,) = torch.autograd.grad(judge(real).sum(), real)

    expected = gradient.square().sum(dim=(1, 2, 3)).mean() / 2
    assert r1(judge, real).item() == pytest.approx(expected.item(), rel=1e-5)


def test_penalties_of_a_constant_judge_have_finite_gradients():
    critic = linear(0.0, 0.0, 0.0, bias=3.0)

    (gradient_penalty(critic, pictures(), pictures(seed=1), rng()) + r1(critic, pictures())).backward()

    assert torch.equal(critic.weight.grad, torch.zeros(1, 3, 1, 1))


def test_r1_is_the_mean_over_the_real_pictures():
    real = pictures(n=3, height=4, width=5)

    value = r1(lambda x: x.square().sum(dim=1, keepdim=True) / 2, real)

    # The logits of a picture x sum to |x|^2 / 2, whose gradient is x.
    slopes = [math.sqrt(sum(v * v for v in picture.flatten().tolist())) for picture in real]
    assert value.item() == pytest.approx(mean(slope**2 for slope in slopes) / 2, rel=1e-5)


def test_the_gradient_penalty_looks_at_one_place_between_each_real_picture_and_its_fake():
    real, fake = pictures(n=16), pictures(n=16, seed=1)
    seen = []

    def judge(x):
        seen.append(x.detach())
        return x.sum(dim=1, keepdim=True)

    gradient_penalty(judge, real, fake, rng())

    (between,) = seen
    shares = ((between - fake) / (real - fake)).flatten(1)
    torch.testing.assert_close(shares, shares[:, :1].expand_as(shares), atol=1e-3, rtol=0)
    assert 0 <= shares.min() < 0.3 and 0.7 < shares.max() <= 1


def test_penalties_leave_no_gradient_on_the_pictures():
    critic, real, fake = linear(3.0, 0.0, 4.0), pictures(), pictures(seed=1).requires_grad_()

    (gradient_penalty(critic, real, fake, rng()) + r1(critic, real)).backward()

    assert fake.grad is None and not real.requires_grad


def test_the_gradient_penalty_draws_only_from_its_rng():
    def judge(x):
        return x.square().sum(dim=1, keepdim=True)

    first = gradient_penalty(judge, pictures(), pictures(seed=1), rng(7))
    torch.rand(5)

    assert torch.equal(gradient_penalty(judge, pictures(), pictures(seed=1), rng(7)), first)
    assert not torch.equal(gradient_penalty(judge, pictures(), pictures(seed=1), rng(8)), first)
