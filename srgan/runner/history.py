"""What the journal of an output folder says of each picture."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from srgan.errors import ConfigError, ImageError
from srgan.files import AnyPath, printable
from srgan.images.find import OF_RUNS
from srgan.runner.config import FolderConfig
from srgan.runner.plan import Job
from srgan.runner.remote_plan import RemoteJob

log = logging.getLogger(__name__)


class History:
    """What the journal of an output folder, `OUT/.srgan/journal.jsonl`, says of each picture by name.

    Attributes:
        finished: its last line of those it was finished with, unless its output was since made from another.
        failed: why it failed, where it did the last time.
        begun: the runs that began it and are not known to have ended it, each by the name of the file it wrote.
        deaths: how often a run died over it since it last came to an end.
        made: the line of each output, by its name in the folder.
        settings: what decided the outputs of finished pictures, by fingerprint.
        own: what runs of this command began, and whether it is finished since.

    Args:
        run: the name of a run of this command, which the names of its others share up to the dot; empty is none.
    """

    def __init__(self, folder: Path, run: str = "") -> None:
        self.folder, self.path = folder, folder / OF_RUNS / "journal.jsonl"
        self.finished: dict[str, dict[str, Any]] = {}
        self.failed: dict[str, str] = {}
        self.begun: dict[str, dict[str, str]] = {}
        self.deaths: dict[str, int] = {}
        self.made: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, dict[str, Any]] = {}
        self.own: dict[str, bool] = {}
        self._command, self._read_to = run.partition(".")[0], 0

    def refresh(self) -> None:
        """Reads what was added since, by whomever; a line torn by a crash is ignored: `Journal` has told of it."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._read_to)
                added = file.read()
        except (FileNotFoundError, NotADirectoryError):
            return
        whole = added.rfind(b"\n") + 1
        for text in added[:whole].splitlines():
            with suppress(ValueError, KeyError, TypeError):
                self._note(json.loads(text))
        self._read_to += whole

    def _note(self, line: Mapping[str, Any]) -> None:
        if "chosen" in line:
            self.settings[line["settings"]] = dict(line["chosen"])
            return
        name = line["name"]
        if "begun" in line:
            run = str(line.get("run"))
            self.begun.setdefault(name, {})[str(line["begun"])] = run
            if self._command and run.partition(".")[0] == self._command:
                self.own[name] = False
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
            output = name[: name.rfind("/") + 1] + line["target"]
            before = self.made.get(output)
            if before and self.finished.get(before["name"]) is before:  # perhaps of another picture
                del self.finished[before["name"]]
            self.finished[name] = self.made[output] = dict(line)
            if name in self.own:
                self.own[name] = True

    def check_ours(self, job: Job) -> None:
        """Checks that the file in the place of an output is as a run has written it, or one was about to.

        Raises:
            ImageError: it is somebody else's, or has been changed since.
        """
        made = self.made.get(job.new)
        if job.name in self.begun or (made and holds(job.target, made["output"], made["sha256"])):
            return
        whose = "has changed since it was made" if made else "is there already, and no run has made it"
        raise ImageError(f"{printable(job.target)}: {whose}: move it away, or say --existing overwrite")

    def check_tasks(
        self,
        where: AnyPath,
        jobs: Sequence[Job] | Sequence[RemoteJob],
        tasks: str,
        config: FolderConfig,
        there: Container[str] | None = None,
    ) -> None:
        """Checks that no job replaces, unasked, what another task has made of its picture.

        Args:
            where: the folder of outputs, as the user knows it.
            tasks: of the run, as `tasks_of` has them.
            there: the names of what lies in the folder; None looks.

        Raises:
            ConfigError: one does.
        """
        if config.existing != "resume" or config.in_place:
            return
        others = {name: other for name, chosen in self.settings.items() if (other := tasks_of(chosen)) != tasks}
        for job in jobs:
            before = others.get(self.finished.get(job.name, {}).get("settings", ""))
            if before and (job.new in there if there is not None else os.path.lexists(self.folder / job.new)):
                raise ConfigError(
                    f"{printable(where)}: holds what {before} has made of these pictures, which {tasks} would replace: "
                    "choose another output folder, or say --existing overwrite"
                )

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
                and made_of(line, seen, memory)
                and line["target"] == job.target.name
                and line["output"] == job.target.stat().st_size
            )
        except OSError:
            return False


def tasks_of(settings: Mapping[str, Any]) -> str:
    """The tasks of a run under these settings, one after the other, by commas; empty where they tell of none."""
    return ", ".join(dict.fromkeys(name.lower() for name in re.findall(r'"task": "(\w+)\(', json.dumps(settings))))


def tell_of_others(history: History, where: AnyPath, name: str, settings: Mapping[str, Any]) -> bool:
    """Whether a picture was last made with other settings; a warning says which, and where."""
    line = history.finished.get(name)
    if line is None or line["settings"] == fingerprint(settings):
        return False
    other = "of an earlier version"
    if line["settings"] in history.settings:
        before = history.settings[line["settings"]]
        differ = sorted(name for name in before.keys() | settings.keys() if before.get(name) != settings.get(name))
        said = {name: f"{name} {before.get(name)}, now {settings.get(name)}" for name in differ}
        other = "; ".join(text if len(text) < 80 else f"other {name}" for name, text in said.items())
    log.warning("%s holds pictures made with other settings (%s): they are made again", printable(where), other)
    return True


def holds(path: Path, size: int, sha256: str) -> bool:
    """Whether a file has this size and this SHA-256.

    Raises:
        OSError: it cannot be read.
    """
    if path.stat().st_size != size:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def made_of(line: Mapping[str, Any], seen: list[int], memory: float) -> bool:
    """Whether what a line tells of was made of such an input, in as many pieces as it would be again."""
    return bool(
        line.get("input") == seen and line.get("streamed", 0.0) == _streamed_with(line.get("needs", 0.0), memory)
    )


def remembered(
    settings: str, asked: str, seen: list[int], size: int, digest: str, needs: float, memory: float
) -> dict[str, Any]:
    """What a line of the journal, and an object itself, tells of how an output was made; empty parts are left out.

    Args:
        settings: their fingerprint.
        asked: the fingerprint of what was asked for.
        seen: the input's stamp.
        size: of the output [bytes].
        digest: its SHA-256.
        needs: the memory from which on it is held as a whole [GB]; with less its floats are summed otherwise.
        memory: what there was.
    """
    line: dict[str, Any] = {"settings": settings, "input": seen, "output": size, "sha256": digest}
    line |= {"asked": asked} if asked else {}
    return line | ({"needs": needs, "streamed": _streamed_with(needs, memory)} if needs else {})


def _streamed_with(needs: float, memory: float) -> float:
    """The memory that decides how many rows are made at a time; 0 where the whole is."""
    return memory if needs >= memory else 0.0


def fingerprint(settings: Mapping[str, Any]) -> str:
    """A short name for a set of settings: equal settings, equal name."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
