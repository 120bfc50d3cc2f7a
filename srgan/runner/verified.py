"""Whether what a journal tells of is still so, and whether all of it was made in one way."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Set
from pathlib import Path, PurePosixPath
from typing import Any

from srgan.errors import ConfigError
from srgan.files import printable
from srgan.runner.history import History
from srgan.runner.lines import holds

_SHOWN = 60
"""Characters of a setting that are shown."""


class Ways:
    """How often outputs were made in each of several ways, that is by settings and weights."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, settings: Mapping[str, Any]) -> None:
        """Counts an output of these settings, which are empty where nobody knows them any more."""
        self._counts[json.dumps(settings, sort_keys=True)] += 1

    def counted(self) -> list[tuple[int, dict[str, Any]]]:
        """How often, with the settings; the commonest come first."""
        return [(count, json.loads(way)) for way, count in self._counts.most_common()]

    def told(self) -> str:
        """What each way has that not all have, with how often it was taken; empty where there is one way."""
        each = [(count, list(dict.fromkeys(_values(way)))) for count, way in self.counted()]
        if len(each) < 2:
            return ""
        common = set.intersection(*(set(values) for _, values in each if values))
        return f"made in {len(each)} ways: {'; '.join(_said(count, values, common) for count, values in each)}"


def verify(folder: Path) -> Iterator[tuple[Path, str, Mapping[str, Any]]]:
    """Each output that the journal of a folder knows, what is wrong with it, and what decided it.

    That is "", "is missing", "has changed" or why it cannot be read; and settings, as `Ways` takes them.

    Raises:
        ConfigError: the folder has no journal.
    """
    history = History(folder)
    if not history.path.is_file():
        raise ConfigError(f"{folder}: nothing was restored into it (there is no {history.path})")
    history.refresh()
    for name, line in history.finished.items():
        target = folder / PurePosixPath(name).parent / line["target"]
        yield target, _trouble(target, line), history.settings.get(line["settings"], {})


def _trouble(target: Path, line: Mapping[str, Any]) -> str:
    try:
        return "" if holds(target, line["output"], line["sha256"]) else "has changed"
    except OSError as error:
        return "is missing" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"


def _values(settings: Any, name: str = "") -> Iterator[str]:
    """Each value within settings after its name, but for what describes a network: its weights tell which it is."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            yield from _values(value, key) if key != "model" else ()
    elif isinstance(settings, list):
        for value in settings:
            yield from _values(value, name)
    else:
        yield f"{name} {settings}"


def _said(count: int, values: list[str], common: Set[str]) -> str:
    """One way, by what not all have; "without" where that is nothing."""
    if not values:
        return f"{count} by an earlier version"
    own = [printable(value) for value in values if value not in common]
    short = [value if len(value) <= _SHOWN else f"{value[:_SHOWN]}..." for value in own]
    return f"{count} with {', '.join(short)}" if short else f"{count} without"
