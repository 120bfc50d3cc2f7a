"""One file becomes another: streams of bands, one a frame, are read, restored and written.

read -> restore -> write -> changed meanwhile? -> named; a picture is one band, or where it is too large some rows each
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from srgan.errors import ImageError
from srgan.files import printable, replacing, stamp
from srgan.images.bands import Bands, held, read_bands
from srgan.images.decoders import FIRST_OF
from srgan.images.formats import HEAD, sniffed
from srgan.images.frames import Frames, check_held, read_frames, write_frames
from srgan.images.image import Image
from srgan.images.reader import contents_of
from srgan.runner.beside import Beside
from srgan.runner.config import FolderConfig
from srgan.runner.converting import Before
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
    """What was written.

    Attributes:
        notes: what the user should know of it.
        models: by which it was made.
        needs: memory that it takes to be held as a whole, as `Prospect` has it [GB].
        size: of the file [bytes].
    """

    pixels: int
    sha256: str
    notes: tuple[str, ...]
    models: tuple[Mapping[str, Any], ...]
    needs: float
    size: int


class Conversion:
    """What is done with each file of a run, on this machine; several threads may call it."""

    at_once = 64
    carries = False

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

    @property
    def chosen(self) -> Mapping[str, str]:
        """What `auto` has come to."""
        return self.restorer.chosen

    def stamp(self, job: Job) -> list[int]:
        """What changes whenever the input does, or what is given beside it."""
        return list(job.seen or stamp(job.source)) + self.beside.stamp(job.name)

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
        prospect: Prospect,
        *,
        before: Before | None = None,
        partial: str | None = None,
    ) -> Made:
        """The output, written; `seen` is the input's stamp before.

        Args:
            before: called just before the output gets its name.
            partial: the name it has until then, from `partial_name`.

        Raises:
            ImageError: the input is damaged, has changed meanwhile, or cannot become such a file.
            MachineError: the output cannot be written.
        """
        too_large = prospect.too_large
        with ExitStack() as reading:
            frames = reading.enter_context(self._read(job, too_large))
            first = frames.each[0].like
            self._check_frames(job, first)
            format = format_made(job, first.format, self.config)
            with naming(job.source):  # before minutes go by
                check_held([self.restorer.sizes(each.width, each.height)[0] for each in frames.each], format)
            given, note = self.beside.of(job.name, first)
            with naming(job.source):
                each = tuple(self._restored(job, bands, given, too_large) for bands in frames.each)
            restored = dataclasses.replace(frames, each=each)
            own = None if too_large else self._own(job, format, frames, restored)
            makes, other = (job.source, job.target) if too_large else (job.target, job.source)  # streams restore now
            with naming(makes, other), replacing(job.target, partial) as file:
                lost = self._write(file, format, restored, own)
                file.seek(0)
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                pixels = sum(picture.width * picture.height for picture in each)
                notes = (*each[0].notes, *([note] if note else []), *lost)
                made = Made(pixels, digest, notes, tuple(each[0].models), prospect.needs, file.tell())
                self._check_unchanged(job, seen)
                if before is not None:
                    before(file.fileno(), made)
                reading.close()  # Windows replaces no file that is open
        return made

    @contextmanager
    def _read(self, job: Job, streamed: bool) -> Iterator[Frames]:
        most, lenient = self.config.max_pixels, self.config.lenient
        if self.config.frames == "all":
            yield read_frames(job.source, max_pixels=most, lenient=lenient)
            return
        with read_bands(job.source, streamed=streamed, max_pixels=most, lenient=lenient) as bands:
            yield Frames((bands,))

    def _check_frames(self, job: Job, image: Image) -> None:
        if self.config.in_place and any(note.startswith(FIRST_OF) for note in image.notes):
            raise ImageError(f"{printable(job.source)}: --in-place would lose all frames but the first: --frames all")

    def _restored(self, job: Job, bands: Bands, given: Opacity | None, streamed: bool) -> Bands:
        """A picture restored, now unless it is streamed; how much of it is done is told."""
        (width, height), _ = self.restorer.sizes(bands.width, bands.height)

        def tell(share: float) -> None:
            if self.progress is not None:
                self.progress(job.name, share, width * height)

        restored = self.restorer.restore(bands, given, streamed=streamed, progress=tell)
        return restored if streamed else held(restored)

    def _own(self, job: Job, format: str, frames: Frames, restored: Frames) -> bytes | None:
        """The input's own bytes where nothing was done to it, for lossy formats would lose something."""
        first = frames.each[0].like
        kept = first.format == format and not self.config.strip_metadata and not first.notes
        if not kept or not _same(frames, restored):
            return None
        data = contents_of(job.source)
        return data if sniffed(data[:HEAD], job.name) == format else None  # what we cannot write (GIF) says "png", too

    def _write(self, file: io.BufferedRandom, format: str, restored: Frames, own: bytes | None) -> tuple[str, ...]:
        """Writes the pictures into a file, or the input's own bytes; what comes out are notes on what that costs."""
        if own is None:
            strip = self.config.strip_metadata
            return write_frames(file, restored, format, quality=self.config.quality, strip_metadata=strip)
        file.write(own)
        return ()

    def _check_unchanged(self, job: Job, seen: list[int]) -> None:
        try:
            unchanged = self.stamp(job) == seen
        except OSError:  # it is gone
            unchanged = False
        if not unchanged:
            raise ImageError(f"{printable(job.source)}: changed while it was read")


def _same(frames: Frames, restored: Frames) -> bool:
    """Whether both have the same pixels."""
    return all(
        np.array_equal(before.rgb, after.rgb) and np.array_equal(_opacity(before), _opacity(after))
        for before, after in zip(frames.images, restored.images, strict=True)
    )


def _opacity(image: Image) -> np.ndarray:
    return np.empty(0) if image.alpha is None else image.alpha
