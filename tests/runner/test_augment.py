"""A labelled set enlarged by what a model makes: which files there are, what is told of them, what is refused."""

import json
import os
import sys

import numpy as np
import pytest

from srgan.data.sources import classes_of, sources
from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.inference.noise import pictures
from srgan.runner import augment as module
from srgan.runner.augment import augment

ORIGIN = {"model": "pets.safetensors", "sha256": "0f"}


@pytest.fixture
def pets(tmp_path):
    """A folder of three real pictures of two classes."""
    for name, level in (("cat/a.png", 10), ("cat/b.jpg", 20), ("dog/a.png", 30)):
        write(tmp_path / "pets" / name, Image(np.full((4, 4, 3), level, np.uint8)))
    return tmp_path / "pets"


@pytest.fixture
def model(make_model):
    return make_model("generate", "mlp", classes="cat,dog", std=1.0)


def told(folder):
    return [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]


def every(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.*")}


def test_real_pictures_stay_as_they_are_and_made_ones_come_beside_them(model, pets, tmp_path):
    augment(model, pets, tmp_path / "out", count=3, seed=7, origin=ORIGIN, device="cpu")

    files, lines = every(tmp_path / "out"), told(tmp_path / "out")
    assert lines[:2] == [
        {"file": "cat/real-000000.png", "class": "cat", "synthetic": False, "source": "cat/a.png"},
        {"file": "cat/real-000001.jpg", "class": "cat", "synthetic": False, "source": "cat/b.jpg"},
    ]
    assert lines[3:5] == [
        {"file": "dog/seed-000007.png", "class": "dog", "synthetic": True, "seed": 7, **ORIGIN},
        {"file": "cat/seed-000008.png", "class": "cat", "synthetic": True, "seed": 8, **ORIGIN},
    ]
    assert files.keys() == {"manifest.jsonl", *(line["file"] for line in lines)} and len(lines) == 6
    assert all(files[line["file"]] == (pets / line["source"]).read_bytes() for line in lines[:3])
    (alone,) = pictures(model, range(8, 9), "cpu")
    write(tmp_path / "alone.png", alone)
    assert files["cat/seed-000008.png"] == (tmp_path / "alone.png").read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_real_picture_whose_name_is_not_utf8_is_told_of_in_json(model, pets, tmp_path):
    os.rename(pets / "cat" / "a.png", os.fsencode(pets) + b"/cat/\xffk\xc3\xa4tzchen.png")

    for _ in range(2):  # again, to continue
        augment(model, pets, tmp_path / "out", count=1, origin=ORIGIN, device="cpu")

    source = told(tmp_path / "out")[1]["source"]
    assert os.fsencode(source) == b"cat/\xffk\xc3\xa4tzchen.png"
    assert "kätzchen" in (tmp_path / "out" / "manifest.jsonl").read_text(encoding="utf-8")


def test_what_comes_out_is_a_labelled_set_to_train_on(model, pets, tmp_path):
    augment(model, pets, tmp_path / "out", count=4, origin=ORIGIN, device="cpu")

    found = sources(tmp_path / "out")

    assert classes_of(found) == ["cat", "dog"]
    assert [source.label for source in found].count("dog") == 3


def test_the_same_call_continues_what_was_interrupted(model, pets, tmp_path, monkeypatch):
    augment(model, pets, tmp_path / "whole", count=3, origin=ORIGIN, device="cpu")

    def killed(path, image):
        if path.name == "seed-000001.png":
            raise KeyboardInterrupt
        write(path, image)

    monkeypatch.setattr(module, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        augment(model, pets, tmp_path / "cut", count=3, origin=ORIGIN, device="cpu")
    monkeypatch.undo()
    assert len(every(tmp_path / "cut")) == 5
    augment(model, pets, tmp_path / "cut", count=3, origin=ORIGIN, device="cpu")

    assert every(tmp_path / "cut") == every(tmp_path / "whole")


def test_a_folder_that_holds_something_else_is_left_alone(model, pets, tmp_path):
    augment(model, pets, tmp_path / "out", count=3, origin=ORIGIN, device="cpu")
    before = every(tmp_path / "out")

    for folder, count in ((tmp_path / "out", 4), (pets, 3)):
        with pytest.raises(ConfigError, match="holds something else than this would make; choose an empty folder"):
            augment(model, pets, folder, count=count, origin=ORIGIN, device="cpu")

    assert every(tmp_path / "out") == before and len(every(pets)) == 3


@pytest.mark.parametrize(
    "classes, message",
    [
        ("", "the weights make pictures of no class in particular; train them with --condition label"),
        ("cat,owl", "the weights make the classes cat, owl, and there are cat, dog"),
    ],
)
def test_weights_of_other_classes_are_refused(make_model, pets, tmp_path, classes, message):
    with pytest.raises(ConfigError) as caught:
        augment(make_model("generate", "mlp", classes=classes), pets, tmp_path / "out", count=1, origin=ORIGIN)

    assert str(caught.value) == message
    assert not (tmp_path / "out").exists()
