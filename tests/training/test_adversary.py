"""The second player learns, tells the generator, and resumes."""

import copy

import pytest
import torch

from srgan.networks.discriminator import Discriminator
from srgan.networks.discriminators import DISCRIMINATORS
from srgan.training.adversary import Adversary
from srgan.training.config import TrainConfig
from srgan.training.games import GAMES, r1

every_game = pytest.mark.parametrize("game", GAMES)
every_discriminator = pytest.mark.parametrize("discriminator", DISCRIMINATORS)


def make(*, channels=3, dtype=torch.float32, **options):
    small = {"discriminator_width": 8, "discriminator_depth": 2, "discriminator_learning_rate": 2e-3}
    config = TrainConfig(**{"adversarial": 1.0, **small, **options})
    return Adversary(config, channels, 32, torch.device("cpu"), dtype)


HEAVY = {"patchgan": 1e-2, "unet": 1e-2, "mlp": 1.0, "dcgan": 1e2, "pooled": 1e4, "r3gan": 1.0}
"""A weight of the slope that is felt: a verdict on the whole picture has one logit, and hundreds of patches as many."""


def pictures(seed=0, n=4, side=32):
    return torch.rand(n, 3, side, side, generator=torch.Generator().manual_seed(seed))


def smoothed(x):
    """What a careless generator makes of them."""
    return torch.nn.functional.avg_pool2d(x, 3, stride=1, padding=1)


REAL, FAKE = pictures(), smoothed(pictures(1))


def shown(x):
    """Pictures in [0, 1] as a discriminator without condition or augmentation sees them."""
    return x * 2 - 1


def total(terms):
    return torch.stack(list(terms.values())).sum()


@every_game
@every_discriminator
def test_learning_lowers_the_discriminators_loss(game, discriminator):
    slow = {"discriminator_learning_rate": 1e-4} if discriminator in ("mlp", "r3gan") else {}  # which learn by heart
    adversary = make(game=game, discriminator=discriminator, **slow)

    losses = [adversary.learn(REAL, FAKE, None, None, 1, 0)["discriminator"].item() for _ in range(15)]

    assert losses[-1] < losses[7] < losses[0]


@every_game
def test_learning_says_how_many_patches_are_told_rightly(game):
    adversary = make(game=game, discriminator="unet")

    for step in range(40):
        measured = adversary.learn(REAL, FAKE, None, None, step, 0)

    assert not any(value.requires_grad or value.dim() for value in measured.values())
    least = 0.75 if GAMES[game].bound else 0.8  # bounded weights can tell less
    assert least < measured["accuracy_real"] <= 1 and least < measured["accuracy_fake"] <= 1


def test_the_first_step_goes_as_far_as_its_pace():
    def moved(pace):
        adversary = make(warmup=0)
        before = copy.deepcopy(list(adversary.discriminator.parameters()))
        adversary.learn(REAL, FAKE, None, None, 1, 0, pace)
        return torch.cat([(a - b).flatten() for a, b in zip(adversary.discriminator.parameters(), before, strict=True)])

    torch.testing.assert_close(moved(0.5), 0.5 * moved(1.0), rtol=1e-3, atol=1e-6)
    assert moved(1.0).abs().max().item() == pytest.approx(2e-3, rel=0.01)  # Adam's first step is the learning rate


def test_the_rate_falls_with_the_generators():
    def moved(step):
        adversary = make(steps=100, warmup=10, final_learning_rate=0.0)
        before = copy.deepcopy(list(adversary.discriminator.parameters()))
        adversary.learn(REAL, FAKE, None, None, step, 0)
        after = adversary.discriminator.parameters()
        return max((a - b).abs().max().item() for a, b in zip(after, before, strict=True))

    assert [moved(step) for step in (1, 55, 100)] == pytest.approx([2e-3, 1e-3, 0], rel=0.01, abs=1e-9)


@pytest.mark.parametrize("game", ["relativistic", "wasserstein"])
def test_a_step_on_pictures_that_are_not_finite_is_skipped_and_counted(game):
    adversary = make(game=game)
    assert adversary.learn(REAL, FAKE, None, None, 1, 0)["skipped"] == 0
    before = copy.deepcopy(adversary.state_dict())

    measured = adversary.learn(REAL, torch.full_like(FAKE, torch.nan), None, None, 2, 0)

    assert measured["skipped"] == 1
    for name, weight in adversary.discriminator.named_parameters():
        assert torch.equal(weight, before["discriminator"][name])
        assert weight.grad is None
    for number, remembered in adversary.optimizer.state_dict()["adam"]["state"].items():
        assert all(
            torch.equal(value, before["optimizer"]["adam"]["state"][number][key]) for key, value in remembered.items()
        )
    assert torch.isfinite(adversary.learn(REAL, FAKE, None, None, 3, 0)["discriminator"])


def test_learning_does_not_touch_what_made_the_fake_pictures():
    real, fake = REAL.clone(), FAKE.clone()

    make(r1=1.0, r1_every=1, game="wasserstein").learn(real, fake, None, None, 1, 0)

    assert torch.equal(real, REAL) and torch.equal(fake, FAKE)
    assert not real.requires_grad and not fake.requires_grad


@every_game
def test_the_first_loss_is_the_games_of_what_a_fresh_discriminator_says(game):
    adversary = make(game=game)
    judge = copy.deepcopy(adversary.discriminator)

    real, fake = judge(shown(torch.cat([REAL, FAKE]))).chunk(2)
    expected = GAMES[game].discriminator(real, fake).item()
    loss = adversary.learn(REAL, FAKE, None, None, 1, 0)["discriminator"].item()

    if GAMES[game].penalty:
        assert expected < loss <= expected + GAMES[game].penalty  # such a fresh judge's slope lies between 0 and 1
    else:
        assert loss == pytest.approx(expected, rel=1e-5)


@every_game
@every_discriminator
def test_the_generators_terms_reach_the_restored_pictures_and_not_the_discriminator(game, discriminator):
    adversary = make(game=game, discriminator=discriminator, feature_matching=1.0)
    adversary.learn(REAL, FAKE, None, None, 1, 0)
    restored = FAKE.clone().requires_grad_()

    total(adversary.terms(restored, REAL, None)).backward()

    assert torch.isfinite(restored.grad).all()
    assert (restored.grad.abs().amax(dim=(1, 2, 3)) > 0).all()
    assert all(weight.grad is None for weight in adversary.discriminator.parameters())


def test_the_clean_pictures_get_no_gradient():
    clean, restored = REAL.clone().requires_grad_(), FAKE.clone().requires_grad_()

    total(make(feature_matching=1.0).terms(restored, clean, None)).backward()

    assert clean.grad is None


def test_the_discriminator_learns_on_after_the_generators_turn():
    adversary = make(feature_matching=1.0)
    adversary.terms(FAKE.clone().requires_grad_(), REAL, None)
    before = copy.deepcopy(dict(adversary.discriminator.named_parameters()))

    adversary.learn(REAL, FAKE, None, None, 1, 0)

    assert all(not torch.equal(after, before[name]) for name, after in adversary.discriminator.named_parameters())


@every_game
def test_terms_are_the_games_loss_and_the_mean_relative_difference_of_the_layers(game):
    adversary = make(game=game, feature_matching=1.0)
    judge = copy.deepcopy(adversary.discriminator)

    with torch.no_grad():
        judge.eval()
        real, fake = judge.layers(shown(REAL)), judge.layers(shown(FAKE))
    terms = adversary.terms(FAKE, REAL, None)

    differences = [((f - r).abs().mean() / r.abs().mean()).item() for f, r in zip(fake[:-1], real[:-1], strict=True)]
    assert terms["adversarial"].item() == pytest.approx(GAMES[game].generator(real[-1], fake[-1]).item(), rel=1e-5)
    assert terms["feature_matching"].item() == pytest.approx(sum(differences) / len(differences), rel=1e-5)


@pytest.mark.parametrize("name", ["adversarial", "feature_matching"])
def test_a_term_scales_with_its_weight_and_leaves_the_other_alone(name):
    both = {"adversarial": 0.5, "feature_matching": 0.5}
    other = next(term for term in both if term != name)
    terms = make(**both).terms(FAKE, REAL, None)

    heavier = make(**{**both, name: 4.0}).terms(FAKE, REAL, None)

    assert heavier[name].item() == pytest.approx(8 * terms[name].item(), rel=1e-6)
    assert torch.equal(heavier[other], terms[other])


@pytest.mark.parametrize("name", ["adversarial", "feature_matching"])
def test_only_terms_with_a_weight_are_there(name):
    assert set(make(**{"adversarial": 0.0, name: 1.0}).terms(FAKE, REAL, None)) == {name}


@every_discriminator
@pytest.mark.parametrize("augment", [False, True])
def test_restored_pictures_that_are_the_clean_ones_match_every_layer_exactly(discriminator, augment):
    adversary = make(discriminator=discriminator, feature_matching=1.0, augment=augment)
    adversary.learn(REAL, FAKE, None, None, 1, 0)

    assert adversary.terms(REAL, REAL, None)["feature_matching"] == 0
    assert adversary.terms(FAKE, REAL, None)["feature_matching"] > 0.1


@every_discriminator
def test_the_generators_turn_leaves_all_of_the_discriminator_as_it_was(discriminator):
    adversary = make(discriminator=discriminator, feature_matching=1.0)
    adversary.learn(REAL, FAKE, None, None, 1, 0)
    before = copy.deepcopy(adversary.discriminator.state_dict())

    adversary.terms(FAKE.clone().requires_grad_(), REAL, None)

    assert all(torch.equal(before[name], after) for name, after in adversary.discriminator.state_dict().items())


@pytest.mark.parametrize("game", ["relativistic", "wasserstein"])
@every_discriminator
def test_a_loaded_state_continues_bit_for_bit(game, discriminator):
    options = {"game": game, "discriminator": discriminator, "augment": True, "r1": 0.1, "feature_matching": 1.0}
    adversary, again = make(**options), make(**options)
    for step in (1, 2):
        adversary.learn(REAL, FAKE, None, None, step, 0)
        adversary.terms(FAKE, REAL, None)
    state = copy.deepcopy(adversary.state_dict())

    again.load_state_dict(state)
    told, continued = [
        [*one.learn(REAL, FAKE, None, None, 3, 0).values(), *one.terms(FAKE, REAL, None).values()]
        for one in (adversary, again)
    ]

    assert all(torch.equal(a, b) for a, b in zip(told, continued, strict=True))
    ours, theirs = adversary.discriminator.state_dict(), again.discriminator.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_state_holds_the_optimizer_without_which_learning_goes_another_way():
    adversary = make()
    for step in (1, 2):
        adversary.learn(REAL, FAKE, None, None, step, 0)
    again = make()
    again.discriminator.load_state_dict(copy.deepcopy(adversary.discriminator.state_dict()))

    for one in (adversary, again):
        one.learn(REAL, FAKE, None, None, 3, 0)

    ours, theirs = adversary.discriminator.state_dict(), again.discriminator.state_dict()
    assert any(not torch.allclose(ours[key], theirs[key]) for key in ours)


def test_weights_are_a_function_of_the_seed():
    one, same, other = (make(seed=seed).discriminator.state_dict() for seed in (5, 5, 6))

    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@every_discriminator
def test_a_conditional_discriminator_sees_the_condition(discriminator):
    def told(condition):
        adversary = make(channels=6, discriminator=discriminator, feature_matching=1.0)
        measured = adversary.learn(REAL, FAKE, condition, None, 1, 0)
        return [measured["discriminator"], *adversary.terms(FAKE, REAL, condition).values()]

    one, same, other = told(pictures(2)), told(pictures(2)), told(pictures(3))

    assert all(torch.equal(a, b) for a, b in zip(one, same, strict=True))
    assert all(not torch.isclose(a, b, rtol=1e-6) for a, b in zip(one, other, strict=True))


@every_discriminator
def test_the_slope_at_real_pictures_is_added_every_so_many_steps_as_many_times_as_heavy(discriminator):
    def loss(step, weight):
        adversary = make(discriminator=discriminator, r1=weight, r1_every=3)
        return adversary.learn(REAL, FAKE, None, None, step, 0)["discriminator"].item()

    judge = copy.deepcopy(make(discriminator=discriminator).discriminator)
    judge(shown(torch.cat([REAL, FAKE])))
    slope = r1(judge.eval(), shown(REAL)).item()

    weight = HEAVY[discriminator]
    for step in (1, 2, 4, 5):
        assert loss(step, weight) == loss(step, 0.0)
    for step in (3, 6):
        assert loss(step, weight) - loss(step, 0.0) == pytest.approx(weight * 3 * slope, rel=1e-3)
    assert weight * slope > 1e-4


@every_discriminator
def test_a_weight_as_other_implementations_have_it_flattens_the_discriminator_at_real_pictures(discriminator):
    """A hundredth where logits of patches are summed; about 1 where there is one logit."""

    def slope(weight):
        adversary = make(discriminator=discriminator, r1=weight, r1_every=4, game="non_saturating")
        for step in range(1, 41):
            adversary.learn(REAL, FAKE, None, None, step, 0)
        return r1(adversary.discriminator.eval(), shown(REAL)).item()

    assert slope(HEAVY[discriminator]) < 0.5 * slope(0.0)


def test_the_discriminator_has_a_norm_of_its_own_to_which_its_gradient_is_cut():
    def moved(**settings):
        adversary = make(**settings)
        before = copy.deepcopy(list(adversary.discriminator.parameters()))
        for step in (1, 2):  # Adam's first step is as long whatever the gradient
            real = REAL if step == 1 else REAL.flip(0) ** 2
            adversary.learn(real, FAKE, None, None, step, 0)
        return torch.cat([(a - b).flatten() for a, b in zip(adversary.discriminator.parameters(), before, strict=True)])

    assert torch.equal(moved(clip=1.0), moved(clip=1e-4))
    assert not torch.allclose(moved(discriminator_clip=1e-7), moved())


@pytest.mark.parametrize("channels", [3, 6])
def test_with_augmentation_the_discriminator_sees_other_pictures_by_the_seed_the_step_and_the_turn(channels):
    condition = pictures(2) if channels == 6 else None

    def told(step=1, turn=0, **options):
        adversary = make(channels=channels, feature_matching=1.0, **options)
        measured = adversary.learn(REAL, FAKE, condition, None, step, turn)
        return measured["discriminator"].item(), *(t.item() for t in adversary.terms(FAKE, REAL, condition).values())

    plain, augmented = told(augment=False), told(augment=True)

    assert plain == told(step=2, turn=1, augment=False)
    assert augmented == told(augment=True)
    different = [plain, augmented, told(augment=True, step=2), told(augment=True, turn=1)]
    assert all(len(set(values)) == len(different) for values in zip(*different, strict=True))
    assert torch.isfinite(torch.tensor(different)).all()


def test_gradients_reach_the_restored_pictures_through_augmentation():
    adversary = make(augment=True, feature_matching=1.0)
    adversary.learn(REAL, FAKE, None, None, 1, 0)
    restored = FAKE.clone().requires_grad_()

    total(adversary.terms(restored, REAL, None)).backward()

    assert torch.isfinite(restored.grad).all()
    assert (restored.grad.abs().amax(dim=(1, 2, 3)) > 0).all()


@pytest.mark.parametrize("augment", [False, True])
def test_the_global_rng_is_left_alone(augment):
    torch.manual_seed(1)
    before = torch.get_rng_state()
    adversary = make(augment=augment, game="wasserstein")

    adversary.learn(REAL, FAKE, None, None, 1, 0)
    adversary.terms(FAKE, REAL, None)

    assert torch.equal(torch.get_rng_state(), before)


@every_game
@every_discriminator
def test_in_bfloat16_losses_are_float32_and_about_those_of_float32(game, discriminator):
    options = {"game": game, "discriminator": discriminator, "feature_matching": 1.0, "r1": 1.0, "r1_every": 1}
    restored = FAKE.clone().requires_grad_()

    def told(dtype):
        adversary = make(dtype=dtype, **options)
        loss = adversary.learn(REAL, FAKE, None, None, 1, 0)["discriminator"]
        return torch.stack([loss, *adversary.terms(restored, REAL, None).values()])

    half, full = told(torch.bfloat16), told(torch.float32)
    half.sum().backward()

    assert half.dtype == torch.float32 and not torch.equal(half, full)
    torch.testing.assert_close(half, full, rtol=0.05, atol=0.02)
    assert torch.isfinite(restored.grad).all() and restored.grad.abs().sum() > 0


class Cells(Discriminator):
    """A logit for each 4 x 4 pixels, so that it is known which of them have a hole."""

    smallest, multiple_of = 4, 4

    def __init__(self, in_channels, side, *, width, depth):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))

    def layers(self, pictures):
        return [self.weight * torch.nn.functional.avg_pool2d(pictures[:, :1], 4)]


HOLE = torch.zeros_like(REAL[:, :1])
HOLE[..., :8, :8] = 1


@pytest.mark.parametrize("game", [name for name in GAMES if name != "relativistic_paired"])
def test_patches_without_a_hole_count_as_real(game, monkeypatch):
    monkeypatch.setitem(DISCRIMINATORS, "patchgan", Cells)
    adversary = make(game=game)
    real, fake = (adversary.discriminator(shown(pictures)).detach() for pictures in (REAL, FAKE))
    filled = fake[..., :2, :2].reshape(1, 1, 1, -1)
    known = torch.cat([fake[..., 2:, :].flatten(), fake[..., :2, 2:].flatten()])
    as_real = torch.cat([real.flatten(), known]).reshape(1, 1, 1, -1)

    learnt = adversary.learn(REAL, FAKE, None, HOLE, 1)["discriminator"]
    # The mean of 64 logits of 16 pixels each has the slope 1 / 1024 at each of 1024 pixels.
    penalty = GAMES[game].penalty * (1 / 32 - 1) ** 2

    torch.testing.assert_close(learnt, GAMES[game].discriminator(as_real, filled) + penalty)
    adversary = make(game=game)
    term = adversary.terms(FAKE, REAL, None, HOLE)["adversarial"]
    torch.testing.assert_close(term, GAMES[game].generator(as_real, filled))


def test_in_pairs_each_patch_with_a_hole_is_beside_the_real_one_of_its_place(monkeypatch):
    monkeypatch.setitem(DISCRIMINATORS, "patchgan", Cells)
    real, fake = (make(game="relativistic_paired").discriminator(shown(x)).detach()[..., :2, :2] for x in (REAL, FAKE))

    learnt = make(game="relativistic_paired").learn(REAL, FAKE, None, HOLE, 1)["discriminator"]
    term = make(game="relativistic_paired").terms(FAKE, REAL, None, HOLE)["adversarial"]

    torch.testing.assert_close(learnt, (1 + (fake - real).exp()).log().mean())
    torch.testing.assert_close(term, (1 + (real - fake).exp()).log().mean())


@every_game
def test_the_generator_is_asked_to_make_holes_look_real_and_what_is_known_not_less_so(game, monkeypatch):
    monkeypatch.setitem(DISCRIMINATORS, "patchgan", Cells)
    restored = FAKE.clone().requires_grad_()

    total(make(game=game).terms(restored, REAL, None, HOLE)).backward()

    gradient = restored.grad[:, :1]
    assert (gradient[..., :8, :8] < 0).all()
    assert not gradient[..., 8:, :].any() and not gradient[..., :8, 8:].any()


def test_without_any_hole_all_that_is_restored_is_fake():
    none = torch.zeros_like(REAL[:, :1])

    one, other = (
        [make().learn(REAL, FAKE, None, hole, 1)["discriminator"], total(make().terms(FAKE, REAL, None, hole))]
        for hole in (None, none)
    )

    torch.testing.assert_close(one, other)


def test_weights_are_bounded_from_the_beginning_on_and_after_every_step_where_the_game_says_so():
    adversary = make(game="wasserstein_clipped")

    def largest():
        return max(weight.abs().max().item() for weight in adversary.discriminator.parameters())

    assert largest() == pytest.approx(0.01)
    adversary.learn(REAL, FAKE, None, None, 1, 0)
    assert largest() == pytest.approx(0.01)


@every_discriminator
def test_the_slope_at_fake_pictures_has_a_weight_of_its_own(discriminator):
    def loss(weight):
        adversary = make(discriminator=discriminator, r2=weight, r1_every=2)
        return adversary.learn(REAL, FAKE, None, None, 2, 0)["discriminator"].item()

    judge = copy.deepcopy(make(discriminator=discriminator).discriminator)
    judge(shown(torch.cat([REAL, FAKE])))
    slope = r1(judge.eval(), shown(FAKE)).item()

    weight = HEAVY[discriminator]
    assert loss(weight) - loss(0.0) == pytest.approx(weight * 2 * slope, rel=1e-3)


def test_the_size_of_the_discriminators_kernels_costs_what_the_settings_say():
    weights = dict(make().discriminator.named_parameters())
    kernels = [weight for weight in weights.values() if weight.ndim > 1]
    l1, l2 = sum(k.abs().sum().item() for k in kernels), sum(k.square().sum().item() for k in kernels)

    plain, heavy = (
        make(**costs).learn(REAL, FAKE, None, None, 1, 0)["discriminator"].item()
        for costs in ({}, {"weight_l1": 1e-3, "weight_l2": 1e-2})
    )

    assert len(kernels) < len(weights)
    assert heavy - plain == pytest.approx(1e-3 * l1 + 1e-2 * l2 / 2, rel=1e-3)


@pytest.mark.parametrize("name", ["rmsprop", "sgd", "adamw", "muon"])
def test_the_discriminator_has_an_optimizer_of_its_own(name):
    adversary = make(discriminator_optimizer=name, optimizer="adam", discriminator_width=16)

    losses = [adversary.learn(REAL, FAKE, None, None, 1, 0)["discriminator"].item() for _ in range(10)]

    assert name in adversary.optimizer.state_dict()
    assert losses[-1] < losses[0]


@every_discriminator
def test_what_is_said_of_the_whole_picture_is_seen_in_every_pixel_as_it_is(discriminator):
    said = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])[:, :, None, None]

    shown = make(channels=5, discriminator=discriminator, augment=True)._show(REAL, said)
    one, other = (
        make(channels=5, discriminator=discriminator).learn(REAL, FAKE, told, None, 1)["discriminator"]
        for told in (said, said.flip(1))
    )

    assert torch.equal(shown[:, 3:], (2 * said - 1).expand(-1, -1, 32, 32))
    assert not torch.isclose(one, other, rtol=1e-6)
