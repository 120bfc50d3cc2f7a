"""`srgan generate`: files by seed, sheets, and what is refused."""

import json

import numpy as np
import pytest

from srgan.evaluation import samples
from srgan.evaluation.classifier import Classifier
from srgan.evaluation.classifier import save as save_classifier
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import encode, write
from srgan.models import zoo
from srgan.models.file import load, save


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


@pytest.mark.parametrize("name", ["000001.png", "grid.png"])
def test_what_was_not_generated_is_left_alone(run, animals, tmp_path, name):
    words = ("generate", tmp_path / "out", "-m", animals, "--count", 2, "--grid", "1x2", "-d", "cpu")
    assert run(*words)[0] == run(*words)[0] == 0
    path = tmp_path / "out" / name
    for data in (encode(Image(np.zeros((8, 8, 3), np.uint8)), "png"), b"notes"):
        path.write_bytes(data)
        before = written(path.parent)

        code, _, said = run(*words, "--class", "owl")

        assert (code, said) == (2, f"error: {path}: is there already, and was not generated: choose another folder\n")
        assert written(path.parent) == before


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
        (("--amount", "3"), 2, "'3': write both ends, as -3..3"),
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


BOTH = {"model", "sha256", "task", "count", "real", "features", "distance", "distance_of_real", "precision", "recall"}


def test_eval_lets_a_classifier_judge_and_says_no_psnr(run, animals, make_model, tmp_path):
    grey = [Image(np.full((4, 4, 3), level, np.uint8)) for level in (10, 120, 240, 250)]
    for label, image in zip(("cat", "dog", "owl", "owl"), grey, strict=True):
        write(tmp_path / "in" / label / f"{image.rgb[0, 0, 0]}.png", image)
    save_classifier(Classifier(("cat", "dog", "owl"), 4), tmp_path / "judge.safetensors", {})
    words = ("--data", tmp_path / "in", "--classifier", tmp_path / "judge.safetensors")
    save(make_model("denoise"), tmp_path / "denoise.safetensors")

    code, stdout, _ = run("eval", animals, *words, "--json", "-d", "cpu")
    _, shown, _ = run("eval", animals, *words, "-d", "cpu")

    told = json.loads(stdout)
    assert code == 0
    assert sum(told["shares"].values()) == pytest.approx(1) and told["count"] == 1000
    assert set(told) == BOTH | {"nearest", "shares", "sure", "as_asked"}
    assert f"of the class that was asked for: {told['as_asked']:.1%}" in shown
    assert "judges what is made of noise" in run("eval", tmp_path / "denoise.safetensors", *words)[2]


def test_eval_without_a_classifier_tells_by_whose_features(run, animals, tmp_path, monkeypatch):
    def judge(model, classifier, data, **where):
        numbers = {"distance": 12.345, "distance_of_real": 2, "precision": 0.5, "recall": 0.25, "nearest": 1.5}
        return {
            "count": 1000,
            "real": 4,
            "features": "SqueezeNet 1.1",
            "diversity": 0.25,
            "diversity_of_real": 0.5,
        } | numbers

    monkeypatch.setattr(samples, "judge", judge)

    assert run("eval", animals, "--data", tmp_path)[1].splitlines() == [
        f"{animals}: 1,000 samples beside 4 real pictures",
        "by the features of SqueezeNet 1.1: distance 12.35 (between halves of the real ones 2.00), precision 50.0%, "
        "recall 25.0%",
        "1.50 times as far from the nearest real picture as those are from each other",
        "LPIPS of two samples 0.250, of two real ones 0.500",
    ]
    code, _, stderr = run("eval", animals, "--data", tmp_path, "--metrics", "psnr")
    assert code == 2
    assert "--metrics: what is made of noise is compared as a set, and no picture of it is scored" in stderr


def test_the_way_between_two_seeds_begins_and_ends_with_their_pictures(run, animals, tmp_path):
    words = ("--count", 7, "--class", "dog", "-d", "cpu")
    run("generate", tmp_path / "out", "-m", animals, "--interpolate", 2, 6, "--steps", 5, *words)

    strip = read(tmp_path / "out" / "interpolate.png").rgb.astype(int)
    ends = [read(tmp_path / "out" / f"{seed:06d}.png").rgb for seed in (2, 6)]
    assert strip.shape == (4, 20, 3)
    assert abs(strip[:, :4] - ends[0]).max() <= 1 and abs(strip[:, 16:] - ends[1]).max() <= 1
    assert len({strip[:, place : place + 4].tobytes() for place in range(0, 20, 4)}) == 5


def test_directions_change_the_picture_of_the_seed_and_leave_it_in_their_middle(run, animals, tmp_path):
    words = ("--count", 1, "--seed", 4, "--class", "cat", "-d", "cpu")
    run("generate", tmp_path / "out", "-m", animals, "--directions", 3, "--amount", "-30..30", "--steps", 5, *words)

    strip = read(tmp_path / "out" / "directions.png").rgb.astype(int)
    itself = read(tmp_path / "out" / "000004.png").rgb
    assert strip.shape == (12, 20, 3)
    for row in range(0, 12, 4):
        assert abs(strip[row : row + 4, 8:12] - itself).max() <= 1
        assert abs(strip[row : row + 4, :4] - itself).max() > 1


def test_a_picture_that_was_made_is_found_again_and_told(run, animals, tmp_path):
    run("generate", tmp_path / "made", "-m", animals, "--count", 1, "--class", "owl", "-d", "cpu")
    words = ("--project", tmp_path / "made" / "000000.png", "--class", "owl", "-d", "cpu")

    code, _, stderr = run("generate", tmp_path / "out", "-m", animals, *words)

    pair = read(tmp_path / "out" / "project.png").rgb.astype(int)
    assert code == 0 and " levels from the nearest picture that is made" in stderr
    assert list(written(tmp_path / "out")) == ["project.png"]
    np.testing.assert_array_equal(pair[:, :4], read(tmp_path / "made" / "000000.png").rgb)
    assert abs(pair[:, :4] - pair[:, 4:]).mean() < 4


def test_a_picture_of_another_size_cannot_be_projected(run, animals, photos, tmp_path):
    code, _, stderr = run("generate", tmp_path / "out", "-m", animals, "--project", photos / "chelsea.png", "-d", "cpu")

    assert code == 2
    assert stderr.endswith("chelsea.png: is 80x64 px, and the pictures here 4x4\n")


def test_augment_tells_of_which_weights_and_how_each_picture_was_made(run, animals, tmp_path):
    pixels, labels = np.arange(5 * 16, dtype=np.uint8), np.array([0, 1, 1, 2, 0], np.uint8)
    for name, values, sides in (("images-idx3", pixels, (5, 4, 4)), ("labels-idx1", labels, (5,))):
        head = bytes([0, 0, 8, len(sides)]) + np.array(sides, ">u4").tobytes()
        (tmp_path / f"t10k-{name}-ubyte").write_bytes(head + values.tobytes())
    numbered = tmp_path / "numbers.safetensors"
    save(load(animals).asked(classes="0,1,2"), numbered)

    words = ("-m", numbered, "--count", 2, "--seed", 4, "--truncation", 0.5, "-d", "cpu")
    code, stdout, _ = run("augment", tmp_path / "t10k-images-idx3-ubyte", tmp_path / "out", *words)

    lines = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert (code, stdout) == (0, f"{tmp_path}/out\n")
    assert lines[3]["file"] == "2/real-000003.png" and read(tmp_path / "out" / lines[3]["file"]).rgb[0, 1, 0] == 49
    assert lines[5] == {
        **{"file": "1/seed-000004.png", "class": "1", "synthetic": True, "seed": 4},
        **{"model": "numbers.safetensors", "sha256": zoo.sha256(numbered), "truncation": 0.5},
    }
