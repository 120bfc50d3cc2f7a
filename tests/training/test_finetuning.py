"""Fine-tuning keeps what got better on pictures held out, and the start where nothing did."""

import numpy as np
import pytest
import skimage.data
import torch

from srgan.data.sources import Paired, sources, split
from srgan.errors import ConfigError, TrainingError
from srgan.evaluation import scoring
from srgan.evaluation.scoring import evaluate
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.file import load
from srgan.models.model import Model
from srgan.tasks.denoise import Denoise
from srgan.tasks.upscale import Upscale
from srgan.training import finetuning
from srgan.training.config import TrainConfig
from srgan.training.finetuning import finetune, gentle
from srgan.training.loop import train

QUICK = {"batch": 4, "crop": 16, "precision": "fp32", "device": "cpu", "log_every": 10, "checkpoint_every": 20}


@pytest.fixture
def my_photos(tmp_path):
    """Eight photographs, cut from two."""
    for name in ("astronaut", "coffee"):
        for number in range(4):
            pixels = getattr(skimage.data, name)()[60 + 64 * number :][:64, 100:180]
            write(tmp_path / "mine" / f"{name}-{number}.png", Image(pixels.copy()))
    return tmp_path / "mine"


def silent():
    """A model that adds nothing to bicubic, so that it has something to learn."""
    model = Model(Upscale(scale=2), {"name": "compact", "width": 12, "depth": 1})
    with torch.no_grad():
        model.generator.tail.weight.zero_()
    return model


def test_what_got_better_on_pictures_held_out_is_kept(my_photos, tmp_path):
    config = TrainConfig(steps=60, learning_rate=5e-3, warmup=5, ema=0.9, validate_every=60, **QUICK)

    result = finetune(silent(), my_photos, tmp_path / "run", config)

    _, held_out = split(sources(my_photos))
    kept = load(tmp_path / "run" / "model.safetensors")
    scored = evaluate(kept, held_out, metrics=("psnr",), device="cpu", precision="fp32")["mean"]
    assert result.improved
    assert result.metric == "psnr"
    assert result.held_out == tuple(source.name for source in held_out)
    assert result.after["psnr"] > result.before["psnr"]
    assert result.after["psnr"] == scored["psnr"]


def test_weights_that_were_made_otherwise_are_not_replaced(my_photos, tmp_path):
    config = TrainConfig(steps=2, warmup=0, **QUICK)
    train(silent(), my_photos, tmp_path / "trained", config)
    finetune(silent(), my_photos, tmp_path / "tuned", config)
    before = [(tmp_path / name / "model.safetensors").read_bytes() for name in ("trained", "tuned")]

    with pytest.raises(TrainingError, match="trained: holds weights that no fine-tuning there made; choose another"):
        finetune(silent(), my_photos, tmp_path / "trained", config)
    with pytest.raises(TrainingError, match="tuned: holds weights that no run there has made; choose another"):
        train(silent(), my_photos, tmp_path / "tuned", config)

    finetune(silent(), my_photos, tmp_path / "tuned", config)  # the same call continues
    train(silent(), my_photos, tmp_path / "trained", config)
    assert before == [(tmp_path / name / "model.safetensors").read_bytes() for name in ("trained", "tuned")]


def test_where_nothing_got_better_the_start_is_kept(my_photos, tmp_path):
    start = silent()
    config = TrainConfig(
        steps=20, learning_rate=0.3, warmup=0, clip=1e9, ema=0.0, rollbacks=9, validate_every=20, **QUICK
    )

    result = finetune(start, my_photos, tmp_path / "run", config)

    kept = load(tmp_path / "run" / "model.safetensors")
    assert not result.improved
    assert result.after["psnr"] < result.before["psnr"]
    assert all(map(torch.equal, kept.parameters(), start.parameters()))


def test_a_denoiser_learns_from_two_shots_of_each_scene_without_a_clean_picture(my_photos, tmp_path):
    rng = np.random.default_rng(0)
    for photo in sorted(my_photos.iterdir()):
        for shot in ("first", "second"):
            noisy = read(photo).rgb + rng.normal(0, 20, (64, 80, 3))
            write(tmp_path / shot / photo.name, Image(np.rint(noisy).clip(0, 255).astype(np.uint8)))
    start = Model(Denoise(), {"name": "compact", "width": 12, "depth": 2})
    config = TrainConfig(steps=100, l1=0.0, l2=1.0, learning_rate=5e-3, warmup=5, ema=0.9, validate_every=100, **QUICK)

    result = finetune(start, Paired(tmp_path / "first", tmp_path / "second"), tmp_path / "run", config)

    before, after = (
        evaluate(model, Paired(tmp_path / "first", my_photos), metrics=("psnr",))["mean"]["psnr"]
        for model in (start, result.model)
    )
    assert result.improved
    assert after > before + 3


def test_the_model_given_is_not_changed(my_photos, tmp_path):
    start = silent()
    before = {name: tensor.clone() for name, tensor in start.state_dict().items()}

    finetune(start, my_photos, tmp_path, TrainConfig(steps=10, validate_every=10, **{**QUICK, "checkpoint_every": 10}))

    assert all(torch.equal(before[name], tensor) for name, tensor in start.state_dict().items())


def test_nothing_is_written_among_the_pictures_to_learn_from(my_photos):
    before = sorted(my_photos.iterdir())

    with pytest.raises(ConfigError, match="holds the pictures to learn from; choose another output"):
        finetune(silent(), my_photos, my_photos)

    assert sorted(my_photos.iterdir()) == before


def test_that_nothing_can_judge_is_said_before_anything_is_learnt(my_photos, tmp_path, monkeypatch):
    def gone(*pictures):
        raise ConfigError("LPIPS needs SqueezeNet's weights")

    monkeypatch.setattr(scoring, "lpips", gone)
    playing = TrainConfig(steps=10, validate_every=10, adversarial=0.01, **{**QUICK, "checkpoint_every": 10})

    with pytest.raises(TrainingError, match="no picture held out has a lpips to judge by"):
        finetune(silent(), my_photos, tmp_path / "run", playing)

    assert not (tmp_path / "run").exists()


def test_without_a_configuration_the_gentle_settings_are_used(my_photos, tmp_path, monkeypatch):
    used = []

    def stop(*arguments, **named):
        used.append(arguments[3])
        raise TrainingError("seen")

    monkeypatch.setattr(finetuning, "train", stop)
    with pytest.raises(TrainingError, match="seen"):
        finetune(silent(), my_photos, tmp_path)

    settings = gentle(silent())
    assert settings["learning_rate"] < TrainConfig().learning_rate
    assert {name: getattr(used[0], name) for name in settings} == settings


def test_what_had_an_adversary_goes_on_with_its_losses_and_its_game():
    vivid = silent()
    vivid.card = {"training": {"config": {"adversarial": 0.01, "l1": 0.5, "game": "hinge", "crop": 32, "steps": 9000}}}

    settings = gentle(vivid)

    taught = {"adversarial": 0.01, "l1": 0.5, "game": "hinge", "crop": 32}
    assert settings == gentle(silent()) | taught


def test_the_weight_of_r1_is_taken_over_unless_it_was_of_the_mean_of_the_logits():
    vivid, of_the_mean = silent(), silent()
    vivid.card = {"training": {"config": {"adversarial": 0.01, "r1": 1e-3, "discriminator_clip": 10.0}}}
    of_the_mean.card = {"training": {"config": {"adversarial": 0.01, "r1": 5.0, "r1_every": 16}}}

    assert gentle(vivid)["r1"] == 1e-3
    assert gentle(of_the_mean) == gentle(silent()) | {"adversarial": 0.01, "r1_every": 16}


def test_settings_that_this_version_does_not_know_are_not_taken_over():
    vivid = silent()
    vivid.card = {"training": {"config": {"adversarial": 0.01, "of_another_version": 1}}}

    assert gentle(vivid) == gentle(silent()) | {"adversarial": 0.01}


def test_a_picture_that_cannot_be_read_is_left_out_and_another_one_judges(my_photos, tmp_path, caplog):
    _, held_out = split(sources(my_photos))
    (my_photos / held_out[0].name).write_bytes(b"no picture")
    config = TrainConfig(steps=10, validate_every=10, **{**QUICK, "checkpoint_every": 10})

    result = finetune(silent(), my_photos, tmp_path / "run", config)

    assert result.held_out
    assert held_out[0].name not in result.held_out
    assert f"left out: {held_out[0].name}: " in caplog.text


def test_where_no_picture_has_a_score_that_is_said(tmp_path, pixels):
    for name in "abcdef":  # blank pages, which any model restores exactly
        write(tmp_path / "mine" / f"{name}.png", Image(0 * pixels(40, 40)))
    config = TrainConfig(steps=10, validate_every=10, **{**QUICK, "checkpoint_every": 10, "learning_rate": 0.0})

    with pytest.raises(TrainingError, match="no picture held out has a psnr to judge by"):
        finetune(silent_and_exact(), tmp_path / "mine", tmp_path / "run", config)


def silent_and_exact():
    """A model that adds nothing at all, not even a bias."""
    model = silent()
    with torch.no_grad():
        model.generator.tail.bias.zero_()
    return model
