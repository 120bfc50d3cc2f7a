"""A sick run is noticed, taken back to where it was healthy, and given up with advice when that does not help."""

import json
import math

import numpy as np
import pytest
import torch

from srgan.errors import TrainingError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.model import Model
from srgan.tasks.upscale import Upscale
from srgan.training.config import TrainConfig, configure
from srgan.training.loop import train
from srgan.training.objective import Objective
from srgan.training.watch import ALIKE, ALIKE_LINES, CROPS, NOISY_LINES, SURE_LINES, UnhealthyError, Watch

QUICK = {"batch": 2, "crop": 16, "precision": "fp32", "device": "cpu", "log_every": 2, "validate_every": 1000}
PLAYING = {"adversarial": 0.1, "discriminator_width": 4, "discriminator_depth": 2}


def fresh():
    return Model(Upscale(scale=2), {"name": "compact", "width": 8, "depth": 1})


def pictures(seed=0, n=2):
    return torch.rand(n, 3, 16, 16, generator=torch.Generator().manual_seed(seed))


def feed(watch, *, steps=4, batch=CROPS // 4, distance=0.02, skipped=0.0, noise=0.0, **measured):
    """One line of the log after `steps` steps that all measured the same."""
    values = {"distance": distance, "skipped": skipped, "gradient": 1.0, **measured}
    terms = {"l1": torch.tensor(distance)}
    for _ in range(steps):
        watch.add(terms, {name: torch.tensor(value) for name, value in values.items()})
    clean = pictures(n=batch)
    return watch.line(terms, clean + noise * (pictures(seed=1, n=batch) - 0.5), clean)


def test_a_line_holds_means_shares_and_the_look_of_a_batch():
    watch = Watch()
    for value in (0.25, 0.75):
        terms = {"l1": torch.tensor(value), "adversarial": torch.tensor(-3 * value)}
        watch.add(terms, {name: torch.tensor(value) for name in ("distance", "skipped", "gradient")})

    line = watch.line(terms, pictures(), pictures())

    assert (line["l1"], line["adversarial"], line["gradient"]) == (0.5, -1.5, 0.5)
    assert line["shares"] == {"l1": 0.25, "adversarial": 0.75}
    assert line["spectrum"] == pytest.approx(1)
    assert line["colour_drift"] == pytest.approx(0, abs=1e-6)


def test_skipped_steps_are_counted_over_the_whole_run():
    watch = Watch()

    assert feed(watch, skipped=0.25)["skipped"] == 1
    assert feed(watch, skipped=0.5)["skipped"] == 3


def test_a_run_whose_steps_are_mostly_skipped_is_unhealthy():
    with pytest.raises(UnhealthyError, match="4 of 4 steps had losses or gradients that were not finite; try a lower"):
        feed(Watch(), skipped=1.0)


def test_a_run_whose_pictures_leave_the_truth_is_unhealthy():
    watch = Watch()
    feed(watch, distance=0.02)
    feed(watch, distance=0.03)

    with pytest.raises(UnhealthyError, match=r"are 12\.8 levels from the clean ones, and were 5\.1; try a lower"):
        feed(watch, distance=0.05)


def test_a_few_crops_that_are_harder_than_others_make_no_run_unhealthy():
    watch, rng = Watch(), np.random.default_rng(0)

    distances = [feed(watch, steps=1, batch=4, distance=rng.exponential(8 / 255))["distance"] for _ in range(500)]

    assert max(distances) > 40 / 255 and min(distances) < 0.1 / 255


def test_pictures_that_leave_the_truth_are_seen_of_small_batches_too():
    watch = Watch()
    lines = CROPS // 4
    for _ in range(2 * lines):
        feed(watch, steps=1, batch=4, distance=0.02)
    again = Watch()
    again.load_state_dict(json.loads(json.dumps(watch.state_dict())))

    for one in (watch, again):
        with pytest.raises(UnhealthyError, match=r"are 10\.5 levels from the clean ones, and were 5\.1; try a lower"):
            for _ in range(lines):
                feed(one, steps=1, batch=4, distance=0.2)


def test_a_generator_that_makes_all_pictures_alike_makes_a_run_unhealthy():
    watch = Watch()
    for _ in range(ALIKE_LINES):  # as at the beginning, when they all are noise
        feed(watch, spread=0.1)
    feed(watch, spread=0.9)
    for _ in range(ALIKE_LINES - 1):
        feed(watch, spread=0.1)
    again = Watch()
    again.load_state_dict(watch.state_dict())

    for one in (watch, again):
        with pytest.raises(
            UnhealthyError, match=r"differ 0\.10 times as much as real ones: the generator collapses; try"
        ):
            feed(one, spread=0.1)


def test_where_there_is_no_truth_no_distance_to_it_is_asked_for():
    watch, terms = Watch(), {"adversarial": torch.tensor(1.0)}
    watch.add(terms, {"spread": torch.tensor(0.8), "skipped": torch.tensor(0.0)})

    line = watch.line(terms, pictures(), pictures())

    assert line["spread"] == pytest.approx(0.8) and "distance" not in line


def test_a_minimax_game_whose_generator_learns_too_fast_is_seen_to_collapse(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(40):
        write(tmp_path / "in" / f"{number}.png", Image(rng.choice([40, 215], (4, 4, 3)).astype(np.uint8)))
    game = {"game": "minimax", "r1": 0.0, "learning_rate": 3e-2, "discriminator_learning_rate": 2e-3}
    small = {"scale": 4, "latent": 8, "network": "mlp", "width": 16, "depth": 2, "discriminator_width": 16}
    of_run = {"batch": 32, "crop": 1, "steps": 70, "warmup": 60, "rollbacks": 0}
    model, config = configure("generate", {**QUICK, **small, **game, **of_run})

    with pytest.raises(TrainingError, match="times as much as real ones: the generator collapses; try another game"):
        train(model, tmp_path / "in", tmp_path / "out", config)

    spreads = [json.loads(line)["spread"] for line in (tmp_path / "out" / "log.jsonl").read_text().splitlines()]
    assert max(spreads) >= ALIKE > max(spreads[-ALIKE_LINES + 1 :])


def test_a_discriminator_that_stays_sure_makes_a_run_unhealthy():
    watch = Watch()
    for _ in range(SURE_LINES - 1):
        feed(watch, accuracy_real=1.0, accuracy_fake=1.0)

    with pytest.raises(UnhealthyError, match="the discriminator knows every picture; try"):
        feed(watch, accuracy_real=1.0, accuracy_fake=1.0)


def test_a_discriminator_that_doubts_now_and_then_does_not():
    watch = Watch()

    for number in range(3 * SURE_LINES):
        feed(watch, accuracy_real=1.0, accuracy_fake=0.9 if number % SURE_LINES == 0 else 1.0)


def test_fine_detail_out_of_nowhere_makes_a_run_unhealthy_only_where_it_was_calm():
    noisy_from_the_start, calm_first = Watch(), Watch()
    for _ in range(2 * NOISY_LINES):
        feed(noisy_from_the_start, noise=4.0)
    feed(calm_first)
    for _ in range(NOISY_LINES - 1):
        feed(calm_first, noise=4.0)

    with pytest.raises(UnhealthyError, match=r"fine detail has .* times its power; try less adversarial, or more l1"):
        feed(calm_first, noise=4.0)


def test_the_counters_survive_a_restart():
    watch, again = Watch(), Watch()
    feed(watch, distance=0.02, skipped=0.25, accuracy_real=1.0, accuracy_fake=1.0)

    again.load_state_dict(json.loads(json.dumps(watch.state_dict())))

    assert again.state_dict() == watch.state_dict()
    with pytest.raises(UnhealthyError):
        feed(again, distance=0.06)


def poison(monkeypatch, steps, rounds=math.inf):
    """From now on the loss is not a number at these steps; after so many times it is again."""
    real, left = Objective.terms, [rounds]
    seen = {"step": 0}

    def poisoned(self, *arguments):
        terms = real(self, *arguments)
        seen["step"] += 1
        if seen["step"] in steps and left[0] > 0:
            left[0] -= 1
            terms = {name: term * math.nan for name, term in terms.items()}
        return terms

    monkeypatch.setattr(Objective, "terms", poisoned)


def test_a_step_whose_loss_is_not_a_number_is_skipped_and_counted(photos, tmp_path, monkeypatch):
    poison(monkeypatch, {3})

    train(fresh(), photos, tmp_path, TrainConfig(steps=8, checkpoint_every=4, **QUICK, **PLAYING))

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["skipped"] for line in lines] == [0, 1, 1, 1]
    assert all(math.isfinite(line["l1"]) for line in lines)


def test_a_sick_run_goes_back_to_its_last_checkpoint_with_half_the_learning_rate(photos, tmp_path, monkeypatch, caplog):
    poison(monkeypatch, {5, 6}, rounds=2)

    train(fresh(), photos, tmp_path, TrainConfig(steps=8, checkpoint_every=4, warmup=0, **QUICK, **PLAYING))

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["rollbacks"]) for line in lines] == [(2, 0), (4, 0), (6, 1), (8, 1)]
    assert lines[2]["learning_rate"] < 0.51 * lines[1]["learning_rate"]
    assert "2 of 2 steps" in caplog.text
    assert "goes back to the last checkpoint with learning rates / 2" in caplog.text


def test_a_run_that_is_sick_before_its_first_checkpoint_begins_again(photos, tmp_path, monkeypatch):
    poison(monkeypatch, {1, 2}, rounds=2)

    train(fresh(), photos, tmp_path, TrainConfig(steps=4, checkpoint_every=4, **QUICK))

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(line["step"], line["rollbacks"]) for line in lines] == [(2, 1), (4, 1)]


def test_a_run_that_stays_sick_is_given_up_with_advice(photos, tmp_path, monkeypatch):
    poison(monkeypatch, set(range(5, 100)))

    with pytest.raises(TrainingError) as caught:
        train(fresh(), photos, tmp_path, TrainConfig(steps=8, checkpoint_every=4, rollbacks=2, **QUICK))

    assert str(caught.value) == (
        f"{tmp_path}: stopped after 2 rollbacks: 2 of 2 steps had losses or gradients that were not finite; "
        "try a lower learning_rate, or precision=fp32"
    )
    assert (tmp_path / "model.safetensors").exists()


def test_a_rollback_is_remembered_by_a_run_that_is_killed_after_it(photos, tmp_path, monkeypatch):
    config = TrainConfig(steps=8, checkpoint_every=4, warmup=0, **QUICK, **PLAYING)
    poison(monkeypatch, {5, 6}, rounds=2)
    whole = train(fresh(), photos, tmp_path / "whole", config)
    monkeypatch.undo()

    poison(monkeypatch, {5, 6}, rounds=2)
    poisoned, calls = Objective.terms, []

    def killed(self, *arguments):
        calls.append(1)
        if len(calls) == 8:  # twice sick, then back at the fifth step and one beyond
            raise KeyboardInterrupt
        return poisoned(self, *arguments)

    monkeypatch.setattr(Objective, "terms", killed)
    with pytest.raises(KeyboardInterrupt):
        train(fresh(), photos, tmp_path / "cut", config)
    monkeypatch.undo()
    cut = train(fresh(), photos, tmp_path / "cut", config)

    last = json.loads((tmp_path / "cut" / "log.jsonl").read_text().splitlines()[-1])
    assert last["rollbacks"] == 1
    assert all(map(torch.equal, cut.parameters(), whole.parameters()))


def test_a_run_that_is_begun_again_from_nothing_has_not_gone_back(photos, tmp_path, monkeypatch):
    config = TrainConfig(steps=8, checkpoint_every=4, warmup=0, **QUICK)
    poison(monkeypatch, {5, 6}, rounds=2)
    train(fresh(), photos, tmp_path, config)
    monkeypatch.undo()
    for name in ("state.pt", "state-before.pt"):
        (tmp_path / name).unlink()

    train(fresh(), photos, tmp_path, config)

    last = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert last["rollbacks"] == 0
