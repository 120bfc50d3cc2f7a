"""A command from or into object storage: what `cli/run.py` does with folders, done with URLs."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srgan.cli.cluster import foretell, made
from srgan.cli.dry import Rehearsal
from srgan.cli.here import made_here
from srgan.cli.last import noted
from srgan.cli.places import RemotePlaces
from srgan.cli.progress import Progress, shown
from srgan.errors import ImageError
from srgan.files import printable
from srgan.images.reader import probe
from srgan.pools import ahead
from srgan.runner.config import ClusterConfig, FolderConfig
from srgan.runner.history import History
from srgan.runner.known import Known
from srgan.runner.objects import Objects, Seen
from srgan.runner.outcome import Outcome
from srgan.runner.outputs import settled
from srgan.runner.plan import Job
from srgan.runner.remote_plan import RemoteJob, plan_remote
from srgan.runner.urls import Url

if TYPE_CHECKING:
    from srgan.cli.weights import Choice, Choices
    from srgan.inference.masks import Masks

_HEADER = 2**18
"""Bytes of a picture that are read for its header."""

_READERS = 16
"""Objects that are looked into at a time."""


def run_remote(
    choice: Choice | Choices,
    config: FolderConfig,
    masks: Masks | None,
    where: RemotePlaces,
    cluster: ClusterConfig | None,
    scratch: Path,
    *,
    failed: bool,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
) -> int:
    """Restores what lies in one place into another, and gives the exit code."""
    if not quiet and not as_json:
        click.echo(f"listing {printable(where.source)} and {printable(where.target)}", err=True)
    planned = partial(plan_remote, where.source, where.target, **config.planning())
    jobs = planned()
    known = Known(Objects(where.target), scratch, config.shard) if isinstance(where.target, Url) else None
    history = known.history if known else History(Path(where.target))
    history.refresh()
    jobs = history.keeping(jobs, planned, known.there if known else None)
    if failed:
        jobs = [job for job in jobs if job.name in history.failed]
    history.check_tasks(where.target, jobs, choice.tasks, config, known.there if known else None)
    rehearsal = Rehearsal(choice, config, masks, history)
    if dry_run:
        with closing(_looked_at(rehearsal, where, jobs, known, scratch)) as looked_at:
            code = rehearsal.play(looked_at, where.target, as_json=as_json, quiet=quiet)
        if cluster is not None and rehearsal.planned and not quiet:
            foretell(cluster, rehearsal)
        return code
    progress = Progress(len(jobs), quiet=quiet or as_json, every_note=verbose)
    progress.show()
    if cluster is None:
        outcomes = made_here(rehearsal, where, jobs, progress, known)
    else:
        outcomes = made(cluster, rehearsal, where, jobs, known)
    return shown(noted(outcomes, where.target), progress, where.target, as_json=as_json, verbose=verbose)


def _looked_at(
    rehearsal: Rehearsal, where: RemotePlaces, jobs: Sequence[RemoteJob], known: Known | None, scratch: Path
) -> Generator[Job | Outcome]:
    """Jobs, each with the beginning of its picture in the scratch folder; or outcomes that are known before."""
    source = Objects(where.source) if isinstance(where.source, Url) else None
    existing = rehearsal.config.existing

    def looked_at(numbered: tuple[int, RemoteJob]) -> Job | Outcome:
        number, asked = numbered
        job = asked.within(scratch, number, where.source, where.target)
        if job.trouble:
            return job
        try:
            if known is not None:
                outcome, _ = settled(known.folder, known, existing, job, lambda line: rehearsal.answers(job, line))
                if outcome is not None:
                    return outcome
            if source is not None and asked.seen is not None:
                _begin(source, job, asked.seen, whole=rehearsal.config.frames == "all")
        except (ImageError, OSError) as error:
            return dataclasses.replace(job, trouble=str(error))
        return job

    with ThreadPoolExecutor(_READERS) as readers, closing(ahead(readers, looked_at, enumerate(jobs), 64)) as coming:
        for job in coming:
            yield job
            if isinstance(job, Job) and job.input_folder.is_relative_to(scratch):
                shutil.rmtree(job.input_folder, ignore_errors=True)


def _begin(source: Objects, job: Job, seen: Seen, *, whole: bool) -> None:
    """Puts as much of a picture into the scratch folder as its header takes: its beginning, or all of it."""
    job.source.parent.mkdir(parents=True, exist_ok=True)
    if not whole and seen.size:
        job.source.write_bytes(source.beginning(job.name, _HEADER))
        os.truncate(job.source, seen.size)
        with suppress(ImageError):  # as of TIFF, which may have it at the end
            probe(job.source)
            return
    source.fetch(job.name, job.source, seen)
