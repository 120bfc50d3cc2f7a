"""`srgan cluster COMMAND IN OUT`: the commands that restore folders, by the machines of a Ray cluster."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from srgan import options
from srgan.cli.flags import flags_of
from srgan.files import stamp
from srgan.runner import space
from srgan.runner.config import ClusterConfig

if TYPE_CHECKING:
    from srgan.cli.dry import Rehearsal
    from srgan.cli.places import Places, RemotePlaces
    from srgan.runner.known import Known
    from srgan.runner.outcome import Outcome
    from srgan.runner.plan import Job
    from srgan.runner.remote_plan import RemoteJob
    from srgan.runner.worker import Recipe


@click.group()
@click.pass_context
def cluster(context: click.Context, /, **flags: Any) -> None:
    """Restore folders by the workers of a Ray cluster: cluster COMMAND IN OUT, with the flags of that command.

    `cluster data check|pack` does what `data` does, a core a picture.

    Every machine has the same folders, or reaches the same buckets, and the same srgan. Outputs are those of one
    machine, byte for byte; the same command again continues, on a cluster or without.
    """
    context.obj = options.build(ClusterConfig, flags)


for add in reversed(flags_of(ClusterConfig)):
    add(cluster)


def made(
    config: ClusterConfig,
    rehearsal: Rehearsal,
    where: Places | RemotePlaces,
    jobs: Sequence[Job] | Sequence[RemoteJob],
    known: Known | None = None,
) -> Generator[Outcome]:
    """The outcomes of a run on a cluster; `known` as `restore_on_cluster` takes it."""
    from srgan.runner.connection import connected

    with connected(config.address) as ray:
        from srgan.runner.cluster import restore_on_cluster  # which takes seconds, also while Ray begins

        recipe = _recipe(rehearsal)
        yield from restore_on_cluster(ray, config, recipe, where.source, where.target, jobs=jobs, known=known)


def foretell(config: ClusterConfig, rehearsal: Rehearsal) -> None:
    """Says what the run that was rehearsed takes on a cluster, after really restoring a sample there."""
    from srgan.runner.connection import connected

    with connected(config.address) as ray:
        from srgan.runner.cluster import estimate

        told = estimate(ray, config, _recipe(rehearsal), rehearsal.planned, rehearsal.pixels)
    shape, read = told.shape, sum((job.seen or stamp(job.source))[0] for job in rehearsal.planned)
    workers = f"workers {shape.workers}, cores each {shape.cores}, GPUs each {shape.gpus}, machines {shape.machines}"
    click.echo(f"pictures {len(rehearsal.planned)}, {space.bytes_said(read)} to read; {workers}", err=True)
    cost = f", and cost about {told.hours * shape.machines * config.price:.2f}" if config.price else ""
    sample = f"{told.sampled} pictures took one worker {told.seconds:.1f} s"
    click.echo(f"an estimate: {sample}; all may take {told.hours:.2g} hours{cost}", err=True)


@contextmanager
def pool() -> Iterator[dict[str, Any]]:
    """What does the work on each picture of a set, as `look` and `pack` take it: a cluster, where one is asked for."""
    config = click.get_current_context().find_object(ClusterConfig)
    if config is None:
        yield {}
        return
    from srgan.runner.connection import connected
    from srgan.runner.tasks import Tasks

    with connected(config.address) as ray, Tasks(ray) as tasks:
        yield {"pool": tasks, "at_once": tasks.places}


def _recipe(rehearsal: Rehearsal) -> Recipe:
    from srgan.runner.worker import Recipe

    return Recipe(rehearsal.choice.load, rehearsal.config, rehearsal.choice.size, rehearsal.beside, rehearsal.asked)
