"""A run on this machine, for which all that is heavy is imported where there is something to do."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from srgan.cli.supervise import run_name

if TYPE_CHECKING:
    from srgan.cli.dry import Rehearsal
    from srgan.cli.places import Places, RemotePlaces
    from srgan.cli.progress import Progress
    from srgan.runner.known import Known
    from srgan.runner.outcome import Outcome
    from srgan.runner.plan import Job
    from srgan.runner.remote_plan import RemoteJob


def made_here(
    rehearsal: Rehearsal,
    where: Places | RemotePlaces,
    jobs: Sequence[Job] | Sequence[RemoteJob],
    progress: Progress,
    known: Known | None = None,
) -> Generator[Outcome]:
    """The outcomes of a run on this machine; `known` as `srgan.restore_folder` takes it."""
    from srgan.engines.devices import choose_devices
    from srgan.engines.memory import keep_freed_memory
    from srgan.quota import keep_within_quota
    from srgan.runner import run as folder

    choose_devices(rehearsal.config.device)  # which may refuse, before weights are loaded
    keep_freed_memory()
    keep_within_quota()
    return folder.restore_folder(
        rehearsal.choice.load(),
        where.source,
        where.target,
        rehearsal.config,
        size=rehearsal.choice.size,
        masks=rehearsal.beside,
        jobs=jobs,
        progress=progress.within,
        run=run_name(),
        asked=rehearsal.asked,
        known=known,
    )
