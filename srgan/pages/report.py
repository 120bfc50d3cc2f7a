"""Folders before and after become one page that needs no network: each picture's sides, and what is known of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from srgan.errors import ConfigError
from srgan.files import printable, replacing
from srgan.images.find import find
from srgan.pages.page import Page, is_page
from srgan.pages.sides import Side, look
from srgan.pools import ahead
from srgan.runner.history import History

_BESIDE = "_files"
"""How the name of the folder beside a page ends that holds what no browser shows as it is."""


@dataclass(frozen=True)
class Picture:
    """One row of a report.

    Attributes:
        name: as in the first folder.
        sides: one a folder; None where that folder has none, or it cannot be read.
        errors: why, one a folder; "" where nothing is wrong.
        changed: the mean difference of the last side from the first, at the size of the first [8-bit levels].
        scores: of each side against the truth: PSNR in RGB [dB], 99 where they are equal, and SSIM.
        made: what the journals know, one a folder: models, seconds, notes.
    """

    name: str
    sides: tuple[Side | None, ...]
    errors: tuple[str, ...]
    changed: float | None
    scores: tuple[dict[str, float], ...]
    made: tuple[dict[str, Any], ...]


class _Folder:
    """Where the pictures of one column lie, by the names of the first column."""

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise ConfigError(f"{printable(path)}: is not a folder")
        self.path, self.history = path, History(path)
        self.history.refresh()
        names = [name for name in find(path) if not _of_a_page(path / name)]
        self._names = set(names)
        self._stems = {str(PurePosixPath(name).with_suffix("")): name for name in names}

    def names(self) -> list[str]:
        return sorted(self._names)

    def place(self, name: str) -> Path | None:
        """The file of a picture: as the journal has it, by the same name, or by the same but for the suffix."""
        line = self.history.finished.get(name)
        made = str(PurePosixPath(name).parent / PurePosixPath(str(line["target"])).name) if line else name
        found = made if made in self._names else name if name in self._names else None
        found = found or self._stems.get(str(PurePosixPath(name).with_suffix("")))
        return None if found is None else self.path / found

    def made(self, name: str) -> dict[str, Any]:
        """What the journal knows of how a picture was made; journals of earlier versions know less."""
        line = self.history.finished.get(name, {})
        return {key: line[key] for key in ("models", "seconds", "notes") if key in line}


def _of_a_page(path: Path) -> bool:
    """Whether a picture lies there because a page shows it, in `NAME_files` beside `NAME.html`."""
    folder = path.parent
    return folder.name.endswith(_BESIDE) and folder.with_name(folder.name.removesuffix(_BESIDE) + ".html").is_file()


def report(
    folders: Sequence[Path],
    target: Path,
    *,
    truth: Path | None = None,
    embed: bool = False,
    workers: int | None = None,
    done: Callable[[Picture, int], None] = lambda picture, total: None,
) -> int:
    """How many pictures have an error; `target` is the page, and beside it lies what browsers cannot show as it is.

    Args:
        folders: the pictures before, then one or more after; matched by name, else by name without suffix.
        truth: the clean pictures, of the same names: each side of their size gets scores.
        embed: hold the full pictures in the page too, instead of linking to them.
        workers: pictures looked at side by side; None is one a core.
        done: told of each picture in order, with how many there are.

    Raises:
        ConfigError: a folder is none, or the first has no picture, or the target is a folder or another file.
    """
    if target.is_dir():
        such = printable(target / "report.html")
        raise ConfigError(f"{printable(target)}: is a folder; name the page in it, such as {such}")
    if target.exists() and not is_page(target):
        raise ConfigError(f"{printable(target)}: is there already, and is no such page: name another")
    columns = [_Folder(folder) for folder in folders]
    clean = None if truth is None else _Folder(truth)
    names = columns[0].names()
    if not names:
        raise ConfigError(f"{printable(folders[0])}: has no picture")
    target.parent.mkdir(parents=True, exist_ok=True)
    shown = None if embed else target.with_name(f"{target.stem}{_BESIDE}")
    count = workers or os.cpu_count() or 1
    one = partial(_picture, columns, clean, target.parent, shown)
    wrong = 0
    with replacing(target) as file, ThreadPoolExecutor(count) as pool:
        page = Page(file, _labels(folders))
        for picture in ahead(pool, one, enumerate(names), 2 * count):
            wrong += any(picture.errors)
            page.add(asdict(picture))
            done(picture, len(names))
        page.end()
    return wrong


def _labels(folders: Sequence[Path]) -> list[str]:
    """The names of the folders; as given where two have the same, for a page may be sent to others."""
    names = [printable(os.path.basename(os.path.abspath(folder))) for folder in folders]
    return names if len(set(names)) == len(names) else [printable(folder) for folder in folders]


def _picture(
    columns: Sequence[_Folder], clean: _Folder | None, base: Path, shown: Path | None, one: tuple[int, str]
) -> Picture:
    number, name = one
    places = [column.place(name) for column in columns]
    failed = [column.history.failed.get(name, "") for column in columns]
    sides, errors, changed, scores = look(
        places, None if clean is None else clean.place(name), base=base, shown=shown, number=number
    )
    whole = [failure or error for failure, error in zip(failed, errors, strict=True)]
    return Picture(
        printable(name), sides, tuple(whole), changed, scores, tuple(column.made(name) for column in columns)
    )
