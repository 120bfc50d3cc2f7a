"""Restore a folder: several pictures side by side, one Outcome a file, and a journal to continue from.

plan -> claim, or skip what is finished -> probe -> decode -> restore -> encode -> write -> journal -> Outcome
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from srgan.claims import Claims
from srgan.errors import ImageError, SrganError, UnsupportedImageError
from srgan.images import (
    STREAMED,
    SUFFIXES,
    Frames,
    Image,
    Job,
    check_size,
    encode_frames,
    format_of,
    plan,
    printable,
    probe,
    read,
    read_frames,
    write_bytes,
    write_strips,
)
from srgan.journal import Journal, stamp
from srgan.masks import Masks
from srgan.model import Model
from srgan.restorer import Restorer
from srgan.settings import FolderConfig
from srgan.sizing import Size

MOST_PICTURES = 64
"""Pictures begun but not yet handed out, at most."""

BYTES_A_PIXEL = 9
"""What an output pixel of 8 bits takes: its colours, once more where a file is made of them, and the file."""


_ALONE = 10**18
"""Pixels beside which there is no room for others."""


@dataclass(frozen=True)
class Outcome:
    """What became of one picture.

    Attributes:
        status: "ok", "skipped", "failed" or "unsupported".
        reason: why it failed or was skipped; empty where it is ok.
        pixels: of the output.
        notes: what the user should know of the file, such as "first of 3 frames".
    """

    name: str
    target: Path
    status: str
    reason: str = ""
    pixels: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def restore_folder(
    model: Model | Mapping[int, Model],
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    config: FolderConfig | None = None,
    *,
    size: Size | None = None,
    masks: Masks | None = None,
    jobs: Sequence[Job] | None = None,
) -> Generator[Outcome]:
    """One Outcome for each picture of a file or folder, in the order of the plan, as it is finished.

    Sub-folders are kept. A bad file becomes an Outcome with its reason and never stops the others. The same call again
    continues where an interrupted one stopped.

    Args:
        model: the model, or where a size is given one for each scale, by which pictures are enlarged step by step.
        size: how large pictures become; None is what the model makes.
        masks: for inpainting: what is to be filled of each picture.
        jobs: the plan, where the caller has made it already.

    Raises:
        NoPicturesError: there is nothing to do.
        ConfigError: source and target do not go together.
        MachineError: the output cannot be written; what was finished before is whole.
    """
    config = config or FolderConfig()
    if jobs is None:
        jobs = plan(
            Path(source), Path(target), format=config.format, on_collision=config.on_collision, shard=config.shard
        )
    restorer = Restorer(model, config, size)
    settings = restorer.settings() | ({} if masks is None else {"masks": str(masks)})
    # A single file is simply done again: a journal would be a surprise beside it.
    if not Path(source).is_dir():
        yield from _Run(restorer, config, None, None, masks).outcomes(jobs)
        return
    with Journal(Path(target), settings) as journal, closing(Claims(journal.path.with_name("claims"))) as claims:
        yield from _Run(restorer, config, journal, claims, masks).outcomes(jobs)


class _Run:
    """One pass over a plan: a thread a picture, and on a CPU one thread a core that the tiles of all pictures share.

    A core that works alone never waits for the others, as the threads inside one convolution do at its end.
    """

    def __init__(
        self,
        restorer: Restorer,
        config: FolderConfig,
        journal: Journal | None,
        claims: Claims | None,
        masks: Masks | None,
    ) -> None:
        self.restorer, self.config, self.masks = restorer, config, masks
        self.journal, self.claims = journal, claims
        self.tiles: ThreadPoolExecutor | None = None
        self.most = config.memory * 1e9 / BYTES_A_PIXEL  # output pixels begun; one picture may always be

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        cores = torch.get_num_threads()
        pictures = ThreadPoolExecutor(cores + 1, "picture", torch.set_num_threads, (1,))
        if self.restorer.device.type == "cpu":
            self.tiles = ThreadPoolExecutor(cores, "tile", torch.set_num_threads, (1,))
        todo, elsewhere = deque(jobs), deque[Job]()  # what other runs have claimed is looked at again in the end
        looked: _Looked | None = None
        begun: deque[tuple[int, Future[Outcome]]] = deque()
        try:
            while todo or elsewhere or looked or begun:
                while todo or looked or (elsewhere and not begun):
                    if looked is None:
                        job = todo.popleft() if todo else elsewhere.popleft()
                        if not self._claim(job, wait=not todo):
                            elsewhere.append(job)
                            continue
                        looked = self._look(job)
                    if not self._room([pixels for pixels, _ in begun], looked.pixels):
                        break
                    begun.append((looked.pixels, self._begin(looked, pictures)))
                    looked = None
                outcome = begun.popleft()[1].result()
                yield outcome
                if self.config.fail_fast and outcome.status in ("failed", "unsupported"):
                    return
        finally:
            # No new picture, then no new tile; a picture that waits for one ends with an error that nobody reads.
            pictures.shutdown(wait=False, cancel_futures=True)
            if self.tiles is not None:
                self.tiles.shutdown(cancel_futures=True)
            pictures.shutdown()
            torch.set_num_threads(cores)

    def _room(self, begun: Sequence[int], pixels: int) -> bool:
        """Whether a picture may be begun, beside those of so many output pixels."""
        return not begun or (sum(begun) + pixels <= self.most and len(begun) < MOST_PICTURES)

    def _claim(self, job: Job, wait: bool) -> bool:
        """Whether this run makes the picture; if another makes it and there is nothing else to do, wait for that."""
        if self.claims is None or self.journal is None:
            return True
        if not self.claims.claim(job.name, wait=wait):
            return False
        self.journal.refresh()
        return True

    def _look(self, job: Job) -> _Looked:
        """How large the job's output will be, or its outcome where its target or its header forbid to begin."""
        try:
            outcome = self._skipped(job)
            if outcome is not None:
                return _Looked(job, outcome=outcome)
            header, seen = probe(job.source, pages=self.config.frames == "all"), self._stamp(job)
            size, pixels = self.restorer.sizes(header.width, header.height)
            with _naming(job.source):
                check_size(self._format(job, header.format), *size)
            died = 0 if self.journal is None else self.journal.deaths.get(job.name, 0)
            if died > 1:
                raise ImageError(f"{printable(job.source)}: the program was killed over it twice")
            # A picture that may have killed the program is done alone.
            return _Looked(job, _ALONE if died else pixels, seen)
        except (ImageError, OSError) as error:
            return _Looked(job, outcome=self._failed(job, error))

    def _stamp(self, job: Job) -> list[int]:
        """What changes whenever the input does, or its mask."""
        return stamp(job.source) + ([] if self.masks is None else self.masks.stamp(job.name))

    def _begin(self, looked: _Looked, pictures: Executor) -> Future[Outcome]:
        if looked.outcome is None:
            if self.journal is not None:
                self.journal.begin(looked.job)
            return pictures.submit(self._finish, looked.job, looked.stamp or [])
        self._free(looked.job)
        done: Future[Outcome] = Future()
        done.set_result(looked.outcome)
        return done

    def _skipped(self, job: Job) -> Outcome | None:
        existing = self.config.existing
        if existing == "overwrite" or not os.path.lexists(job.target):
            return None
        if existing == "error":
            return Outcome(job.name, job.target, "failed", f"{job.target}: is there already")
        if self.journal is not None and self.journal.has(job, self._stamp(job)):
            return Outcome(job.name, job.target, "skipped", "finished before")
        if existing == "skip":
            return Outcome(job.name, job.target, "skipped", "is there already")
        return None

    def _free(self, job: Job) -> None:
        if self.claims is not None:
            self.claims.free(job.name)

    def _finish(self, job: Job, seen: list[int]) -> Outcome:
        """The job's outcome, once it is made and others may know."""
        try:
            return self._make(job, seen)
        finally:
            self._free(job)

    def _make(self, job: Job, seen: list[int]) -> Outcome:
        """Decode, restore, encode, write, note; `seen` is the input's stamp before it was read."""
        started = time.perf_counter()
        try:
            frames = self._read(job)
            if self._stamp(job) != seen:
                raise ImageError(f"{job.source}: changed while it was read")
            streamed = self._streamed(job, frames)
            pixels, digest, notes = self._held(job, frames) if streamed is None else streamed
        except (ImageError, OSError) as error:
            return self._failed(job, error)
        except (MemoryError, torch.OutOfMemoryError) as error:
            too_large = ImageError(f"{printable(job.source)}: too large for this machine's memory ({error})")
            return self._failed(job, too_large)
        seconds = time.perf_counter() - started
        if self.journal is not None:
            self.journal.add(job, seen, digest, seconds)
        return Outcome(job.name, job.target, "ok", "", pixels, seconds, notes)

    def _held(self, job: Job, frames: Frames) -> tuple[int, str, tuple[str, ...]]:
        """Pixels, SHA-256 and notes of the output, which was held in memory as a whole."""
        mask = None if self.masks is None else self.masks.weights(job.name, frames.images[0])
        with _naming(job.source):
            images = [self.restorer.restore(image, mask, workers=self.tiles) for image in frames.images]
        with _naming(job.target):
            data = self._encoded(job, frames, dataclasses.replace(frames, images=tuple(images)))
        write_bytes(job.target, data)
        return sum(image.width * image.height for image in images), hashlib.sha256(data).hexdigest(), images[0].notes

    def _streamed(self, job: Job, frames: Frames) -> tuple[int, str, tuple[str, ...]] | None:
        """The same of an output that was never held as a whole; None where it need not or cannot be so."""
        image = frames.images[0]
        (width, height), pixels = self.restorer.sizes(image.width, image.height)
        format = self._format(job, image.format)
        if pixels * image.depth / 8 < self.most or format not in STREAMED or len(frames.images) > 1:
            return None
        strips = self.restorer.strips(image, workers=self.tiles)
        if strips is None or format != format_of(job.target):
            return None
        channels = (1 if image.grey else 3) + (image.alpha is not None)
        shape = (height, width) if channels == 1 else (height, width, channels)
        with _naming(job.source):
            digest = write_strips(job.target, strips, shape, image, strip_metadata=self.config.strip_metadata)
        return pixels, digest, image.notes

    def _failed(self, job: Job, error: Exception) -> Outcome:
        status = "unsupported" if isinstance(error, UnsupportedImageError) else "failed"
        reason = str(error) if isinstance(error, SrganError) else f"{job.source}: {error}"
        if self.journal is not None:
            self.journal.fail(job, reason)
        return Outcome(job.name, job.target, status, reason)

    def _read(self, job: Job) -> Frames:
        most, lenient = self.config.max_pixels, self.config.lenient
        if self.config.frames == "all":
            return read_frames(job.source, max_pixels=most, lenient=lenient)
        return Frames((read(job.source, max_pixels=most, lenient=lenient),))

    def _encoded(self, job: Job, frames: Frames, restored: Frames) -> bytes:
        """The output's bytes; the input's own where nothing was done to it, for lossy formats would lose something."""
        config, first = self.config, frames.images[0]
        format = self._format(job, first.format)
        if first.format == format and not config.strip_metadata and not first.notes and _same(frames, restored):
            return job.source.read_bytes()
        return encode_frames(restored, format, quality=config.quality, strip_metadata=config.strip_metadata)

    def _format(self, job: Job, found: str) -> str:
        """The output's format: what its name says; but a file that keeps its name keeps what it is in truth, too."""
        keeps = self.config.format == "keep" and job.source.name == job.target.name and found in SUFFIXES
        return found if keeps else format_of(job.target)


@dataclass(frozen=True)
class _Looked:
    """A job, the pixels of its output and the stamp of its input; or its outcome, where it is settled."""

    job: Job
    pixels: int = 0
    stamp: list[int] | None = None
    outcome: Outcome | None = None


def _same(frames: Frames, restored: Frames) -> bool:
    """Whether both have the same pixels."""
    return all(
        np.array_equal(before.rgb, after.rgb) and np.array_equal(_opacity(before), _opacity(after))
        for before, after in zip(frames.images, restored.images, strict=True)
    )


def _opacity(image: Image) -> np.ndarray:
    return np.empty(0) if image.alpha is None else image.alpha


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What is wrong with a picture is said of this file."""
    try:
        yield
    except ImageError as error:
        raise ImageError(f"{printable(path)}: {error}") from error
