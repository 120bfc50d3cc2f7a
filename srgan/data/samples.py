"""Photographs to try things on: those that scikit-image carries, in the public domain or under CC0."""

from pathlib import Path

import numpy as np
import skimage.data

from srgan.errors import ConfigError, ImageError, MachineError
from srgan.files import printable
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write

SAMPLES = ("astronaut", "camera", "chelsea", "coffee", "rocket", "brick", "grass", "gravel")
"""Names of functions in `skimage.data` whose pictures come with its wheel."""


def write_samples(folder: Path) -> list[Path]:
    """Writes the photographs as PNG files and returns their paths.

    Raises:
        ConfigError: another file has such a name.
        MachineError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{folder}: cannot be made ({error.strerror})") from error
    samples = {folder / f"{name}.png": _sample(name) for name in SAMPLES}
    for path, image in samples.items():
        if path.exists() and not _holds(path, image):
            raise ConfigError(f"{printable(path)}: is there already, and is no sample: choose another folder")
    for path, image in samples.items():
        write(path, image)
    return list(samples)


def _sample(name: str) -> Image:
    pixels = getattr(skimage.data, name)()
    grey = pixels.ndim == 2
    return Image(pixels[:, :, None].repeat(3, axis=2) if grey else pixels, grey=grey)


def _holds(path: Path, image: Image) -> bool:
    try:
        return np.array_equal(read(path).rgb, image.rgb)
    except ImageError:
        return False
