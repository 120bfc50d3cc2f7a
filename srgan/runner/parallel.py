"""A plan, worked off: several pictures side by side, each begun as it comes, its outcome in its turn."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from srgan.errors import ImageError, SrganError, UnsupportedImageError
from srgan.files import printable, take_after
from srgan.runner.converting import Converting
from srgan.runner.history import tell_of_others
from srgan.runner.job import Made
from srgan.runner.journal import Journal
from srgan.runner.locks import LOCKS, Locks
from srgan.runner.outcome import FINISHED, LINK, THERE, Outcome
from srgan.runner.plan import Job
from srgan.runner.prospects import Looked

ALONE = 10**18
"""Pixels beside which there is no room for others."""


@contextmanager
def noting(
    conversion: Converting, folder: Path | None, run: str | None, asked: str
) -> Iterator[tuple[Journal, Locks] | tuple[None, None]]:
    """The journal and the locks of an output folder; none where there is none."""
    if folder is None:
        yield None, None
        return
    journal = Journal(folder, conversion.settings(), run=run, asked=asked)
    with journal, closing(Locks(journal.path.with_name(LOCKS))) as locks:
        yield journal, locks


class Run:
    """One pass over a plan: a thread a picture."""

    def __init__(
        self, conversion: Converting, pictures: Executor, journal: Journal | None, locks: Locks | None
    ) -> None:
        self.conversion, self.config, self.pictures = conversion, conversion.config, pictures
        self.journal, self.locks = journal, locks
        self.said_so = False

    def outcomes(self, jobs: Iterable[Job | Outcome]) -> Iterator[Outcome]:
        """The outcomes of jobs, in their order, of which some may be settled already."""
        coming, todo = iter(jobs), deque[Job | Outcome]()
        elsewhere = deque[Job]()  # what other runs have locked is looked at again in the end
        begun: deque[tuple[int, Future[Outcome]]] = deque()

        def more() -> bool:
            if not todo:
                todo.extend(islice(coming, 1))
            return bool(todo)

        while more() or elsewhere or begun:
            while len(begun) < self.conversion.at_once and (more() or (elsewhere and not begun)):
                job = todo.popleft() if todo else elsewhere.popleft()
                if isinstance(job, Outcome):
                    begun.append((0, done(job)))
                    continue
                if not self._acquire(job, wait=not begun and not more()):
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
            outcome = self.skipped(job)
            if outcome is not None:
                return Looked(job, outcome=outcome)
            seen, prospect = self.conversion.stamp(job), self.conversion.look(job)
            died = self.journal is not None and self.journal.check_alive(job)
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
        return done(looked.outcome)

    def skipped(self, job: Job) -> Outcome | None:
        """The outcome of a job that is not done because of what is in the place of its output; None of others.

        Raises:
            ImageError: that is not ours to replace.
        """
        if self.config.in_place and job.source.is_symlink():
            return Outcome(job.name, job.target, "skipped", LINK)
        existing = self.config.existing
        if not os.path.lexists(job.target):
            return None
        own = {} if self.journal is None else self.journal.own
        # Where a run of this very command was killed, what that had finished is finished, whatever was asked for.
        known = existing in ("resume", "skip") or own.get(job.name, False)
        if known and self.journal and self.journal.has(job, self.conversion.stamp(job), self.config.memory):
            return Outcome(job.name, job.target, "skipped", FINISHED)
        if existing == "overwrite" or (existing == "error" and job.name in own):
            return None
        if existing == "error":
            return Outcome(job.name, job.target, "failed", f"{job.target}: is there already")
        if existing == "skip":
            return Outcome(job.name, job.target, "skipped", THERE)
        if self.journal is not None:
            (self.journal.check_source if self.config.in_place else self.journal.check_ours)(job)
        if self.journal is not None and not self.said_so:
            self.said_so = tell_of_others(self.journal, self.journal.folder, job.name, self.journal.chosen)
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

        def note(stamp: list[int], made: Made) -> None:
            if self.journal is not None:
                seconds = time.perf_counter() - started
                memory: dict[str, Any] = {"needs": made.needs, "memory": self.config.memory}
                said: dict[str, Any] = {"notes": made.notes, "models": made.models}
                self.journal.add(job, stamp, made.size, made.sha256, seconds, **memory, **said)

        def before(file: int, made: Made) -> None:
            if self.config.in_place:
                take_after(file, job.source)
                status = os.fstat(file)
                note([status.st_size, status.st_mtime_ns, *seen[2:]], made)
                if self.journal is not None:
                    self.journal.sync(job)
            elif self.journal is not None:
                self.journal.announce(job, made.size, made.sha256)

        try:
            if self.journal is not None and self.conversion.carries:  # and names the output itself
                self.journal.sync(job)
            made = self.conversion.make(job, seen, looked.prospect, before=before, partial=partial)
        except (ImageError, OSError) as error:
            return self._failed(job, error)
        except (MemoryError, torch.OutOfMemoryError) as error:
            too_large = ImageError(f"{printable(job.source)}: too large for this machine's memory ({error})")
            return self._failed(job, too_large)
        seconds = time.perf_counter() - started
        if not self.config.in_place:
            note(seen, made)
        chosen = self.conversion.chosen
        return Outcome(job.name, job.target, "ok", "", made.pixels, seconds, made.notes, chosen, made.models)

    def _failed(self, job: Job, error: Exception) -> Outcome:
        status = "unsupported" if isinstance(error, UnsupportedImageError) else "failed"
        reason = job.named(str(error) if isinstance(error, SrganError) else f"{job.source}: {error}")
        if self.journal is not None:
            self.journal.fail(job, reason)
        return Outcome(job.name, job.target, status, reason)


def done(outcome: Outcome) -> Future[Outcome]:
    """An outcome that nobody has to wait for."""
    future: Future[Outcome] = Future()
    future.set_result(outcome)
    return future
