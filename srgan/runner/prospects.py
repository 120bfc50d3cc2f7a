"""What to expect of an output, from the header of its input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from srgan.errors import ImageError, UnsupportedImageError
from srgan.files import printable
from srgan.images.formats import SEVERAL, SUFFIXES, format_of
from srgan.images.frames import check_held, count_frames
from srgan.images.reader import Header, check_pixels, probe
from srgan.images.writer import STREAMED
from srgan.runner.config import FolderConfig
from srgan.runner.outcome import Outcome
from srgan.runner.plan import Job


class Prospect(NamedTuple):
    """What the header of an input says of its output.

    Attributes:
        pixels: what is held of it at a time, counted in pixels of 8 bits.
        needs: memory that it takes to be held as a whole [GB]; 0 where it cannot pass through some rows at a time.
        too_large: to be held as a whole.
    """

    pixels: int
    needs: float
    too_large: bool


MOST_PIXELS = 100_000_000_000
"""Of an output, and of what it is reduced from: as PNG so many take hundreds of gigabytes, and days."""

_NOTHING = Prospect(0, 0.0, False)


class Look(NamedTuple):
    """What the header of an input says, and what that means for the output.

    Attributes:
        size: width and height of the output.
        largest: pixels of the largest picture on the way to it.
        passes: the formats let it pass through some rows at a time.
    """

    header: Header
    size: tuple[int, int]
    largest: int
    passes: bool


def look(job: Job, config: FolderConfig, sizes: Callable[[int, int], tuple[tuple[int, int], int]]) -> Look:
    """What to expect of an output, from the header of the input.

    Raises:
        ImageError: it cannot be made.
    """
    if config.in_place and job.source.name != job.target.name:
        raise UnsupportedImageError(
            f"{printable(job.source)}: would become {printable(job.target.name)}, and --in-place keeps names"
        )
    header = probe(job.source, pages=config.frames == "all")
    check_pixels(header, printable(job.source), config.max_pixels)
    size, largest = sizes(header.width, header.height)
    if largest > MOST_PIXELS:
        said = f"{largest / 1e9:.0f} gigapixels, more than {MOST_PIXELS / 1e9:.0f}"
        raise ImageError(f"{printable(job.source)}: would be made of {said}")
    format = format_made(job, header.format, config)
    with naming(job.source):
        count = 1 if config.frames == "first" or format in SEVERAL else count_frames(job.source, header.format)
        check_held([size] * count, format)
    passes = format in STREAMED and format == format_of(job.target) and config.frames == "first"
    return Look(header, size, largest, passes)


def format_made(job: Job, found: str, config: FolderConfig) -> str:
    """The output's format: what its name says; but a file that keeps its name keeps what it is in truth, too."""
    keeps = config.format == "keep" and job.source.name == job.target.name and found in SUFFIXES
    return found if keeps else format_of(job.target)


@contextmanager
def naming(*paths: Path) -> Iterator[None]:
    """What is wrong with a picture is said of the first of these files, unless it is of one of them already."""
    try:
        yield
    except ImageError as error:
        if str(error).startswith(tuple(map(printable, paths))):
            raise
        raise ImageError(f"{printable(paths[0])}: {error}") from error


@dataclass(frozen=True)
class Looked:
    """A job, and what its header says of its output; or its outcome, where it is settled.

    Attributes:
        stamp: of the input, before it is read.
    """

    job: Job
    prospect: Prospect = _NOTHING
    stamp: list[int] = field(default_factory=list)
    outcome: Outcome | None = None
