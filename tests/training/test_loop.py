"""Training learns something, and a run cut in two is the whole run."""

import json
import math
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from srgan.data.sources import Paired, sources
from srgan.errors import ConfigError, MachineError, NoPicturesError, TrainingError
from srgan.evaluation.scoring import evaluate
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.blend import start_from
from srgan.models.file import load, save
from srgan.models.model import Model
from srgan.networks.discriminators import DISCRIMINATORS, PatchGAN
from srgan.tasks.generate import Generate
from srgan.tasks.inpaint import Inpaint
from srgan.tasks.task import PseudoTargets
from srgan.tasks.upscale import Upscale
from srgan.training import loop
from srgan.training.config import TrainConfig
from srgan.training.finetuning import finetune
from srgan.training.loop import train

TINY = {"width": 12, "depth": 1, "fold": 1}
QUICK = {"batch": 4, "crop": 16, "precision": "fp32", "device": "cpu", "log_every": 10, "validate_every": 1000}


def fresh():
    return Model(Upscale(scale=2), {"name": "compact", **TINY})


def log_of(folder):
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def timeless(lines):
    return [{key: value for key, value in line.items() if key != "steps_per_second"} for line in lines]


def test_training_lowers_the_loss_and_beats_bicubic_on_its_own_pictures(photos, tmp_path):
    settings = {**QUICK, "checkpoint_every": 150, "learning_rate": 5e-3, "warmup": 5, "ema": 0.9, "rescale": 0.0}
    config = TrainConfig(steps=150, **settings)

    trained = train(fresh(), photos, tmp_path, config, validation=photos)

    scores = evaluate(trained, photos, metrics=("psnr",), precision="fp32")
    lines = log_of(tmp_path)
    assert scores["mean"]["psnr"] > scores["baseline"]["bicubic"]["psnr"]
    assert [line["step"] for line in lines] == list(range(10, 151, 10))
    assert lines[-1]["l1"] < lines[0]["l1"]
    assert set(lines[0]) == {
        *("step", "learning_rate", "rollbacks", "steps_per_second", "l1", "shares", "gradient", "distance"),
        *("spectrum", "colour_drift", "skipped"),
    }
    assert lines[0]["shares"] == {"l1": 1.0}
    assert lines[-1]["validation"]["psnr"] == pytest.approx(scores["mean"]["psnr"], abs=0.01)


def test_the_saved_model_is_the_averaged_one_and_says_how_it_was_made(photos, tmp_path):
    config = TrainConfig(steps=10, **QUICK, checkpoint_every=10, l2=0.5, features="/home/someone/vgg19.pth")

    trained = train(fresh(), photos, tmp_path, config, card={"licence": "CC0"})
    loaded = load(tmp_path / "model.safetensors")

    for name, tensor in trained.generator.state_dict().items():
        assert torch.equal(loaded.generator.state_dict()[name], tensor)
    assert loaded.card["licence"] == "CC0"
    assert loaded.card["training"]["step"] == 10
    assert loaded.card["training"]["config"]["l2"] == 0.5
    assert loaded.card["training"]["config"]["features"] == "vgg19.pth"  # not where someone keeps it
    assert loaded.card["training"]["data"]["pictures"] == 3


def same(a, b):
    """Whether two states hold the same numbers."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return all(map(same, a, b)) if isinstance(a, list) else a == b


@pytest.fixture(scope="module")
def killed(photos, tmp_path_factory):
    """Two run folders of one command: one that ran through, and one that was killed and then run again."""
    folder = tmp_path_factory.mktemp("runs")
    settings = {
        **QUICK,
        **{"scale": 2, "steps": 40, "batch": 16, "crop": 24, "width": 16, "depth": 3, "checkpoint_every": 20},
    }
    assignments = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    program = [sys.executable, "-c", "from srgan.cli import main; main()"]
    command = [*program, "train", "upscale", "--data", photos, "--quiet", *assignments, "--out"]
    subprocess.run([*command, folder / "whole"], check=True)

    with subprocess.Popen([*command, folder / "cut"]) as process:
        while process.poll() is None and not (folder / "cut" / "state.pt").exists():
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, "it was through before it could be killed"
    assert torch.load(folder / "cut" / "state.pt", weights_only=True)["step"] == 20
    subprocess.run([*command, folder / "cut"], check=True)
    return folder / "whole", folder / "cut"


def test_a_run_killed_and_continued_ends_with_the_same_weights_bit_for_bit(killed):
    whole, cut = (load_file(folder / "model.safetensors") for folder in killed)

    assert whole.keys() == cut.keys()
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def test_a_run_killed_and_continued_ends_in_the_same_state_bit_for_bit(killed):
    whole, cut = (torch.load(folder / "state.pt", weights_only=True) for folder in killed)

    assert whole["step"] == cut["step"] == 40
    assert same(whole, cut)


def test_a_run_killed_and_continued_has_the_same_log(killed):
    whole, cut = map(log_of, killed)

    assert timeless(cut) == timeless(whole)
    assert [line["step"] for line in whole] == [10, 20, 30, 40]


def test_a_killed_run_leaves_no_partial_files_that_stay(killed):
    _, cut = killed

    assert {path.name for path in cut.iterdir() if not path.name.startswith(".srgan-")} == {
        ".srgan",
        "curves.png",
        "log.jsonl",
        "model.safetensors",
        "state.pt",
        "state-before.pt",
    }


def test_a_finished_run_is_not_run_again(photos, tmp_path):
    config = TrainConfig(steps=10, **QUICK, checkpoint_every=10)
    first = train(fresh(), photos, tmp_path, config)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name != "log.jsonl"}

    again = train(fresh(), photos, tmp_path, config)

    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir() if path.name != "log.jsonl"} == before
    assert all(map(torch.equal, first.parameters(), again.parameters()))
    assert len(log_of(tmp_path)) == 1


def test_a_folder_with_a_run_of_other_settings_is_refused(photos, tmp_path):
    train(fresh(), photos, tmp_path, TrainConfig(steps=10, **QUICK, checkpoint_every=10))

    with pytest.raises(TrainingError) as caught:
        train(fresh(), photos, tmp_path, TrainConfig(steps=20, **QUICK | {"batch": 3}, checkpoint_every=10))
    assert str(caught.value) == (
        f"{tmp_path}/state.pt belongs to another run (different: batch, steps): "
        "give those as they were, or another --out; "
        f"--init {tmp_path}/model.safetensors begins with its weights"
    )


def test_what_does_not_change_the_result_may_change_in_a_run(photos, tmp_path, stops_after_a_checkpoint, monkeypatch):
    config = TrainConfig(steps=20, **QUICK, checkpoint_every=10)
    with pytest.raises(Stopped):
        train(fresh(), photos, tmp_path / "cut", config)
    monkeypatch.undo()

    cut = train(fresh(), photos, tmp_path / "cut", replace(config, log_every=5, checkpoint_every=5, validate_every=5))

    whole = train(fresh(), photos, tmp_path / "whole", config)
    assert [line["step"] for line in log_of(tmp_path / "cut")] == [10, 15, 20]
    assert all(map(torch.equal, cut.parameters(), whole.parameters()))


def test_a_run_that_was_begun_before_there_were_some_options_goes_on(photos, tmp_path, monkeypatch):
    config = TrainConfig(steps=20, **QUICK, checkpoint_every=10, adversarial=0.1, discriminator_width=4, momentum=0.9)
    whole = train(fresh(), photos, tmp_path / "whole", config)
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(loop, "write_curves", raising)
        train(fresh(), photos, tmp_path / "cut", config)
    state = torch.load(tmp_path / "cut" / "state.pt", weights_only=True)
    identity = json.loads(state["identity"])
    del identity["momentum"], identity["discriminator_optimizer"], identity["r2"]
    state["adversary"]["optimizer"] = state["adversary"]["optimizer"]["adam"]  # as it was then
    torch.save(state | {"identity": json.dumps(identity)}, tmp_path / "cut" / "state.pt")

    cut = train(fresh(), photos, tmp_path / "cut", config)

    assert all(map(torch.equal, cut.parameters(), whole.parameters()))
    with pytest.raises(TrainingError, match=r"different: momentum\): give"):
        torch.save(state | {"identity": json.dumps(identity)}, tmp_path / "cut" / "state.pt")
        train(fresh(), photos, tmp_path / "cut", replace(config, momentum=0.8))


def test_a_damaged_state_is_refused(photos, tmp_path):
    (tmp_path / "state.pt").write_bytes(b"PK\x03\x04 no zip file")

    with pytest.raises(TrainingError, match=r"state\.pt: damaged \(.*\); delete it to begin again$"):
        train(fresh(), photos, tmp_path, TrainConfig(steps=10, **QUICK, checkpoint_every=10))


def test_a_run_folder_that_cannot_be_made_is_the_machines_fault(photos, tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(MachineError):
        train(fresh(), photos, tmp_path / "file", TrainConfig(steps=10, **QUICK, checkpoint_every=10))


def test_pictures_smaller_than_a_crop_are_refused(photos, tmp_path):
    with pytest.raises(NoPicturesError) as caught:
        train(fresh(), photos, tmp_path, TrainConfig(steps=10, **QUICK | {"crop": 500}, checkpoint_every=10))
    assert str(caught.value) == f"{photos}: no picture has sides of at least 1000 px"


class Stopped(Exception):
    """Ends a run after its first checkpoint."""


def raising(*arguments):
    raise Stopped


@pytest.fixture
def stops_after_a_checkpoint(monkeypatch):
    monkeypatch.setattr(loop, "write_curves", raising)


@pytest.mark.usefixtures("stops_after_a_checkpoint")
def test_the_average_of_a_trained_model_remembers_its_weights_and_that_of_a_fresh_one_does_not(photos, tmp_path):
    def remembered(model, name):
        """The share that the first weights have in the average after one step."""
        before = model.generator.state_dict()["tail.weight"].clone()
        with pytest.raises(Stopped):
            train(model, photos, tmp_path / name, config)
        state = torch.load(tmp_path / name / "state.pt", weights_only=True)
        moved, average = (state[player]["tail.weight"] - before for player in ("generator", "average"))
        return 1 - (average.norm() / moved.norm()).item()

    config = TrainConfig(**QUICK | {"log_every": 1}, steps=400, checkpoint_every=1, warmup=0)
    save(fresh(), tmp_path / "trained.safetensors")
    trained = load(tmp_path / "trained.safetensors")
    new_scale = Model(Upscale(scale=3), {"name": "compact", **TINY})
    start_from(new_scale, trained)

    assert remembered(trained, "trained") == pytest.approx(0.99, rel=1e-3)
    assert remembered(fresh(), "fresh") == pytest.approx(2 / 11, rel=1e-3)
    assert remembered(new_scale, "new scale") == pytest.approx(2 / 11, rel=1e-3)  # its tail is fresh


def test_weights_say_what_they_were_trained_from(photos, tmp_path):
    train(
        fresh(),
        photos,
        tmp_path / "first",
        TrainConfig(steps=10, **QUICK, checkpoint_every=10),
        card={"licence": "CC0"},
    )
    start = load(tmp_path / "first" / "model.safetensors")
    enlarges_thrice = Model(Upscale(scale=3), {"name": "compact", **TINY})

    fitting = start_from(enlarges_thrice, start)
    train(enlarges_thrice, photos, tmp_path / "second", TrainConfig(steps=20, **QUICK, checkpoint_every=20))

    card = load(tmp_path / "second" / "model.safetensors").card
    assert fitting == 4  # weights and biases of head and body; the tail enlarges otherwise
    assert card["training"]["before"] == start.card["training"]
    assert card["licence"] == "CC0"


@pytest.mark.parametrize("game", ["relativistic", "wasserstein"])
def test_an_adversarial_run_cut_in_two_is_the_whole_run_bit_for_bit(photos, tmp_path, game):
    playing = {"adversarial": 0.1, "feature_matching": 0.1, "discriminator_width": 4, "discriminator_depth": 2}
    rules = {"game": game, "discriminator_steps": 2, "conditional": True, "augment": True, "r1": 0.1, "r1_every": 3}
    settings = {**QUICK, **playing, **rules, "log_every": 2, "checkpoint_every": 4}
    config = TrainConfig(steps=8, **settings)
    train(fresh(), photos, tmp_path / "whole", config)
    train(fresh(), photos, tmp_path / "cut", config)

    # As a run killed while it wrote its last checkpoint leaves it: damaged, the one before beside it.
    (tmp_path / "cut" / "state.pt").write_bytes(b"torn")
    train(fresh(), photos, tmp_path / "cut", config)

    whole, cut = (torch.load(tmp_path / name / "state.pt", weights_only=True) for name in ("whole", "cut"))
    assert whole["step"] == cut["step"] == 8
    assert same(whole, cut)
    assert timeless(log_of(tmp_path / "cut")) == timeless(log_of(tmp_path / "whole"))


def test_every_picture_that_the_discriminator_sees_is_rolled(photos, tmp_path, monkeypatch):
    seen = []

    class Witness(PatchGAN):
        def layers(self, pictures):
            seen.append(pictures)
            return super().layers(pictures)

    monkeypatch.setitem(DISCRIMINATORS, "patchgan", Witness)
    monkeypatch.setattr(
        loop, "off_grid", lambda *where: lambda pictures: None if pictures is None else pictures * 0 + 0.25
    )
    playing = {"adversarial": 0.1, "discriminator_width": 4, "discriminator_depth": 2, "conditional": True}
    config = TrainConfig(steps=2, **{**QUICK, **playing}, discriminator_steps=2, checkpoint_every=10)

    train(fresh(), photos, tmp_path, config)

    assert seen
    assert all((pictures == 0.25 * 2 - 1).all() for pictures in seen)  # shown in [-1, 1]


def test_the_terms_in_the_log_sum_to_what_is_minimised(photos, tmp_path, monkeypatch):
    minimised = []
    backward = torch.autograd.backward
    monkeypatch.setattr(torch.autograd, "backward", lambda loss: (minimised.append(loss.item()), backward(loss))[1])
    weights = {"l1": 0.5, "l2": 0.1, "charbonnier": 0.2, "focal_frequency": 0.3, "total_variation": 0.1}
    adversarial = {"consistency": 0.7, "adversarial": 0.1, "feature_matching": 0.2, "discriminator_width": 4}
    config = TrainConfig(steps=4, **{**QUICK, "log_every": 1}, checkpoint_every=4, **weights, **adversarial)

    train(fresh(), photos, tmp_path, config)

    lines = log_of(tmp_path)
    assert set(lines[0]["shares"]) == {*weights, "consistency", "adversarial", "feature_matching"}
    for line, loss in zip(lines, minimised[1::2], strict=True):  # the discriminator's turn comes first
        assert sum(line[name] for name in line["shares"]) == pytest.approx(loss, rel=1e-5)


def test_what_the_task_wants_is_what_is_learnt_and_what_it_asks_the_average_answers(photos, tmp_path, monkeypatch):
    def wanted(task, observed, clean, rng):
        return clean + torch.randint(10, 20, (1,), generator=rng), PseudoTargets(
            torch.tensor([1, 3]), observed[2:] + 50
        )

    monkeypatch.setattr(Upscale, "wanted", wanted)
    settings = {**QUICK, "steps": 10, "checkpoint_every": 10, "adversarial": 0.1, "discriminator_steps": 2, "crop": 32}
    train(fresh(), photos, tmp_path, TrainConfig(**settings))

    # Two pictures of four are 10 to 19 too bright; the other two as bright as what the average makes of what is asked.
    assert log_of(tmp_path)[-1]["l1"] > 9 / 2 + 49 / 2 > 20


def test_a_run_from_other_weights_or_on_other_pictures_is_another_run(photos, tmp_path):
    config = TrainConfig(steps=10, **QUICK, checkpoint_every=10)
    train(fresh(), photos, tmp_path / "run", config)
    other = Model(Upscale(scale=2), {"name": "compact", **TINY}, seed=7)
    fewer = sources(photos)[:2]

    with pytest.raises(TrainingError, match=r"belongs to another run \(different: starting weights\): give"):
        train(other, photos, tmp_path / "run", config)
    with pytest.raises(TrainingError, match=r"belongs to another run \(different: set of pictures\): give"):
        train(fresh(), fewer, tmp_path / "run", config)


def test_a_picture_to_be_scored_on_that_cannot_be_is_left_out_before_the_first_step(photos, tmp_path, pixels, caplog):
    folder = shutil.copytree(photos, tmp_path / "scored")
    (folder / "broken.png").write_bytes(b"\x89PNG")
    write(folder / "tiny.png", Image(pixels(1, 9)))
    config = TrainConfig(steps=10, **{**QUICK, "validate_every": 10}, checkpoint_every=10)

    train(fresh(), photos, tmp_path / "run", config, validation=folder)
    train(fresh(), photos, tmp_path / "without", config, validation=photos)

    assert log_of(tmp_path / "run")[-1]["validation"] == log_of(tmp_path / "without")[-1]["validation"]
    assert any(message.startswith("left out: broken.png: ") for message in caplog.messages)
    assert "left out: tiny.png: smaller than 2 px" in caplog.messages


def test_where_no_picture_can_be_scored_that_is_said_before_the_first_step(photos, tmp_path, pixels):
    write(tmp_path / "scored" / "tiny.png", Image(pixels(1, 9)))

    with pytest.raises(NoPicturesError, match="no picture to be scored on can be used; the warnings above say why"):
        train(fresh(), photos, tmp_path / "run", TrainConfig(steps=10, **QUICK), validation=tmp_path / "scored")


@pytest.mark.parametrize("learn, sheets", [(train, "mine"), (finetune, "mine/training")])
@pytest.mark.parametrize("marked", [True, False], ids=["of now", "begun before runs were marked"])
def test_the_sheets_of_a_run_among_its_pictures_are_not_learnt_from(photos, tmp_path, learn, sheets, marked):
    folder = shutil.copytree(photos, tmp_path / "photos")
    config = TrainConfig(steps=10, **QUICK, checkpoint_every=10)
    learn(fresh(), folder, folder / "mine", config)
    if not marked:
        (folder / sheets / ".srgan").rmdir()
    assert (folder / sheets / "curves.png").exists()

    learn(fresh(), folder, folder / "mine", config)

    assert {source.name for source in sources(folder)} == {path.name for path in photos.iterdir()}


def test_a_run_in_the_folder_of_its_pictures_itself_is_refused(photos):
    with pytest.raises(ConfigError, match="holds the pictures to learn from; choose another output"):
        train(fresh(), photos, photos, TrainConfig(steps=10, **QUICK))

    assert not (photos / ".srgan").exists()


def test_the_model_given_stays_as_it_was_and_the_one_returned_says_how_it_was_made(photos, tmp_path):
    model = fresh()
    model.card = {"scores": {"Set5": {"psnr": 31.0}}, "licence": "CC0"}
    before = model.digest()
    config = TrainConfig(steps=10, **QUICK, checkpoint_every=10)

    cards = [train(model, photos, tmp_path, config).card for _ in range(2)]

    assert model.digest() == before
    assert cards[0] == cards[1] == load(tmp_path / "model.safetensors").card
    assert cards[0]["licence"] == "CC0"
    assert "scores" not in cards[0]


def test_a_model_that_training_returned_can_be_trained_on(photos, tmp_path):
    config = TrainConfig(steps=1, **QUICK, checkpoint_every=10)
    first = train(fresh(), photos, tmp_path / "first", config)

    second = train(first, photos, tmp_path / "second", config)

    assert second.digest() != first.digest()


def test_a_run_from_the_model_that_training_returned_is_that_from_its_file(photos, tmp_path):
    config = TrainConfig(steps=10, **QUICK, checkpoint_every=10)
    returned, again = (train(fresh(), photos, tmp_path / "first", config) for _ in range(2))
    from_memory = train(returned, photos, tmp_path / "second", config)

    from_file = train(load(tmp_path / "first" / "model.safetensors"), photos, tmp_path / "second", config)

    assert not returned.fresh
    assert not again.fresh
    assert from_file.digest() == from_memory.digest()


@pytest.mark.parametrize("learn", [train, finetune, lambda model, data, out: evaluate(model, data)])
def test_pairs_without_masks_are_refused_before_anything_learns_nothing_from_them(photos, tmp_path, learn):
    inpainter = Model(Inpaint(), {"name": "compact", **TINY})

    with pytest.raises(ConfigError, match="pairs say nothing of what inpaint needs beside a picture"):
        learn(inpainter, Paired(photos, photos), tmp_path)


def test_a_warm_up_that_would_take_the_whole_run_is_shortened_and_that_is_said(photos, tmp_path, caplog):
    config = TrainConfig(steps=20, **QUICK, checkpoint_every=20)

    train(fresh(), photos, tmp_path, config)

    assert "warmup=400 is not below steps=20: 2 steps instead" in caplog.messages
    first, last = (line["learning_rate"] for line in log_of(tmp_path))
    assert last == pytest.approx(config.final_learning_rate)
    assert first > 0.5 * config.learning_rate


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"discriminator": "unet", "crop": 10}, "a unet of depth 3 cannot see crops of 20 px: choose at least 8 px"),
        ({"discriminator_depth": 4, "crop": 16}, "a patchgan of depth 4 cannot see crops of 32 px: choose at least 48"),
    ],
)
def test_crops_that_the_discriminator_cannot_see_are_refused(photos, tmp_path, settings, message):
    config = TrainConfig(**{**QUICK, "steps": 10, "checkpoint_every": 10, "adversarial": 0.1, **settings})

    with pytest.raises(ConfigError, match=message):
        train(fresh(), photos, tmp_path, config)


def test_a_generator_of_pictures_has_nothing_to_be_compared_with(make_model, photos, tmp_path):
    model, config = make_model("generate", "mlp"), TrainConfig(**QUICK | {"crop": 1}, steps=10)

    for compare in (
        lambda: train(model, photos, tmp_path, config, validation=photos),
        lambda: finetune(model, photos, tmp_path),
        lambda: evaluate(model, photos),
    ):
        with pytest.raises(ConfigError, match="generate makes pictures of which none is right or wrong"):
            compare()
    assert not (tmp_path / "state.pt").exists()


def test_the_average_holds_the_statistics_of_norms_too(photos, tmp_path):
    task = Generate(scale=8, latent=4)
    playing = {"adversarial": 1.0, "l1": 0.0, "discriminator": "dcgan", "discriminator_width": 4}
    config = TrainConfig(steps=10, **{**QUICK, "crop": 1, **playing}, checkpoint_every=10, ema=0.5)

    trained = train(Model(task, {"name": "dcgan", "width": 4}), photos, tmp_path, config)

    state = torch.load(tmp_path / "state.pt", weights_only=True)
    (mean,) = [name for name in state["average"] if name.endswith("0.running_mean")]
    assert state["average"][mean].abs().sum() > 0
    assert torch.equal(trained.generator.state_dict()[mean], state["average"][mean])
    torch.testing.assert_close(state["average"][mean], state["generator"][mean], rtol=0.5, atol=0.05)
    assert [path.name for path in (tmp_path / "sheets").iterdir()] == ["step-0000010.png"]
    assert {"spread", "adversarial", "discriminator"} <= set(log_of(tmp_path)[-1])


def test_pictures_are_made_of_noise_by_what_learnt_from_one_at_a_time(photos, tmp_path):
    playing = {"adversarial": 1.0, "l1": 0.0, "discriminator": "dcgan", "discriminator_width": 4}
    config = TrainConfig(steps=10, **{**QUICK, "crop": 1, "batch": 1, **playing}, checkpoint_every=10)

    train(Model(Generate(scale=8, latent=4), {"name": "dcgan", "width": 4}), photos, tmp_path, config)

    (line,) = log_of(tmp_path)
    assert line["adversarial"] is not None
    assert "spread" not in line


@pytest.mark.parametrize("asked", [{"keep_grain": 0.5}, {"strength": "0"}], ids=str)
def test_what_a_model_is_asked_for_in_use_is_kept_and_does_not_change_what_it_learns(
    make_model, photos, tmp_path, asked
):
    model = make_model("denoise", told=0.9)
    config = TrainConfig(steps=2, **QUICK | {"log_every": 2}, checkpoint_every=2)
    plain = train(model, photos, tmp_path / "plain", config)

    trained = train(model.asked(**asked), photos, tmp_path / "asked", config)

    assert trained.digest() == plain.digest() != model.digest()
    assert trained.task == load(tmp_path / "asked" / "model.safetensors").task == model.asked(**asked).task


def test_what_training_scores_is_the_model_as_it_is_asked_and_saved(make_model, photos, tmp_path):
    model = make_model("denoise").asked(strength="0")
    config = TrainConfig(steps=2, **QUICK | {"log_every": 2, "validate_every": 2}, checkpoint_every=2)

    trained = train(model, photos, tmp_path, config, validation=photos)

    scores = evaluate(trained, photos, metrics=("psnr",), device="cpu", precision="fp32")
    assert (
        trained.card["training"]["validation"]["psnr"] == scores["mean"]["psnr"] == scores["baseline"]["noisy"]["psnr"]
    )


def test_a_model_that_training_returned_is_no_longer_called_what_it_was_loaded_as(photos, tmp_path):
    model = fresh()
    model.name, model.realism = "upscale-x2", 0.0

    trained = train(model, photos, tmp_path, TrainConfig(steps=1, **QUICK))

    assert (trained.name, trained.realism) == ("", None)
    assert (model.name, model.realism) == ("upscale-x2", 0.0)


@pytest.mark.parametrize(
    "card, message",
    [
        ({"licence": "MIT", "task": "my cats"}, "card: the file itself says its task: choose other names"),
        ({"training": "on my cats"}, "card: the run itself says its training: choose another name"),
        (
            {"scores": {"psnr": np.float32(31)}},
            "card: Object of type float32 is not JSON serializable: give text, numbers, and lists and dicts of these",
        ),
    ],
    ids=["its own", "the run's", "no JSON"],
)
def test_a_card_that_no_file_can_hold_is_refused_before_the_first_step(photos, tmp_path, card, message):
    with pytest.raises(ConfigError) as caught:
        train(fresh(), photos, tmp_path / "run", TrainConfig(steps=1, **QUICK), card=card)

    assert str(caught.value) == message
    assert not (tmp_path / "run").exists()


def test_a_run_without_a_largest_gradient_says_so_in_its_file(photos, tmp_path):
    train(fresh(), photos, tmp_path, TrainConfig(steps=1, **QUICK, clip=math.inf))

    assert load(tmp_path / "model.safetensors").card["training"]["config"]["clip"] == math.inf
