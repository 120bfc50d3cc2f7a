"""What is known of a bucket of outputs: what lies there, and what runs have noted in parts of a journal.

A part is an object, put again as it grows. Every run writes parts of its own, and a run of one shard reads those of its
shard alone. Before anything is done a run puts its settings there, so that a bucket that refuses is known at once.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from srgan.errors import ConfigError, ImageError
from srgan.files import printable
from srgan.images.find import OF_RUNS
from srgan.pools import ahead
from srgan.runner.history import History
from srgan.runner.objects import Objects
from srgan.runner.plan import shard_of
from srgan.runner.urls import Url

_PART = 1000
"""Lines of a journal's part, at most."""

_PUT_EVERY = 5.0
"""Seconds after which new lines are put into the bucket."""

_READERS = 16
"""Parts that are read at a time."""


class Known:
    """What lies in a bucket of outputs, and what the parts of its journal say.

    Attributes:
        there: the sizes of what lies there, by name.
        history: what the parts say.
        scratch: a folder for what is on its way, and of it.

    Raises:
        MachineError: the bucket cannot be asked.
    """

    def __init__(self, folder: Objects, scratch: Path, shard: str = "1/1") -> None:
        self.folder, self.scratch = folder, scratch
        found = folder.list()
        self.there = {name: seen.size for name, seen in found.items() if not name.startswith(f"{OF_RUNS}/")}
        ours = _parts(shard) if shard_of(shard)[1] > 1 else f"{OF_RUNS}/journal/"
        parts = [name for name in found if name.startswith(ours) and name.endswith(".jsonl")]
        parts.sort(key=lambda name: PurePosixPath(name).name)  # in the order in which runs began
        self.history = History(scratch / "known")
        self.history.path.parent.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_READERS) as readers, self.history.path.open("wb") as file:
            for part in readers.map(folder.bytes_of, parts):
                file.write(part or b"")
        self.history.refresh()


def verify_remote(folder: Objects, scratch: Path) -> Iterator[tuple[Url, str, Mapping[str, Any]]]:
    """Each output that runs have made in a bucket, what is wrong with it and what decided it, as `verify` has them.

    Raises:
        ConfigError: no run has.
        MachineError: the bucket cannot be asked.
    """
    known = Known(folder, scratch)
    records: dict[str, Mapping[str, Any]] = {
        str(PurePosixPath(name).parent / line["target"]): line for name, line in known.history.finished.items()
    }
    unknown = [name for name in known.there if name not in records]
    if not records and not known.there:
        raise ConfigError(f"{printable(folder.url)}: nothing was restored into it")

    def trouble(name: str) -> str:
        if name not in known.there:
            return "is missing"
        try:
            return "" if folder.sha256(name) == records[name]["sha256"] else "has changed"
        except ImageError as error:
            return f"cannot be read: {error.__cause__}"

    def checked(name: str) -> tuple[Url, str, Mapping[str, Any]]:
        return folder / name, trouble(name), known.history.settings.get(records[name].get("settings", ""), {})

    with ThreadPoolExecutor(_READERS) as readers:
        for name, record in zip(unknown, readers.map(folder.record, unknown), strict=True):
            if record:  # what a run that was killed had made, and could not note any more
                records[name] = record
        yield from ahead(readers, checked, records, 2 * _READERS)


class Parts:
    """The parts of a journal that one run writes, under some settings; several threads may add to it.

    Raises:
        MachineError: the bucket cannot be written.
    """

    def __init__(self, folder: Objects, shard: str, settings: str, chosen: Mapping[str, Any]) -> None:
        began = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")  # of one picture the line of the last run counts
        self._folder, self._name = folder, f"{_parts(shard)}{began}-{secrets.token_hex(4)}"
        self._number, self._lock, self._when, self._kept = 1, threading.Lock(), time.monotonic(), 1
        self._lines = [json.dumps({"settings": settings, "chosen": chosen})]
        folder.put_bytes(f"{_parts(shard)}settings.json", self._lines[0].encode())

    def add(self, line: Mapping[str, Any]) -> None:
        """Notes a line, which is in the bucket some seconds later."""
        with self._lock:
            self._lines.append(json.dumps(line))
            full = len(self._lines) >= _PART
            if full or time.monotonic() - self._when > _PUT_EVERY:
                self._put()
            if full:
                self._number, self._lines, self._kept = self._number + 1, [], 0

    def close(self) -> None:
        """Puts what is not in the bucket yet."""
        with self._lock:
            if len(self._lines) > self._kept:
                self._put()

    def _put(self) -> None:
        text = "".join(f"{line}\n" for line in self._lines)
        self._folder.put_bytes(f"{self._name}-{self._number:06}.jsonl", text.encode())
        self._kept, self._when = len(self._lines), time.monotonic()


def _parts(shard: str) -> str:
    """Where the parts of a shard's runs lie."""
    number, count = shard_of(shard)
    return f"{OF_RUNS}/journal/{number}-of-{count}/"
