"""The workers of a run on a cluster: who does what, and what is done when one dies.

Each is a Ray actor that loads the models once. While it lives it has so many pictures at a time that all its cores are
busy, and no more: a picture that waits, waits with the driver, from which any worker may take it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from srgan.errors import ConfigError, ImageError, MachineError, SrganError
from srgan.files import printable
from srgan.runner.connection import Shape
from srgan.runner.job import Made
from srgan.runner.plan import Job
from srgan.runner.worker import Ready, Recipe, Worker

log = logging.getLogger(__name__)

WAYS = 3
"""Pictures for each core of a worker, where they lie in object storage: one is made, others are on their way."""

FALSE_STARTS = 3
"""Workers that die one after the other before one has begun: then it is no accident."""


@dataclass(eq=False)
class _Hand:
    """A worker that has begun.

    Attributes:
        flying: the pictures that it has.
        reserved: for one picture alone.
        blamed: it died, and its pictures may be why; None while it lives.
    """

    actor: Any
    node: str
    flying: int = 0
    reserved: bool = False
    blamed: bool | None = None


class Crew:
    """Workers that all do what one recipe says; several threads may ask."""

    def __init__(self, ray: ModuleType, shape: Shape, recipe: Recipe) -> None:
        self._ray, self._recipe = ray, recipe
        # a worker has a thread more than cores, and the next picture comes meanwhile
        self.each = shape.cores * (WAYS if recipe.remote else 1) + 2
        self.places = shape.workers * self.each
        options = {"num_cpus": shape.cores, "num_gpus": shape.gpus, "max_concurrency": self.each}
        self._kind = ray.remote(Worker).options(**options)
        self._died = (ray.exceptions.RayActorError, ray.exceptions.OutOfMemoryError)
        self._changed, self._leading = threading.Condition(), threading.Lock()
        self._hands: list[_Hand] = []
        self._first: Ready | None = None
        self._trouble: BaseException | None = None
        self._false_starts, self._closed = 0, False
        self._starters = ThreadPoolExecutor(shape.workers)
        self._actors: list[Any] = []
        self._told: set[str] = set()
        for _ in range(shape.workers):
            self._hire()

    def ready(self) -> Ready:
        """What the first worker that has begun says of itself, like which all others are.

        Raises:
            SrganError: none can begin.
        """
        with self._changed:
            while self._first is None:
                self._check()
                self._changed.wait()
            return self._first

    def make(self, job: Job, seen: list[int], partial: str | None, *, alone: bool) -> Made:
        """What a worker has written; where one dies over it, another does it, with no other picture beside it.

        Args:
            alone: at once without others.

        Raises:
            ImageError: it cannot be made, or two workers died over it.
            MachineError: it cannot be written.
        """
        deaths, again = 0, False
        while deaths < 2:
            with self._hand(alone or deaths > 0) as hand:
                if hand.blamed is not None:
                    continue
                try:
                    answer, said = self._ray.get(hand.actor.make.remote(job, seen, partial, again))
                except self._died as error:
                    deaths, again = deaths + self._lost(hand, error), True
                    if partial is not None:
                        with suppress(OSError):
                            job.target.with_name(partial).unlink()
                    continue
            self._tell(said)
            if isinstance(answer, Exception):
                raise answer
            made: Made = answer
            return made
        raise ImageError(f"{printable(job.source)}: a worker died over it twice")

    def sample(self, jobs: Sequence[Job]) -> tuple[int, int, float]:
        """What a worker says of some pictures: `Worker.sample`.

        Raises:
            SrganError: none can be made.
        """
        with self._hand(alone=True) as hand:
            answer: tuple[int, int, float] | Exception = self._ray.get(hand.actor.sample.remote(jobs))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stop(self) -> None:
        """No worker gets another picture."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def close(self) -> None:
        """Ends all workers."""
        self.stop()
        for actor in self._actors:
            self._ray.kill(actor)
        self._starters.shutdown()

    @contextmanager
    def _hand(self, alone: bool) -> Iterator[_Hand]:
        """The worker with the fewest pictures, as soon as one has room; alone: as soon as it has no other."""
        with self._changed:
            self._changed.wait_for(lambda: self._trouble or self._closed or self._free(alone))
            self._check()
            hand = min(self._free(alone), key=lambda hand: hand.flying)
            hand.flying += 1
            if alone:
                hand.reserved = True
                self._changed.wait_for(lambda: hand.flying == 1 or hand.blamed is not None)
        try:
            yield hand
        finally:
            with self._changed:
                hand.flying -= 1
                hand.reserved = hand.reserved and not alone
                self._changed.notify_all()

    def _free(self, alone: bool) -> list[_Hand]:
        return [hand for hand in self._hands if not hand.reserved and (alone or hand.flying < self.each)]

    def _check(self) -> None:
        if self._trouble is not None:
            raise self._trouble
        if self._closed:
            raise CancelledError

    def _hire(self) -> None:
        """Begins another worker, as soon as the cluster has room for it."""
        if not self._closed:
            self._starters.submit(self._start).add_done_callback(self._started)

    def _start(self) -> None:
        with self._changed:
            if self._closed:
                return
            actor = self._kind.remote()
            self._actors.append(actor)
        try:
            node = self._ray.get(actor.node.remote())
            with self._leading:  # the first one measures, for all
                first = self._first
                ready = self._begun(actor) if first is None else None
                with self._changed:
                    self._first = self._first or ready
                    self._changed.notify_all()
            if first is not None:
                _check_alike(first, self._begun(actor))
        except self._died as error:
            with self._changed:
                self._false_starts += 1
                if self._false_starts >= FALSE_STARTS:
                    raise MachineError(f"workers die as they begin: {error}") from error
                self._hire()
            return
        with self._changed:
            self._false_starts = 0
            self._hands.append(_Hand(actor, node))
            self._changed.notify_all()

    def _begun(self, actor: Any) -> Ready:
        answer: Ready | SrganError = self._ray.get(
            actor.begin.remote(self._recipe, self._first.ways if self._first else {})
        )
        if isinstance(answer, SrganError):
            raise answer
        return answer

    def _started(self, start: Future[None]) -> None:
        """Whoever waits learns why there will be no worker."""
        if (error := start.exception()) is not None:
            with self._changed:
                self._trouble = error
                self._changed.notify_all()

    def _lost(self, hand: _Hand, error: Exception) -> bool:
        """Whether its pictures may be why a worker has died; the first time that it is noticed another is hired."""
        with self._changed:
            if hand.blamed is None:
                alive = {node["NodeID"] for node in self._ray.nodes() if node["Alive"]}
                hand.blamed = hand.node in alive and not getattr(error, "preempted", False)
                self._hands.remove(hand)
                log.warning("a worker died; its pictures are done by others")
                self._hire()
                self._changed.notify_all()
            return hand.blamed

    def _tell(self, said: tuple[tuple[int, str], ...]) -> None:
        """Passes on what workers say, each thing once."""
        for level, message in said:
            if message not in self._told:
                self._told.add(message)
                log.log(level, "%s", message)


def _check_alike(first: Ready, other: Ready) -> None:
    """Raises ConfigError where two workers would make other bytes of one picture."""
    if first.version != other.version:
        raise ConfigError(f"srgan {first.version} on {first.host}, {other.version} on {other.host}: install the same")
    if first.settings != other.settings:
        chosen = {ready.host: ", ".join(ready.chosen.values()) for ready in (first, other)}
        said = "; ".join(f"{what} on {host}" for host, what in chosen.items())
        raise ConfigError(f"machines choose otherwise ({said}): say --device, --engine, --precision and --tile")
