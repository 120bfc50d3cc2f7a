"""Where pictures to learn from or to be scored on come from: folders, tar shards, pairs of folders.

A folder of clean pictures, a tar file of them, or two folders of pairs become a list of `Source`, which is read later.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tarfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from srgan.data.labelled import SETS, Example, as_image, downloaded, labelled
from srgan.errors import ConfigError, ImageError, NoPicturesError, TrainingError
from srgan.images.find import find
from srgan.images.formats import READABLE, is_picture
from srgan.images.image import Image
from srgan.images.reader import decode

log = logging.getLogger(__name__)

HELD_OUT = 10
"""One source of so many is held out by `split`."""


@dataclass(frozen=True)
class Paired:
    """Two folders of the same pictures under the same names (the suffix may differ): as observed, and clean."""

    observed: str | os.PathLike[str]
    clean: str | os.PathLike[str]


@dataclass(frozen=True)
class Source:
    """One picture.

    Attributes:
        observed_bytes: None where the task degrades the clean one.
        label: its class; empty where it has none.
        read: how its bytes become a picture.
    """

    name: str
    clean_bytes: Callable[[], bytes]
    observed_bytes: Callable[[], bytes] | None = None
    label: str = ""
    read: Callable[[bytes, str], Image] = decode

    def pair(self, scale: int) -> tuple[Image, Image | None]:
        """The clean picture, and the observed one where it is given, whose sides are those of the clean one / `scale`.

        Raises:
            ImageError: one cannot be read.
            ConfigError: their sizes do not fit.
        """
        clean = self.read(self.clean_bytes(), self.name)
        if self.observed_bytes is None:
            return clean, None
        observed = decode(self.observed_bytes(), f"what was observed of {self.name}")
        if (observed.width * scale, observed.height * scale) != (clean.width, clean.height):
            sizes = f"{clean.width}x{clean.height} px are not {scale} times the {observed.width}x{observed.height} px"
            raise ConfigError(f"{self.name}: {sizes} that were observed")
        return clean, observed


Data = str | os.PathLike[str] | Paired | Sequence[str | os.PathLike[str] | Source]


def sources(data: Data) -> list[Source]:
    """The pictures of a folder (tar shards and files of labelled sets among them), of a tar file, or of two folders.

    A picture's file is one, and a list may hold all of these but pairs. They come in a fixed order. A name of
    `labelled.SETS` that is no path stands for that set, which is downloaded.

    Raises:
        ConfigError: there is no such folder or file, or the names of two folders do not match.
        NoPicturesError: there is no picture.
    """
    if isinstance(data, Paired):
        return _pairs(data)
    if not isinstance(data, str | os.PathLike):
        return [source for one in data for source in ([one] if isinstance(one, Source) else sources(one))]
    path = Path(data)
    if not path.exists():
        if str(data) in SETS:
            return _examples(downloaded(str(data)))
        raise ConfigError(f"{path}: there is no such folder or tar file")
    if path.is_file() and path.suffix.lower() in READABLE:
        return [Source(str(path), path.read_bytes)]
    if path.is_file():
        found = _examples(labelled(path)) or _members(path)
        if not found:
            raise NoPicturesError(f"{path}: holds no pictures")
        return found
    found = [member for shard in sorted(path.glob("*.tar")) for member in _members(shard)]
    found += _examples(labelled(path))
    found += [Source(name, (path / name).read_bytes, label=_folder_of(name)) for name in find(path)]
    if not found:
        raise NoPicturesError(f"{path}: holds no pictures and no tar shards")
    return found


def usable(every: Iterable[Source], scale: int, smallest: int) -> list[Source]:
    """Those that can be read and whose shorter side is at least `smallest` [px]; warnings tell of the others.

    Raises:
        ConfigError: the sizes of a pair do not fit.
    """
    kept = []
    for source in every:
        try:
            clean, _ = source.pair(scale)
        except (ImageError, OSError) as error:
            log.warning("left out: %s", error)
            continue
        if min(clean.width, clean.height) < smallest:
            log.warning("left out: %s: smaller than %d px", source.name, smallest)
            continue
        kept.append(source)
    return kept


def classes_of(every: Iterable[Source]) -> list[str]:
    """The classes that there are, numbers in their own order.

    Raises:
        ConfigError: a picture has none.
    """
    labels = {source.label for source in every}
    if "" in labels:
        raise ConfigError("not every picture has a class: give a folder with a sub-folder for each, or a labelled set")
    return sorted(labels, key=lambda label: (len(label), label) if label.isdigit() else (0, label))


def split(every: Sequence[Source]) -> tuple[list[Source], list[Source]]:
    """Those to learn from, and about a tenth to be judged on, chosen by a hash of their names.

    So more pictures change no choice, unless they are very few: then one is held out, and at most half.

    Raises:
        NoPicturesError: there are fewer than two.
    """
    if len(every) < 2:
        raise NoPicturesError(f"{len(every)} picture is too few: one must be held out to judge by")
    ranked = sorted(every, key=rank)
    held_out = [source for source in ranked if rank(source)[0] < 256 / HELD_OUT]
    held_out = held_out[: len(ranked) // 2] or ranked[:1]
    names = {source.name for source in held_out}
    return [source for source in every if source.name not in names], held_out


def rank(source: Source) -> bytes:
    """Where a picture comes in an order that has nothing to do with its name, and that others do not change."""
    return hashlib.sha256(os.fsencode(source.name)).digest()


def _pairs(paired: Paired) -> list[Source]:
    """Each clean picture with what was observed of it."""
    seen, wanted = Path(paired.observed), Path(paired.clean)
    observed, clean = (_by_stem(folder) for folder in (seen, wanted))
    for ours, theirs, folder in ((clean, observed, seen), (observed, clean, wanted)):
        if missing := sorted(ours.keys() - theirs.keys()):
            raise ConfigError(f"{folder}: holds no picture named {missing[0]}, as the other folder does")
    return [
        Source(
            clean[stem],
            partial((wanted / clean[stem]).read_bytes),
            partial((seen / observed[stem]).read_bytes),
        )
        for stem in sorted(clean)
    ]


def _by_stem(folder: Path) -> dict[str, str]:
    """The pictures of a folder by their names without the suffix."""
    found: dict[str, str] = {}
    for name in find(folder):
        stem = os.path.splitext(name)[0]
        if stem in found:
            raise ConfigError(f"{folder}: both {found[stem]} and {name} could be the other folder's {stem}")
        found[stem] = name
    if not found:
        raise NoPicturesError(f"{folder}: holds no pictures")
    return found


def _members(shard: Path) -> list[Source]:
    """The pictures inside a tar file, by name; each is read only when it is wanted."""
    try:
        with tarfile.open(shard, "r:") as tar:
            members = [member for member in tar.getmembers() if member.isfile() and is_picture(member.name)]
    except (tarfile.TarError, OSError, EOFError) as error:
        raise TrainingError(f"{shard}: not an uncompressed tar file that can be read ({error})") from error
    return [
        Source(
            f"{shard.name}:{member.name}",
            partial(_part, shard, member.offset_data, member.size),
            label=_folder_of(member.name),
        )
        for member in sorted(members, key=lambda member: member.name)
    ]


def _examples(every: Iterable[Example]) -> list[Source]:
    """What was read from files of a labelled set."""
    return [
        Source(one.name, one.levels.tobytes, label=one.label, read=partial(as_image, shape=one.levels.shape))
        for one in every
    ]


def _folder_of(name: str) -> str:
    """The sub-folder in which a picture lies, which is its class where there is one for each."""
    return PurePath(name).parent.name


def _part(path: Path, start: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read(size)
