"""A dry run finds what the run would: it makes every check but for the pixels."""

import errno
import json
import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.file import save


@pytest.fixture
def folder(tmp_path, pixels):
    for seed, name in enumerate(("a.png", "b.png")):
        write(tmp_path / "in" / name, Image(pixels(10, 20, seed=seed)))
    return tmp_path / "in"


@pytest.mark.parametrize(
    "words, code, message",
    [
        (("upscale", "-m", "nope"), 4, "nope: neither a file nor a name of shipped weights "),
        (("upscale", "-m", "upscale-x4", "--realism", 1), 2, "--realism blends shipped weights: leave out --model"),
        (("upscale", "-m", "denoise"), 2, "denoise is for the task denoise, not for upscale"),
        (("upscale", "-m", "upscale-x2", "-s", 4), 2, "upscale-x2 enlarges 2 times, not 4: leave out --scale"),
        (("upscale", "-d", "nowhere"), 2, "device 'nowhere' is not usable here "),
        (("upscale", "--engine", "openvino", "--precision", "fp16"), 2, ""),
        (("upscale", "--frames", "all", "-f", "jpeg"), 2, "--frames all: jpeg holds one picture; choose png, webp"),
        (("inpaint", "--mask", "nowhere.png"), 2, "nowhere.png: there is no such mask or folder of masks"),
    ],
)
def test_what_the_run_refuses_a_dry_run_refuses(run, folder, tmp_path, words, code, message):
    command, *flags = words

    real = run(command, folder, tmp_path / "out", *flags)
    dry = run(command, folder, tmp_path / "out", *flags, "-n")

    assert dry[0] == real[0] == code
    assert dry[2].splitlines()[-1] == real[2].splitlines()[-1]
    assert dry[2].startswith(f"error: {message}")
    assert not (tmp_path / "out").exists()


def test_damaged_weights_are_refused(run, folder, tmp_path, tiny):
    save(tiny, tmp_path / "cut.safetensors")
    with (tmp_path / "cut.safetensors").open("r+b") as file:
        file.truncate(100)

    assert run("upscale", folder, tmp_path / "out", "-m", tmp_path / "cut.safetensors", "-n")[0] == 4


def test_a_picture_that_would_fail_is_named(run, folder, tmp_path):
    (folder / "c.png").write_bytes(b"not a picture")
    (folder / "d.png").write_bytes(b"")

    code, stdout, said = run("upscale", folder, tmp_path / "out", "-n", "--max-pixels", 200)

    assert code == 1
    assert len(stdout.splitlines()) == 2
    assert f"unsupported: {folder}/c.png: not a picture (" in said
    assert f"failed: {folder}/d.png: empty file\n" in said
    assert "to do 2 skipped 0 failed 2\n" in said
    assert (
        "20 x 10 pixels are more than the limit"
        in run("upscale", folder, tmp_path / "out", "-n", "--max-pixels", 199)[2]
    )


def test_colours_of_a_kind_that_is_not_read_are_told_by_the_header(run, folder, tmp_path):
    tifffile.imwrite(folder / "lab.tif", np.zeros((10, 20, 3), np.uint8), photometric="cielab")

    dry = run("upscale", folder, tmp_path / "out", "-n")

    assert dry[0] == 1
    assert f"unsupported: {folder}/lab.tif: 8-bit TIFF of the kind CIELAB; convert it to RGB\n" in dry[2]


def test_an_output_that_no_disk_holds_is_refused(run, folder, tmp_path):
    code, _, said = run("upscale", folder / "a.png", tmp_path / "a.png", "-s", 100_000, "-n")

    assert code == 1
    assert f"{folder}/a.png: would be made of 3436 gigapixels, more than 100" in said


def test_json_is_one_object_a_picture(run, folder, tmp_path):
    (folder / "c.png").write_bytes(b"not a picture")

    code, stdout, _ = run("upscale", folder, tmp_path / "out", "-n", "--json", "-s", 2)

    said = [json.loads(line) for line in stdout.splitlines()]
    assert code == 1
    assert [(one["name"], one["status"], one["pixels"]) for one in said] == [
        *(("a.png", "planned", 800), ("b.png", "planned", 800), ("c.png", "unsupported", 0))
    ]
    assert set(said[0]) == {"name", "target", "status", "reason", "pixels", "seconds", "notes"}


@pytest.mark.parametrize("words, growth", [(("-s", 2), 4), (("--max-side", 60), 9), (("-s", 1.5), 2.25)])
def test_the_room_is_told_whatever_the_size_asked_for(run, folder, tmp_path, monkeypatch, words, growth):
    told = []
    monkeypatch.setattr("srgan.runner.space.said", lambda needed, free: told.append(needed) or "")

    run("upscale", folder, tmp_path / "out", "-n", *words)

    assert told == [pytest.approx(growth * sum(path.stat().st_size for path in folder.iterdir()))]


def test_what_is_there_is_skipped_or_fails_as_the_flags_say(run, folder, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").write_bytes(b"mine")

    for existing, code, statuses in (
        ("skip", 0, ["skipped", "planned"]),
        ("error", 1, ["failed", "planned"]),
        ("overwrite", 0, ["planned", "planned"]),
    ):
        left, stdout, _ = run("upscale", folder, tmp_path / "out", "-n", "--json", "--existing", existing)
        assert (left, [json.loads(line)["status"] for line in stdout.splitlines()]) == (code, statuses)


def test_what_is_finished_is_not_planned_until_something_else_is_asked_for(run, folder, tmp_path, tiny):
    save(tiny, tmp_path / "tiny.safetensors")
    words = ("upscale", folder, tmp_path / "out", "-m", tmp_path / "tiny.safetensors")
    run(*words)
    write(folder / "c.png", Image(np.zeros((4, 4, 3), np.uint8)))

    def planned(*flags):
        return [json.loads(line)["status"] for line in run(*words, "-n", "--json", *flags)[1].splitlines()]

    assert planned() == ["skipped", "skipped", "planned"]
    assert planned("-q", 50) == planned("--existing", "overwrite") == ["planned"] * 3
    assert run(*words, "-n")[1] == f"{folder}/c.png -> {tmp_path}/out/c.png\n"
    assert "to do 1 skipped 2 failed 0\n" in run(*words, "-n")[2]
    write(folder / "a.png", Image(np.ones((5, 5, 3), np.uint8)))
    assert planned() == ["planned", "skipped", "planned"]
    (tmp_path / "out" / "b.png").unlink()
    assert planned() == ["planned"] * 3


def test_an_output_of_other_settings_that_would_be_replaced_is_named(run, folder, tmp_path, tiny):
    save(tiny, tmp_path / "tiny.safetensors")
    words = ("upscale", folder, tmp_path / "out", "-m", tmp_path / "tiny.safetensors", "-d", "cpu")
    first = run(*words, "-n")[1]
    run(*words)

    again = run(*words, "--tile", "16", "-n")[1]

    assert again.splitlines() == [f"{line} (replaces it)" for line in first.splitlines()]


def test_what_the_run_would_refuse_is_refused(run, folder, tmp_path, tiny):
    """A picture that was replaced already, and one over which the program was killed twice."""
    save(tiny, tmp_path / "tiny.safetensors")
    words = ("upscale", folder, "--in-place", "-m", tmp_path / "tiny.safetensors", "-d", "cpu", "--precision", "fp32")
    run(*words)
    (folder / "c.png").write_bytes((folder / "a.png").read_bytes())
    with (folder / ".srgan" / "journal.jsonl").open("a") as journal:
        journal.writelines(json.dumps({"name": "c.png", "died": "a run"}) + "\n" for _ in range(2))

    for flags in (("-n",), ()):
        code, _, said = run(*words, "-s", "1.5", *flags)

        assert code == 1
        assert said.count("was replaced already, by a command with other settings") == 2
        assert said.count("c.png: the program was killed over it twice") == 1


def test_what_is_not_ours_is_told(run, folder, tmp_path):
    write(tmp_path / "out" / "b.png", read(folder / "a.png"))

    code, stdout, said = run("upscale", folder, tmp_path / "out", "-n")
    assert (code, len(stdout.splitlines())) == (1, 1)
    assert f"failed: {tmp_path}/out/b.png: is there already, and no run has made it: move it away, " in said
    code, _, said = run("upscale", folder / "a.png", tmp_path / "out" / "b.png", "-n")
    assert (code, said.split(": is")[0]) == (2, f"error: {tmp_path}/out/b.png")
    assert (read(tmp_path / "out" / "b.png").rgb == read(folder / "a.png").rgb).all()


@pytest.mark.parametrize("target", ["out.jpg", "out.bmp"])
def test_an_animation_is_refused_before_it_is_made_where_the_output_holds_one_picture(run, tmp_path, tiny, target):
    save(tiny, tmp_path / "tiny.safetensors")
    frames = [Pillow.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    words = ("upscale", tmp_path / "a.gif", tmp_path / target, "-m", tmp_path / "tiny.safetensors", "--frames", "all")

    for flags in ((), ("-n",)):
        code, _, said = run(*words, *flags)

        assert code == 1
        assert f"failed: {tmp_path}/a.gif: " in said and " holds one picture, not 2; choose png, webp or tiff" in said
        assert not (tmp_path / target).exists()


def test_a_single_picture_among_frames_may_become_a_jpeg(run, tmp_path, pixels):
    write(tmp_path / "a.png", Image(pixels(8, 8)))

    assert run("upscale", tmp_path / "a.png", tmp_path / "out.jpg", "--frames", "all", "-n")[0] == 0


def test_a_folder_that_cannot_be_read_is_named_and_leaves_with_1(run, folder, tmp_path, tiny, monkeypatch):
    save(tiny, tmp_path / "tiny.safetensors")
    (folder / "sub").mkdir()
    scan = os.scandir

    def refusing(path):
        if Path(path) == folder / "sub":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    for flags in (["-n"], [], []):
        code, _, said = run("upscale", folder, tmp_path / "out", "-m", tmp_path / "tiny.safetensors", *flags)
        assert code == 1
        assert f"failed: {folder}/sub: cannot be read: Permission denied\n" in said
    assert "skipped 2 failed 1" in said
