"""How far a folder run is: one line that renews itself on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING

import click

from srgan.cli.streams import give_up
from srgan.files import printable

if TYPE_CHECKING:
    from pathlib import Path

    from srgan.runner.outcome import Outcome
    from srgan.runner.urls import Url

PLAIN_INTERVAL = 10.0
"""Seconds between two plain lines."""

TERMINAL_INTERVAL = 0.5
"""Seconds between two lines within a picture, on a terminal."""

MOST_NOTES = 20
"""Notes that are printed of a run; further ones are counted."""

UNREAD = 141
"""The exit code of a run that ended early since nobody read its output any more: as a shell tells SIGPIPE."""


def shown(outcomes: Generator[Outcome], progress: Progress, target: Path | Url, *, as_json: bool, verbose: bool) -> int:
    """The exit code of a run, each of whose outcomes is shown as it comes."""
    started = time.perf_counter()
    with closing(outcomes):
        for outcome in outcomes:
            progress.add(outcome)
            if not _printed(outcome, as_json, verbose):
                return UNREAD if progress.left else progress.code
    progress.finish(time.perf_counter() - started, target)
    return progress.code


class Progress:
    """Counts outcomes, names failures as they come, and shows one line of progress."""

    def __init__(self, total: int, *, quiet: bool = False, every_note: bool = False) -> None:
        self.total = total
        self.notes = 0
        self._most_notes = sys.maxsize if every_note else MOST_NOTES
        self.counts: Counter[str] = Counter()
        self.pixels = 0
        self._within: dict[str, tuple[float, int]] = {}
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._started = self._shown = time.monotonic()

    @property
    def failed(self) -> int:
        return self.counts["failed"] + self.counts["unsupported"]

    @property
    def left(self) -> int:
        """Pictures of which nothing has come yet."""
        return self.total - sum(self.counts.values())

    @property
    def code(self) -> int:
        """The exit code of what has come."""
        return 1 if self.failed else 0

    def add(self, outcome: Outcome) -> None:
        self.counts[outcome.status] += 1
        self.pixels += outcome.pixels
        self._within.pop(outcome.name, None)
        name = printable(outcome.name)
        if outcome.status in ("failed", "unsupported"):
            self._print(f"{outcome.status}: {outcome.reason if outcome.reason else name}")
        for note in outcome.notes:
            self.notes += 1
            if not self._quiet and self.notes <= self._most_notes:
                self._print(f"note: {name}: {note}")
        if self._terminal or time.monotonic() - self._shown > PLAIN_INTERVAL:
            self.show()

    def within(self, name: str, share: float, pixels: int) -> None:
        """Counts the share of a picture that is done, and shows it now and then; any thread may call it."""
        self._within[name] = share, pixels
        if time.monotonic() - self._shown > (TERMINAL_INTERVAL if self._terminal else PLAIN_INTERVAL):
            self.show()

    def show(self) -> None:
        """Prints where the run stands."""
        if self._quiet:
            return
        self._shown = time.monotonic()
        text = self._text()
        self._print(text, newline=not self._terminal)

    def finish(self, seconds: float, target: Path | Url) -> None:
        """Prints the last line, with the time the whole took, and where the outputs are."""
        if not self._quiet:
            if self.notes > self._most_notes:
                self._print(f"{self.notes - self._most_notes} further notes: -v prints them all")
            size = f"  {_mega(self.pixels)} MP" if self.pixels else ""
            rate = f", {_mega(self.pixels / max(seconds, 1e-9), least=1)} MP/s" if self.pixels else ""
            there = f"  -> {printable(target)}" if self.counts["ok"] + self.counts["skipped"] else ""
            self._print(f"{self._counted()}{size}  in {_clock(seconds)}{rate}{there}")

    def _print(self, text: str, *, newline: bool = True) -> None:
        try:
            click.echo(f"\r\033[K{text}" if self._terminal else text, err=True, nl=newline)
        except BrokenPipeError:  # the pictures are wanted all the same
            give_up(sys.stderr)

    def _text(self) -> str:
        done = sum(self.counts.values())
        within = dict(self._within)  # which other threads change
        parts = [self._counted()]
        pixels = self.pixels + sum(share * pixels for share, pixels in within.values())
        if pixels:
            seconds = time.monotonic() - self._started
            begun = done + sum(share for share, _ in within.values())
            parts.append(f"{_mega(pixels)} MP  {_mega(pixels / seconds, least=1)} MP/s")
            left = seconds / max(begun - self.counts["skipped"], 0.01) * (self.total - begun)
            parts.append(f"ETA {_clock(max(left, 0))}")
        if within:
            name, (share, _) = max(within.items(), key=lambda one: one[1][1])
            parts.append(f"{printable(name)} {share:.0%}")
        return "  ".join(parts)

    def _counted(self) -> str:
        """How many pictures are done, and what became of them."""
        done = sum(self.counts.values())
        became = f"  ok {self.counts['ok']} skipped {self.counts['skipped']} failed {self.failed}" if done else ""
        return f"{done}/{self.total} pictures{became}"


def _mega(pixels: int | float, least: int = 0) -> str:
    """So many million, with two digits that are not 0, and at least so many after the point."""
    digits = 1 - math.floor(math.log10(pixels / 1e6)) if pixels else 0
    return f"{pixels / 1e6:.{max(least, digits)}f}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _printed(outcome: Outcome, as_json: bool, verbose: bool) -> bool:
    """Whether what is to be said of an outcome on stdout was; False where nobody reads it any more."""
    try:
        if as_json:
            click.echo(json.dumps(_as_json(outcome)))
        elif verbose and outcome.status == "ok":
            click.echo(printable(outcome.target))
    except BrokenPipeError:  # whoever read our output has enough, and Python must not flush what is left of it
        give_up(sys.stdout)
        return False
    return True


def _as_json(outcome: Outcome) -> dict[str, object]:
    said = {"name": outcome.name, "target": str(outcome.target), "status": outcome.status, "reason": outcome.reason}
    made = {"pixels": outcome.pixels, "seconds": round(outcome.seconds, 3), "notes": list(outcome.notes)}
    return {**said, **made, "chosen": dict(outcome.chosen)}
