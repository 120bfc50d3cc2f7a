"""Several runs on one output folder: each picture is locked by the one that makes it."""

from __future__ import annotations

import hashlib
import logging
import os
import struct
from pathlib import Path

from srgan.errors import MachineError

try:
    import fcntl
except ImportError:  # pragma: no cover, for Windows has no such locks
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

LOCKS = "claims"
"""What the file of locks is called, by every version of srgan: two of them may share an output."""


class Locks:
    """One byte of one file for each picture, locked by the run that makes it.

    The system itself frees the locks of a process that ends, however it ends: no lock is ever stale, and none is left
    behind. On Linux they belong to this object, elsewhere to its process, whose runs then do not hold each other off.
    Where there are no such locks, everything may be acquired, and two runs may do the same work twice.

    Attributes:
        works: there are such locks.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise MachineError(f"{path}: cannot be written ({error.strerror}); choose another output") from error
        self.works = fcntl is not None

    def close(self) -> None:
        os.close(self._file)

    def acquire(self, name: str, *, wait: bool = False) -> bool:
        """Whether the picture of that name is this run's now; if it may wait, it is."""
        if not self.works:
            return True
        try:
            _lock(self._file, _place(name), wait=wait)
        except (BlockingIOError, PermissionError):
            return False
        except OSError as error:
            log.warning("the output's file system has no locks (%s): keep to one run at a time", error.strerror)
            self.works = False
        return True

    def release(self, name: str) -> None:
        """Lets others acquire that picture again."""
        if self.works:
            _unlock(self._file, _place(name))


def _lock(file: int, place: int, *, wait: bool) -> None:
    if hasattr(fcntl, "F_OFD_SETLK"):
        fcntl.fcntl(file, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, place))
    else:
        fcntl.lockf(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB), 1, place)


def _unlock(file: int, place: int) -> None:
    if hasattr(fcntl, "F_OFD_SETLK"):
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, _flock(fcntl.F_UNLCK, place))
    else:
        fcntl.lockf(file, fcntl.LOCK_UN, 1, place)


def _flock(kind: int, place: int) -> bytes:
    """Linux's `struct flock` for one byte; its process must be 0 for locks that belong to an open file."""
    return struct.pack("hhqqi0q", kind, os.SEEK_SET, place, 1, 0)


def _place(name: str) -> int:
    """The byte that stands for a name."""
    return int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()[:7])
