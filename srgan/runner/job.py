"""One file becomes another: read, restored, encoded, written.

read -> (changed meanwhile?) -> restore -> encode -> write; all at once, or some rows at a time where that is too large
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srgan.errors import ImageError
from srgan.files import Before, printable, stamp, write_bytes
from srgan.images.bands import Bands, as_bands, read_bands, whole
from srgan.images.decoders import FIRST_OF
from srgan.images.fitting import told
from srgan.images.formats import format_of
from srgan.images.frames import Frames, encode_frames, frames_told, read_frames
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write_bands
from srgan.runner.beside import Beside
from srgan.runner.config import FolderConfig
from srgan.runner.plan import Job
from srgan.runner.prospects import Prospect, format_made, look, naming
from srgan.types import Opacity

if TYPE_CHECKING:
    from srgan.inference.chain import Chain
    from srgan.inference.pipeline import Restorer

BYTES_A_PIXEL = 9
"""What an output pixel of 8 bits takes: its colours, once more where a file is made of them, and the file."""


Progress = Callable[[str, float, int], None]
"""Is told the name of a picture, the share of it that is done, and the pixels of its output."""


@dataclass(frozen=True)
class Made:
    """What was written: its pixels, its SHA-256, and what the user should know of it."""

    pixels: int
    sha256: str
    notes: tuple[str, ...]


class Conversion:
    """What is done with each file of a run; several threads may call it.

    Attributes:
        most: output pixels that are held at a time.
    """

    def __init__(
        self,
        restorer: Restorer | Chain,
        config: FolderConfig,
        beside: Beside,
        progress: Progress | None = None,
    ) -> None:
        self.restorer, self.config, self.beside, self.progress = restorer, config, beside, progress
        self.most = config.memory * 1e9 / BYTES_A_PIXEL

    def settings(self) -> dict[str, Any]:
        """What decides an output's bytes, beside the input."""
        return {**self.config.decides(), **self.restorer.settings(), **self.beside.settings()}

    def stamp(self, job: Job) -> list[int]:
        """What changes whenever the input does, or what is given beside it."""
        return stamp(job.source) + self.beside.stamp(job.name)

    def look(self, job: Job) -> Prospect:
        """What to expect of the output, from the header of the input.

        Raises:
            ImageError: it cannot be made.
        """
        seen = look(job, self.config, self.restorer.sizes)
        pixels = seen.largest * seen.header.depth // 8
        needs = pixels * BYTES_A_PIXEL / 1e9 if seen.passes and not self.restorer.needs_whole else 0.0
        return Prospect(pixels, needs, needs >= self.config.memory)

    def make(
        self,
        job: Job,
        seen: list[int],
        *,
        too_large: bool = False,
        before: Before | None = None,
        partial: str | None = None,
    ) -> Made:
        """The output, written; `seen` is the input's stamp before.

        Args:
            too_large: to be held as a whole.
            before: called just before the output gets its name.
            partial: the name it has until then.

        Raises:
            ImageError: the input is damaged, has changed meanwhile, or cannot become such a file.
            MachineError: the output cannot be written.
        """
        if too_large:
            return self._streamed(job, seen, before, partial)
        frames = self._read(job)
        self._check_unchanged(job, seen)
        self._check_frames(job, frames.images[0])
        given, note = self.beside.of(job.name, frames.images[0])
        with naming(job.source):
            images = [whole(self._restored(job, as_bands(image), given)) for image in frames.images]
        with naming(job.target):
            data, lost = self._encoded(job, seen, frames, dataclasses.replace(frames, images=tuple(images)))
        write_bytes(job.target, data, before=before, partial=partial)
        pixels = sum(image.width * image.height for image in images)
        notes = (*images[0].notes, note) if note else images[0].notes
        return Made(pixels, hashlib.sha256(data).hexdigest(), notes + lost)

    def _streamed(self, job: Job, seen: list[int], before: Before | None, partial: str | None) -> Made:
        """The output, some rows at a time: read, restored and written."""

        def ready(file: int, digest: str) -> None:
            self._check_unchanged(job, seen)
            if before is not None:
                before(file, digest)

        with (
            naming(job.source),
            read_bands(job.source, max_pixels=self.config.max_pixels, lenient=self.config.lenient) as bands,
        ):
            self._check_frames(job, bands.like)
            restored = self._restored(job, bands, streamed=True)
            strip = self.config.strip_metadata
            digest = write_bands(job.target, restored, strip_metadata=strip, before=ready, partial=partial)
            lost = told(bands.like, format_of(job.target), strip_metadata=strip)
        return Made(restored.width * restored.height, digest, (*restored.notes, *lost))

    def _restored(self, job: Job, bands: Bands, given: Opacity | None = None, *, streamed: bool = False) -> Bands:
        """A picture restored; how much of it is done is told."""
        (width, height), _ = self.restorer.sizes(bands.width, bands.height)

        def tell(share: float) -> None:
            if self.progress is not None:
                self.progress(job.name, share, width * height)

        return self.restorer.restore(bands, given, streamed=streamed, progress=tell)

    def _check_unchanged(self, job: Job, seen: list[int]) -> None:
        if self.stamp(job) != seen:
            raise ImageError(f"{printable(job.source)}: changed while it was read")

    def _check_frames(self, job: Job, image: Image) -> None:
        if self.config.in_place and any(note.startswith(FIRST_OF) for note in image.notes):
            raise ImageError(f"{printable(job.source)}: --in-place would lose all frames but the first: --frames all")

    def _read(self, job: Job) -> Frames:
        most, lenient = self.config.max_pixels, self.config.lenient
        if self.config.frames == "all":
            return read_frames(job.source, max_pixels=most, lenient=lenient)
        return Frames((read(job.source, max_pixels=most, lenient=lenient),))

    def _encoded(self, job: Job, seen: list[int], frames: Frames, restored: Frames) -> tuple[bytes, tuple[str, ...]]:
        """The output's bytes, and notes on what its format cannot hold.

        The input's own where nothing was done to it, for lossy formats would lose something.
        """
        config, first = self.config, frames.images[0]
        format = format_made(job, first.format, config)
        if first.format == format and not config.strip_metadata and not first.notes and _same(frames, restored):
            data = job.source.read_bytes()
            self._check_unchanged(job, seen)
            return data, ()
        data = encode_frames(restored, format, quality=config.quality, strip_metadata=config.strip_metadata)
        return data, frames_told(restored, format, strip_metadata=config.strip_metadata)


def _same(frames: Frames, restored: Frames) -> bool:
    """Whether both have the same pixels."""
    return all(
        np.array_equal(before.rgb, after.rgb) and np.array_equal(_opacity(before), _opacity(after))
        for before, after in zip(frames.images, restored.images, strict=True)
    )


def _opacity(image: Image) -> np.ndarray:
    return np.empty(0) if image.alpha is None else image.alpha
