"""Where a server keeps uploads and results while it runs; what a killed one has left is removed by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from srgan.runner.locks import LOCKS, Locks

_PREFIX, _SERVER = "srgan-serve-", "server"

_YOUNG = 60.0
"""A folder may not be locked yet by who makes it just now [s]."""


@contextmanager
def workplace() -> Iterator[Path]:
    """An empty folder, gone with the server."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another server was quicker
            _remove_left(left)
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    work = made / "work"
    work.mkdir()
    try:
        with closing(Locks(made / LOCKS)) as locks:
            locks.acquire(_SERVER)
            yield work
    finally:
        for folder in (work, made):  # the locks last: by them the next server knows what a killed one has left
            with suppress(FileNotFoundError):
                shutil.rmtree(folder)


def room(work: Path) -> Path:
    """The work folder, made anew where a cleaner of temporary files has taken it; for our own user alone, as before."""
    for folder in (work.parent, work):
        folder.mkdir(0o700, exist_ok=True)
    return work


def _remove_left(folder: Path) -> None:
    """Removes the folder of a server that is no more; of our own user alone, and no link."""
    status = folder.lstat()
    ours = os.name == "posix" and status.st_uid == os.getuid() and folder.is_dir() and not folder.is_symlink()
    if not ours or time.time() - status.st_mtime < _YOUNG or not (folder / LOCKS).is_file():
        return
    with closing(Locks(folder / LOCKS)) as locks:
        if locks.acquire(_SERVER) and locks.works:
            shutil.rmtree(folder)
