"""Which file becomes which, planned from names: no file is opened unless asked for, so 100,000 take a second."""

import logging
import os
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from srgan.errors import ConfigError, MachineError, NoPicturesError
from srgan.files import printable
from srgan.images.find import files
from srgan.images.formats import READABLE, SUFFIXES, format_of, writable
from srgan.runner.names import kind_by_content, kind_of, renamed, targets

_log = logging.getLogger(__name__)

_ANOTHER = "choose another output folder"


@dataclass(frozen=True)
class Job:
    """One file to make: where from, where to, and the name by which the user knows it.

    Paths are made when they are asked for: those of 100,000 jobs would take a second.

    Attributes:
        name: relative to the input folder, with forward slashes.
        new: the same in the output folder.
        trouble: why nothing can be made of it, where that was found in planning: it is a folder that cannot be read.
        seen: what changes whenever the file does; empty where its size and modification time are that.
        stands_for: what messages say for the two folders; empty where these themselves.
    """

    input_folder: Path
    output_folder: Path
    name: str
    new: str
    trouble: str = ""
    seen: tuple[int, ...] = ()
    stands_for: tuple[str, str] = ("", "")

    @property
    def source(self) -> Path:
        """The file to read."""
        return self.input_folder / self.name

    @property
    def target(self) -> Path:
        """The file to write."""
        return self.output_folder / self.new

    def named(self, text: str) -> str:
        """What is said of the files, with the names by which the user knows them."""
        for folder, place in zip((self.input_folder, self.output_folder), self.stands_for, strict=True):
            text = text.replace(printable(folder), place) if place else text
        return text


def plan(
    source: Path,
    target: Path,
    *,
    format: str = "keep",
    existing: str = "resume",
    on_collision: str = "rename",
    shard: str = "1/1",
    sniff: bool = False,
    in_place: bool = False,
    among: Sequence[str] | None = None,
    made: Mapping[str, str] | None = None,
    aside: Path | None = None,
) -> list[Job]:
    """One job a picture, sub-folders kept; no two jobs write one file, and none writes over a picture it reads.

    Where two sources want one target (a.jpg and a.png, as png), a.png stays a.png and a.jpg becomes a.jpg.png. Names
    that differ in case alone count as one, for some file systems cannot tell them apart. What is made stays what it is.

    Args:
        existing: of a single file, which no journal knows: "resume" and "error" refuse an output that is there.
        shard: "2/8" is the second of eight shares, of about equal size; none overlap, and together they are everything.
            A picture's name alone decides in which it is.
        in_place: OUT is IN, and each picture is replaced by one of its own name and format.
        sniff: look into files of other suffixes, or none, too; else their number is told in a warning.
        among: only these files and folders, by their paths in the input folder; the files are always looked into.
        made: what the journal knows to be there, `History.keeping`.
        aside: a folder of something else, which may lie below IN, and of which nothing is made.

    Raises:
        ConfigError: IN is missing, OUT is IN, or of a single file there already, the format is not one that we write,
            the shard is none, or names collide and `on_collision` is "error".
        NoPicturesError: the folder holds no picture.
        MachineError: OUT is a file while IN is a folder.
    """
    if on_collision not in ("rename", "error"):
        raise ConfigError(f"unknown on_collision {on_collision!r}: choose one of error, rename")
    number, count = shard_of(shard)
    format = format if format == "keep" else writable(format)
    _check(source, target, format, in_place)
    if source.is_file():
        return [_single(source, source if in_place else target, format, existing, in_place)]
    jobs = _under(source, target, format, on_collision, in_place, sniff, among, made, aside)
    return [job for job in jobs if count == 1 or share(job.name, count) == number]


def _under(
    source: Path,
    target: Path,
    format: str,
    on_collision: str,
    in_place: bool,
    sniff: bool,
    among: Sequence[str] | None,
    made: Mapping[str, str] | None,
    aside: Path | None,
) -> list[Job]:
    """The jobs of a folder, of all shares."""
    unread: dict[str, str] = {}
    exclude = [folder for folder in (None if in_place else target, aside) if folder is not None]
    kinds = _kinds(source, exclude, sniff, among, unread)
    if not kinds and not unread:
        raise NoPicturesError(f"{printable(source)}: no pictures here (looked for {', '.join(READABLE)})")
    jobs = [Job(source, target, name, new) for name, new in targets(kinds, format, on_collision, made)]
    jobs += [Job(source, target, name, name, trouble) for name, trouble in unread.items()]
    if not in_place:
        _refuse_to_write_into(source, target, jobs)
    return jobs


def _check(source: Path, target: Path, format: str, in_place: bool) -> None:
    same = os.path.realpath(source) == os.path.realpath(target)
    if in_place and not same:
        raise ConfigError(f"--in-place replaces the input: give {printable(source)} as output, too, or none")
    if in_place and format != "keep":
        raise ConfigError(f"--in-place keeps formats: leave out --format {format}, or choose another output folder")
    if source.is_file():
        return
    if not source.is_dir():
        raise ConfigError(f"{printable(source)}: no such file or folder")
    if target.exists() and not target.is_dir():
        raise MachineError(f"{printable(target)}: a file, where the output folder shall be; {_ANOTHER}")
    if same and not in_place:
        raise ConfigError(f"{printable(target)}: both input and output; {_ANOTHER}")


def _kinds(
    source: Path, exclude: Sequence[Path], sniff: bool, among: Sequence[str] | None, unread: dict[str, str]
) -> dict[str, str]:
    """The pictures under a folder, each with what it is: by its suffix or, where that says nothing, by its content."""
    names = files(source, exclude=exclude, unread=unread) if among is None else _among(source, among, exclude, unread)

    def by_content(name: str) -> str | None:
        return kind_by_content(source / name) if sniff or (among and name in among) else None

    return kinds_of(names, by_content, tell=not sniff)


def kinds_of(names: Iterable[str], by_content: Callable[[str], str | None], *, tell: bool) -> dict[str, str]:
    """Those that are names of pictures, each with what it is: as its suffix says, or where that says nothing another.

    Args:
        tell: of the others in a warning.
    """
    kinds: dict[str, str] = {}
    others: Counter[str] = Counter()
    for name in names:
        kind = kind_of(name) or by_content(name)
        if kind:
            kinds[name] = kind
        else:
            others[os.path.splitext(name)[1].lower() or "no suffix"] += 1
    if others and tell:
        counts = ", ".join(f"{printable(suffix)}: {count}" for suffix, count in others.most_common(5))
        more = ", ..." if len(others) > 5 else ""
        _log.warning("passed over what is no picture by its suffix (%s%s); --sniff looks into it", counts, more)
    return kinds


def _among(source: Path, among: Sequence[str], exclude: Sequence[Path], unread: dict[str, str]) -> Iterator[str]:
    """The files that are given, or lie in folders that are."""
    for one in dict.fromkeys(among):
        if (source / one).is_dir():
            if os.path.realpath(source / one) in map(os.path.realpath, exclude):
                continue
            within: dict[str, str] = {}
            yield from (f"{one}/{name}" for name in files(source / one, exclude=exclude, unread=within))
            unread.update({str(PurePosixPath(one, name)): trouble for name, trouble in within.items()})
        else:
            yield one


def shard_of(text: str) -> tuple[int, int]:
    """Of "2/8" the 2 and the 8."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    number, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= number <= count:
        raise ConfigError(f"shard {text!r}: write I/N, such as 2/8 for the second of eight")
    return number, count


def share(name: str, count: int) -> int:
    """The share that a picture belongs to, from 1 to `count`."""
    return zlib.crc32(os.fsencode(name)) % count + 1


def _single(source: Path, target: Path, format: str, existing: str, in_place: bool) -> Job:
    """The job of a file by itself; OUT is a file, too, or a folder."""
    if in_place and source.is_symlink():
        raise ConfigError(f"{printable(source)}: is a link: --in-place replaces files themselves; name that one")
    target = _place(source, target, format)
    if os.path.realpath(source) == os.path.realpath(target) and not in_place:
        raise ConfigError(f"{printable(target)}: both input and output; {_ANOTHER}")
    if existing in ("resume", "error") and not in_place and os.path.lexists(target):
        raise ConfigError(
            f"{printable(target)}: is there already: if it is an input, too, name a folder "
            "for all outputs with -o FOLDER; else --existing overwrite replaces it"
        )
    return Job(source.parent, target.parent, source.name, target.name)


def _place(source: Path, target: Path, format: str) -> Path:
    """The file that OUT names for one source: itself, or one in it."""
    if target.is_dir() or target.suffix.lower() not in READABLE:
        if target.exists() and not target.is_dir():
            raise MachineError(f"{printable(target)}: a file, where the output folder shall be; {_ANOTHER}")
        if target.suffix and not target.is_dir():
            raise ConfigError(
                f"{printable(target)}: no picture has the suffix {printable(target.suffix)!r}: choose one of "
                f"{', '.join(SUFFIXES.values())}, or make that folder first"
            )
        return target / renamed(source.name, kind_of(source.name) or kind_by_content(source), format)
    if format not in ("keep", format_of(target)):
        raise ConfigError(f"{printable(target)}: its suffix does not fit the format {format!r}; change one of them")
    format_of(target)
    return target


def _refuse_to_write_into(source: Path, target: Path, jobs: list[Job]) -> None:
    inside, outside = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    if not inside.is_relative_to(outside):
        return
    for job in jobs:
        if (outside / job.target.relative_to(target)).is_relative_to(inside):
            raise ConfigError(f"{printable(job.target)}: an output among the input; {_ANOTHER}")
