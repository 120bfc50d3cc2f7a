"""Restore a folder on the machines of a Ray cluster, by the same pass over a plan as on one.

    here: plan -> lock, or skip what is finished -> name and stamp travel -> facts come back -> journal -> Outcome
    worker: (fetch ->) probe -> decode -> restore -> encode -> write (-> put)

Pixels never come here: a worker fetches and puts by itself what lies in object storage. Only who asks writes the
journal and takes the locks: no two machines append to one file, and `verify`, `retry`, `--failed` and a run on one
machine find what they know. Of Ray this takes actors, not Ray Data: its `map_batches` ends with a batch over which
workers die, and cannot take that batch apart to find the picture.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from srgan.errors import ConfigError
from srgan.files import stamp
from srgan.runner.beside import Beside
from srgan.runner.config import ClusterConfig, FolderConfig
from srgan.runner.connection import Shape, shape
from srgan.runner.converting import Before
from srgan.runner.crew import Crew
from srgan.runner.job import Conversion, Made
from srgan.runner.known import Known
from srgan.runner.outcome import Outcome
from srgan.runner.parallel import ALONE
from srgan.runner.plan import Job
from srgan.runner.prospects import Prospect
from srgan.runner.remote_plan import RemoteJob
from srgan.runner.run import outcomes_of
from srgan.runner.urls import Url
from srgan.runner.worker import Recipe

SAMPLE = 16
"""Pictures, from all over the plan, by which the time of a run is told ahead."""


def restore_on_cluster(
    ray: ModuleType,
    cluster: ClusterConfig,
    recipe: Recipe,
    source: Path | Url,
    target: Path | Url,
    *,
    jobs: Sequence[Job] | Sequence[RemoteJob],
    known: Known | None = None,
) -> Generator[Outcome]:
    """What `restore_folder` does, by workers of a cluster, whose machines all have these folders or reach these URLs.

    Args:
        ray: as `connected` gives it.
        known: what lies where outputs go, if that is a URL; without it each output is asked for.

    Raises:
        ConfigError: the cluster has no room for a worker, its machines would make different bytes, or pictures are to
            be replaced in place.
        WeightsError: the models are refused.
        MachineError: workers die as they begin, a store cannot be asked, or the output cannot be written.
    """
    if recipe.config.in_place:
        raise ConfigError("--in-place needs one machine: name another output, or leave out cluster")
    recipe = _where(recipe, isinstance(source, Url), isinstance(target, Url))
    with closing(Crew(ray, shape(ray, cluster), recipe)) as crew:
        elsewhere = _Elsewhere(crew, recipe.config, recipe.beside)
        with ExitStack() as ending, _pictures(crew) as pictures:
            yield from outcomes_of(
                ending, elsewhere, pictures, (source, target), jobs, known, run=None, asked=recipe.asked
            )


@dataclass(frozen=True)
class Estimate:
    """What a run may take, told from a sample that one worker has restored.

    Attributes:
        sampled: how many pictures that were, without those that cannot be made.
        seconds: that they took.
        hours: that all take, where the workers are as fast side by side.
    """

    shape: Shape
    sampled: int
    seconds: float
    hours: float


def estimate(ray: ModuleType, cluster: ClusterConfig, recipe: Recipe, jobs: Sequence[Job], pixels: int) -> Estimate:
    """What a run of these jobs may take on a cluster.

    Args:
        pixels: of all outputs.

    Raises:
        SrganError: as `restore_on_cluster`, or a picture of the sample cannot be made.
    """
    some = sample_of(jobs)
    recipe = _where(recipe, *map(bool, some[0].stands_for))
    with closing(Crew(ray, replace(shape(ray, cluster), workers=1), recipe)) as crew:
        sampled, made, seconds = crew.sample(some)
    shaped = shape(ray, cluster)  # by now there is a machine, if there was none
    return Estimate(shaped, sampled, seconds, seconds * pixels / made / shaped.workers / 3600)


def sample_of(jobs: Sequence[Job]) -> list[Job]:
    """SAMPLE of them at even distances, or all where there are fewer."""
    many = min(SAMPLE, len(jobs))
    return [jobs[number * len(jobs) // many] for number in range(many)]


def _where(recipe: Recipe, *urls: bool) -> Recipe:
    """The recipe of a run whose places are such URLs, or folders."""
    return replace(recipe, remote=any(urls), shares=not all(urls))


@contextmanager
def _pictures(crew: Crew) -> Iterator[ThreadPoolExecutor]:
    """A thread for each picture that workers have; in the end these are finished, and no other is begun."""
    with ThreadPoolExecutor(crew.places) as pictures:
        try:
            yield pictures
        finally:
            crew.stop()
            pictures.shutdown(wait=False, cancel_futures=True)


class _Elsewhere:
    """What is done with each file of a run, by workers of a cluster; each keeps to the memory of its machine."""

    most, carries = math.inf, True

    def __init__(self, crew: Crew, config: FolderConfig, beside: Beside) -> None:
        self.crew, self.config, self.beside = crew, config, beside
        self.ready = crew.ready()
        self.at_once = Conversion.at_once + 2 * crew.places

    def settings(self) -> dict[str, Any]:
        return dict(self.ready.settings)

    @property
    def chosen(self) -> Mapping[str, str]:
        return self.ready.chosen

    def stamp(self, job: Job) -> list[int]:
        return list(job.seen or stamp(job.source)) + self.beside.stamp(job.name)

    def look(self, job: Job) -> Prospect:
        """Nothing: no file is opened here."""
        return Prospect(0, 0.0, False)

    def make(
        self, job: Job, seen: list[int], prospect: Prospect, *, before: Before | None, partial: str | None
    ) -> Made:
        return self.crew.make(job, seen, partial, alone=prospect.pixels == ALONE)
