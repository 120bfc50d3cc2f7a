"""Restore a folder: several pictures side by side, one Outcome a file, and a journal to continue from.

plan -> lock, or skip what is finished -> probe -> decode -> restore -> encode -> write -> journal -> Outcome
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import cast

from srgan.engines.devices import choose_devices
from srgan.engines.ncnn_engine import VULKAN
from srgan.engines.threads import Threads
from srgan.inference.chain import Chain, restorer_of
from srgan.inference.masks import Masks
from srgan.inference.pipeline import Models, Restorer
from srgan.inference.sizes import Size
from srgan.options import checked
from srgan.runner.beside import Beside, Nothing
from srgan.runner.config import FolderConfig
from srgan.runner.converting import Converting
from srgan.runner.history import History, tasks_of
from srgan.runner.job import Conversion, Progress
from srgan.runner.known import Known
from srgan.runner.outcome import Outcome
from srgan.runner.parallel import Run, noting
from srgan.runner.plan import Job, plan
from srgan.runner.remote import remote_outcomes
from srgan.runner.remote_plan import RemoteJob
from srgan.runner.urls import Url, place


def restore_folder(
    model: Models | Sequence[Models] | Restorer | Chain,
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    config: FolderConfig | None = None,
    *,
    size: Size | None = None,
    masks: Beside | str | os.PathLike[str] | None = None,
    jobs: Sequence[Job] | Sequence[RemoteJob] | None = None,
    progress: Progress | None = None,
    run: str | None = None,
    asked: str = "",
    threads: Threads | None = None,
    known: Known | None = None,
) -> Generator[Outcome]:
    """One Outcome for each picture of a file or folder, in the order of the plan, as it is finished.

    Sub-folders are kept. A bad file becomes an Outcome with its reason and never stops the others. The same call again
    continues where an interrupted one stopped. Either place, or both, may be a URL: s3://bucket/prefix.

    Args:
        model: the model, or where a size is given one for each scale, by which pictures are enlarged step by step; or
            several of these, of which each takes in floats what the one before has made; or what an earlier call made
            of them, with its own configuration and size.
        size: how large pictures become; None is what the model makes.
        masks: for inpainting: what is to be filled of each picture, `Masks`; a path stands for `Masks` of that path.
        jobs: the plan, where the caller has made it already, or a part of it; where a place is a URL, of `plan_remote`.
        progress: called from several threads, now and then, with the name of a picture in work, the share of it that
            is done, and the pixels of its output.
        run: by what name the journal knows this run, which no other has; None makes one.
        asked: noted beside what is finished, so that who asks for the same need not find out what that comes to.
        threads: of several runs in this program, which stay; None begins some and ends them.
        known: what lies where outputs go, if that is a URL; where jobs are given without it, each output is asked for.

    Raises:
        NoPicturesError: there is nothing to do.
        ConfigError: source and target do not go together, or what another task has made would be replaced.
        MachineError: the output cannot be written; what was finished before is whole.
    """
    config = checked(config, FolderConfig)
    beside = Masks(masks) if isinstance(masks, (str, os.PathLike)) else masks or Nothing()
    places = place(source), place(target)
    folders = [one for one in places if isinstance(one, Path)]
    if jobs is None and len(folders) == 2:
        planned, history = partial(plan, *folders, **config.planning(), aside=_aside(beside)), History(folders[1])
        jobs = planned()
        history.refresh()
        jobs = history.keeping(jobs, planned)
    own = threads is None
    threads = threads or threads_for(config)
    conversion = Conversion(restorer_of(model, config, size).shared(threads.tiles), config, beside, progress)
    with ExitStack() as ending:
        outcomes = outcomes_of(ending, conversion, threads.pictures, places, jobs, known, run=run, asked=asked)
        if own:
            ending.enter_context(closing(threads))
        yield from outcomes


def outcomes_of(
    ending: ExitStack,
    conversion: Converting,
    pictures: Executor,
    places: tuple[Path | Url, Path | Url],
    jobs: Sequence[Job] | Sequence[RemoteJob] | None,
    known: Known | None,
    *,
    run: str | None,
    asked: str,
) -> Iterator[Outcome]:
    """The outcomes of a run from one place into another, each an URL or not, by whatever makes the pictures.

    Args:
        ending: closes what they need.
        jobs: the plan; None, where a place is a URL, makes it.

    Raises:
        SrganError: as `restore_folder`.
    """
    source, target = places
    if isinstance(source, Url) or isinstance(target, Url):
        remote = cast("Sequence[RemoteJob] | None", jobs)
        return remote_outcomes(ending, conversion, pictures, places, remote, known, run=run, asked=asked)
    # a single file is simply done again: a journal would be a surprise beside it
    folder = target if source.is_dir() else None
    journal, locks = ending.enter_context(noting(conversion, folder, run, asked))
    planned = cast("Sequence[Job]", jobs)
    if journal is not None:
        journal.check_tasks(target, planned, tasks_of(journal.chosen), conversion.config)
    return Run(conversion, pictures, journal, locks).outcomes(planned)


def _aside(beside: Beside) -> Path | None:
    return beside.path if isinstance(beside, Masks) else None


def threads_for(config: FolderConfig) -> Threads:
    """Threads for pictures, and for their tiles where that is quicker than one tile after the other."""
    return Threads(shared=choose_devices(config.device)[0].type in ("cpu", VULKAN))
