"""What outputs are called: after their inputs, with the suffix of their format, and never twice."""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from srgan.errors import ConfigError, ImageError
from srgan.files import printable
from srgan.images.formats import HEAD, READABLE, SUFFIXES, sniffed, writable


def kind_of(name: str) -> str | None:
    """The format that a name says; None where it says none."""
    return READABLE.get(os.path.splitext(name)[1].lower())


def kind_by_content(path: Path) -> str | None:
    """The format that a file begins as; None where it is none, or cannot be read."""
    try:
        with open(path, "rb") as file:
            return sniffed(file.read(HEAD), "")
    except (OSError, ImageError):
        return None


def renamed(name: str, kind: str | None, format: str) -> str:
    """The name of the file made from this one, as long as no other file wants it too."""
    stem, suffix = os.path.splitext(name)
    known = READABLE.get(suffix.lower())
    if known and (known == format or (format == "keep" and known in SUFFIXES)):
        return name
    return (stem if known else name) + _suffix_of(kind, format)


def _suffix_of(kind: str | None, format: str) -> str:
    """Of a new file made from one of this kind."""
    wanted = kind if format == "keep" else format
    return SUFFIXES.get(wanted or "png", SUFFIXES["png"])


def beside(source: Path, tag: str, format: str = "keep") -> Path:
    """Where what is made of a file or folder goes when nobody says: beside it, its name followed by a tag."""
    whole = Path(os.path.abspath(source))  # of "." and ".." the name
    if whole.is_dir():
        return source.parent / f"{source.name}{tag}" if source.name not in ("", "..") else Path(f"{whole}{tag}")
    kind = kind_of(source.name) or kind_by_content(source)
    stem, suffix = os.path.splitext(renamed(source.name, kind, format if format == "keep" else writable(format)))
    return source.with_name(f"{stem}{tag}{suffix}")


def targets(
    kinds: Mapping[str, str], format: str, on_collision: str, made: Mapping[str, str] | None = None
) -> list[tuple[str, str]]:
    """Each name with that of the file made from it; all of these differ, in more than case, and from their folders.

    Args:
        made: the file that was made from each name, if it is there: it stays, whatever has come or gone since.
    """
    wanted = {name: renamed(name, kind, format) for name, kind in kinds.items()}
    folders = _folders(wanted)
    stay = {
        name: new
        for name, new in (made or {}).items()
        if name not in wanted or _suffix(new) == _suffix(wanted[name])
        if _folded(new) not in folders
    }
    wanted |= stay
    rivals = Counter(map(_folded, wanted.values()))
    rivals.update(folders)
    if rivals.total() == len(rivals):
        return [(name, wanted[name]) for name in kinds]
    chosen, taken = stay, folders.union(map(_folded, stay.values()))
    coming = [name for name in kinds if name not in stay]
    for name in sorted(coming, key=lambda name: wanted[name] != name):  # those that keep their name come first
        new = wanted[name]
        if rivals[_folded(new)] > 1:
            if on_collision == "error":
                others = sorted(other for other in wanted if _folded(wanted[other]) == _folded(new))
                others += [f"{new}/"] if _folded(new) in folders else []
                raise ConfigError(
                    f"{', '.join(map(printable, others))} would all become {printable(new)}: "
                    "rename them, or let them be renamed with --on-collision rename"
                )
            new = new if new == name else name + _suffix_of(kinds[name], format)
        chosen[name] = _free(new, taken)
        taken.add(_folded(chosen[name]))
    return [(name, chosen[name]) for name in kinds]


def undisturbed(planned: Iterable[tuple[str, str]], made: Mapping[str, str]) -> bool:
    """Whether `targets` would plan these names so, too, if it knew what is made already."""
    owners = {_folded(new): name for name, new in made.items()}
    return all(
        owners.get(_folded(new), name) == name and (made.get(name, new) == new or _suffix(made[name]) != _suffix(new))
        for name, new in planned
    )


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1]


def _folders(names: Iterable[str]) -> set[str]:
    """The folders of these names and those above them, folded."""
    found, more = set[str](), {name.rpartition("/")[0] for name in names}
    while more := more - found:
        found |= more
        more = {folder.rpartition("/")[0] for folder in more}
    return set(map(_folded, found - {""}))


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while _folded(free) in taken:
        path = PurePosixPath(name)
        free, number = str(path.with_name(f"{path.stem}-{number}{path.suffix}")), number + 1
    return free


def _folded(name: str) -> str:
    """What a file system that ignores case, and how accents are spelled, takes the name for."""
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()
