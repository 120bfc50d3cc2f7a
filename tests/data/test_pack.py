"""Packed sets hold the crops with the most detail, whole shards or none, and are learnt from as folders are."""

import tarfile

import numpy as np
import pytest

from srgan.data import pack as module
from srgan.data.pack import pack
from srgan.data.pictures import load_pictures
from srgan.data.sources import Source, sources
from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.images.writer import write


@pytest.fixture
def pictures(tmp_path, pixels):
    for number in range(7):
        write(tmp_path / "in" / ("a" if number % 2 else "b") / f"{number}.png", Image(pixels(40, 50, seed=number)))
    (tmp_path / "in" / "broken.png").write_bytes(b"\x89PNG")
    return tmp_path / "in"


def members(folder):
    """What the shards hold."""
    found = {}
    for path in sorted(folder.glob("*.tar")):
        with tarfile.open(path) as tar:
            found |= {member.name: tar.extractfile(member).read() for member in tar.getmembers()}
    return found


def test_every_picture_is_in_one_shard_and_what_is_unreadable_is_told(pictures, tmp_path):
    told = list(pack(pictures, tmp_path / "out", side=20, crops=2, per_shard=3))

    assert [(number, count) for number, count, _ in told] == [(0, 3), (1, 3), (2, 3)]
    (said,) = (said for _, _, unreadable in told for said in unreadable)
    assert said.startswith("broken.png: ")
    assert len(members(tmp_path / "out")) == 14
    assert {source.label for source in sources(tmp_path / "out")} == {"a", "b"}
    assert {tuple(picture.shape) for picture in load_pictures(tmp_path / "out").pictures} == {(3, 20, 20)}


def packed(folder, data):
    """The names in the shards of a set, and the class of each picture."""
    list(pack(data, folder, side=20, crops=1))
    return {source.name.partition(":")[2]: source.label for source in sources(folder)}


def test_the_classes_of_a_labelled_set_are_kept(tmp_path, pixels):
    made = {"name": "set.gz:00000", "clean_bytes": bytes, "read": lambda data, name: Image(pixels(8, 8))}
    every = [Source(**made, label="7"), Source(**made | {"name": "set.gz:00001"}, label="3")]

    assert packed(tmp_path, every) == {"7/set.gz-00000-0.png": "7", "3/set.gz-00001-0.png": "3"}


@pytest.mark.parametrize(
    "name, label, kept",
    [
        ("cats/IMG 12:45.png", "cats", "cats/IMG 12-45-0.png"),
        ("IMG 12:45.png", "", "IMG 12-45-0.png"),
        ("12:45/cat.png", "12:45", "12-45/12:45/cat-0.png"),
        ("shard.tar:a/cats/1.png", "cats", "shard.tar-a/cats/1-0.png"),
        ("shard.tar:cats/1.png", "cats", "shard.tar-cats/cats/1-0.png"),
        ("shard.tar:1.png", "", "shard.tar-1-0.png"),
    ],
)
def test_a_colon_in_a_name_makes_no_class(tmp_path, pixels, name, label, kept):
    source = Source(name, bytes, label=label, read=lambda data, name: Image(pixels(8, 8)))

    assert packed(tmp_path, [source]) == {kept: label}


def test_pictures_whose_names_differ_in_what_is_not_kept_have_names_of_their_own(tmp_path, pixels):
    for number, name in enumerate(("a.png", "a.jpg", "b-c.png", "b:c.png")):
        write(tmp_path / "in" / name, Image(pixels(8, 8, seed=number)))

    assert set(packed(tmp_path / "out", tmp_path / "in")) == {"a-0.png", "a-2-0.png", "b-c-0.png", "b-c-2-0.png"}


def test_the_squares_with_the_most_detail_are_kept_and_small_pictures_whole(tmp_path, pixels):
    picture = np.full((40, 60, 3), 90, np.uint8)
    picture[20:40, 40:60] = pixels(20, 20)
    write(tmp_path / "in" / "large.png", Image(picture))
    write(tmp_path / "in" / "small.png", Image(pixels(12, 50)))

    list(pack(tmp_path / "in", tmp_path / "out", side=20, crops=1))

    held = {source.name: source.pair(1)[0].rgb for source in sources(tmp_path / "out")}
    assert np.array_equal(held["pictures-00000.tar:large-0.png"], pixels(20, 20))
    assert held["pictures-00000.tar:small-0.png"].shape == (12, 50, 3)


def test_a_run_that_was_interrupted_is_continued_and_ends_as_any(pictures, tmp_path, monkeypatch):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    list(pack(pictures, whole, side=20, per_shard=3))
    next(pack(pictures, cut, side=20, per_shard=3))
    assert [path.name for path in cut.glob("*.tar")] == ["pictures-00000.tar"]
    first = (cut / "pictures-00000.tar").stat().st_mtime_ns

    list(pack(pictures, cut, side=20, per_shard=3))

    assert (cut / "pictures-00000.tar").stat().st_mtime_ns == first
    assert members(cut) == members(whole)
    with pytest.raises(ConfigError, match="holds another packed set"):
        next(pack(pictures, cut, side=24, per_shard=3))


def test_a_shard_is_whole_or_not_there(pictures, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(module, "_crops", fail)
    with pytest.raises(RuntimeError):
        next(pack(pictures, tmp_path / "out", side=20))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["pack.json"]


def test_a_folder_that_holds_something_else_is_left_alone(pictures, tmp_path):
    with pytest.raises(ConfigError, match="holds something else"):
        next(pack(pictures, pictures))
