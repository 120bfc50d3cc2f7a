"""The shipped weights do what their own metadata say."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch

import srgan
from srgan.data.pictures import load_pictures
from srgan.evaluation.cost import multiply_adds
from srgan.evaluation.samples import sampled
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models import zoo
from srgan.models.blend import blend
from srgan.tasks.denoise import Denoise
from tests.precisions import needs_bf16

SMALL = Path(__file__).resolve().parents[2] / "shared" / "data" / "small"
BENCH = Path(__file__).resolve().parents[2] / "shared" / "data" / "bench"
needs_bench = pytest.mark.skipif(not BENCH.is_dir(), reason="the bench pictures are not here")
PHOTO = [name for name in zoo.names() if "-photo" in name]
UPSCALERS = [name for name in zoo.names() if name.startswith("upscale") and name not in PHOTO]
DENOISERS = [name for name in zoo.names() if name.startswith("denoise")]
MEASURED = {
    "upscale": ("Set5", "Set14"),
    "photo": [f"Kodak24, {kind}" for kind in ("clean", "web", "phone", "old")],
    "denoise": [
        *(f"Kodak24, noise {noise}" for noise in ("15", "25", "50", "camera", "raw")),
        *(f"Kodak24, JPEG {quality}" for quality in (10, 20, 30, 40)),
    ],
    "generate": ("MNIST, 1,000 held out",),
    "translate": ("Kodak24, night",),
    "inpaint": ("Kodak24, thin holes", "Kodak24, medium holes", "Kodak24, thick holes"),
}


def test_a_faithful_and_a_vivid_upscaler_of_each_scale_ship():
    names = {f"upscale-x{scale}{end}" for scale in (2, 3, 4) for end in ("", "-vivid")}
    assert names <= set(zoo.names())


@pytest.mark.parametrize("name", zoo.names())
def test_a_weights_file_says_how_it_was_made_and_how_it_scores(name):
    header = srgan.describe(name)
    assert header["training"]["step"] > 0
    assert header["training"]["config"]["steps"] == header["training"]["step"]
    assert header["scores"].keys() == set(MEASURED["photo" if name in PHOTO else header["task"]["name"]])
    assert header["licence"]


def test_faithful_and_vivid_weights_for_photographs_ship():
    assert {"upscale-x2-photo", "upscale-x4-photo", "upscale-x4-photo-vivid"} <= set(PHOTO)


@pytest.mark.parametrize(("scale", "kind"), [(4, "web"), (4, "phone"), (4, "old"), (2, "web")])
def test_photographs_are_enlarged_better_than_by_bicubic_and_by_weights_for_clean_pictures(scale, kind, photographs):
    photo, clean = (srgan.load(f"upscale-x{scale}{name}").asked(source=kind) for name in ("-photo", ""))

    ours = srgan.evaluate(photo, photographs, metrics=("psnr",))
    theirs = srgan.evaluate(clean, photographs, metrics=("psnr",), baselines=False)

    assert ours["mean"]["psnr"] > ours["baseline"]["bicubic"]["psnr"] + 0.3
    assert ours["mean"]["psnr"] > theirs["mean"]["psnr"] + 0.3


@needs_bench
@pytest.mark.slow
@pytest.mark.parametrize("name", PHOTO)
def test_the_scores_on_photographs_are_what_is_measured(name):
    model = srgan.load(name).asked(source="web")

    measured = srgan.evaluate(model, BENCH / "Kodak24", metrics=("psnr",), baselines=False)["mean"]

    assert measured["psnr"] == pytest.approx(srgan.describe(name)["scores"]["Kodak24, web"]["psnr"], abs=0.02)


def test_a_faithful_and_a_vivid_denoiser_ship():
    assert {"denoise", "denoise-vivid"} <= set(DENOISERS)


@pytest.mark.parametrize("noise", ["15", "50", "camera"])
@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_beats_non_local_means(name, noise, photographs):
    model = srgan.load(name)
    model.task = dataclasses.replace(model.task, noise=noise)

    scores = srgan.evaluate(model, photographs, metrics=("psnr",))

    assert scores["mean"]["psnr"] > scores["baseline"]["nlm"]["psnr"] + 1


@needs_bench
@pytest.mark.slow
@pytest.mark.parametrize("name", DENOISERS)
def test_the_scores_of_a_denoiser_are_what_is_measured(name):
    measured = srgan.evaluate(srgan.load(name), BENCH / "Kodak24", metrics=("psnr",), baselines=False)["mean"]

    assert measured["psnr"] == pytest.approx(srgan.describe(name)["scores"]["Kodak24, noise 25"]["psnr"], abs=0.02)


@needs_bench
@pytest.mark.slow
def test_what_is_clean_is_left_at_45_decibels():
    """But for one photograph, whose moss is as fine as what JPEG leaves."""
    model = srgan.load("denoise")
    model.task = dataclasses.replace(model.task, noise="0")

    scores = srgan.evaluate(model, BENCH.parent / "val", metrics=("psnr",), baselines=False)

    psnr = sorted(picture["psnr"] for picture in scores["pictures"])
    assert psnr[0] > 42.5
    assert psnr[1] > 45


@pytest.mark.parametrize("quality", [10, 20, 30, 40])
@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_takes_away_what_jpeg_did(name, quality):
    scores = srgan.describe(name)["scores"][f"Kodak24, JPEG {quality}"]

    assert scores["psnr"] > scores["noisy"]["psnr"] + (0.9 if name == "denoise" else 0.8)
    assert name == "denoise" or scores["lpips"] < scores["noisy"]["lpips"]


@pytest.fixture
def noisy():
    """A photograph with Gaussian noise of level 20."""
    clean = torch.from_numpy(skimage.data.astronaut()[:128, 180:308].astype("float32") / 255).permute(2, 0, 1)[None]
    return Denoise(noise="20").observe(clean, 0)[:, :3]


def _taken(name, noisy, strength):
    """The level of what a denoiser takes away."""
    model = srgan.load(name)
    model.task = Denoise(strength=strength)
    return (srgan.restore(model, noisy) - noisy).std().item() * 255


@pytest.mark.parametrize("name", DENOISERS)
def test_a_denoiser_finds_out_how_much_noise_there_is(name, noisy):
    assert _taken(name, noisy, "auto") == pytest.approx(20, rel=0.1)


@pytest.mark.parametrize("name", DENOISERS)
def test_a_strength_is_obeyed(name, noisy):
    """Below the noise so much is taken away, above it more than there is."""
    weak, half, right, strong = (_taken(name, noisy, strength) for strength in ("9", "18", "36", "100"))

    assert weak == pytest.approx(5, rel=0.25)
    assert half == pytest.approx(10, rel=0.25)
    assert right == pytest.approx(20, rel=0.1)
    assert strong > right + 0.5


def test_an_inpainter_ships():
    assert "inpaint" in zoo.names()


def test_an_inpainter_is_not_below_opencv_on_thin_holes(photographs):
    model = srgan.load("inpaint")
    model.task = dataclasses.replace(model.task, holes="thin")

    scores = srgan.evaluate(model, photographs, metrics=("psnr",))

    assert scores["mean"]["psnr"] >= max(baseline["psnr"] for baseline in scores["baseline"].values())


@needs_bench
@pytest.mark.slow
def test_the_scores_of_the_inpainter_are_what_is_measured():
    model = srgan.load("inpaint")
    model.task = dataclasses.replace(model.task, holes="thin")

    measured = srgan.evaluate(model, BENCH / "Kodak24", metrics=("psnr",), baselines=False)["mean"]

    assert measured["psnr"] == pytest.approx(
        srgan.describe("inpaint")["scores"]["Kodak24, thin holes"]["psnr"], abs=0.02
    )


def test_the_default_upscaler_needs_at_most_450_000_multiply_adds_for_an_input_pixel():
    assert multiply_adds(srgan.load("upscale-x4")) <= 450_000


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """A folder of two faces, a cat's and a woman's."""
    folder = tmp_path_factory.mktemp("photographs")
    write(folder / "chelsea.png", Image(skimage.data.chelsea()[40:232, 120:312].copy()))
    write(folder / "astronaut.png", Image(skimage.data.astronaut()[:192, 128:320].copy()))
    return folder


@pytest.mark.parametrize("name", [name for name in UPSCALERS if not name.endswith("-vivid")])
def test_a_faithful_upscaler_beats_bicubic_by_half_a_decibel(name, photographs):
    scores = srgan.evaluate(srgan.load(name), photographs, metrics=("psnr",))
    assert scores["mean"]["psnr"] > scores["baseline"]["bicubic"]["psnr"] + 0.5


@pytest.mark.parametrize("name", [name for name in UPSCALERS if name.endswith("-vivid")])
def test_a_vivid_upscaler_has_more_of_the_fine_detail_than_the_faithful_one_and_its_colours(name, photographs):
    vivid, faithful = (
        srgan.evaluate(srgan.load(which), photographs, metrics=("spectrum", "colour_drift"), baselines=False)["mean"]
        for which in (name, name.removesuffix("-vivid"))
    )
    assert abs(vivid["spectrum"] - 1) < abs(faithful["spectrum"] - 1)
    assert vivid["colour_drift"] < 1


@pytest.mark.parametrize("scale", (2, 4))
def test_the_ends_of_the_dial_are_the_two_files(scale):
    faithful, vivid = (srgan.load(f"upscale-x{scale}{flavour}") for flavour in ("", "-vivid"))
    assert blend(faithful, vivid, 0.0).digest() == faithful.digest()
    assert blend(faithful, vivid, 1.0).digest() == vivid.digest()


@needs_bench
@pytest.mark.parametrize("name", UPSCALERS)
def test_the_scores_in_the_metadata_are_what_is_measured(name):
    measured = srgan.evaluate(srgan.load(name), BENCH / "Set5", metrics=("psnr", "ssim"), baselines=False)["mean"]
    recorded = srgan.describe(name)["scores"]["Set5"]
    assert measured["psnr"] == pytest.approx(recorded["psnr"], abs=0.02)
    assert measured["ssim"] == pytest.approx(recorded["ssim"], abs=0.001)


@needs_bench
@needs_bf16
def test_bf16_loses_less_than_two_hundredths_of_a_decibel():
    model = srgan.load("upscale-x4")
    psnr = {
        precision: srgan.evaluate(
            model, BENCH / "Set5", metrics=("psnr",), baselines=False, device="cpu", precision=precision
        )["mean"]["psnr"]
        for precision in ("bf16", "fp32")
    }
    assert psnr["bf16"] == pytest.approx(psnr["fp32"], abs=0.02)


def test_digits_that_are_made_are_of_the_class_asked_for_by_their_own_metadata():
    told = srgan.describe("digits-dcgan")["scores"]["MNIST, 1,000 held out"]

    assert told["classifier"] >= 0.975 and told["rarest"] >= 0.04
    assert told["sure"] >= 0.8 and told["as_asked"] >= 0.95


@pytest.mark.skipif(not SMALL.is_dir(), reason="MNIST is not here")
def test_digits_that_are_made_are_nearest_to_the_mean_of_the_class_asked_for():
    real = load_pictures(SMALL / "t10k-images-idx3-ubyte.gz")
    levels = torch.stack(real.pictures).float() / 255
    means = torch.stack([levels[[label == name for label in real.labels]].mean(dim=0) for name in "0123456789"])

    made = sampled(srgan.load("digits-dcgan"), 200, "cpu")

    named = torch.cdist(made.flatten(1), means.flatten(1)).argmin(dim=1)
    assert (named == torch.arange(200) % 10).float().mean() > 0.7  # of real digits 82 % are


def test_by_night_it_is_dark_and_blue_and_what_was_small_and_bright_is_a_lamp():
    day = np.full((128, 128, 3), (120, 130, 110), np.uint8)
    day[60:66, 60:66] = 255

    night = srgan.restore(srgan.load("day-to-night"), day).astype(float)

    red, _, blue = night[:30, :30].mean(axis=(0, 1))
    assert red < blue < 100
    lamp = night[61:65, 61:65].mean(axis=(0, 1))
    assert lamp[0] > 200 and lamp[0] > lamp[2] + 30
    assert night[56:70, 56:70].mean() > night[:30, :30].mean() + 40  # it glows


def test_a_night_is_nearer_to_the_one_that_is_made_up_than_the_day_is():
    scores = srgan.describe("day-to-night")["scores"]["Kodak24, night"]
    assert scores["psnr"] > scores["identity"]["psnr"] + 10
    assert scores["lpips"] < scores["identity"]["lpips"] / 2
