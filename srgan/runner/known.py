"""What is known of a bucket of outputs: what lies there, and what runs have noted in parts of a journal.

A part is an object, put again as it grows; the first is put before there is anything to do, so that a bucket that
refuses is known at once. Every run writes parts of its own, and a run of one shard reads those of its shard alone.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any

from srgan.images.find import OF_RUNS
from srgan.runner.history import History
from srgan.runner.objects import Objects
from srgan.runner.plan import shard_of

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
        parts = sorted((name for name in found if name.startswith(ours)), key=lambda name: PurePosixPath(name).name)
        self.history = History(scratch / "known")
        self.history.path.parent.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_READERS) as readers, self.history.path.open("wb") as file:
            for part in readers.map(folder.bytes_of, parts):
                file.write(part or b"")
        self.history.refresh()


class Parts:
    """The parts of a journal that one run writes, under some settings; several threads may add to it.

    Raises:
        MachineError: the bucket cannot be written.
    """

    def __init__(self, folder: Objects, shard: str, settings: str, chosen: Mapping[str, Any]) -> None:
        began = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        self._folder, self._name = folder, f"{_parts(shard)}{began}-{secrets.token_hex(4)}"
        self._number, self._lock, self._when, self._kept = 1, threading.Lock(), 0.0, 0
        self._lines = [json.dumps({"settings": settings, "chosen": chosen})]
        self._put()

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
