"""A run from or into object storage: what is to be read is fetched ahead, what was made is put, both by threads.

list -> plan -> skip what is finished -> fetch -> the ordinary run, of a scratch file a scratch file -> put -> note
"""

from __future__ import annotations

import dataclasses
import shutil
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from srgan.errors import ImageError
from srgan.pools import ahead
from srgan.runner.converting import Converting
from srgan.runner.history import History, tasks_of
from srgan.runner.known import Known
from srgan.runner.objects import Objects
from srgan.runner.outcome import Outcome
from srgan.runner.outputs import Outputs
from srgan.runner.parallel import Run, done, noting
from srgan.runner.plan import Job
from srgan.runner.remote_plan import RemoteJob, plan_remote
from srgan.runner.urls import Url

_FETCHED = 64
"""Pictures that wait to be begun, at most: each counts as one, and a large one as several."""

_LARGE = 2**24
"""Bytes of a picture that counts as one."""

_FETCHERS, _PUTTERS = 32, 32
"""Objects that are read, and written, at a time."""


class _Transit:
    """The way of pictures through a scratch folder, from and to where they lie."""

    def __init__(
        self,
        conversion: Converting,
        source: Objects | Path,
        target: Outputs | Path,
        scratch: Path,
        run: Run,
    ) -> None:
        self._conversion, self._target, self._run = conversion, target, run
        self._store = source if isinstance(source, Objects) and not conversion.carries else None
        self._places = tuple(one if isinstance(one, Path) else one.url for one in (source, target))
        self._scratch, self._lock = scratch, threading.Lock()
        self._at_work: dict[str, Job] = {}
        for left in ("in", "out"):  # of a run that was killed
            shutil.rmtree(scratch / left, ignore_errors=True)

    def outcomes(self, jobs: Sequence[RemoteJob]) -> Iterator[Outcome]:
        """The outcomes of jobs, in their order, each once its output is where it shall be."""
        with (
            ThreadPoolExecutor(_PUTTERS, "put") as putters,
            ThreadPoolExecutor(_FETCHERS, "fetch") as fetchers,
            closing(ahead(fetchers, self._fetched, enumerate(jobs), _FETCHED, _weight)) as coming,
        ):
            settling: deque[Future[Outcome]] = deque()
            for outcome in self._run.outcomes(coming):
                settling.append(self._settle(putters, outcome))
                while settling and (settling[0].done() or len(settling) > _PUTTERS):
                    yield settling.popleft().result()
            while settling:
                yield settling.popleft().result()

    def _fetched(self, numbered: tuple[int, RemoteJob]) -> Job | Outcome:
        """The job of a picture, which lies in the scratch folder now unless whoever makes it fetches it.

        Its outcome instead, where that is known before.
        """
        number, asked = numbered
        job = asked.within(self._scratch, number, *self._places)
        try:
            settled = None if job.trouble else self._settled(job)
            if settled is not None:
                return settled
            if self._store is not None and asked.seen is not None and not job.trouble:
                self._store.fetch(job.name, job.source, asked.seen)
        except (ImageError, OSError) as error:
            job = dataclasses.replace(job, trouble=str(error))
        self._at_work[job.name] = job
        return job

    def _settled(self, job: Job) -> Outcome | None:
        if isinstance(self._target, Outputs):
            own = self._run.journal is not None and self._run.journal.own.get(job.name, False)
            return self._target.settled(job, self._conversion.stamp(job), own=own)
        with self._lock:
            return self._run.skipped(job)

    def _settle(self, putters: Executor, outcome: Outcome) -> Future[Outcome]:
        """The outcome, once what was made is put and what was fetched removed."""
        job = self._at_work.pop(outcome.name, None)
        if job is None:
            return done(outcome)
        line = None
        if isinstance(self._target, Outputs) and outcome.status == "ok" and self._run.journal is not None:
            self._run.journal.refresh()
            line = self._run.journal.finished.pop(job.name)
        return putters.submit(self._put, job, outcome, line)

    def _put(self, job: Job, outcome: Outcome, line: Mapping[str, Any] | None) -> Outcome:
        try:
            if isinstance(self._target, Path):
                return outcome
            if line is not None:
                self._target.put(job, line)
            else:
                self._target.fail(job.name, outcome.reason)
            return dataclasses.replace(outcome, target=Url(f"{self._target.url}/{job.new}"))
        finally:
            for folder in (job.input_folder, job.output_folder):
                if folder.is_relative_to(self._scratch):
                    shutil.rmtree(folder, ignore_errors=True)


def _weight(numbered: tuple[int, RemoteJob]) -> float:
    """For how many small pictures one counts."""
    seen = numbered[1].seen
    return 1.0 if seen is None else max(1.0, seen.size / _LARGE)


def remote_outcomes(
    ending: ExitStack,
    conversion: Converting,
    pictures: Executor,
    places: tuple[Path | Url, Path | Url],
    jobs: Sequence[RemoteJob] | None,
    known: Known | None,
    *,
    run: str | None,
    asked: str,
) -> Iterator[Outcome]:
    """The outcomes of a run of which IN, OUT or both are URLs, as those of `srgan.restore_folder`.

    Args:
        ending: closes what they need.

    Raises:
        NoPicturesError: there is nothing to do.
        ConfigError: IN and OUT do not go together, or what another task has made would be replaced.
        MachineError: a store cannot be asked, or the output not be written.
    """
    (source, target), config = places, conversion.config
    scratch = (
        known.scratch
        if known
        else Path(ending.enter_context(TemporaryDirectory(prefix="srgan-", ignore_cleanup_errors=True)))
    )
    if jobs is None:
        planned = partial(plan_remote, source, target, **config.planning())
        jobs = planned()
        known = known or (Known(Objects(target), scratch, config.shard) if isinstance(target, Url) else None)
        history = known.history if known else History(Path(target))
        history.refresh()
        jobs = history.keeping(jobs, planned, known.there if known else None)
    inputs = Objects(source) if isinstance(source, Url) else source
    outputs: Outputs | Path = Path(target)
    if isinstance(target, Url):
        if known:
            known.history.check_tasks(target, jobs, tasks_of(conversion.settings()), config, known.there)
        outputs = ending.enter_context(closing(Outputs(Objects(target), conversion, known)))
    folder = scratch if isinstance(outputs, Outputs) else outputs
    journal, locks = ending.enter_context(noting(conversion, folder, run, asked))
    if journal is not None and folder is outputs:
        journal.check_tasks(folder, jobs, tasks_of(journal.chosen), config)
    transit = _Transit(conversion, inputs, outputs, scratch, Run(conversion, pictures, journal, locks))
    return transit.outcomes(jobs)
