"""A bucket that a run writes into: what is finished there, and how what was made comes there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from srgan.errors import ImageError
from srgan.files import printable
from srgan.runner.history import fingerprint, made_of, tell_of_others
from srgan.runner.job import Conversion
from srgan.runner.known import Known, Parts
from srgan.runner.objects import Objects
from srgan.runner.outcome import FINISHED, THERE, Outcome
from srgan.runner.plan import Job

_RECORDED = ("settings", "input", "output", "sha256", "needs", "streamed")
"""What an output remembers of the line that a journal has of it."""


class Outputs:
    """A bucket that a run writes into.

    Args:
        known: what lies there; None asks the bucket for each output.

    Attributes:
        close: puts what is noted and not in the bucket yet.
    """

    def __init__(self, folder: Objects, conversion: Conversion, known: Known | None) -> None:
        self._folder, self._conversion, self._known, self._config = folder, conversion, known, conversion.config
        self._chosen = conversion.settings()
        self._settings, self._said_so = fingerprint(self._chosen), False
        self._parts = Parts(folder, self._config.shard, self._settings, self._chosen)
        self.url, self.close = folder.url, self._parts.close

    def settled(self, job: Job, seen: list[int]) -> Outcome | None:
        """The outcome of a picture that is not made because of what is in the place of its output; None of others.

        Raises:
            ImageError: that is not ours to replace.
            MachineError: the bucket cannot be asked.
        """
        existing, target = self._config.existing, self._folder / job.new
        if existing == "overwrite" or (self._known and job.new not in self._known.there):
            return None
        line = self._noted(job)
        if line is not None and self._finished(line, seen):
            return Outcome(job.name, target, "skipped", FINISHED)
        record = self._folder.record(job.new)
        if record is None:
            return None
        if existing == "error":
            return Outcome(job.name, target, "failed", f"{printable(target)}: is there already")
        if record and self._finished(record, seen):
            self._parts.add({"name": job.name, "target": job.target.name, **record})
            return Outcome(job.name, target, "skipped", FINISHED)
        if existing == "skip":
            return Outcome(job.name, target, "skipped", THERE)
        if not record:
            whose = "is there already, and no run has made it"
            raise ImageError(f"{printable(target)}: {whose}: move it away, or say --existing overwrite")
        if self._known and not self._said_so:
            self._said_so = tell_of_others(self._known.history, self._folder.url, job.name, self._chosen)
        return None

    def put(self, job: Job, line: Mapping[str, Any]) -> None:
        """Makes an object of what was made, and notes it."""
        self._folder.put(job.new, job.target, {key: line[key] for key in _RECORDED if key in line})
        self._parts.add(line)

    def fail(self, name: str, reason: str) -> None:
        """Notes that a picture has failed, and why."""
        self._parts.add({"name": name, "failed": reason})

    def _noted(self, job: Job) -> dict[str, Any] | None:
        """What the journal says of a picture, where the output is as it was then."""
        if self._known is None:
            return None
        line = self._known.history.finished.get(job.name)
        same = line is not None and (line["target"], line["output"]) == (job.target.name, self._known.there[job.new])
        return line if same else None

    def _finished(self, line: Mapping[str, Any], seen: list[int]) -> bool:
        return line.get("settings") == self._settings and made_of(line, seen, self._config.memory)
