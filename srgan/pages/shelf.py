"""The folder that a page lets one look through: which pictures of it there are, and where results go."""

from __future__ import annotations

import dataclasses
import logging
import re
from pathlib import Path, PurePosixPath

from srgan.files import printable
from srgan.runner.names import beside

log = logging.getLogger(__name__)

_SURROGATE = re.compile("[\ud800-\udfff]")  # a byte that is not UTF-8, which neither JSON nor an address can carry


@dataclasses.dataclass(frozen=True)
class Shelf:
    """A folder that may be looked through, and where what is made of its pictures goes.

    Attributes:
        output: None is beside the folder, as the commands have it.
    """

    folder: Path
    output: Path | None = None

    def target(self, tag: str) -> Path:
        """Where results with that tag go."""
        return self.output or beside(self.folder, tag)

    def names(self) -> list[str]:
        """The pictures in it, none of which is outside of it, or a result; a warning tells of names not in UTF-8."""
        from srgan.images.find import find

        names = list(find(self.folder, exclude=[self.output] if self.output else []))
        texts = [name for name in names if not _SURROGATE.search(name)]
        if strange := sorted(set(names) - set(texts)):
            first = printable(self.folder / strange[0])
            log.warning("left out names that are not UTF-8: %d, such as %s; rename them", len(strange), first)
        return [name for name in texts if not (self.folder / name).is_symlink() or self.path(name) is not None]

    def path(self, name: str) -> Path | None:
        """The picture of that name; None is outside of the folder, hidden, or not there."""
        from srgan.images.formats import READABLE

        path = self.folder / name
        hidden = any(part.startswith(".") for part in PurePosixPath(name).parts)
        if hidden or path.suffix.lower() not in READABLE or not path.is_relative_to(self.folder):
            return None
        try:
            inside = path.resolve().is_relative_to(self.folder.resolve()) and path.is_file()
        except (OSError, ValueError):  # no file can be called so
            return None
        return path if inside else None
