"""What a folder run has finished, one JSON line at a time, so that the same command continues it."""

from __future__ import annotations

import json
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from srgan.errors import MachineError
from srgan.files import is_partial, partial_name, printable
from srgan.runner.history import History
from srgan.runner.lines import fingerprint, remembered
from srgan.runner.plan import Job

log = logging.getLogger(__name__)

SYNCED_EVERY = 1.0
"""Seconds after which new lines are safe from a power cut."""


class Journal(History):
    """The journal of a run under some settings; only ever appended to, by any number of runs.

    A picture has a line when it is begun, and one when it is finished or has failed. It counts as finished when that
    line names the same input (size and modification time), the same settings and weights, and the output is there with
    the size it was written with.

    Args:
        run: the name of this run, which no other has on whatever machine; None makes one. Up to a dot it is that of
            its command, of which there is another run where one was killed.

    Attributes:
        chosen: the settings.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, run: str | None = None, asked: str = "") -> None:
        self._asked, self._run = asked, run or secrets.token_hex(8)
        super().__init__(folder, self._run)
        self.chosen, self._settings = dict(settings), fingerprint(settings)
        self._lock, self._synced = threading.Lock(), 0.0
        self._written, self._safe = 0, 0  # lines
        self._lines: dict[str, int] = {}  # how many there were with the last line of a picture
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab", buffering=0)  # what a full disk did not take is not tried again
        except OSError as error:
            raise MachineError(f"{self.path}: cannot be written ({error.strerror}); choose another output") from error
        if self.path.stat().st_size and not self._ends_a_line():
            log.warning("%s: its last line was torn by a crash, and is ignored", printable(self.path))
            with self._writing():
                self._append("\n")
        self.refresh()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def has(self, job: Job, seen: list[int], memory: float = math.inf) -> bool:
        """Whether this picture was finished under these settings from such an input, and its output is still there."""
        return self._holds(job, seen, memory, "settings", self._settings)

    def begin(self, job: Job, *, alone: bool) -> str:
        """The name of the file to write, once it is noted that this run begins a picture.

        Args:
            alone: no other run is at work on it: what those that were killed have left of it is removed.
        """
        if self._settings not in self.settings:
            self._write({"settings": self._settings, "chosen": self.chosen})
            self.settings[self._settings] = self.chosen
        partial = partial_name()
        for left in self.begun.pop(job.name, ()) if alone else ():
            if is_partial(left):  # the journal may come from anywhere, and name anything
                with suppress(OSError):  # a file too many is no reason to stop
                    job.target.with_name(left).unlink()
        self._write({"name": job.name, "begun": partial, "run": self._run})
        return partial

    def announce(self, job: Job, size: int, digest: str) -> None:
        """Notes what is about to get the name of an output: killed before `add`, a run is known to have written that.

        To be called, and safe from a power cut, before: with the name and without the line it would be nobody's.
        """
        self._write({"name": job.name, "named": digest, "output": size})
        self.sync(job)

    def sync(self, job: Job) -> None:
        """Makes the lines of a picture that is begun safe from a power cut, unless they are.

        To be called before its output gets its name: with the name and without them the output would be nobody's or,
        in the place of its input, an input.
        """
        if self._lines.get(job.name, 0) > self._safe:
            self._sync()

    def add(
        self,
        job: Job,
        seen: list[int],
        size: int,
        digest: str,
        seconds: float,
        *,
        needs: float = 0.0,
        memory: float = math.inf,
        notes: Sequence[str] = (),
        models: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        """Notes that `job` is finished: `seen` is its input's size and time before it was read.

        An output that replaces its input is noted before it does: `seen` is then its own. Killed in between, the input
        is there with another time, and not finished.

        Args:
            needs: the memory from which on it is held as a whole [GB]; with less its floats are summed otherwise.
            memory: what there was.
            notes: what the user should know of it.
            models: by which it was made: name and realism.
        """
        line = {
            "name": job.name,
            "target": job.target.name,
            **remembered(self._settings, self._asked, seen, size, digest, needs, memory),
            "seconds": round(seconds, 3),
        }
        if not any(job.stands_for):  # else that folder is a copy
            line["folder"] = os.path.realpath(job.input_folder)
        self._write(line | {key: list(said) for key, said in (("notes", notes), ("models", models)) if said})

    def fail(self, job: Job, reason: str) -> None:
        """Notes that `job` has failed, and why."""
        self._write({"name": job.name, "failed": reason})

    def died(self, run: str) -> list[str]:
        """The pictures at which a run was at work, once it is noted that it died over them."""
        names = [name for name, runs in self.begun.items() if run in runs.values()]
        for name in names:
            self._write({"name": name, "died": run})
        return names

    def _write(self, line: Mapping[str, Any]) -> None:
        """Adds a line; what a machine that loses its power has not written yet is done again."""
        with self._writing(), self._lock:
            self._append(json.dumps(line) + "\n")
            self._written += 1
            if "name" in line:
                self._lines[line["name"]] = self._written
        if time.monotonic() - self._synced > SYNCED_EVERY:
            self._sync()

    def _append(self, text: str) -> None:
        left = text.encode()
        while left:
            left = left[self._file.write(left) :]

    def _sync(self) -> None:
        written, self._synced = self._written, time.monotonic()
        with self._writing():
            os.fsync(self._file.fileno())
        self._safe = max(self._safe, written)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise MachineError(f"{self.path}: cannot be written ({error.strerror})") from error

    def _ends_a_line(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"
