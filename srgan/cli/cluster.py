"""`srgan cluster COMMAND IN OUT`: the commands that restore folders, by the machines of a Ray cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

import click

from srgan import options
from srgan.cli.flags import flags_of
from srgan.runner.config import ClusterConfig

if TYPE_CHECKING:
    from srgan.cli.dry import Rehearsal
    from srgan.cli.places import Places
    from srgan.runner.outcome import Outcome
    from srgan.runner.plan import Job


@click.group()
@click.pass_context
def cluster(context: click.Context, /, **flags: Any) -> None:
    """Restore folders by the workers of a Ray cluster: cluster COMMAND IN OUT, with the flags of that command.

    Every machine has the same folders and the same srgan. Outputs are those of one machine, byte for byte; the same
    command again continues, on a cluster or without.
    """
    context.obj = options.build(ClusterConfig, flags)


for add in flags_of(ClusterConfig):
    add(cluster)


def made(config: ClusterConfig, rehearsal: Rehearsal, where: Places, jobs: Sequence[Job]) -> Generator[Outcome]:
    """The outcomes of a run on a cluster."""
    from srgan.runner.connection import connected

    with connected(config.address) as ray:
        from srgan.runner.cluster import restore_on_cluster  # which takes seconds, also while Ray begins

        yield from restore_on_cluster(
            ray,
            config,
            rehearsal.choice.load,
            where.source,
            where.target,
            rehearsal.config,
            jobs=jobs,
            size=rehearsal.choice.size,
            beside=rehearsal.beside,
            asked=rehearsal.asked,
        )
