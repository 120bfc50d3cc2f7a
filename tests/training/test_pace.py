"""Training says how long it takes, and takes about as long as it is asked to."""

import json
import logging
from dataclasses import replace

import pytest
import torch

from srgan.cli.commands import srgan as command
from srgan.errors import ConfigError, TrainingError
from srgan.models.model import Model
from srgan.tasks.upscale import Upscale
from srgan.training import loop
from srgan.training.config import TrainConfig
from srgan.training.loop import train
from srgan.training.pace import steps_within

QUICK = {"batch": 2, "crop": 16, "precision": "fp32", "device": "cpu", "log_every": 5, "validate_every": 1000}


def fresh():
    return Model(Upscale(scale=2), {"name": "compact", "width": 8, "depth": 1})


@pytest.mark.parametrize("steps, told", [(20, 0), (30, 1)])
def test_after_twenty_steps_it_is_said_how_long_the_others_take(photos, tmp_path, caplog, steps, told):
    with caplog.at_level(logging.INFO, "srgan"):
        train(fresh(), photos, tmp_path, TrainConfig(steps=steps, **QUICK, checkpoint_every=10))

    said = [message for message in caplog.messages if message.startswith("10 steps are left, at ")]
    assert len(said) == told
    assert all(message.endswith(" s, validation aside") for message in said)


@pytest.fixture
def trial(monkeypatch):
    """A run of two steps a second that then is judged for six seconds."""
    now = [0.0]
    monkeypatch.setattr("srgan.training.pace.time.perf_counter", lambda: now[0])

    def learn(config, folder):
        assert (config.learning_rate, config.discriminator_learning_rate, config.minutes) == (0, 0, 0)
        now[0] += config.steps / 2 + 6
        (folder / "log.jsonl").write_text(json.dumps({"steps_per_second": 2.0}) + "\n")

    return learn


def test_minutes_that_are_over_before_the_first_step_are_refused(trial):
    # 60 s are spent, 26 s are the trial, 6 s the last validation, 56 s a hundred steps with one validation: 2.5 min.
    with pytest.raises(ConfigError, match=r"^minutes=1: over before the first step; 100 steps take about 3$"):
        steps_within(1.0, TrainConfig(log_every=100, validate_every=100), spent=60.0, trial=trial)


def test_steps_fill_the_minutes_but_for_what_is_spent_and_for_validations(trial):
    steps = steps_within(10.0, TrainConfig(log_every=100, validate_every=100), spent=60.0, trial=trial)

    seconds = 60 + (40 / 2 + 6) + steps / 2 + steps / 100 * 6 + 6
    assert 600 - 1 < seconds <= 600


@pytest.mark.slow
def test_a_run_of_some_minutes_is_a_run_of_so_many_steps_and_continues_as_one(photos, tmp_path, monkeypatch):
    class Stopped(Exception):
        pass

    def stop(*arguments):
        if arguments[0] == tmp_path / "run" / "log.jsonl":
            raise Stopped

    config = TrainConfig(minutes=0.08, **QUICK, checkpoint_every=5)
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(loop, "write_curves", stop)
        train(fresh(), photos, tmp_path / "run", config)

    trained = train(fresh(), photos, tmp_path / "run", config)

    steps = trained.card["training"]["step"]
    assert steps > 5
    assert trained.card["training"]["config"]["steps"] == steps
    same = train(fresh(), photos, tmp_path / "same", replace(config, minutes=0.0, steps=steps))
    assert all(map(torch.equal, trained.parameters(), same.parameters()))
    with pytest.raises(TrainingError, match=r"different: minutes"):
        train(fresh(), photos, tmp_path / "run", replace(config, minutes=3.0))


@pytest.mark.parametrize("words", [["train", "upscale"], ["finetune", "upscale-x2"]])
def test_minutes_and_steps_are_not_given_both(photos, tmp_path, words):
    flags = ["--data", str(photos), "--out", str(tmp_path), "--set", "steps=10", "--minutes", "1"]

    with pytest.raises(ConfigError, match="give either --minutes or steps"):
        command.main([*words, *flags], standalone_mode=False)
