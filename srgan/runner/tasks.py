"""Functions of pictures, called on the machines of a Ray cluster as they would be by threads."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import ModuleType
from typing import Any, TypeVar

from srgan.errors import MachineError, SrganError
from srgan.runner.connection import go_to

R = TypeVar("R")

AT_ONCE = 4
"""Calls that are begun for each core, so that none waits for names to arrive."""


class Tasks(ThreadPoolExecutor):
    """A thread for each call that waits for its answer.

    Attributes:
        places: how many calls are worth being begun.
    """

    def __init__(self, ray: ModuleType) -> None:
        self.places = AT_ONCE * max(1, int(ray.cluster_resources().get("CPU", 1)))
        super().__init__(self.places)
        self._ray, self._folder = ray, os.getcwd()
        self._task = ray.remote(_called).options(num_cpus=1)

    def submit(self, function: Callable[..., R], /, *given: Any, **named: Any) -> Future[R]:
        return super().submit(self._answer, partial(function, *given, **named))

    def _answer(self, call: Callable[[], R]) -> R:
        errors = self._ray.exceptions
        try:
            answer: R = self._ray.get(self._task.remote(self._folder, call))
            return answer
        except errors.RayTaskError as error:
            if isinstance(error.cause, SrganError):
                raise error.cause from error
            raise
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError) as error:  # after three tries
            raise MachineError(f"workers die over one picture: {error}") from error


def _called(folder: str, call: Callable[[], R]) -> R:
    """What a call gives in that folder."""
    go_to(folder)
    return call()
