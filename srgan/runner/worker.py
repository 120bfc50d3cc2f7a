"""What makes pictures on a machine of a cluster: the models, loaded once, and threads that stay.

It is told what to make and answers what came of it; the journal, the locks and the order are kept by who asks.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from srgan import __version__
from srgan.engines.choice import known_ways, take_ways
from srgan.engines.memory import keep_freed_memory
from srgan.errors import MachineError, SrganError
from srgan.inference.chain import restorer_of
from srgan.inference.pipeline import Models
from srgan.inference.sizes import Size
from srgan.quota import keep_within_quota
from srgan.runner.beside import Beside, Nothing
from srgan.runner.carrier import Carrier
from srgan.runner.config import FolderConfig
from srgan.runner.connection import go_to
from srgan.runner.job import Conversion, Made
from srgan.runner.plan import Job
from srgan.runner.run import threads_for

FORESEEN = (SrganError, OSError, MemoryError, torch.OutOfMemoryError)
"""What is answered when a picture cannot be made; anything else is a bug of ours."""


@dataclass(frozen=True)
class Recipe:
    """What all workers of a run do.

    Attributes:
        load: gives the models, as `srgan.restore_folder` takes them.
        asked: the fingerprint of what was asked for.
        remote: pictures lie in object storage, or are put there.
        shares: pictures lie in folders that all machines have, or are written there.
        folder: from which relative paths start.
        level: from which on messages of the log are of interest.
    """

    load: Callable[[], Models | Sequence[Models]]
    config: FolderConfig
    size: Size | None = None
    beside: Beside = field(default_factory=Nothing)
    asked: str = ""
    remote: bool = False
    shares: bool = True
    folder: str = field(default_factory=os.getcwd)
    level: int = field(default_factory=lambda: logging.getLogger("srgan").getEffectiveLevel())


@dataclass(frozen=True)
class Ready:
    """A worker that has begun.

    Attributes:
        version: of this package.
        settings: what decides the bytes of its outputs, beside the input.
        chosen: what `auto` has come to.
        ways: what was measured to choose engines by, for machines of the same kind.
    """

    host: str
    version: str
    settings: Mapping[str, Any]
    chosen: Mapping[str, str]
    ways: Mapping[str, Any]


Said = tuple[tuple[int, str], ...]
"""Messages of the log since the last answer, each with its level."""


class Worker:
    """Makes pictures as a recipe says; several threads may ask."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: deque[int] = deque()  # pixels of each picture in work
        self._said = _Said()

    def node(self) -> str:
        """Which machine of the cluster this is."""
        import ray

        node: str = ray.get_runtime_context().get_node_id()
        return node

    def begin(self, recipe: Recipe, ways: Mapping[str, Any]) -> Ready | SrganError:
        """Loads the models.

        Args:
            ways: what the first worker has measured, so that all choose the same engine.
        """
        logging.getLogger("srgan").setLevel(recipe.level)
        logging.getLogger("srgan").addHandler(self._said)
        keep_freed_memory()
        keep_within_quota()
        try:
            with nullcontext() if recipe.shares else suppress(MachineError):
                go_to(recipe.folder)
            take_ways(ways)
            self._threads = threads_for(recipe.config)
            restorer = restorer_of(recipe.load(), recipe.config, recipe.size)
        except SrganError as error:
            return error
        self._conversion = Conversion(restorer.shared(self._threads.tiles), recipe.config, recipe.beside)
        self._carrier = Carrier(self._conversion, recipe.asked) if recipe.remote else None
        settings, chosen = self._conversion.settings(), dict(self._conversion.chosen)
        return Ready(socket.gethostname(), __version__, settings, chosen, known_ways())

    def make(self, job: Job, seen: list[int], partial: str | None, again: bool) -> tuple[Made | Exception, Said]:
        """What was written, or why nothing was, as `Conversion.make` says.

        Args:
            again: another worker had the picture, and died.
        """
        return self._answer(job, seen, partial, again), self._said.taken()

    def sample(self, jobs: Sequence[Job]) -> tuple[int, int, float] | Exception:
        """Of some pictures: how many can be made, the pixels of their outputs, and the seconds all take, side by side.

        They are made in a temporary folder; the first one once before, for what is slow but once. Where none can be
        made the answer is why the first cannot.
        """
        with TemporaryDirectory(prefix="srgan-") as folder, ThreadPoolExecutor(len(jobs)) as asking:
            aside = [
                replace(
                    job,
                    output_folder=Path(folder),
                    new=f"{number}{Path(job.new).suffix}",
                    stands_for=(job.stands_for[0], ""),
                )
                for number, job in enumerate([jobs[0], *jobs])
            ]
            each = [(job, self._conversion.stamp(job), None) for job in aside]
            self._answer(*each[0])
            started = time.perf_counter()
            made = list(asking.map(lambda one: self._answer(*one), each[1:]))
            seconds = time.perf_counter() - started
        pixels = [one.pixels for one in made if isinstance(one, Made)]
        return (
            (len(pixels), sum(pixels), seconds) if pixels else next(one for one in made if isinstance(one, Exception))
        )

    def _answer(self, job: Job, seen: list[int], partial: str | None, again: bool = False) -> Made | Exception:
        def make(here: Job) -> Made:
            return self._threads.pictures.submit(self._made, here, seen, partial).result()

        try:
            return make(job) if self._carrier is None else self._carrier.carry(job, seen, make, again=again)
        except FORESEEN as error:
            return error

    def _made(self, job: Job, seen: list[int], partial: str | None) -> Made:
        prospect = self._conversion.look(job)
        with self._room(prospect.pixels):
            return self._conversion.make(job, seen, prospect, partial=partial)

    @contextmanager
    def _room(self, pixels: int) -> Iterator[None]:
        """Waits until the picture can be held beside those in work."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held or sum(self._held) + pixels <= self._conversion.most)
            self._held.append(pixels)
        try:
            yield
        finally:
            with self._changed:
                self._held.remove(pixels)
                self._changed.notify_all()


class _Said(logging.Handler):
    """Keeps messages until somebody takes them."""

    def __init__(self) -> None:
        super().__init__()
        self._messages: deque[tuple[int, str]] = deque()

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append((record.levelno, record.getMessage()))

    def taken(self) -> Said:
        """All that nobody has taken yet."""
        return tuple(self._messages.popleft() for _ in range(len(self._messages)))
