"""Scores of a model on a folder, beside the baseline."""

import math

import numpy as np
import pytest
import torch
from PIL import Image as Pillow
from skimage.metrics import peak_signal_noise_ratio

from srgan.errors import ImageError, NoPicturesError
from srgan.evaluation import evaluate
from srgan.images import Image, write


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
