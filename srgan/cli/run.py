"""What `upscale`, `denoise` and their like share: the flags of a folder run, and the run."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan import options
from srgan.cli.cluster import foretell, made
from srgan.cli.dry import Rehearsal
from srgan.cli.flags import flags_of
from srgan.cli.here import made_here
from srgan.cli.last import noted
from srgan.cli.places import Places, PlaceType, RemotePlaces, places
from srgan.cli.progress import Progress, shown
from srgan.cli.supervise import scratch, supervise
from srgan.runner import space
from srgan.runner.config import ClusterConfig, FolderConfig
from srgan.runner.fleeting import fleeting
from srgan.runner.history import History
from srgan.runner.outcome import FINISHED, Outcome
from srgan.runner.plan import plan

if TYPE_CHECKING:
    from srgan.cli.weights import Choice, Choices
    from srgan.inference.masks import Masks
    from srgan.runner.plan import Job
    from srgan.runner.urls import Url


def restoring(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every command that restores a folder takes: IN, OUT, and the flags that `run` knows."""
    path = PlaceType(path_type=Path)
    for add in (
        click.argument("paths", metavar="IN... [OUT]", nargs=-1, required=True, type=path),
        *flags_of(FolderConfig),
        click.option("--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help="Name every picture, and print every note."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object a picture on stdout."),
        click.option("--failed", is_flag=True, help="Only what failed the last time."),
        click.option("-n", "--dry-run", is_flag=True, help="Check everything but the pixels, and write nothing."),
        click.option("-m", "--model", default=None, metavar="NAME|FILE", help="Shipped weights or a weights file."),
        click.option("-o", "--output", type=path, metavar="OUT", help="Where outputs go, for several inputs."),
    ):
        command = add(command)
    return command


realism_option = click.option(
    "--realism",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="0 is faithful, 1 vivid: detail is made up.  [default: 0]",
)


grain_option = click.option(
    "--keep-grain",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of the grain to leave in; coloured noise goes all the same.  [default: 0]",
)


def run(
    choice: Choice | Choices,
    tag: str,
    paths: Sequence[Path | Url],
    output: Path | Url | None,
    *,
    dry_run: bool,
    failed: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    masks: Masks | None = None,
    **flags: object,
) -> int:
    """Restores what the paths name by the models chosen, says how far it is, and gives the exit code.

    Args:
        tag: what is added to the name of an input where no output is named.
    """
    config = options.build(FolderConfig, flags)
    logging.getLogger("srgan").setLevel(logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING)
    where = places(paths, output, tag, config)
    context = click.get_current_context()
    words = context.find_root().obj  # None where another program has called the command
    cluster = context.find_object(ClusterConfig)
    if isinstance(where, RemotePlaces):
        again = None if dry_run or cluster is not None else words
        how = {"failed": failed, "dry_run": dry_run, "as_json": as_json, "verbose": verbose, "quiet": quiet}
        return _remote(choice, config, masks, where, cluster, again, **how)
    if where.source.is_dir() and not dry_run and words is not None and cluster is None:
        code = supervise(words, where.target)
        if code is not None:
            return code
    history = History(where.target)
    planned = partial(
        plan, where.source, where.target, **config.planning(), among=where.among, aside=masks.path if masks else None
    )
    jobs = planned()
    if failed or dry_run:
        jobs = _known(jobs, history, planned, failed=failed)
    rehearsal = Rehearsal(choice, config, masks, history if where.source.is_dir() else None)
    if dry_run:
        history.check_tasks(where.target, jobs, choice.tasks, config)
        code = rehearsal.play(jobs, where.target, as_json=as_json, quiet=quiet)
        if cluster is not None and rehearsal.planned and not quiet:
            foretell(cluster, rehearsal)
        return code
    progress = Progress(len(jobs), quiet=quiet or as_json, every_note=verbose)
    progress.show()
    if not failed:
        jobs = _known(jobs, history, planned)  # not before: of 100,000 pictures that takes a while
    history.check_tasks(where.target, jobs, choice.tasks, config)
    outcomes = _outcomes(rehearsal, where, jobs, progress, cluster)
    return shown(outcomes, progress, where.target, as_json=as_json, verbose=verbose)


def _remote(
    choice: Choice | Choices,
    config: FolderConfig,
    masks: Masks | None,
    where: RemotePlaces,
    cluster: ClusterConfig | None,
    words: Sequence[str] | None,
    **how: bool,
) -> int:
    """The exit code of a run of which a place is a URL; with words it is done in a process of its own."""
    with scratch() if cluster is None else fleeting() as folder:
        if words is not None:
            code = supervise(words, where.target if isinstance(where.target, Path) else folder)
            if code is not None:
                return code
        from srgan.cli.remote import run_remote

        return run_remote(choice, config, masks, where, cluster, folder, **how)


def _known(jobs: list[Job], history: History, planned: Callable[..., list[Job]], *, failed: bool = False) -> list[Job]:
    """What there is to do, once it is known what was done before; with --failed only what the last run could not."""
    history.refresh()
    jobs = history.keeping(jobs, planned)
    return [job for job in jobs if job.name in history.failed] if failed else jobs


def _tell_of_space(jobs: Sequence[Job], target: Path, growth: float | None) -> None:
    """Says how much room the outputs may take, where that is known and more than is free."""
    if growth is not None and (needed := space.needed(jobs, growth)) > (free := space.free(target)):
        click.echo(space.said(needed, free), err=True)


def _outcomes(
    rehearsal: Rehearsal, where: Places, jobs: Sequence[Job], progress: Progress, cluster: ClusterConfig | None
) -> Generator[Outcome]:
    """The outcomes of a run, for which all that is heavy is imported where there is something to do."""
    if rehearsal.config.existing in ("resume", "skip") and all(map(rehearsal.finished, jobs)):
        for job in jobs:
            yield Outcome(job.name, job.target, "skipped", FINISHED)
        return
    _tell_of_space(jobs, where.target, rehearsal.choice.growth)
    some = made_here(rehearsal, where, jobs, progress) if cluster is None else made(cluster, rehearsal, where, jobs)
    yield from noted(some, where.target) if where.source.is_dir() else some
