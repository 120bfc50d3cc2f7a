"""Scores of a model on a folder, beside the baseline."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from skimage.metrics import peak_signal_noise_ratio

from srgan.errors import ImageError, NoPicturesError
from srgan.evaluation.scoring import evaluate
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.tasks.inpaint import Inpaint


def scores(model, folder, metrics=("psnr",)):
    return evaluate(model, folder, metrics=metrics, device="cpu", precision="fp32")


@pytest.fixture
def silent(tiny):
    """A model that adds nothing to bicubic."""
    with torch.no_grad():
        for parameter in tiny.parameters():
            parameter.zero_()
    return tiny


def test_a_model_that_adds_nothing_scores_as_the_baseline_does(silent, photos):
    result = scores(silent, photos, ("psnr", "ssim"))

    assert result["mean"] == pytest.approx(result["baseline"]["bicubic"], abs=1e-3)


def test_the_score_of_a_grey_picture_is_that_of_its_own_values(silent, pixels, tmp_path):
    clean = pixels(24, 28, 1)[..., 0]
    Pillow.fromarray(clean).save(tmp_path / "a.png")
    x = torch.from_numpy(clean)[None, None].expand(1, 3, -1, -1) / 255
    restored = silent(silent.task.degrade(x, torch.Generator()))[0, 0].detach().clamp(0, 1).mul(255).round().numpy()

    (one,) = scores(silent, tmp_path)["pictures"]

    expected = peak_signal_noise_ratio(clean[2:-2, 2:-2], restored[2:-2, 2:-2].astype(np.uint8))
    assert one["psnr"] == pytest.approx(expected, abs=0.01)


def test_an_rgb_picture_without_colours_is_scored_by_its_luma_as_the_literature_does(silent, pixels, tmp_path):
    grey = pixels(24, 28, 1)
    write(tmp_path / "grey.png", Image(grey.repeat(3, axis=2), grey=True))
    write(tmp_path / "rgb.png", Image(grey.repeat(3, axis=2)))

    by_value, by_luma = (one["psnr"] for one in scores(silent, tmp_path)["pictures"])

    # Luma spans 219 of the 255 levels (Set14's man.png is such a picture).
    assert by_luma - by_value == pytest.approx(20 * math.log10(255 / 219), abs=1e-6)


def test_pictures_are_cropped_to_a_multiple_of_the_scale(tiny, pixels, tmp_path):
    write(tmp_path / "a.png", Image(pixels(23, 29)))
    odd = scores(tiny, tmp_path)["mean"]
    write(tmp_path / "a.png", Image(np.ascontiguousarray(pixels(23, 29)[:22, :28])))

    assert scores(tiny, tmp_path)["mean"] == odd


def test_a_folder_without_pictures_is_refused(tiny, tmp_path):
    with pytest.raises(NoPicturesError) as caught:
        scores(tiny, tmp_path)
    assert str(caught.value) == f"{tmp_path}: holds no pictures and no tar shards"


def test_a_picture_that_cannot_be_read_stops_the_scoring(tiny, tmp_path):
    (tmp_path / "a.png").write_bytes(b"not a picture")

    with pytest.raises(ImageError, match=r"a\.png: not a picture"):
        scores(tiny, tmp_path)


@pytest.fixture
def guessing(make_model):
    """A model that fills holes with their first guess."""
    model = make_model("inpaint", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    return model


def test_a_hole_that_is_filled_exactly_has_no_number_and_a_warning_and_is_json(guessing, tmp_path, caplog):
    write(tmp_path / "a.png", Image(np.full((64, 64, 3), 128, np.uint8)))

    said = scores(guessing, tmp_path)

    assert said["mean_hole"] == {"psnr": None} and said["pictures"][0]["hole"] == {"psnr": None}
    assert "no psnr of the hole: it is filled exactly" in caplog.messages
    json.dumps(said, allow_nan=False)


def test_a_picture_without_a_hole_has_no_number_for_it(guessing, tmp_path, pixels, caplog, monkeypatch):
    write(tmp_path / "a.png", Image(pixels(64, 64)))
    monkeypatch.setattr(Inpaint, "observe", lambda self, clean, number: self.present(clean))

    said = evaluate(guessing, tmp_path, metrics=("psnr",), device="cpu")

    assert said["mean_hole"] == {"psnr": None}
    assert "no psnr of the hole: there is none" in caplog.messages
    json.dumps(said, allow_nan=False)


def test_the_score_of_a_hole_is_that_of_its_pixels_alone(guessing, tmp_path, pixels):
    clean = pixels(64, 64)
    write(tmp_path / "a.png", Image(clean))
    x = torch.from_numpy(clean).permute(2, 0, 1)[None] / 255
    observed = guessing.task.observe(x, 0)
    hole = (observed[0, 3] > 0).numpy()
    filled = observed[0, :3].clamp(0, 1).mul(255).round().permute(1, 2, 0).numpy().astype(np.uint8)

    (one,) = scores(guessing, tmp_path)["pictures"]

    assert one["hole"]["psnr"] == pytest.approx(peak_signal_noise_ratio(clean[hole], filled[hole]), abs=0.05)
