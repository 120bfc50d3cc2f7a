"""What a server was asked to do: a queue of jobs that live in it, each with its state, its progress and its result.

queued -> working -> done, failed or cancelled -> forgotten, when it is old; where others need the room, too, unless it
has the only copy of a result
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from srgan.errors import SrganError
from srgan.files import printable
from srgan.pages.job import OVER, Cancelled, Crowded, Full, Job, Limits
from srgan.runner.outcome import Outcome

log = logging.getLogger(__name__)

Restore = Callable[[Job, Callable[[float], None]], Outcome]
"""Restores the picture of a job and tells the share that is done."""


class Jobs:
    """The jobs of a server, some of them worked on side by side; any thread may call.

    Args:
        restore: makes what a job asks for.
        clock: the time [s].
    """

    def __init__(
        self,
        restore: Restore,
        limits: Limits | None = None,
        *,
        side_by_side: int = 3,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limits = limits or Limits()
        self._restore, self._clock = restore, clock
        self._jobs: dict[str, Job] = {}
        self._listeners: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        self._pool = ThreadPoolExecutor(side_by_side, "job")
        self._previews = ThreadPoolExecutor(1, "preview")
        self._version = 0
        self.closing = False

    def add(self, job: Job) -> None:
        """Queues a job; a preview of a part waits for other previews alone.

        Raises:
            Full: too many wait, or there is no room for what it brings beside them.
            Crowded: nor is there beside the results that are kept.
        """
        with self._lock:
            preview = bool(job.asked.part)
            waiting = sum(one.state == "queued" and bool(one.asked.part) == preview for one in self._jobs.values())
            if waiting >= self.limits.waiting:
                raise Full(f"{waiting} pictures wait already; try again when some are done")
            self._make_room(jobs=1, bytes=job.bytes())
            self._jobs[job.id] = job
            self._changed(job)
            future = (self._previews if preview else self._pool).submit(self._work, job)
        future.add_done_callback(lambda future: self._check(job, future))

    def get(self, id: str) -> Job | None:
        """The job of that id, if it is held."""
        self.sweep()
        return self._jobs.get(id)

    def all(self) -> list[Job]:
        """Every job, the oldest first."""
        self.sweep()
        with self._lock:
            return list(self._jobs.values())

    def remove(self, id: str) -> None:
        """Cancels the job where it is not over, and forgets it where it is."""
        with self._lock:
            job = self._jobs[id]
            job.wanted = False
            if job.state == "queued":
                self._end(job, "cancelled")
            elif job.state in OVER:
                self._forget(job)
            else:
                self._changed(job)

    def sweep(self) -> None:
        """Forgets what is over and too old."""
        with self._lock:
            now = self._clock()
            for job in list(self._jobs.values()):
                if job.over is not None and now - job.over > self.limits.age:
                    self._forget(job)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """What ends that the listener is called whenever something changes, from any thread."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def announce(self) -> None:
        """Calls those who listen."""
        for listener in list(self._listeners):
            listener()

    def dismiss(self) -> None:
        """Tells those who listen that nothing more will come."""
        self.closing = True
        self.announce()

    def close(self) -> None:
        """Cancels everything and waits for what is being worked on."""
        with self._lock:
            for job in self._jobs.values():
                job.wanted = False
        for pool in (self._pool, self._previews):
            pool.shutdown(cancel_futures=True)

    def _work(self, job: Job) -> None:
        with self._lock:
            if job.state != "queued":
                return
            job.state = "working"
            self._changed(job)
        try:
            outcome = self._restore(job, lambda share: self._progress(job, share))
        except Cancelled:
            self._end(job, "cancelled")
        except SrganError as error:
            self._end(job, "failed", error=str(error), exit_code=error.exit_code)
        else:
            if not job.wanted:
                self._end(job, "cancelled")
            elif outcome.status in ("failed", "unsupported"):
                self._end(job, "failed", error=outcome.reason, exit_code=1)
            else:
                made = {"notes": outcome.notes, "models": outcome.models, "result": outcome.target}
                self._end(job, "done", share=1.0, seconds=round(outcome.seconds, 3), **made)

    def _progress(self, job: Job, share: float) -> None:
        if not job.wanted:
            raise Cancelled
        with self._lock:
            job.share = share
            self._changed(job)

    def _check(self, job: Job, future: Future[None]) -> None:
        """A bug of ours ends the job, not the server."""
        if not future.cancelled() and (error := future.exception()) is not None:
            log.error("%s: %r", printable(job.name), error, exc_info=error)
            self._end(job, "failed", error=f"internal error: {error!r}", exit_code=70)

    def _end(self, job: Job, state: str, **known: Any) -> None:
        with self._lock:
            for name, value in known.items():
                setattr(job, name, value)
            job.state, job.over = state, self._clock()
            self._changed(job)
            with suppress(Full):  # what is not over stays, and what is kept: the next picture is refused
                self._make_room()

    def _changed(self, job: Job) -> None:
        self._version += 1
        job.version = self._version
        self.announce()

    def _make_room(self, *, jobs: int = 0, bytes: int = 0) -> None:
        """Forgets what was over first, but what is kept, until there is room for so much more."""
        self.sweep()
        sizes = {job.id: job.bytes() for job in self._jobs.values()}

        def fits(held: Iterable[Job]) -> bool:
            there = [sizes[job.id] for job in held]
            return jobs + len(there) <= self.limits.held and bytes + sum(there) <= self.limits.disk

        every = list(self._jobs.values())
        if not fits(job for job in every if job.kept):
            raise Crowded("there is no room for another picture; download results and remove them")
        if not fits(job for job in every if job.kept or job.over is None):
            raise Full("there is no room for another picture; wait until others are done")
        yielding = (job for job in every if job.over is not None and not job.kept)
        for job in sorted(yielding, key=lambda job: job.over or 0.0):
            if fits(self._jobs.values()):
                break
            self._forget(job)

    def _forget(self, job: Job) -> None:
        del self._jobs[job.id]
        job.state = "forgotten"
        shutil.rmtree(job.folder, ignore_errors=True)
        self._changed(job)
