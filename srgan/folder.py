"""Restore a folder: decode | restore | encode side by side, one Outcome a file, and a journal to continue from.

plan -> (skip what the journal has) -> probe, decode ahead -> restore -> encode, write, journal behind -> Outcome
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from srgan.engines import Engine, make_engine
from srgan.errors import ImageError, SrganError, UnsupportedImageError
from srgan.images import Image, Job, check_size, encode, format_of, plan, printable, probe, read, write_bytes
from srgan.journal import Journal, stamp
from srgan.model import Model
from srgan.restoration import restore_image
from srgan.settings import FolderConfig

MOST_PIXELS, MOST_PICTURES = 64e6, 16
"""What may wait between two stages; one picture may always wait, however large."""


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
    model: Model,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    config: FolderConfig | None = None,
    *,
    jobs: Sequence[Job] | None = None,
) -> Iterator[Outcome]:
    """One Outcome for each picture of a file or folder, in the order of the plan, as it is finished.

    Sub-folders are kept. A bad file becomes an Outcome with its reason and never stops the others. The same call again
    continues where an interrupted one stopped.

    Args:
        jobs: the plan, where the caller has made it already.

    Raises:
        NoPicturesError: there is nothing to do.
        ConfigError: source and target do not go together.
        MachineError: the output cannot be written; what was finished before is whole.
    """
    config = config or FolderConfig()
    if jobs is None:
        jobs = plan(Path(source), Path(target), format=config.format, on_collision=config.on_collision)
    engine = make_engine(model.generator, config.engine, config.device, config.precision)
    settings = {**config.decides(), "model": model.network, "weights": _digest(model), "task": str(model.task)}
    # A single file is simply done again: a journal would be a surprise beside it.
    with Journal(Path(target), settings) if Path(source).is_dir() else nullcontext() as journal:
        yield from _Run(model, engine, config, journal).outcomes(jobs)


class _Run:
    """One pass over a plan: a decoding thread, this thread with the engine, and encoding threads."""

    def __init__(self, model: Model, engine: Engine, config: FolderConfig, journal: Journal | None) -> None:
        self.model, self.engine, self.config, self.journal = model, engine, config, journal

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        decoder, encoder = ThreadPoolExecutor(1, "decode"), ThreadPoolExecutor(2, "encode")
        todo = deque(jobs)
        decoding: deque[_Started] = deque()
        encoding: deque[tuple[int, Future[Outcome]]] = deque()
        try:
            while todo or decoding or encoding:
                while todo and _room(one.pixels for one in decoding):
                    decoding.append(self._begin(todo.popleft(), decoder))
                if decoding:
                    encoding.append(self._restore(decoding.popleft(), encoder))
                while encoding and (
                    encoding[0][1].done() or not (todo or decoding) or not _room(pixels for pixels, _ in encoding)
                ):
                    outcome = encoding.popleft()[1].result()
                    yield outcome
                    if self.config.fail_fast and outcome.status in ("failed", "unsupported"):
                        return
        finally:
            decoder.shutdown(cancel_futures=True)
            encoder.shutdown(cancel_futures=True)

    def _begin(self, job: Job, decoder: ThreadPoolExecutor) -> _Started:
        """Looks at the job's header and, unless there is a reason not to, starts to decode it."""
        try:
            outcome = self._skipped(job)
            if outcome is not None:
                return _Started(job, outcome=outcome)
            header = probe(job.source)
            scale = self.model.task.scale
            try:
                check_size(format_of(job.target), header.width * scale, header.height * scale)
            except ImageError as error:
                raise ImageError(f"{printable(job.source)}: {error}") from error
            seen = stamp(job.source)
        except (ImageError, OSError) as error:
            return _Started(job, outcome=_failure(job, error))
        decoded = decoder.submit(read, job.source, max_pixels=self.config.max_pixels)
        return _Started(job, header.width * header.height, seen, decoded)

    def _skipped(self, job: Job) -> Outcome | None:
        existing = self.config.existing
        if existing == "overwrite" or not os.path.lexists(job.target):
            return None
        if existing == "error":
            return Outcome(job.name, job.target, "failed", f"{job.target}: is there already")
        if existing == "skip" or (self.journal is not None and self.journal.has(job)):
            return Outcome(job.name, job.target, "skipped", "finished before")
        return None

    def _restore(self, one: _Started, encoder: ThreadPoolExecutor) -> tuple[int, Future[Outcome]]:
        started = time.perf_counter()
        outcome = one.outcome
        if outcome is None and one.decoded is not None:
            try:
                image = one.decoded.result()
                restored = restore_image(self.model, image, engine=self.engine, tile=self.config.tile or None)
                pixels = restored.width * restored.height
                return pixels, encoder.submit(self._write, one, restored, started)
            except ImageError as error:
                outcome = _failure(one.job, error)
        done: Future[Outcome] = Future()
        done.set_result(outcome or _failure(one.job, ImageError("was not decoded")))
        return 0, done

    def _write(self, one: _Started, image: Image, started: float) -> Outcome:
        job, config = one.job, self.config
        try:
            if stamp(job.source) != one.stamp:
                raise ImageError(f"{job.source}: changed while it was read")
            format, strip = format_of(job.target), config.strip_metadata
            try:
                data = encode(image, format, quality=config.quality, strip_metadata=strip)
            except ImageError as error:
                raise ImageError(f"{printable(job.target)}: {error}") from error
            job.target.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(job.target, data)
        except (ImageError, OSError) as error:
            return _failure(job, error)
        seconds = time.perf_counter() - started
        if self.journal is not None:
            self.journal.add(job, one.stamp, hashlib.sha256(data).hexdigest(), seconds)
        return Outcome(job.name, job.target, "ok", "", image.width * image.height, seconds, image.notes)


@dataclass
class _Started:
    """A job whose picture is being decoded, or that has its outcome already."""

    job: Job
    pixels: int = 0
    stamp: list[int] | None = None
    decoded: Future[Image] | None = None
    outcome: Outcome | None = None


def _room(waiting: Iterable[int]) -> bool:
    """Whether one picture more may wait, beside those of so many pixels."""
    pixels = list(waiting)
    return not pixels or (sum(pixels) < MOST_PIXELS and len(pixels) < MOST_PICTURES)


def _failure(job: Job, error: Exception) -> Outcome:
    status = "unsupported" if isinstance(error, UnsupportedImageError) else "failed"
    reason = str(error) if isinstance(error, SrganError) else f"{job.source}: {error}"
    return Outcome(job.name, job.target, status, reason)


def _digest(model: Model) -> str:
    """A fingerprint of the weights themselves, wherever they came from."""
    digest = hashlib.sha256()
    for name, tensor in model.generator.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
