"""`--dry-run`: every check that a run makes, but for the pixels, and what it would write."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from srgan import __version__
from srgan.errors import ImageError, SrganError, UnsupportedImageError
from srgan.files import printable, stamp
from srgan.runner import space
from srgan.runner.beside import Beside, Nothing
from srgan.runner.history import History
from srgan.runner.lines import fingerprint, made_of
from srgan.runner.outcome import FINISHED, LINK, THERE, Outcome
from srgan.runner.plan import Job
from srgan.runner.urls import Url

if TYPE_CHECKING:
    from pathlib import Path

    from srgan.cli.weights import Choice, Choices
    from srgan.runner.config import FolderConfig


class Rehearsal:
    """What a run would do with each picture, from names, headers and the journal."""

    def __init__(
        self, choice: Choice | Choices, config: FolderConfig, beside: Beside | None, history: History | None
    ) -> None:
        self.choice, self.config, self.beside, self.history = choice, config, beside or Nothing(), history
        self.needed = 0.0  # bytes
        self.planned: list[Job] = []
        self.pixels = 0  # of their outputs
        self.counts: Counter[str] = Counter()

    @cached_property
    def asked(self) -> str:
        """A short name for all that is asked for, and for what decides what `auto` comes to."""
        from importlib.metadata import version  # not above: help need not wait for it
        from importlib.util import find_spec

        versions = {name: version(name) for name in ("torch", "openvino") if find_spec(name)}
        decides = {**self.config.decides(), **self.choice.record(), **self.beside.settings()}
        return fingerprint({**decides, **versions, "srgan": __version__})

    def finished(self, job: Job) -> bool:
        """Whether a command that asked for the same has made the picture, and it is still there."""
        if self.history is None or job.trouble or job.name not in self.history.finished:
            return False
        try:
            seen = list(job.seen or stamp(job.source)) + self.beside.stamp(job.name)
        except (ImageError, OSError):
            return False
        return self.history.answers(job, seen, self.asked, self.config.memory)

    def answers(self, job: Job, line: Mapping[str, Any]) -> bool:
        """Whether a line is of a command that asked for the same, and of the input as it is."""
        seen = list(job.seen or stamp(job.source)) + self.beside.stamp(job.name)
        return line.get("asked") == self.asked and made_of(line, seen, self.config.memory)

    def _check_machine(self) -> None:
        """Checks that the machine has the device, the engine and the precision that are asked for by name.

        Raises:
            ConfigError: it has not.
        """
        config = self.config
        always = config.device in ("auto", "cpu") and config.engine == "auto" and config.precision in ("auto", "fp32")
        if not always:  # only trying tells, and that takes seconds
            from srgan.inference.chain import restorer_of

            restorer_of(self.choice.load(), config, self.choice.size)

    def play(self, jobs: Iterable[Job | Outcome], target: Path | Url, *, as_json: bool, quiet: bool) -> int:
        """The exit code of a dry run, which it prints."""
        self._check_machine()
        code = self._show(jobs, as_json=as_json)
        if not quiet:
            self._tell(target)
        return code

    def _show(self, jobs: Iterable[Job | Outcome], *, as_json: bool) -> int:
        """Prints what would become of each picture, of which some may be settled; the exit code of the run."""
        for job in jobs:
            said = _said(job, job.status, job.reason) if isinstance(job, Outcome) else self._of(job)
            self.counts[str(said["status"])] += 1
            if as_json:
                click.echo(json.dumps(said))
            elif isinstance(job, Job) and said["status"] == "planned":
                there = " (replaces it)" if not self.config.in_place and os.path.lexists(job.target) else ""
                click.echo(job.named(f"{printable(job.source)} -> {printable(job.target)}{there}"))
            if said["status"] in ("failed", "unsupported"):
                click.echo(f"{said['status']}: {said['reason']}", err=True)
        return 1 if self.counts["failed"] + self.counts["unsupported"] else 0

    def _tell(self, target: Path | Url) -> None:
        """Says how many pictures would not be made, and how much room the others take."""
        skipped, failed = self.counts["skipped"], self.counts["failed"] + self.counts["unsupported"]
        if skipped or failed:
            click.echo(f"to do {self.counts['planned']} skipped {skipped} failed {failed}", err=True)
        if self.counts["planned"]:
            click.echo(space.said(self.needed, None if isinstance(target, Url) else space.free(target)), err=True)

    def _of(self, job: Job) -> dict[str, object]:
        """What `--json` says of a picture; the pixels are those that it would have."""
        try:
            if job.trouble:
                raise ImageError(job.trouble)
            status, reason = self._settled(job) or ("", "")
            if not status:
                if self.history is not None:
                    self.history.check_alive(job)
                return _said(job, "planned", pixels=self._looked(job))
        except (ImageError, OSError) as error:
            status = "unsupported" if isinstance(error, UnsupportedImageError) else "failed"
            reason = str(error) if isinstance(error, SrganError) else f"{printable(job.source)}: {error}"
        return _said(job, status, job.named(reason))

    def _settled(self, job: Job) -> tuple[str, str] | None:
        """What is said of a picture that is not made, because of what is there; None of others."""
        if self.config.in_place and job.source.is_symlink():
            return "skipped", LINK
        if self.config.existing == "overwrite" or not os.path.lexists(job.target):
            return None
        if self.config.existing == "error":
            return "failed", f"{job.target}: is there already"
        if self.finished(job):
            return "skipped", FINISHED
        if self.config.existing == "skip":
            return "skipped", THERE
        if self.history is not None:
            (self.history.check_source if self.config.in_place else self.history.check_ours)(job)
        return None

    def _looked(self, job: Job) -> int:
        """The pixels of an output that can be made."""
        from srgan.runner.prospects import look

        self.beside.stamp(job.name)  # which fails where there is nothing
        seen = look(job, self.config, self.choice.sizes)
        pixels = seen.size[0] * seen.size[1]
        self.planned.append(job)
        self.pixels += pixels
        if not os.path.lexists(job.target):
            self.needed += space.of_one(job, pixels / (seen.header.width * seen.header.height))
        return pixels


def _said(job: Job | Outcome, status: str, reason: str = "", pixels: int = 0) -> dict[str, object]:
    """What `--json` says of a picture."""
    target = job.named(str(job.target)) if isinstance(job, Job) else str(job.target)
    became = {"status": status, "reason": reason, "pixels": pixels, "seconds": 0.0, "notes": []}
    return {"name": job.name, "target": target, **became}
