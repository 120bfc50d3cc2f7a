"""`upscale --source`: each picture is looked at, unless the user says what it comes from."""

import json

import pytest

from srgan.cli.upscale import PHOTO_REALISM
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from tests.cli.test_cli import CPU
from tests.inference.test_bysource import reduced, web


@pytest.fixture
def shelf(make_model, put_on_shelf, tmp_path):
    """A package that ships clean x2 and x4, and x4 for photographs."""
    names = {"upscale-x2": 2, "upscale-x4": 4, "upscale-x4-photo": 4}
    put_on_shelf({name: make_model(scale=scale, seed=n) for n, (name, scale) in enumerate(names.items())})
    (tmp_path / "in").mkdir()
    write(tmp_path / "in" / "clean.png", Image(reduced()))
    write(tmp_path / "in" / "web.png", Image(web()))
    return tmp_path


def made_by(run, shelf, *flags):
    out = shelf / "-".join(map(str, ("out", *flags)))
    code, stdout, said = run("upscale", shelf / "in", out, *flags, "--json", *CPU)
    assert code == 0, said
    notes = {one["name"]: one["notes"] for one in map(json.loads, stdout.splitlines())}
    return notes, {path.name: read(path).rgb for path in out.glob("*.png")}


def same(first, second):
    return first.shape == second.shape and bool((first == second).all())


@pytest.mark.parametrize("scale", [4, 2])
def test_the_command_looks_at_each_picture_unless_told(run, shelf, scale):
    notes, auto = made_by(run, shelf, "-s", scale)
    none, clean = made_by(run, shelf, "-s", scale, "--source", "clean")
    _, photo = made_by(run, shelf, "-s", scale, "--source", "photo")
    _, before = made_by(run, shelf, "-m", f"upscale-x{scale}")

    assert notes == {"clean.png": ["clean: neither blocks nor noise"], "web.png": ["photo: JPEG quality about 55"]}
    assert none == {"clean.png": [], "web.png": []}
    assert same(auto["clean.png"], clean["clean.png"]) and same(auto["web.png"], photo["web.png"])
    assert all(same(clean[name], before[name]) and not same(clean[name], photo[name]) for name in clean)


def test_photographs_lie_on_the_dial_where_they_look_finished_unless_told(run, shelf, make_model, put_on_shelf):
    put_on_shelf({"upscale-x4-photo-vivid": make_model(scale=4, seed=7)})

    notes, finished = made_by(run, shelf)
    told, half = made_by(run, shelf, "--source", "photo", "--realism", PHOTO_REALISM)
    plain, faithful = made_by(run, shelf, "--realism", 0)

    assert notes["web.png"] == [f"photo: JPEG quality about 55; realism {PHOTO_REALISM:g}"]
    assert told["web.png"] == [] and plain["web.png"] == ["photo: JPEG quality about 55"]
    assert same(finished["web.png"], half["web.png"]) and not same(finished["web.png"], faithful["web.png"])
    assert same(finished["clean.png"], faithful["clean.png"])


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--source", "photo", "--realism", "1"), "--source photo needs weights that do not ship at this --realism"),
        (("--source", "photo", "-m", "upscale-x4"), "--source chooses among shipped weights: leave out --model"),
        (("--source", "photo", "--consistent"), "--consistent holds to what --source photo takes away: leave out one"),
    ],
)
def test_flags_that_do_not_go_together_are_refused(run, shelf, flags, said):
    code, _, stderr = run("upscale", shelf / "in", shelf / "out", *flags)

    assert code == 2
    assert said in stderr
