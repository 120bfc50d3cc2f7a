"""How much room a run may take is said before anything is done."""

import numpy as np
import pytest
import skimage.data

from srgan.images.image import Image
from srgan.images.writer import encode, write
from srgan.runner import space
from srgan.runner.plan import plan


@pytest.fixture
def photo_folder(tmp_path):
    write(tmp_path / "in" / "a.png", PHOTO)
    return tmp_path


PHOTO = Image(np.ascontiguousarray(skimage.data.astronaut()[:200, :200]))


def test_what_is_needed_grows_with_the_pixels_and_leaves_out_what_is_there(tmp_path):
    for name in "ab":
        write(tmp_path / "in" / f"{name}.png", PHOTO)
    size = (tmp_path / "in" / "a.png").stat().st_size
    jobs = plan(tmp_path / "in", tmp_path / "out")

    assert space.needed(jobs, 16.0) == 2 * 16 * size
    write(tmp_path / "out" / "a.png", PHOTO)
    assert space.needed(jobs, 16.0) == 16 * size


def test_what_was_lossy_takes_more_room_as_png(tmp_path):
    """About as much more as a photograph does."""
    write(tmp_path / "in" / "a.jpg", PHOTO, quality=90)

    guess = space.needed(plan(tmp_path / "in", tmp_path / "out", format="png"), 1.0)

    assert guess / 2 < len(encode(PHOTO, "png")) < guess * 2


def test_a_run_that_may_fill_the_disk_says_so_and_a_dry_one_says_how_much_it_is(run, photo_folder, monkeypatch):
    size = (photo_folder / "in" / "a.png").stat().st_size
    monkeypatch.setattr(space, "free", lambda target: 10**6)
    dry = run("upscale", photo_folder / "in", photo_folder / "out", "-n")[2]
    assert f"the outputs may take {16 * size / 1e6:.1f} MB, and 1.0 MB are free" in dry
    assert "may take" not in run("denoise", photo_folder / "in", photo_folder / "a", "--strength", "0")[2]
    monkeypatch.setattr(space, "free", lambda target: 1000)
    full = run("denoise", photo_folder / "in", photo_folder / "b", "--strength", "0")[2]
    assert "the outputs may take " in full and ", and 1.0 kB are free" in full


def test_room_is_told_in_a_unit_in_which_it_is_something():
    assert space.said(2.5e9, 3 * 10**8) == "the outputs may take 2.5 GB, and 0.3 GB are free"
    assert space.said(4.2e4, 10**6) == "the outputs may take 42.0 kB, and 1.0 MB are free"


def test_where_the_output_will_be_is_looked_at_though_it_is_not_there_yet(tmp_path):
    assert space.free(tmp_path / "a" / "b") == space.free(tmp_path) > 0
