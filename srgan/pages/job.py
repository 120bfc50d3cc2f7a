"""One job of a server: a picture, what is asked for, how far it is and what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srgan.files import printable
from srgan.pages.asked import FILLING, Asked

if TYPE_CHECKING:
    from srgan.images.reader import Header

OVER = ("done", "failed", "cancelled")
"""The states in which nothing more happens to a job."""


@dataclass(frozen=True)
class Limits:
    """What a server takes on, and how long it keeps it.

    Attributes:
        bytes: of one request.
        pixels: of one picture.
        made: pixels of 8 bits of the largest picture on the way to a result.
        waiting: jobs in the queue.
        held: jobs in all.
        disk: bytes of the pictures and results that are held.
        age: of what is over [s].
    """

    bytes: int = 256_000_000
    pixels: int = 64_000_000
    made: int = 256_000_000
    waiting: int = 64
    held: int = 256
    disk: int = 4_000_000_000
    age: float = 6 * 3600


class OverLimit(Exception):
    """A picture is larger than this server takes."""


def check_pixels(header: Header, name: str, most: int) -> None:
    """Checks how large a picture is, before it is decoded.

    Raises:
        OverLimit: it has more pixels than `most`.
    """
    if header.width * header.height > most:
        raise OverLimit(f"{name}: {header.width} x {header.height} pixels are more than the limit of {most}")


class Full(Exception):
    """There is no room for another job now."""


class Crowded(Full):
    """Nor will there be, until somebody removes a result or it is old."""


class Cancelled(Exception):
    """Nobody wants the result any more."""


@dataclass
class Job:
    """One picture, what is asked for, and what became of it so far.

    Attributes:
        name: by which the user knows it; never a path.
        folder: its own, which is removed with it.
        source: the picture.
        mask: a painted one.
        given: what the header of the picture says: format, width, height.
        share: of the work that is done.
        models: by which the result was made, each with its name and perhaps its realism.
        error, exit_code: why it failed, and with what code a command would have ended.
        over: when it came to an end, by the clock of its queue.
        wanted: nobody has cancelled it.
        handed: the result was the answer to who sent the picture.
    """

    name: str
    asked: Asked
    folder: Path
    source: Path
    mask: Path | None = None
    given: dict[str, Any] = field(default_factory=dict)
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: str = "queued"
    share: float = 0.0
    error: str = ""
    exit_code: int = 0
    notes: tuple[str, ...] = ()
    models: tuple[Mapping[str, Any], ...] = ()
    seconds: float = 0.0
    result: Path | None = None
    over: float | None = None
    version: int = 0
    wanted: bool = True
    handed: bool = False

    @property
    def uploaded(self) -> bool:
        """Whether the picture is held by the server; else it lies in the folder that may be looked through."""
        return self.source.parent == self.folder

    @property
    def part(self) -> Path:
        """Where the part of the picture lies that is restored, where it is asked for."""
        return self.folder / "part.png"

    @property
    def masked(self) -> bool:
        """Whether something is to be filled."""
        return self.asked.task in FILLING and (self.mask is not None or self.asked.fills)

    @property
    def kept(self) -> bool:
        """Whether it has the only copy of a result, for which no other job may push it out."""
        only = self.result is not None and self.result.is_relative_to(self.folder)
        return only and not self.asked.part and not self.handed

    @property
    def result_name(self) -> str:
        """What the result is called: as the picture, with the suffix of what it is."""
        return self.name if self.result is None else str(Path(self.name).with_suffix(self.result.suffix))

    def told(self) -> dict[str, Any]:
        """What others may know of it, as JSON."""
        chosen = {name: getattr(self, name) for name in ("id", "share", "error", "seconds", "given", "models")}
        chosen["state"] = "stopping" if self.state == "working" and not self.wanted else self.state
        known = {"name": printable(self.name), "asked": asdict(self.asked), "notes": [*map(printable, self.notes)]}
        size = self.result.stat().st_size if self.result is not None and self.result.exists() else None
        made = {"result": None if size is None else {"name": printable(self.result_name), "bytes": size}}
        return chosen | known | made | {"version": self.version}

    def bytes(self) -> int:
        """What its folder holds; what is being removed meanwhile counts no more."""
        total = 0
        for path in self.folder.rglob("*"):
            with suppress(FileNotFoundError):
                total += path.stat().st_size
        return total
