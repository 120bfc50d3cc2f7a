"""Labelled sets are read as their makers publish them, and nothing in them runs."""

import gzip
import os
import pickle
import struct

import numpy as np
import pytest

from srgan.data import labelled as module
from srgan.data.labelled import labelled
from srgan.data.pictures import load_pictures
from srgan.data.sources import classes_of, sources
from srgan.errors import ConfigError, TrainingError
from srgan.images.image import Image
from srgan.images.writer import write


def idx(values):
    return struct.pack(f">4B{values.ndim}I", 0, 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


DIGITS = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


@pytest.fixture
def mnist(tmp_path):
    """A folder with three pictures of 5 x 4 pixels as MNIST publishes them."""
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(DIGITS)))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx(np.array([7, 0, 7]))))
    return tmp_path


@pytest.mark.parametrize("given", ["", "train-images-idx3-ubyte.gz"])
def test_idx_files_are_read_from_their_folder_or_by_name(mnist, given):
    held = load_pictures(mnist / given)

    assert held.labels == ("7", "0", "7")
    assert [tuple(picture.shape) for picture in held.pictures] == [(3, 4, 5)] * 3
    for picture, digit in zip(held.pictures, DIGITS, strict=True):
        assert all((channel.numpy() == digit).all() for channel in picture)


def test_files_that_are_unpacked_beside_their_archives_are_read_once(mnist):
    (mnist / "train-images-idx3-ubyte").write_bytes(idx(DIGITS))
    (mnist / "train-labels-idx1-ubyte").write_bytes(idx(np.array([7, 0, 7])))

    assert len(sources(mnist)) == 3


def cifar(rng, count=2):
    labels, planes = rng.integers(10, size=count), rng.integers(256, size=(count, 3, 32, 32), dtype=np.uint8)
    return labels.tolist(), planes


def test_batches_of_cifar_are_read_binary_and_pickled(tmp_path):
    labels, planes = cifar(np.random.default_rng(0))
    rows = planes.reshape(2, -1)
    binary, pickled = tmp_path / "data_batch_1.bin", tmp_path / "data_batch_1"
    binary.write_bytes(b"".join(bytes([label]) + row.tobytes() for label, row in zip(labels, rows, strict=True)))
    pickled.write_bytes(pickle.dumps({b"data": rows, b"labels": labels}, protocol=2))

    for file in (binary, pickled):
        held = labelled(file)
        assert [one.label for one in held] == [module._CIFAR[label] for label in labels]
        assert all((one.levels.transpose(2, 0, 1) == them).all() for one, them in zip(held, planes, strict=True))


@pytest.mark.parametrize("name", ["test_batch_1.png", "data_batch.JPG"])
def test_a_photograph_called_as_a_batch_of_cifar_is_a_photograph(tmp_path, name):
    write(tmp_path / name, Image(np.zeros((4, 4, 3), np.uint8)))

    assert [source.name for source in sources(tmp_path)] == [name]


def test_a_pickle_that_would_run_something_is_refused(tmp_path):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    (tmp_path / "data_batch_1").write_bytes(pickle.dumps({b"data": Bomb()}))

    with pytest.raises(TrainingError, match=r"no batch of CIFAR-10 \(it names \w+\.mkdir, which no array needs\)"):
        sources(tmp_path)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name, content, message",
    [
        ("train-images-idx3-ubyte.gz", b"torn", "damaged"),
        ("train-images-idx3-ubyte.gz", gzip.compress(idx(DIGITS)[:-1], mtime=0), "damaged"),
        (
            "train-images-idx3-ubyte.gz",
            gzip.compress(b"\0\0\x0d" + idx(DIGITS)[3:], mtime=0),
            "no IDX file of unsigned bytes in 3",
        ),
        (
            "train-labels-idx1-ubyte.gz",
            gzip.compress(idx(np.array([1])), mtime=0),
            "holds 3 pictures, and there are 1 labels",
        ),
        ("train-labels-idx1-ubyte.gz", None, "its labels are missing, which should be in train-labels-idx1-ubyte.gz"),
        ("data_batch_1.bin", b"short", "5 bytes are no multiple of 3073"),
        ("data_batch_1.bin", b"\x0b" + bytes(3072), "holds labels beyond 9"),
        ("data_batch_1", b"no pickle", "no batch of CIFAR-10"),
    ],
)
def test_what_is_damaged_or_missing_is_named(mnist, name, content, message):
    (mnist / name).unlink() if content is None else (mnist / name).write_bytes(content)

    with pytest.raises(TrainingError, match=message):
        sources(mnist)


def test_the_sub_folder_of_a_picture_is_its_class(tmp_path):
    for name in ("10/a.png", "9/b.png", "9/c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write(tmp_path / name, Image(np.zeros((4, 4, 3), np.uint8)))

    every = sources(tmp_path)

    assert {source.name: source.label for source in every} == {"10/a.png": "10", "9/b.png": "9", "9/c.png": "9"}
    assert classes_of(every) == ["9", "10"]


def test_pictures_without_a_class_have_none_to_be_told(photos):
    with pytest.raises(ConfigError, match="not every picture has a class: give a folder with a sub-folder for each"):
        classes_of(sources(photos))


def test_the_name_of_a_set_is_the_training_part_of_what_torchvision_downloads(mnist, monkeypatch):
    for kind, values in (("images-idx3", DIGITS[:1]), ("labels-idx1", np.array([3]))):
        (mnist / f"t10k-{kind}-ubyte.gz").write_bytes(gzip.compress(idx(values)))

    class Mnist:
        def __init__(self, folder, train, download):
            assert train and download
            self.raw_folder = mnist

    monkeypatch.setattr("torchvision.datasets.MNIST", Mnist)

    assert [source.label for source in sources("mnist")] == ["7", "0", "7"]


def test_a_set_that_cannot_be_downloaded_is_named(monkeypatch):
    def refuse(*arguments, **options):
        raise RuntimeError("no network")

    monkeypatch.setattr("torchvision.datasets.CIFAR10", refuse)

    with pytest.raises(ConfigError, match=r"--data cifar10: cannot be downloaded \(no network\); give a folder"):
        sources("cifar10")
