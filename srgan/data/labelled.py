"""Labelled sets in the files their makers publish: MNIST's IDX, and CIFAR-10's batches, binary or pickled.

MNIST: LeCun et al. 1998, http://yann.lecun.com/exdb/mnist has the format. CIFAR-10: Krizhevsky 2009, "Learning Multiple
Layers of Features from Tiny Images", https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import gzip
import io
import pickle
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import UInt8
from platformdirs import user_cache_path

from srgan.errors import ConfigError, TrainingError
from srgan.images.image import Image

SETS = {"mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10"}
"""Sets that torchvision downloads, and what it calls them."""

_Pictures = UInt8[np.ndarray, "count height width channels"]

_CIFAR = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
"""The classes of CIFAR-10 by their numbers."""

_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
_BYTES_OF_CIFAR = 1 + 3 * 32 * 32


class Example(NamedTuple):
    """A picture of a set, and its class."""

    name: str
    levels: UInt8[np.ndarray, "height width channels"]
    label: str


def labelled(path: Path) -> list[Example]:
    """The pictures of a file of a labelled set, or of all such files in a folder, in their order; else none.

    Raises:
        TrainingError: a file is damaged, or its labels are missing.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [example for file in files if (read := _reader_of(file)) for example in _examples(file, *read(file))]


def downloaded(name: str) -> list[Example]:
    """The training pictures of a set of `SETS`, which torchvision downloads once.

    Raises:
        ConfigError: it cannot be had.
    """
    from torchvision import datasets  # seconds, that only who names a set waits for

    folder = user_cache_path("srgan") / "data"
    try:
        made = getattr(datasets, SETS[name])(folder, train=True, download=True)
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"--data {name}: cannot be downloaded ({error}); give a folder with its files") from error
    files = Path(made.raw_folder) if hasattr(made, "raw_folder") else folder / made.base_folder
    return [example for example in labelled(files) if not example.name.startswith(("t10k", "test"))]


def as_image(levels: bytes, name: str, shape: tuple[int, int, int]) -> Image:
    """A picture from its levels as they lie in the file; grey ones have three equal channels."""
    pixels = np.frombuffer(levels, np.uint8).reshape(shape)
    grey = shape[2] == 1
    return Image(pixels.repeat(3, axis=2) if grey else pixels, grey=grey)


def _reader_of(file: Path) -> Callable[[Path], tuple[_Pictures, list[str]]] | None:
    """What reads a file of that name, where it is one of a labelled set."""
    if file.name.removesuffix(".gz").endswith(_IMAGES):
        twin = file.with_name(file.name.removesuffix(".gz"))
        return _idx if file == twin or not twin.exists() else None  # unpacked beside its archive
    batch = file.name.startswith(("data_batch", "test_batch")) and file.suffix in ("", ".bin")
    if batch and file.is_file():
        return _cifar_binary if file.suffix == ".bin" else _cifar_pickled
    return None


def _examples(file: Path, pictures: _Pictures, labels: list[str]) -> Iterator[Example]:
    if len(pictures) != len(labels):
        raise TrainingError(f"{file}: holds {len(pictures)} pictures, and there are {len(labels)} labels")
    for number, (levels, label) in enumerate(zip(pictures, labels, strict=True)):
        yield Example(f"{file.name}:{number:05d}", levels, label)


def _idx(file: Path) -> tuple[_Pictures, list[str]]:
    """The pictures of an IDX file, and their labels from the file beside it."""
    beside = file.with_name(file.name.replace(_IMAGES, _LABELS))
    if not beside.is_file():
        raise TrainingError(f"{file}: its labels are missing, which should be in {beside.name} beside it")
    return _idx_of(file, 3)[..., None], [str(label) for label in _idx_of(beside, 1).tolist()]


def _idx_of(file: Path, dimensions: int) -> UInt8[np.ndarray, ...]:
    """What an IDX file of unsigned bytes holds; it may be compressed."""
    try:
        held = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
        sides = np.frombuffer(held, ">u4", dimensions, 4)
        values: UInt8[np.ndarray, ...] = np.frombuffer(held, np.uint8, offset=4 + 4 * dimensions).reshape(sides)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise TrainingError(f"{file}: damaged ({error}); fetch it again") from error
    if held[:4] != bytes([0, 0, 8, dimensions]):
        raise TrainingError(f"{file}: no IDX file of unsigned bytes in {dimensions} dimensions")
    return values


def _cifar_binary(file: Path) -> tuple[_Pictures, list[str]]:
    held = file.read_bytes()
    if not held or len(held) % _BYTES_OF_CIFAR:
        raise TrainingError(f"{file}: {len(held)} bytes are no multiple of {_BYTES_OF_CIFAR}; fetch it again")
    rows = np.frombuffer(held, np.uint8).reshape(-1, _BYTES_OF_CIFAR)
    return _of_planes(rows[:, 1:]), _named(rows[:, 0].tolist(), file)


def _cifar_pickled(file: Path) -> tuple[_Pictures, list[str]]:
    try:
        held: dict[bytes, Any] = _Arrays(io.BytesIO(file.read_bytes()), encoding="bytes").load()
        return _of_planes(np.asarray(held[b"data"], np.uint8)), _named(held[b"labels"], file)
    except (OSError, EOFError, pickle.UnpicklingError, LookupError, TypeError, ValueError) as error:
        raise TrainingError(f"{file}: no batch of CIFAR-10 ({error}); fetch it again") from error


class _Arrays(pickle.Unpickler):
    """Reads pickles that hold arrays of numpy and nothing that could run."""

    def find_class(self, module: str, name: str) -> Any:
        known = {("numpy", "ndarray"), ("numpy", "dtype"), ("_codecs", "encode")}
        if (module, name) in known or (module.startswith("numpy.") and name == "_reconstruct"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no array needs")


def _of_planes(rows: UInt8[np.ndarray, "count 3072"]) -> _Pictures:
    return rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def _named(numbers: list[int], file: Path) -> list[str]:
    if not all(0 <= number < len(_CIFAR) for number in numbers):
        raise TrainingError(f"{file}: holds labels beyond {len(_CIFAR) - 1}; it is no batch of CIFAR-10")
    return [_CIFAR[number] for number in numbers]
