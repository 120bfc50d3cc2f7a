"""What a folder run has finished, one JSON line at a time, so that the same command continues it."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from srgan.errors import ConfigError, ImageError, MachineError
from srgan.files import is_partial, partial_name, printable
from srgan.images.find import OF_RUNS
from srgan.runner.plan import Job

log = logging.getLogger(__name__)

SYNCED_EVERY = 1.0
"""Seconds after which new lines are safe from a power cut."""


class History:
    """What the journal of an output folder, `OUT/.srgan/journal.jsonl`, says of each picture by name.

    Attributes:
        finished: its last line of those it was finished with.
        failed: why it failed, where it did the last time.
        begun: the runs that began it and are not known to have ended it, each by the name of the file it wrote.
        deaths: how often a run died over it since it last came to an end.
        made: the sizes of the outputs, by their names in the folder.
        settings: what decided the outputs of finished pictures, by fingerprint.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / OF_RUNS / "journal.jsonl"
        self.finished: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, str] = {}
        self.begun: dict[str, dict[str, str]] = {}
        self.deaths: dict[str, int] = {}
        self.made: dict[str, int] = {}
        self.settings: dict[str, dict[str, Any]] = {}
        self._read_to, self._lines = 0, 0

    def refresh(self) -> None:
        """Reads what was added since, by whomever; a line torn by a crash is ignored."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                added = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return
        whole = added.rfind(b"\n") + 1
        for text in added[:whole].splitlines():
            self._lines += 1
            try:
                self._note(json.loads(text))
            except (ValueError, KeyError, TypeError):
                log.warning("%s:%d: torn line ignored", self.path, self._lines)
        self._read_to += whole

    def _note(self, line: Mapping[str, Any]) -> None:
        if "chosen" in line:
            self.settings[line["settings"]] = dict(line["chosen"])
            return
        name = line["name"]
        if "begun" in line:
            self.begun.setdefault(name, {})[str(line["begun"])] = str(line.get("run"))
            return
        if "died" in line:
            self.deaths[name] = self.deaths.get(name, 0) + 1
            return
        self.begun.pop(name, None)
        self.failed.pop(name, None)
        self.deaths.pop(name, None)
        if "failed" in line:
            self.failed[name] = line["failed"]
        else:
            self.finished[name] = dict(line)
            self.made[name[: name.rfind("/") + 1] + line["target"]] = line["output"]

    def check_ours(self, job: Job) -> None:
        """Nothing, where the file in the place of an output is as a run has written it, or one was about to.

        Raises:
            ImageError: it is somebody else's, or has been changed since.
        """
        if job.name in self.begun or self.made.get(job.new) == job.target.stat().st_size:
            return
        whose = "has changed since it was made" if job.new in self.made else "is there already, and no run has made it"
        raise ImageError(f"{printable(job.target)}: {whose}: move it away, or say --existing overwrite")

    def answers(self, job: Job, seen: list[int], asked: str, memory: float = math.inf) -> bool:
        """Whether this picture was finished from such an input for who asked for the same, and its output is there."""
        return self._holds(job, seen, memory, "asked", asked)

    def _holds(self, job: Job, seen: list[int], memory: float, key: str, value: str) -> bool:
        """Whether this picture was finished so from such an input, and its output is still there."""
        line = self.finished.get(job.name)
        try:
            return (
                line is not None
                and line.get(key) == value
                and line.get("streamed", 0.0) == _streamed(line.get("needs", 0.0), memory)
                and line["input"] == seen
                and line["target"] == job.target.name
                and line["output"] == job.target.stat().st_size
            )
        except OSError:
            return False


class Journal(History):
    """The journal of a run under some settings; only ever appended to, by any number of runs.

    A picture has a line when it is begun, and one when it is finished or has failed. It counts as finished when that
    line names the same input (size and modification time), the same settings and weights, and the output is there with
    the size it was written with.

    Args:
        run: the name of this run, which no other has on whatever machine; None makes one.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], *, run: str | None = None, asked: str = "") -> None:
        super().__init__(folder)
        self._asked = {"asked": asked} if asked else {}
        self._run = run or secrets.token_hex(8)
        self._chosen, self._settings = dict(settings), fingerprint(settings)
        self._lock, self._synced = threading.Lock(), 0.0
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise MachineError(f"{self.path}: cannot be written ({error.strerror}); choose another output") from error
        if self.path.stat().st_size and not self._ends_a_line():
            self._file.write("\n")
            self._file.flush()
        self.refresh()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def has(self, job: Job, seen: list[int], memory: float = math.inf) -> bool:
        """Whether this picture was finished under these settings from such an input, and its output is still there."""
        return self._holds(job, seen, memory, "settings", self._settings)

    def made_otherwise(self, job: Job) -> str:
        """Under which other settings this picture was finished last, in words; empty where it was not."""
        line = self.finished.get(job.name)
        if line is None or line["settings"] == self._settings:
            return ""
        if line["settings"] not in self.settings:
            return "of an earlier version"
        before, now = self.settings[line["settings"]], self._chosen
        differ = sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))
        said = {name: f"{name} {before.get(name)}, now {now.get(name)}" for name in differ}
        return "; ".join(text if len(text) < 80 else f"other {name}" for name, text in said.items())

    def is_output(self, job: Job) -> bool:
        """Whether the file in the place of this picture is what a command has made, under whatever settings."""
        line = self.finished.get(job.name)
        return line is not None and line["input"][:2] == stamp(job.target)

    def begin(self, job: Job, *, alone: bool) -> str:
        """The name of the file to write, once it is noted that this run begins a picture.

        Args:
            alone: no other run is at work on it: what those that were killed have left of it is removed.
        """
        if self._settings not in self.settings:
            self._write({"settings": self._settings, "chosen": self._chosen})
            self.settings[self._settings] = self._chosen
        partial = partial_name()
        for left in self.begun.pop(job.name, ()) if alone else ():
            if is_partial(left):  # the journal may come from anywhere, and name anything
                with suppress(OSError):  # a file too many is no reason to stop
                    job.target.with_name(left).unlink()
        self._write({"name": job.name, "begun": partial, "run": self._run})
        return partial

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
    ) -> None:
        """Notes that `job` is finished: `seen` is its input's size and time before it was read.

        An output that replaces its input is noted before it does: `seen` is then its own. Killed in between, the input
        is there with another time, and not finished.

        Args:
            needs: the memory from which on it is held as a whole [GB]; with less its floats are summed otherwise.
            memory: what there was.
        """
        line = {
            "name": job.name,
            "input": seen,
            "target": job.target.name,
            "settings": self._settings,
            **self._asked,
            "output": size,
            "sha256": digest,
            "seconds": round(seconds, 3),
        }
        if needs:
            line |= {"needs": needs, "streamed": _streamed(needs, memory)}
        self._write(line)

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
        try:
            with self._lock:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()
            if time.monotonic() - self._synced > SYNCED_EVERY:
                self._synced = time.monotonic()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise MachineError(f"{self.path}: cannot be written ({error.strerror})") from error

    def _ends_a_line(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, os.SEEK_END)
            return file.read(1) == b"\n"


def _streamed(needs: float, memory: float) -> float:
    """The memory that decides how many rows are made at a time; 0 where the whole is."""
    return memory if needs >= memory else 0.0


def verify(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each output that the journal of a folder knows, and what is wrong with it: "", "is missing" or "has changed".

    Raises:
        ConfigError: the folder has no journal.
    """
    history = History(folder)
    if not history.path.is_file():
        raise ConfigError(f"{folder}: nothing was restored into it (there is no {history.path})")
    history.refresh()
    for name, line in history.finished.items():
        target = folder / PurePosixPath(name).parent / line["target"]
        try:
            with target.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            yield target, "" if digest == line["sha256"] else "has changed"
        except OSError as error:
            yield target, "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"


def stamp(path: Path) -> list[int]:
    """Size [bytes] and modification time [ns] of a file."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def fingerprint(settings: Mapping[str, Any]) -> str:
    """A short name for a set of settings: equal settings, equal name."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
