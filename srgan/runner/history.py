"""What the journal of an output folder says of each picture."""

from __future__ import annotations

import filecmp
import json
import logging
import math
import os
import re
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from srgan.errors import ConfigError, ImageError
from srgan.files import AnyPath, printable, stamp
from srgan.images.find import OF_RUNS
from srgan.runner.config import FolderConfig
from srgan.runner.lines import fingerprint, holds, made_of
from srgan.runner.names import undisturbed
from srgan.runner.plan import Job
from srgan.runner.remote_plan import RemoteJob

log = logging.getLogger(__name__)

Planned = TypeVar("Planned", Job, RemoteJob)
_UNSET = re.compile(r", \w+=None|\w+=None, ")

_ANOTHER = "choose another output folder, or say --existing overwrite"


class History:
    """What the journal of an output folder, `OUT/.srgan/journal.jsonl`, says of each picture by name.

    Attributes:
        finished: its last line of those it was finished with, unless its output was since made from another.
        failed: why it failed, where it did the last time.
        begun: the runs that began it and are not known to have ended it, each by the name of the file it wrote.
        named: what was about to get the name of its output since it was begun: size and SHA-256.
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
        self.named: dict[str, list[tuple[int, str]]] = {}
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
        if "named" in line:
            self.named.setdefault(name, []).append((line["output"], line["named"]))
            return
        self.begun.pop(name, None)
        self.named.pop(name, None)
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

    def keeping(
        self, jobs: list[Planned], plan: Callable[..., list[Planned]], there: Container[str] | None = None
    ) -> list[Planned]:
        """The jobs, planned again where a picture, there or gone, would else lose the name of what was made of it.

        Args:
            plan: makes them; as `made` it is told the name of each output by that of its picture.
            there: the names of what lies in the folder; None looks.
        """
        made = {
            line["name"]: new
            for new, line in self.made.items()
            if (new in there if there is not None else os.path.lexists(os.path.join(self.folder, new)))
        }
        return jobs if undisturbed(((job.name, job.new) for job in jobs), made) else plan(made=made)

    def check_ours(self, job: Job) -> None:
        """Checks that the file in the place of an output is as a run has written it, of this picture and no other.

        Raises:
            ImageError: it is somebody else's, has been changed since, or is made of what lies in another folder.
        """
        made = self.made.get(job.new)
        if made and holds(job.target, made["output"], made["sha256"]):
            if other := _elsewhere(made, job):
                raise ImageError(f"{printable(job.target)}: is made of {printable(other)}: {_ANOTHER}")
            return
        # A run that was killed had perhaps named it, and not noted that yet.
        if any(holds(job.target, *output) for output in self.named.get(job.name, ())):
            return
        whose = "has changed since it was made" if made else "is there already, and no run has made it"
        raise ImageError(f"{printable(job.target)}: {whose}: move it away, or say --existing overwrite")

    def check_source(self, job: Job) -> None:
        """Checks that what is to be restored in its own place is no output, made under whatever settings.

        Raises:
            ImageError: it is.
        """
        line = self.finished.get(job.name)
        if line is not None and line["input"][:2] == stamp(job.target):
            raise ImageError(
                f"{printable(job.source)}: was replaced already, by a command with other settings: "
                "--existing overwrite goes on from what that made"
            )

    def check_alive(self, job: Job) -> bool:
        """Whether the program was killed over the picture, once.

        Raises:
            ImageError: it was, twice.
        """
        died = self.deaths.get(job.name, 0)
        if died > 1:
            raise ImageError(f"{printable(job.source)}: the program was killed over it twice")
        return died == 1

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
                    f"{_ANOTHER}"
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


def _elsewhere(made: Mapping[str, Any], job: Job) -> Path | None:
    """The picture that an output was made of, where that is another than the job's, and still as it was."""
    if not made.get("folder") or made["folder"] == os.path.realpath(job.input_folder):
        return None
    source = Path(made["folder"], made["name"])
    try:
        same = filecmp.cmp(source, job.source, shallow=False) or stamp(source) != made["input"][:2]
    except (OSError, ImageError):
        return None
    return None if same else source


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
        said = {name: _UNSET.sub("", f"{name} {before.get(name)}, now {settings.get(name)}") for name in differ}
        other = "; ".join(text if len(text) < 80 else f"other {name}" for name, text in said.items())
    log.warning("%s holds pictures made with other settings (%s): they are made again", printable(where), other)
    return True
