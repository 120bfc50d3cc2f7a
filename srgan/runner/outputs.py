"""A bucket that a run writes into: what is finished there, and how what was made comes there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from srgan.errors import ImageError
from srgan.files import printable
from srgan.runner.history import tell_of_others
from srgan.runner.known import Known, Parts
from srgan.runner.lines import fingerprint, made_of
from srgan.runner.objects import Objects
from srgan.runner.outcome import FINISHED, THERE, Outcome
from srgan.runner.plan import Job

if TYPE_CHECKING:  # a dry run need not wait for torch
    from srgan.runner.converting import Converting

_RECORDED = ("settings", "asked", "input", "output", "sha256", "needs", "streamed")
"""What an output remembers of the line that a journal has of it."""


class Outputs:
    """A bucket that a run writes into.

    Args:
        known: what lies there; None asks the bucket for each output.

    Attributes:
        close: puts what is noted and not in the bucket yet.
    """

    def __init__(self, folder: Objects, conversion: Converting, known: Known | None) -> None:
        self._folder, self._conversion, self._known, self._config = folder, conversion, known, conversion.config
        self._chosen = conversion.settings()
        self._settings, self._said_so, self._lock = fingerprint(self._chosen), False, threading.Lock()
        self._parts = Parts(folder, self._config.shard, self._settings, self._chosen)
        self.url, self.close = folder.url, self._parts.close

    def settled(self, job: Job, seen: list[int], *, own: bool = False) -> Outcome | None:
        """The outcome of a picture that is not made because of what is in the place of its output; None of others.

        Args:
            own: a run of this very command made it, and was killed since: put, it is finished, whatever was asked for.

        Raises:
            ImageError: that is not ours to replace.
            MachineError: the bucket cannot be asked.
        """

        def finished(line: Mapping[str, Any]) -> bool:
            return line.get("settings") == self._settings and made_of(line, seen, self._config.memory)

        existing = "resume" if own else self._config.existing
        outcome, record = settled(self._folder, self._known, existing, job, finished)
        if outcome is None and record and self._known:
            with self._lock:
                if not self._said_so:
                    self._said_so = tell_of_others(self._known.history, self.url, job.name, self._chosen)
        if outcome is not None and outcome.reason == FINISHED and record:
            self._parts.add({"name": job.name, "target": job.target.name, **record})
        return outcome

    def put(self, job: Job, line: Mapping[str, Any]) -> None:
        """Makes an object of what was made, unless whoever made it has, and notes it."""
        if not self._conversion.carries:
            self._folder.put(job.new, job.target, {key: line[key] for key in _RECORDED if key in line})
        self._parts.add(line)

    def fail(self, name: str, reason: str) -> None:
        """Notes that a picture has failed, and why."""
        self._parts.add({"name": name, "failed": reason})


def settled(
    folder: Objects, known: Known | None, existing: str, job: Job, finished: Callable[[Mapping[str, Any]], bool]
) -> tuple[Outcome | None, Mapping[str, Any]]:
    """The outcome of a picture, None where it is to be made, and what the object in its place remembers, if asked.

    Args:
        known: what lies there; None asks the bucket.
        finished: whether a line of the journal, or what an object remembers, is of what would be made again.

    Raises:
        ImageError: what is there is not ours to replace.
        MachineError: the bucket cannot be asked.
    """
    target = folder / job.new
    if existing == "overwrite" or (known and job.new not in known.there):
        return None, {}
    line = known.history.finished.get(job.name) if known else None
    if known and line and existing != "error":
        same = (line["target"], line["output"]) == (job.target.name, known.there[job.new])
        if same and finished(line):
            return Outcome(job.name, target, "skipped", FINISHED), {}
    record = folder.record(job.new)
    if record is None:
        return None, {}
    if existing == "error":
        return Outcome(job.name, target, "failed", f"{printable(target)}: is there already"), record
    if record and finished(record):
        return Outcome(job.name, target, "skipped", FINISHED), record
    if existing == "skip":
        return Outcome(job.name, target, "skipped", THERE), record
    if not record:
        whose = "is there already, and no run has made it"
        raise ImageError(f"{printable(target)}: {whose}: move it away, or say --existing overwrite")
    return None, record
