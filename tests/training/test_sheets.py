"""What a run draws can be looked at."""

import json
import sys

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.model import Model
from srgan.tasks.upscale import Upscale
from srgan.training.config import TrainConfig
from srgan.training.loop import train
from srgan.training.sheets import PANEL, board, write_curves, write_sheet


def test_a_sheet_shows_baseline_restored_and_clean_of_each_picture(tiny, photos, tmp_path):
    write_sheet(tiny, photos, tmp_path / "sheet.png")

    sheet = read(tmp_path / "sheet.png").rgb
    height, width = 64, 80
    clean = read(sorted(photos.glob("*.png"))[0]).rgb
    assert sheet.shape == (3 * height, 3 * width, 3)
    np.testing.assert_array_equal(sheet[:height, 2 * width :], clean)
    assert not np.array_equal(sheet[:height, :width], sheet[:height, width : 2 * width])


def test_a_sheet_of_what_is_made_of_noise_shows_fixed_latents(make_model, tmp_path):
    model = make_model("generate", "mlp")

    for name in ("first.png", "again.png"):
        write_sheet(model, None, tmp_path / name)
    sheet = read(tmp_path / "first.png").rgb

    assert sheet.shape == (8 * 4, 8 * 4, 3)
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "again.png").read_bytes()
    made = model(model.task.present(torch.zeros(1, 3, 8, 8))).clamp(0, 1)[0].detach().permute(1, 2, 0)
    assert abs(sheet - 255 * made.numpy()).max() <= 0.51


def test_without_examples_and_pictures_there_is_no_sheet(tiny, tmp_path):
    write_sheet(tiny, None, tmp_path / "sheet.png")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("dtype, white", [(np.uint16, 65_535), (np.float32, 1)])
def test_pictures_of_any_depth_are_as_bright_on_a_sheet_as_they_are(tiny, tmp_path, dtype, white):
    write(tmp_path / "in" / "a.tif", Image(np.full((32, 32, 3), 0.6 * white, dtype)))

    write_sheet(tiny, tmp_path / "in", tmp_path / "sheet.png")

    assert (read(tmp_path / "sheet.png").rgb[:, -32:] == round(0.6 * 255)).all()


def test_curves_have_a_panel_for_each_kind_of_measure(tmp_path):
    lines = [
        {"step": step, "l1": 1 / step, "shares": {"l1": 1.0}, "spectrum": 0.5, "colour_drift": None}
        | ({"validation": {"psnr": 30.0 + step}} if step == 2 else {})
        for step in (1, 2, 3)
    ]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    write_curves(tmp_path / "log.jsonl", tmp_path / "curves.png")

    curves = read(tmp_path / "curves.png").rgb
    assert curves.shape == (4 * PANEL[1], PANEL[0], 3)  # loss, PSNR, fine detail, colours
    assert (curves[: PANEL[1]] != 255).any()


def test_tensorboard_shows_what_the_log_holds_and_a_resumed_run_takes_its_place(photos, tmp_path):
    model = Model(Upscale(scale=2), {"name": "compact", "width": 8, "depth": 1})
    quick = {"batch": 2, "crop": 8, "precision": "fp32", "device": "cpu", "log_every": 2, "checkpoint_every": 2}
    config = TrainConfig(steps=4, validate_every=4, tensorboard=True, **quick)

    train(model, photos, tmp_path, config, validation=photos)

    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [(event.step, event.value) for event in events.Scalars("l1")] == [
        (line["step"], pytest.approx(line["l1"])) for line in lines
    ]
    assert events.Scalars("validation/psnr")[0].value == pytest.approx(lines[-1]["validation"]["psnr"])


def test_without_tensorboard_its_option_is_refused_with_what_to_install(photos, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)

    with pytest.raises(ConfigError) as caught, board(tmp_path, 0, wanted=True):
        pass

    assert str(caught.value) == "tensorboard=true: needs tensorboard; pip install 'srgan[tensorboard]'"
