"""Paths as lines, and bytes that become a file, whole or not at all: written under another name, synced, renamed."""

import errno
import io
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path

from srgan.errors import ImageError, MachineError

AnyPath = str | bytes | PathLike[str] | PathLike[bytes]

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def printable(path: AnyPath) -> str:
    """A path as one line that any terminal can print: control characters and bytes that are not UTF-8 are escaped."""
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), os.fsdecode(path))


_MACHINE = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO),
    *(errno.ENOENT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOMEM, errno.EMFILE, errno.ENFILE),
    *(errno.ENOTDIR, errno.EEXIST, errno.ELOOP),  # a file, or a link to itself, is where a folder should be
}


def write_bytes(path: AnyPath, data: bytes) -> None:
    """Writes a file of these bytes, whole or not at all.

    Raises:
        ImageError: the file cannot be written for a reason of its own, such as too long a name.
        MachineError: the disk is full, or the folder not writable.
    """
    with replacing(path) as file:
        file.write(data)


@contextmanager
def replacing(path: AnyPath, partial: str | None = None) -> Iterator[io.BufferedRandom]:
    """A file to write, which gets its name when all is well: a crash leaves what was there before, or nothing.

    Folders are made where they are missing.

    Args:
        partial: the name it has until then, from `partial_name`; of two who write one file each needs its own.

    Raises:
        ImageError: the file cannot be written for a reason of its own, such as too long a name.
        MachineError: the disk is full, or the folder not writable.
    """
    target = Path(os.fsdecode(path))
    written = target.parent / (partial or partial_name())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(written, "x+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(written, target)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
        _sync_folder(target.parent)
    except OSError as error:
        kind = MachineError if error.errno in _MACHINE else ImageError
        raise kind(f"{printable(path)}: cannot be written: {error.strerror or error}") from error


def nearest(path: Path) -> Path:
    """What is there of a path: itself, and be it a link to nothing, or the nearest folder above it.

    Raises:
        MachineError: not even its drive is there.
    """
    there = path
    while not os.path.lexists(there):
        if there == there.parent:
            raise MachineError(f"{printable(path)}: cannot be written: {printable(there)} is not there")
        there = there.parent
    return there


def take_after(file: int, path: Path) -> None:
    """Gives an open file the owner, permissions and extended attributes (ACLs, labels) of another, where it may."""
    status = os.stat(path)
    if os.name == "posix":
        for owner, group in ((-1, status.st_gid), (status.st_uid, -1)):
            with suppress(PermissionError):  # only root may give files away
                os.fchown(file, owner, group)
        os.fchmod(file, status.st_mode & 0o7777)
    if hasattr(os, "listxattr"):
        with suppress(OSError):  # not every file system has them
            for name in os.listxattr(path):
                with suppress(OSError):  # not everybody may set each
                    os.setxattr(file, name, os.getxattr(path, name))


def stamp(path: Path) -> list[int]:
    """Size [bytes] and modification time [ns] of a file."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


def partial_name() -> str:
    """What a file is called while it is written: no two writers ever choose the same, on whatever machines."""
    return f".srgan-{secrets.token_hex(8)}"  # short, for the final name may be as long as names can be


def is_partial(name: str) -> bool:
    """Whether a file may have been called so while it was written."""
    return re.fullmatch(r"\.srgan-[0-9a-f]{16}", name) is not None


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems cannot; the file itself is safe
            os.fsync(handle)
    finally:
        os.close(handle)
