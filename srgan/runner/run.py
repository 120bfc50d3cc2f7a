"""Restore a folder: several pictures side by side, one Outcome a file, and a journal to continue from.

plan -> lock, or skip what is finished -> probe -> decode -> restore -> encode -> write -> journal -> Outcome
"""

from __future__ import annotations

import logging
import os
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import torch

from srgan.engines.devices import choose_devices
from srgan.engines.ncnn_engine import VULKAN
from srgan.engines.threads import Threads
from srgan.errors import ImageError, SrganError, UnsupportedImageError
from srgan.files import printable, take_after
from srgan.inference.chain import Chain, restorer_of
from srgan.inference.masks import Masks
from srgan.inference.pipeline import Models, Restorer
from srgan.inference.sizes import Size
from srgan.runner.beside import Beside, Nothing
from srgan.runner.config import FolderConfig
from srgan.runner.converting import Converting
from srgan.runner.job import Conversion, Made, Progress
from srgan.runner.journal import Journal
from srgan.runner.locks import LOCKS, Locks
from srgan.runner.outcome import FINISHED, THERE, Outcome
from srgan.runner.plan import Job, plan
from srgan.runner.prospects import Looked

log = logging.getLogger(__name__)

ALONE = 10**18
"""Pixels beside which there is no room for others."""


def restore_folder(
    model: Models | Sequence[Models] | Restorer | Chain,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    config: FolderConfig | None = None,
    *,
    size: Size | None = None,
    masks: Beside | str | os.PathLike[str] | None = None,
    jobs: Sequence[Job] | None = None,
    progress: Progress | None = None,
    run: str | None = None,
    asked: str = "",
    threads: Threads | None = None,
) -> Generator[Outcome]:
    """One Outcome for each picture of a file or folder, in the order of the plan, as it is finished.

    Sub-folders are kept. A bad file becomes an Outcome with its reason and never stops the others. The same call again
    continues where an interrupted one stopped.

    Args:
        model: the model, or where a size is given one for each scale, by which pictures are enlarged step by step; or
            several of these, of which each takes in floats what the one before has made; or what an earlier call made
            of them, with its own configuration and size.
        size: how large pictures become; None is what the model makes.
        masks: for inpainting: what is to be filled of each picture, `Masks`; a path stands for `Masks` of that path.
        jobs: the plan, where the caller has made it already.
        progress: called from several threads, now and then, with the name of a picture in work, the share of it that
            is done, and the pixels of its output.
        run: by what name the journal knows this run, which no other has; None makes one.
        asked: noted beside what is finished, so that who asks for the same need not find out what that comes to.
        threads: of several runs in this program, which stay; None begins some and ends them.

    Raises:
        NoPicturesError: there is nothing to do.
        ConfigError: source and target do not go together.
        MachineError: the output cannot be written; what was finished before is whole.
    """
    config = config or FolderConfig()
    beside = Masks(masks) if isinstance(masks, (str, os.PathLike)) else masks or Nothing()
    jobs = plan(Path(source), Path(target), **config.planning()) if jobs is None else jobs
    own = threads is None
    threads = threads or threads_for(config)
    conversion = Conversion(restorer_of(model, config, size).shared(threads.tiles), config, beside, progress)
    with ExitStack() as ending:
        journal, locks = ending.enter_context(noting(conversion, Path(source), Path(target), run, asked))
        if own:
            ending.enter_context(closing(threads))
        yield from Run(conversion, threads.pictures, journal, locks).outcomes(jobs)


@contextmanager
def noting(
    conversion: Converting, source: Path, target: Path, run: str | None, asked: str
) -> Iterator[tuple[Journal, Locks] | tuple[None, None]]:
    """The journal and the locks of the output of a folder."""
    if not source.is_dir():  # a single file is simply done again: a journal would be a surprise beside it
        yield None, None
        return
    journal = Journal(target, conversion.settings(), run=run, asked=asked)
    with journal, closing(Locks(journal.path.with_name(LOCKS))) as locks:
        yield journal, locks


def threads_for(config: FolderConfig) -> Threads:
    """Threads for pictures, and for their tiles where that is quicker than one tile after the other."""
    return Threads(shared=choose_devices(config.device)[0].type in ("cpu", VULKAN))


class Run:
    """One pass over a plan: a thread a picture."""

    def __init__(
        self, conversion: Converting, pictures: Executor, journal: Journal | None, locks: Locks | None
    ) -> None:
        self.conversion, self.config, self.pictures = conversion, conversion.config, pictures
        self.journal, self.locks = journal, locks
        self.said_so = False

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        todo, elsewhere = deque(jobs), deque[Job]()  # what other runs have locked is looked at again in the end
        begun: deque[tuple[int, Future[Outcome]]] = deque()
        while todo or elsewhere or begun:
            while len(begun) < self.conversion.at_once and (todo or (elsewhere and not begun)):
                job = todo.popleft() if todo else elsewhere.popleft()
                if not self._acquire(job, wait=not todo and not begun):
                    elsewhere.append(job)
                    continue
                looked = self._look(job)
                if begun and sum(pixels for pixels, _ in begun) + looked.prospect.pixels > self.conversion.most:
                    self._release(job)  # nobody knows when the next outcome is asked for
                    todo.appendleft(job)
                    break
                begun.append((looked.prospect.pixels, self._begin(looked)))
            outcome = begun.popleft()[1].result()
            yield outcome
            if self.config.fail_fast and outcome.status in ("failed", "unsupported"):
                return

    def _acquire(self, job: Job, wait: bool) -> bool:
        """Whether this run makes the picture; if another makes it and there is nothing else to do, wait for that."""
        if self.locks is None or self.journal is None:
            return True
        if not self.locks.acquire(job.name, wait=wait):
            return False
        self.journal.refresh()
        return True

    def _look(self, job: Job) -> Looked:
        """What to expect of the job's output, or its outcome where its target or its header forbid to begin."""
        try:
            if job.trouble:
                raise ImageError(job.trouble)
            outcome = self._skipped(job)
            if outcome is not None:
                return Looked(job, outcome=outcome)
            seen, prospect = self.conversion.stamp(job), self.conversion.look(job)
            died = 0 if self.journal is None else self.journal.deaths.get(job.name, 0)
            if died > 1:
                raise ImageError(f"{printable(job.source)}: the program was killed over it twice")
            # A picture that may have killed the program is done alone.
            return Looked(job, prospect._replace(pixels=ALONE) if died else prospect, seen)
        except (ImageError, OSError) as error:
            return Looked(job, outcome=self._failed(job, error))

    def _begin(self, looked: Looked) -> Future[Outcome]:
        if looked.outcome is None:
            partial = None
            if self.journal is not None:
                partial = self.journal.begin(looked.job, alone=self.locks is not None and self.locks.works)
            return self.pictures.submit(self._finish, looked, partial)
        self._release(looked.job)
        done: Future[Outcome] = Future()
        done.set_result(looked.outcome)
        return done

    def _skipped(self, job: Job) -> Outcome | None:
        existing = self.config.existing
        if existing == "overwrite" or not os.path.lexists(job.target):
            return None
        if existing == "error":
            return Outcome(job.name, job.target, "failed", f"{job.target}: is there already")
        if self.journal is not None and self.journal.has(job, self.conversion.stamp(job), self.config.memory):
            return Outcome(job.name, job.target, "skipped", FINISHED)
        if existing == "skip":
            return Outcome(job.name, job.target, "skipped", THERE)
        if self.config.in_place and self.journal is not None and self.journal.is_output(job):
            raise ImageError(
                f"{printable(job.source)}: was replaced already, by a command with other settings: "
                "--existing overwrite goes on from what that made"
            )
        if self.journal is not None and not self.config.in_place:
            self.journal.check_ours(job)
        other = "" if self.journal is None or self.said_so else self.journal.made_otherwise(job)
        if self.journal is not None and other:
            folder = printable(self.journal.folder)
            log.warning("%s holds pictures made with other settings (%s): they are made again", folder, other)
            self.said_so = True
        return None

    def _release(self, job: Job) -> None:
        if self.locks is not None:
            self.locks.release(job.name)

    def _finish(self, looked: Looked, partial: str | None) -> Outcome:
        """The job's outcome, once it is made and others may know."""
        try:
            return self._make(looked, partial)
        finally:
            self._release(looked.job)

    def _make(self, looked: Looked, partial: str | None) -> Outcome:
        """The job done and noted; `partial` is what its output is called until it is whole."""
        job, seen, started = looked.job, looked.stamp, time.perf_counter()

        def note(size: int, stamp: list[int], made: Made) -> None:
            if self.journal is not None:
                seconds = time.perf_counter() - started
                memory: dict[str, Any] = {"needs": made.needs, "memory": self.config.memory}
                said: dict[str, Any] = {"notes": made.notes, "models": made.models}
                self.journal.add(job, stamp, size, made.sha256, seconds, **memory, **said)

        def replaces(file: int, made: Made) -> None:
            take_after(file, job.source)
            status = os.fstat(file)
            note(status.st_size, [status.st_size, status.st_mtime_ns, *seen[2:]], made)

        try:
            before = replaces if self.config.in_place else None
            made = self.conversion.make(job, seen, looked.prospect, before=before, partial=partial)
        except (ImageError, OSError) as error:
            return self._failed(job, error)
        except (MemoryError, torch.OutOfMemoryError) as error:
            too_large = ImageError(f"{printable(job.source)}: too large for this machine's memory ({error})")
            return self._failed(job, too_large)
        seconds = time.perf_counter() - started
        if not self.config.in_place:
            note(job.target.stat().st_size, seen, made)
        chosen = self.conversion.chosen
        return Outcome(job.name, job.target, "ok", "", made.pixels, seconds, made.notes, chosen, made.models)

    def _failed(self, job: Job, error: Exception) -> Outcome:
        status = "unsupported" if isinstance(error, UnsupportedImageError) else "failed"
        reason = str(error) if isinstance(error, SrganError) else f"{job.source}: {error}"
        if self.journal is not None:
            self.journal.fail(job, reason)
        return Outcome(job.name, job.target, status, reason)
