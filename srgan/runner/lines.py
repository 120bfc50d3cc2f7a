"""What a line of the journal tells of a picture: of what its output was made, under which settings, and what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


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
