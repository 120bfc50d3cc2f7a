"""`inpaint`: what a mask covers is filled, and every other pixel stays as it was, whatever the depth and the format."""

import json

import numpy as np
import pytest

from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.file import save

CPU = ("--device", "cpu", "--precision", "fp32")


@pytest.fixture
def inpainter(make_model, tmp_path):
    """A weights file of a tiny inpainter."""
    model = make_model("inpaint", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})
    save(model, tmp_path / "inpainter.safetensors")
    return tmp_path / "inpainter.safetensors"


@pytest.fixture
def folder(tmp_path, pixels):
    """Pictures of each lossless kind."""
    write(tmp_path / "in" / "eight.png", Image(pixels(40, 50)))
    write(tmp_path / "in" / "sixteen.png", Image(pixels(40, 50, seed=1, dtype=np.uint16)))
    write(tmp_path / "in" / "sub" / "tiff.tif", Image(pixels(40, 50, seed=2, dtype=np.uint16), format="tiff"))
    grey = pixels(40, 50, 1, seed=3).repeat(3, axis=2)
    write(tmp_path / "in" / "grey.png", Image(grey, grey=True))
    return tmp_path / "in"


@pytest.fixture
def mask(tmp_path):
    """A mask with one hole."""
    white = np.zeros((40, 50, 3), np.uint8)
    white[10:20, 15:30] = 255
    write(tmp_path / "mask.png", Image(white))
    return tmp_path / "mask.png"


def hole(grown=0):
    inside = np.zeros((40, 50), bool)
    inside[10 - grown : 20 + grown, 15 - grown : 30 + grown] = True
    return inside


@pytest.mark.parametrize("name", ["eight.png", "sixteen.png", "sub/tiff.tif", "grey.png"])
def test_what_the_mask_does_not_cover_stays_bit_for_bit(run, folder, inpainter, mask, tmp_path, name):
    assert run("inpaint", folder, tmp_path / "out", "--mask", mask, "-m", inpainter, *CPU)[0] == 0

    before, after = (read(root / name) for root in (folder, tmp_path / "out"))
    assert after.rgb.dtype == before.rgb.dtype
    np.testing.assert_array_equal(after.rgb[~hole()], before.rgb[~hole()])
    assert (after.rgb[hole()] != before.rgb[hole()]).any(axis=1).mean() > 0.9
    assert after.grey == before.grey


def test_beyond_what_is_grown_and_feathered_all_stays(run, folder, inpainter, mask, tmp_path):
    words = ("--mask", mask, "--grow", 3, "--feather", 4, "-m", inpainter)
    assert run("inpaint", folder, tmp_path / "out", *words, *CPU)[0] == 0

    before, after = (read(root / "sixteen.png").rgb for root in (folder, tmp_path / "out"))
    changed = (before != after).any(axis=2)
    assert not changed[~hole(grown=7)].any()
    assert changed[hole(grown=3)[:, :] & ~hole()].mean() > 0.5


def test_what_is_transparent_is_filled_and_opaque_then(run, inpainter, tmp_path, pixels):
    alpha = np.where(hole(), 0, 200).astype(np.uint8)
    write(tmp_path / "in" / "a.png", Image(pixels(40, 50), alpha))

    assert run("inpaint", tmp_path / "in", tmp_path / "out", "--mask", "alpha", "-m", inpainter, *CPU)[0] == 0

    filled = read(tmp_path / "out" / "a.png")
    np.testing.assert_array_equal(filled.alpha, np.where(hole(), 255, 200))
    np.testing.assert_array_equal(filled.rgb[~hole()], pixels(40, 50)[~hole()])


def test_boxes_are_filled(run, folder, inpainter, tmp_path):
    words = ("--box", "15,10,15,10", "--box", "0,0,5,6")
    assert run("inpaint", folder, tmp_path / "out", *words, "-m", inpainter, *CPU)[0] == 0

    inside = hole()
    inside[:6, :5] = True
    before, after = (read(root / "eight.png").rgb for root in (folder, tmp_path / "out"))
    np.testing.assert_array_equal(after[~inside], before[~inside])
    assert (after[inside] != before[inside]).any(axis=1).mean() > 0.9


def test_texture_reaches_the_task(run, folder, inpainter, tmp_path):
    words = ("--box", "8,6,36,30", "-m", inpainter, *CPU)
    for texture in ("0", "1"):
        assert run("inpaint", folder, tmp_path / texture, "--texture", texture, *words)[0] == 0

    generated, own = (read(tmp_path / texture / "eight.png").rgb for texture in ("0", "1"))
    assert (generated != own).any()


def test_a_picture_without_its_mask_fails_with_a_reason_and_the_others_are_done(run, folder, inpainter, mask, tmp_path):
    (tmp_path / "masks").mkdir()
    mask.rename(tmp_path / "masks" / "eight.png")
    write(tmp_path / "masks" / "grey.png", Image(np.zeros((9, 9, 3), np.uint8)))

    code, _, stderr = run("inpaint", folder, tmp_path / "out", "--mask", tmp_path / "masks", "-m", inpainter, *CPU)

    assert code == 1
    assert f"failed: sixteen.png: {tmp_path / 'masks'} holds no mask of that name" in stderr
    assert f"failed: grey.png: is 50x40 px, but its mask {tmp_path / 'masks' / 'grey.png'} 9x9" in stderr
    assert (tmp_path / "out" / "eight.png").is_file()
    assert not (tmp_path / "out" / "grey.png").exists()


def test_another_mask_is_another_task_and_the_same_one_is_finished(run, folder, inpainter, mask, tmp_path):
    words = ("inpaint", folder, tmp_path / "out", "--mask", mask, "-m", inpainter, *CPU)
    run(*words)
    same = run(*words)[2]
    white = np.zeros((40, 50, 3), np.uint8)
    white[0:9, 0:9] = 255
    write(mask, Image(white))

    other = run(*words)[2]

    assert "ok 0 skipped 4" in same
    assert "ok 4 skipped 0" in other


@pytest.mark.parametrize(
    "words, message",
    [
        ((), "error: nothing says what to fill: give --mask FILE, --mask FOLDER, --mask alpha or --box\n"),
        (("--box", "1,2,3"), "error: --box 1,2,3: write X,Y,W,H, whole numbers of pixels\n"),
        (("--mask", "nowhere.png"), "error: nowhere.png: there is no such mask or folder of masks\n"),
    ],
)
def test_a_mask_that_makes_no_sense_leaves_with_2(run, folder, inpainter, tmp_path, words, message):
    code, _, stderr = run("inpaint", folder, tmp_path / "out", "-m", inpainter, *words)

    assert (code, stderr) == (2, message)


def test_eval_scores_the_holes_alone_too_beside_what_opencv_makes_of_them(run, inpainter, tmp_path, pixels):
    write(tmp_path / "in" / "a.png", Image(pixels(64, 64)))

    code, stdout, _ = run(
        "eval", inpainter, "--data", tmp_path / "in", "--holes", "thick", "--metrics", "psnr", "--json", *CPU
    )

    said = json.loads(stdout)
    assert code == 0
    assert said["protocol"]["masks"] == "thick"
    assert said["mean_hole"]["psnr"] < said["mean"]["psnr"]
    assert said["baseline"].keys() == said["baseline_hole"].keys() == {"telea", "navier_stokes"}


def test_eval_shows_the_psnr_of_holes_without_json_too(run, inpainter, tmp_path, pixels):
    write(tmp_path / "in" / "a.png", Image(pixels(64, 64)))
    words = ("eval", inpainter, "--data", tmp_path / "in", "--metrics", "psnr", *CPU)

    said = json.loads(run(*words, "--json")[1])
    _, heads, *rows = run(*words)[1].splitlines()

    assert heads.split(maxsplit=1) == ["psnr", "psnr of hole"]
    shown = {row.split()[0]: float(row.split()[-1]) for row in rows}
    wanted = {"a.png": said["pictures"][0]["hole"], "mean": said["mean_hole"], **said["baseline_hole"]}
    assert shown == {name: pytest.approx(hole["psnr"], abs=1e-4) for name, hole in wanted.items()}


def test_there_is_no_dial_for_holes(run, tmp_path):
    code, _, said = run("inpaint", tmp_path, tmp_path / "out", "--mask", "alpha", "--realism", "1")

    assert code == 2
    assert "No such option" in said and "--realism" in said
