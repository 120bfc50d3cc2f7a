"""Photographs to try things on: those that scikit-image carries, in the public domain or under CC0."""

from pathlib import Path

import skimage.data

from srgan.errors import MachineError
from srgan.images.image import Image
from srgan.images.writer import write

SAMPLES = ("astronaut", "camera", "chelsea", "coffee", "rocket", "brick", "grass", "gravel")
"""Names of functions in `skimage.data` whose pictures come with its wheel."""


def write_samples(folder: Path) -> list[Path]:
    """Writes the photographs as PNG files and returns their paths.

    Raises:
        MachineError: the folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MachineError(f"{folder}: cannot be made ({error.strerror})") from error
    paths = [folder / f"{name}.png" for name in SAMPLES]
    for name, path in zip(SAMPLES, paths, strict=True):
        pixels = getattr(skimage.data, name)()
        grey = pixels.ndim == 2
        write(path, Image(pixels[:, :, None].repeat(3, axis=2) if grey else pixels, grey=grey))
    return paths
