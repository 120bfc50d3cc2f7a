"""`srgan generate`: files by seed, sheets, and what is refused."""

import json

import numpy as np
import pytest

from srgan.evaluation.classifier import Classifier
from srgan.evaluation.classifier import save as save_classifier
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.file import save


@pytest.fixture
def animals(make_model, tmp_path):
    """Weights that make tiny grey pictures of three classes."""
    save(make_model("generate", "dcgan", classes="cat,dog,owl", grey=True, std=1.0), tmp_path / "animals.safetensors")
    return tmp_path / "animals.safetensors"


def written(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_pictures_are_files_named_by_their_seeds_and_the_same_seed_gives_the_same_picture(run, animals, tmp_path):
    code, stdout, _ = run("generate", tmp_path / "many", "-m", animals, "--count", 70, "--seed", 5, "-d", "cpu")
    run("generate", tmp_path / "one", "-m", animals, "--count", 1, "--seed", 73, "-d", "cpu")

    many, one = written(tmp_path / "many"), written(tmp_path / "one")
    assert (code, stdout) == (0, f"{tmp_path}/many\n")
    assert sorted(many) == [f"{seed:06d}.png" for seed in range(5, 75)]
    assert one == {"000073.png": many["000073.png"]}
    assert len(set(many.values())) == 70
    picture = read(tmp_path / "one" / "000073.png")
    assert picture.rgb.shape == (4, 4, 3) and picture.grey


def test_a_grid_is_of_the_pictures_from_the_seed_on(run, animals, tmp_path):
    run("generate", tmp_path / "out", "-m", animals, "--count", 6, "--seed", 9, "--grid", "2x3", "-d", "cpu")

    grid = read(tmp_path / "out" / "grid.png").rgb
    assert grid.shape == (8, 12, 3)
    for number in range(6):
        row, column = divmod(number, 3)
        alone = read(tmp_path / "out" / f"{9 + number:06d}.png").rgb
        np.testing.assert_array_equal(grid[4 * row : 4 * row + 4, 4 * column : 4 * column + 4], alone)


def test_without_a_count_there_are_16_or_the_grid_alone(run, animals, tmp_path):
    run("generate", tmp_path / "files", "-m", animals, "-d", "cpu")
    run("generate", tmp_path / "grid", "-m", animals, "--grid", "1x2", "-d", "cpu")

    assert len(written(tmp_path / "files")) == 16
    assert list(written(tmp_path / "grid")) == ["grid.png"]


def test_a_class_and_a_truncation_change_the_picture_of_a_seed(run, animals, tmp_path):
    def picture(*words):
        run("generate", tmp_path / "out", "-m", animals, "--count", 1, "--seed", 3, "-d", "cpu", *words)
        return (tmp_path / "out" / "000003.png").read_bytes()

    assert picture() == picture("--class", "cat")  # the turn of seeds 0, 3, 6, ...
    assert len({picture(), picture("--class", "owl"), picture("--truncation", 0.5)}) == 3


@pytest.mark.parametrize(
    "words, code, message",
    [
        (("--class", "cow"), 2, "error: no class 'cow': choose one of cat, dog, owl\n"),
        (("--truncation", "-1"), 2, "error: truncation=-1.0: must not be negative\n"),
        (("--grid", "8"), 2, "'8': write rows and columns, as 8x8"),
    ],
)
def test_what_makes_no_sense_is_refused(run, animals, tmp_path, words, code, message):
    left, _, stderr = run("generate", tmp_path / "out", "-m", animals, "-d", "cpu", *words)

    assert left == code and message in stderr
    assert not (tmp_path / "out").exists()


def test_weights_that_need_a_picture_are_refused(run, make_model, tmp_path):
    save(make_model("denoise"), tmp_path / "denoise.safetensors")

    code, _, stderr = run("generate", tmp_path / "out", "-m", tmp_path / "denoise.safetensors")

    assert code == 2
    assert stderr.endswith("is for the task denoise, which makes pictures of pictures, not of noise\n")


def test_eval_lets_a_classifier_judge_and_says_no_psnr(run, animals, make_model, tmp_path):
    grey = [Image(np.full((4, 4, 3), level, np.uint8)) for level in (10, 120, 240)]
    for label, image in zip(("cat", "dog", "owl"), grey, strict=True):
        write(tmp_path / "in" / label / "one.png", image)
    save_classifier(Classifier(("cat", "dog", "owl"), 4), tmp_path / "judge.safetensors", {})
    words = ("--data", tmp_path / "in", "--classifier", tmp_path / "judge.safetensors")
    save(make_model("denoise"), tmp_path / "denoise.safetensors")

    code, stdout, _ = run("eval", animals, *words, "--json", "-d", "cpu")
    _, shown, _ = run("eval", animals, *words, "-d", "cpu")

    told = json.loads(stdout)
    assert code == 0
    assert sum(told["shares"].values()) == pytest.approx(1) and told["count"] == 1000
    assert set(told) == {"model", "sha256", "task", "count", "shares", "sure", "as_asked", "distance"}
    assert f"of the class that was asked for: {told['as_asked']:.1%}" in shown
    assert "judges what is made of noise" in run("eval", tmp_path / "denoise.safetensors", *words)[2]
    assert "srgan eval --classifier judges them" in run("eval", animals, "--data", tmp_path / "in")[2]
