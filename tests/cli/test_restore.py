"""`srgan restore`: fill, clean and enlarge in one go, each where it is asked for or needed."""

import json

import numpy as np
import pytest

from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.bysource import source_of
from tests.cli.test_cli import CPU
from tests.inference.test_bysource import page, reduced, web

UNET = {"width": 8, "depth": 1, "levels": 2, "fold": 1}


@pytest.fixture
def shelf(make_model, put_on_shelf, tmp_path):
    """A package that ships a denoiser, an inpainter, and x4 for clean pictures and for photographs."""
    models = {
        "denoise": make_model("denoise", "unet", options=UNET),
        "inpaint": make_model("inpaint", "unet", seed=1, options=UNET),
        "upscale-x4": make_model(scale=4, seed=2),
        "upscale-x4-photo": make_model(scale=4, seed=3),
    }
    put_on_shelf(models)
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "clean.png", Image(reduced()))
    write(tmp_path / "in" / "web.png", Image(web()))
    return tmp_path


def made_by(run, shelf, *words):
    code, stdout, said = run("restore", shelf / "in", shelf / "out", "--json", *words, *CPU)
    assert code == 0, said
    return {one["name"]: one["notes"] for one in map(json.loads, stdout.splitlines())}


def sides(shelf):
    return {read(path).rgb.shape[:2] for path in (shelf / "out").glob("*.png")}


def test_what_shows_noise_or_jpeg_is_cleaned_and_nothing_else(run, shelf):
    notes = made_by(run, shelf)

    assert notes["clean.png"] == ["clean: neither blocks nor noise"]
    assert notes["web.png"][0] == "photo: JPEG quality about 55" and notes["web.png"][1].startswith("noise of level")
    np.testing.assert_array_equal(read(shelf / "out" / "clean.png").rgb, reduced())
    assert (read(shelf / "out" / "web.png").rgb != web()).any()


def test_a_screenshot_without_noise_is_left_as_it_is(run, shelf):
    drawn = np.array(page(1))
    write(shelf / "in" / "screen.png", Image(drawn))

    notes = made_by(run, shelf)

    assert source_of(drawn).name == "photo"  # to whom enlarges it
    assert notes["screen.png"] == ["clean: neither blocks nor noise"]
    np.testing.assert_array_equal(read(shelf / "out" / "screen.png").rgb, drawn)


def test_a_strength_that_is_asked_for_is_taken_from_every_picture(run, shelf):
    assert made_by(run, shelf, "--strength", 30) == {"clean.png": [], "web.png": []}
    assert all(
        (read(shelf / "out" / name).rgb != was).any() for name, was in (("clean.png", reduced()), ("web.png", web()))
    )


def test_what_is_enlarged_is_filled_first_and_cleaned_by_the_network_that_enlarges(run, shelf):
    notes = made_by(run, shelf, "-s", 4, "--box", "10,10,20,10")

    assert notes["clean.png"] == ["clean: neither blocks nor noise", "fills 1.2 % of the picture"]
    assert notes["web.png"] == ["photo: JPEG quality about 55", "fills 1.2 % of the picture"]
    assert sides(shelf) == {(512, 512)}


def test_the_same_command_continues_and_a_dry_one_knows_it(run, shelf):
    made_by(run, shelf, "--box", "10,10,20,10", "-s", 3.5)

    again = run("restore", shelf / "in", shelf / "out", "--box", "10,10,20,10", "-s", 3.5, *CPU)[2]
    dry = run("restore", shelf / "in", shelf / "out", "--box", "10,10,20,10", "-s", 3.5, "-n", *CPU)[2]

    assert "ok 0 skipped 2 failed 0" in again
    assert "skipped 2" in dry
    assert sides(shelf) == {(448, 448)}


def test_texture_reaches_what_fills(run, shelf):
    filled = {}
    for texture in (0, 1):
        made_by(run, shelf, "--box", "10,10,40,40", "--strength", 0, "--texture", texture, "--existing", "overwrite")
        filled[texture] = read(shelf / "out" / "clean.png").rgb

    assert (filled[0] != filled[1]).any()


def test_one_weights_file_is_refused(run, shelf):
    code, _, said = run("restore", shelf / "in", shelf / "out", "-m", "denoise")

    assert (code, said) == (2, "error: restore takes several weights, which ship: leave out --model\n")
