"""Which files are under a folder, by their names alone."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from srgan.files import printable
from srgan.images.formats import READABLE

_log = logging.getLogger(__name__)

OF_RUNS = ".srgan"
"""The folder in an output folder that is not for pictures: runs keep there what they remember."""

OF_THE_SYSTEM = ("thumbs.db", "desktop.ini")


def find(root: Path, *, exclude: Sequence[Path] = ()) -> Iterator[str]:
    """What pictures by their suffix are under a folder, by relative posix path, in the order of `files`."""
    return (name for name in files(root, exclude=exclude) if os.path.splitext(name)[1].lower() in READABLE)


def files(root: Path, *, exclude: Sequence[Path] = (), unread: dict[str, str] | None = None) -> Iterator[str]:
    """The files under a folder, by relative posix path, each folder in the order of its names.

    Links to files are followed, links to folders are not; a warning tells of links to nothing. Hidden files, pipes,
    sockets and devices are passed over, and so is everything under folders to exclude, what earlier runs have made in
    folders in it, and every folder of a training run. Bytes that are not UTF-8 come as surrogates, as `os.fsdecode` has
    them.

    Args:
        unread: gets the folders that cannot be read, each with the reason; None tells of them in a warning.
    """
    excluded = set(map(os.path.realpath, exclude))
    waiting, broken, made = [""], list[str](), set[str]()
    while waiting:
        prefix = waiting.pop()
        folders = []
        entries = _entries(root / prefix, prefix.rstrip("/"), unread)
        if prefix and any(entry.name == OF_RUNS for entry in entries):
            ours = _made(root / prefix)
            if ours is None:
                _log.warning("%s: passed over, for it is the output of an earlier run", printable(root / prefix))
                continue
            if ours:
                text = "%s: passed over what earlier runs have made there (%d)"
                _log.warning(text, printable(root / prefix), len(ours))
            made.update(prefix + name for name in ours)
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in OF_THE_SYSTEM or prefix + entry.name in made:
                continue
            if entry.is_symlink():
                if os.path.isfile(entry.path):
                    yield prefix + entry.name
                elif not os.path.exists(entry.path):  # or the link is one to itself
                    broken.append(prefix + entry.name)
            elif entry.is_dir():
                if not excluded or os.path.realpath(entry.path) not in excluded:
                    folders.append(f"{prefix}{entry.name}/")
            elif entry.is_file():
                yield prefix + entry.name
        waiting += reversed(folders)
    if broken:
        _log.warning("passed over links to nothing: %d, such as %s", len(broken), printable(root / broken[0]))


def _made(folder: Path) -> set[str] | None:
    """The files, by relative posix path, that runs have made here of pictures that lie elsewhere; None where all are.

    Pictures that were replaced in place are those of the user, and so is what a run that was refused has found here.
    """
    made = dict[str, bool]()
    try:
        lines = (folder / OF_RUNS / "journal.jsonl").read_bytes().splitlines()
    except OSError:
        return None
    for text in lines:
        with suppress(ValueError, KeyError, TypeError):  # torn by a crash
            line = json.loads(text)
            name = line["name"]
            made[name[: name.rfind("/") + 1] + line["target"]] = line.get("folder") != os.path.realpath(folder)
    return {name for name, elsewhere in made.items() if elsewhere and (folder / name).is_file()}


def _entries(folder: Path, name: str, unread: dict[str, str] | None) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        if unread is None:
            _log.warning("%s: passed over: %s", printable(folder), error.strerror)
        else:
            unread[name or "."] = f"{printable(folder)}: cannot be read: {error.strerror}"
        return []
