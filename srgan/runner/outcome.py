"""What became of one picture of a run; apart from the runner, for which nobody waits who has nothing to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from srgan.runner.urls import Url

FINISHED = "finished before"
"""Why a picture is skipped that was made by the same settings."""

THERE = "is there already"
"""Why a picture is skipped in whose place there is something else."""

LINK = "is a link: --in-place replaces files themselves"
"""Why a picture is skipped in whose place a file would take that of a link to another."""


@dataclass(frozen=True)
class Outcome:
    """What became of one picture.

    Attributes:
        name: of the picture, as its path below the folder.
        target: where the output is, or would be; a URL in object storage.
        status: "ok", "skipped", "failed" or "unsupported".
        reason: why it failed or was skipped; empty where it is ok.
        pixels: of the output.
        seconds: that it took.
        chosen: the device, engine, precision, tile and memory format that `auto` has come to.
        models: by which it was made, each with its name and perhaps its realism, as in the journal.
        notes: what the user should know of the file, such as "first of 3 frames", or how much of it was filled.
    """

    name: str
    target: Path | Url
    status: str
    reason: str = ""
    pixels: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    chosen: Mapping[str, str] = field(default_factory=dict)
    models: tuple[Mapping[str, Any], ...] = ()
