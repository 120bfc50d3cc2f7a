"""How much room the results of a run may take, before anything is done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from srgan.files import nearest

if TYPE_CHECKING:
    from srgan.runner.plan import Job

UNPACKED = 6
"""A photograph as PNG or TIFF takes about so many times the bytes of a JPEG."""

_LOSSY, _LOSSLESS = (".jpg", ".jpeg", ".jpe", ".webp", ".avif", ".heic", ".heif"), (".png", ".tif", ".tiff", ".bmp")


def needed(jobs: Iterable[Job], growth: float) -> float:
    """About how many bytes the outputs take that are not there yet: files are taken to grow as their pixels do.

    Args:
        growth: output pixels / input pixels.
    """
    total = 0.0
    for job in jobs:
        if not os.path.lexists(os.path.join(job.output_folder, job.new)):  # no Paths: of 100,000 they take a second
            total += of_one(job, growth)
    return total


def of_one(job: Job, growth: float) -> float:
    """About how many bytes one output takes."""
    with suppress(OSError):  # what cannot be read fails later, by name
        unpacked = job.name.lower().endswith(_LOSSY) and job.new.lower().endswith(_LOSSLESS)
        size = os.stat(os.path.join(job.input_folder, job.name)).st_size
        return size * growth * (UNPACKED if unpacked else 1)
    return 0.0


def said(needed: int | float, free: int | None) -> str:
    """Both, as a sentence; of object storage nobody knows what is free."""
    return f"the outputs may take {bytes_said(needed)}" + ("" if free is None else f", and {bytes_said(free)} are free")


def bytes_said(count: int | float) -> str:
    """A number of bytes, in the unit that suits it."""
    for unit, size in (("GB", 1e9), ("MB", 1e6)):
        if count >= 0.1 * size:
            return f"{count / size:.1f} {unit}"
    return f"{count / 1e3:.1f} kB"


def free(target: Path) -> int:
    """The bytes that are free where a file or folder is or will be."""
    return shutil.disk_usage(nearest(target.absolute())).free
