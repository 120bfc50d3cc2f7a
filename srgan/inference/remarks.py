"""What a task has to say of a picture that it has restored, held as a whole or some rows at a time."""

from __future__ import annotations

import numpy as np

from srgan.tasks.task import Task
from srgan.types import Levels


class Remarks:
    """Measures restored rows as they come, from the top; those at a seam only when the rows beyond it are there."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._measured: list[tuple[int, float]] = []
        self._held: tuple[Levels, Levels] | None = None
        self._done = 0  # of the held rows

    def add(self, picture: Levels, restored: Levels, *, last: bool) -> None:
        """Takes the next rows of a picture, and what was made of them."""
        task, context = self._task, self._task.remark_context
        if self._held is not None:
            picture, restored = (np.concatenate(pair) for pair in zip(self._held, (picture, restored), strict=True))
        stop = len(picture) if last else len(picture) - context
        if stop > self._done:
            self._measured.append((stop - self._done, task.measure(picture, restored, (self._done, stop))))
            self._done = stop
        if context and not last:
            start = max(0, self._done - context)
            self._held = picture[start:].copy(), restored[start * task.scale :].copy()
            self._done -= start
        else:
            self._done = 0

    def said(self) -> tuple[str, ...]:
        """What the user should know of the whole."""
        return self._task.remarks(self._measured)
