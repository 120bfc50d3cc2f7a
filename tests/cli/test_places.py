"""Where outputs go: beside a picture, into a folder of its own, or where several inputs go together."""

import ntpath
import os

import pytest

from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.file import save

CPU = ("-d", "cpu", "--precision", "fp32")


@pytest.fixture
def here(tmp_path, pixels, monkeypatch):
    """A folder to stand in: two pictures, a folder of one more, something else, and weights that enlarge twice."""
    for seed, name in enumerate(("a.png", "b.png", "c/d.png", "c/sub/e.png")):
        write(tmp_path / name, Image(pixels(8, 8, seed=seed)))
    (tmp_path / "notes.txt").write_text("no picture")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def upscale(run, here, tiny):
    save(tiny, here / "tiny.safetensors")
    return lambda *words: run("upscale", *words, "-m", here / "tiny.safetensors", *CPU)


def made(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def test_a_picture_goes_beside_itself(upscale, here):
    before = (here / "a.png").read_bytes()

    assert upscale("a.png")[0] == 0

    assert read("a-x2.png").width == 16
    assert (here / "a.png").read_bytes() == before


def test_a_picture_goes_over_nothing_unless_told_to(upscale, here):
    (here / "a-x2.png").write_bytes(b"mine")

    code, _, said = upscale("a.png")

    assert (code, (here / "a-x2.png").read_bytes()) == (2, b"mine")
    assert said.startswith("error: a-x2.png: is there already: if it is an input, too, ")
    assert upscale("a.png", "--existing", "skip")[0] == 0
    assert (here / "a-x2.png").read_bytes() == b"mine"
    assert upscale("a.png", "--existing", "overwrite")[0] == 0
    assert read("a-x2.png").width == 16


@pytest.mark.parametrize(
    "words, outputs",
    [
        (("upscale", "a.png", "-s", 3), ["a-x3.png"]),
        (("upscale", "a.png", "-s", 1.5, "-f", "jpg"), ["a-x1.5.jpg"]),
        (("upscale", "a.png", "--max-side", 9), ["a-9.png"]),
        (("upscale", "c"), ["c-x4/d.png", "c-x4/sub/e.png"]),
        (("upscale", "c/"), ["c-x4/d.png", "c-x4/sub/e.png"]),
        (("denoise", "a.png"), ["a-clean.png"]),
        (("denoise", "c"), ["c-clean/d.png", "c-clean/sub/e.png"]),
        (("inpaint", "c/d.png", "--box", "0,0,2,2"), ["c/d-filled.png"]),
        (("upscale", "a.png", "--in-place"), ["a.png"]),
        (
            ("upscale", "a.png", "b.png", "c", "-o", "out"),
            [f"out/{n}" for n in ("a.png", "b.png", "c/d.png", "c/sub/e.png")],
        ),
        (("upscale", "./a.png", "c/d.png", "-o", "out"), ["out/a.png", "out/c/d.png"]),
        (("upscale", "c/d.png", "c/sub/e.png", "-o", "out"), ["out/d.png", "out/sub/e.png"]),
        (("upscale", "a.png", "notes.txt", "a.png", "-o", "out"), ["out/a.png"]),
        (("upscale", "a.png", "out/b.png"), ["out/b.png"]),
        (("upscale", "c", "-o", "out"), ["out/d.png", "out/sub/e.png"]),
    ],
)
def test_outputs_go_where_people_mean(run, here, words, outputs):
    code, stdout, said = run(*words, "-n")

    assert code == 0, said
    assert [line.split(" -> ")[1].removeprefix(f"{here}/") for line in stdout.splitlines()] == outputs


def test_the_folder_one_stands_in_goes_beside_it(run, here, monkeypatch):
    monkeypatch.chdir(here / "c")

    assert run("upscale", ".", "-n")[1].splitlines()[0].endswith(f" -> {here}/c-x4/d.png")


@pytest.mark.parametrize(
    "words, message",
    [
        (
            ("a.png", "b.png"),
            "b.png: is there already: if it is an input, too, ",
        ),
        (("a.png", "b.png", "c"), "several inputs: say where their outputs go with -o FOLDER"),
        (("a.png", "nowhere.png", "-o", "out"), "nowhere.png: no such file or folder"),
        (("a.png", "b.png", "--in-place", "-o", "out"), "--in-place takes one file or folder"),
        (("-", "out.png"), "-: pictures go from path to path, not through pipes"),
        (("a.png", "-"), "-: pictures go from path to path, not through pipes"),
        (("a.png", "out.xyz"), "out.xyz: no picture has the suffix '.xyz': choose one of .png, .jpg, .webp, "),
    ],
)
def test_what_can_mean_two_things_is_refused(run, here, words, message):
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*")}

    code, _, said = run("upscale", *words)

    assert code == 2
    assert said.startswith(f"error: {message}")
    assert {path: path.stat().st_mtime_ns for path in here.rglob("*")} == before


def test_several_inputs_are_one_run_that_continues(upscale, here):
    words = ("a.png", here / "c", "-o", "out")

    assert "ok 3 skipped 0 failed 0" in upscale(*words)[2]
    assert "ok 0 skipped 3 failed 0" in upscale(*words)[2]
    assert made(here / "out") == ["a.png", "c/d.png", "c/sub/e.png"]


def test_what_a_shell_makes_of_a_star_leaves_the_output_of_the_last_time_alone(upscale, here):
    words = sorted(path.name for path in here.iterdir())
    upscale(*words, "-o", "out")

    _, _, said = upscale(*words, "out", "-o", "out")

    assert "ok 0 skipped 4 failed 0" in said
    assert made(here / "out") == ["a.png", "b.png", "c/d.png", "c/sub/e.png"]


def test_where_nothing_can_be_written_nothing_is_begun(run, here, monkeypatch):
    (here / "file").write_bytes(b"")
    code, _, said = run("upscale", "c", "file/out")
    assert (code, said) == (5, "error: file/out: cannot be written: file is a file, no folder\n")

    (here / "drive").symlink_to("not mounted")
    code, _, said = run("upscale", "c", "drive/out")
    assert (code, said) == (5, "error: drive/out: cannot be written: drive is a link to nothing\n")

    monkeypatch.setattr("os.access", lambda path, mode: mode == os.R_OK)
    code, _, said = run("upscale", "c", "out")

    assert code == 5
    assert said.startswith("error: out: cannot be written: no permission to write into ")


def test_a_drive_that_is_not_there_is_told_of(run, here, monkeypatch):
    """Of Windows; everywhere else there is a root."""
    lexists = os.path.lexists
    monkeypatch.setattr("os.path.lexists", lambda path: str(path) not in ("/", "/out") and lexists(path))

    assert run("upscale", "c", "/out")[::2] == (5, "error: /out: cannot be written: / is not there\n")


def test_inputs_on_several_drives_are_refused(run, here, monkeypatch):
    monkeypatch.setattr("os.path.commonpath", lambda paths: ntpath.commonpath(["C:/a", "D:/b"]))

    code, _, said = run("upscale", "c/d.png", "notes.txt", "-o", "out")

    assert (code, said) == (2, "error: several inputs on several drives: one drive at a time\n")
