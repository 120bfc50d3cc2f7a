"""Which object becomes which, planned from names as folders are: `runner/plan.py` for URLs."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from srgan.errors import ConfigError, ImageError, NoPicturesError
from srgan.files import printable
from srgan.images.find import OF_RUNS, OF_THE_SYSTEM, files
from srgan.images.formats import HEAD, READABLE, sniffed, writable
from srgan.runner.names import kind_by_content, kind_of, targets
from srgan.runner.objects import Objects, Seen
from srgan.runner.plan import Job, kinds_of, shard_of, share
from srgan.runner.urls import Url

_log = logging.getLogger(__name__)

_LONGEST = 255
"""Bytes of a file's name, at most, on the file systems that there are."""

_READERS = 16
"""Objects that are looked into at a time."""


@dataclass(frozen=True)
class RemoteJob:
    """One picture to make, from or into object storage.

    Attributes:
        name: of the input, below IN.
        new: of the output, below OUT.
        seen: the input as it was listed; None of a local file.
        trouble: why nothing can be made of it, where that was found in planning.
    """

    name: str
    new: str
    seen: Seen | None = None
    trouble: str = ""

    def within(self, scratch: Path, number: int, source: Path | Url, target: Path | Url) -> Job:
        """The job of files: of a scratch folder where they are on their way, in which each job has folders of its own.

        For objects may be called anything: one as the folder of another, say.
        """
        inside, outside = scratch / "in" / str(number), scratch / "out" / str(number)
        return Job(
            inside if isinstance(source, Url) else source,
            outside if isinstance(target, Url) else target,
            self.name,
            self.new,
            self.trouble,
            tuple(self.seen or ()),
            (source if isinstance(source, Url) else "", target if isinstance(target, Url) else ""),
        )


def plan_remote(
    source: Path | Url,
    target: Path | Url,
    *,
    format: str = "keep",
    existing: str = "resume",
    on_collision: str = "rename",
    shard: str = "1/1",
    sniff: bool = False,
    in_place: bool = False,
    made: Mapping[str, str] | None = None,
) -> list[RemoteJob]:
    """One job a picture, as `plan` has them, where IN, OUT or both are URLs.

    Raises:
        ConfigError: IN is missing or one picture alone, OUT is IN, or an option does not fit.
        NoPicturesError: there is no picture.
        MachineError: the store cannot be asked.
    """
    if in_place or source == target:
        raise ConfigError(f"{printable(target)}: pictures in object storage are not replaced; choose another output")
    if isinstance(target, Url) and target.startswith("az:"):
        raise ConfigError("az://: is read, not written: adlfs keeps no metadata with what it uploads")
    number, count = shard_of(shard)
    format = format if format == "keep" else writable(format)
    unread: dict[str, str] = {}
    found = _under(source, target) if isinstance(source, Url) else _below(source, unread)
    kinds = _kinds(source, found, sniff)
    if not kinds and not unread:
        raise NoPicturesError(f"{printable(source)}: no pictures here (looked for {', '.join(READABLE)})")
    jobs = [
        RemoteJob(name, new, found[name], _strange(name)) for name, new in targets(kinds, format, on_collision, made)
    ]
    jobs += [RemoteJob(name, name, None, trouble) for name, trouble in unread.items()]
    _refuse_to_write_into(source, target, jobs)
    return [job for job in jobs if count == 1 or share(job.name, count) == number]


def _below(source: Path, unread: dict[str, str]) -> Mapping[str, Seen | None]:
    if not source.is_dir():
        raise ConfigError(f"{printable(source)}: no such folder; single pictures go from path to path")
    return dict.fromkeys(files(source, unread=unread))


def _under(source: Url, target: Path | Url) -> Mapping[str, Seen | None]:
    """The objects that a folder of the same names would have been searched for, in the same order."""
    found = Objects(source).list()
    if list(found) == [""]:
        raise ConfigError(f"{printable(source)}: one object, no folder; name the folder that it lies in")
    earlier = {name.split(f"/{OF_RUNS}/")[0] + "/" for name in found if f"/{OF_RUNS}/" in name}
    for folder in sorted(earlier):
        _log.warning("%s/%s: passed over, for it is the output of an earlier run", source, printable(folder[:-1]))
    if isinstance(target, Url) and target.startswith(f"{source}/"):
        earlier.add(target.removeprefix(f"{source}/") + "/")
    names = [name for name in found if not _passed_over(name) and not any(name.startswith(one) for one in earlier)]
    return {name: found[name] for name in sorted(names, key=_place_in_order)}


def _place_in_order(name: str) -> tuple[list[str], str]:
    *folders, last = name.split("/")
    return folders, last


def _passed_over(name: str) -> bool:
    parts = name.split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    return hidden or parts[-1].lower() in OF_THE_SYSTEM


def _strange(name: str) -> str:
    """Why an object of this name cannot be a file; empty where it can."""
    strange = any(part in ("", ".", "..") or len(os.fsencode(part)) > _LONGEST for part in name.split("/"))
    strange = strange or "\0" in name
    return f"{printable(name)}: no file can be called so; rename the object" if strange else ""


def _kinds(source: Path | Url, found: Mapping[str, Seen | None], sniff: bool) -> dict[str, str]:
    unclear = [name for name, seen in found.items() if sniff and kind_of(name) is None and (seen is None or seen.size)]
    if isinstance(source, Path):
        looked = {name: kind_by_content(source / name) for name in unclear}
    else:
        objects = Objects(source)
        with ThreadPoolExecutor(_READERS) as readers:
            looked = dict(zip(unclear, readers.map(lambda name: _sniffed(objects, name), unclear), strict=True))
    return kinds_of(found, looked.get, tell=not sniff)


def _sniffed(objects: Objects, name: str) -> str | None:
    try:
        return sniffed(objects.beginning(name, HEAD), "")
    except ImageError:
        return None


def _refuse_to_write_into(source: Path | Url, target: Path | Url, jobs: Iterable[RemoteJob]) -> None:
    if isinstance(source, Url) and isinstance(target, Url) and source.startswith(f"{target}/"):
        inside = source.removeprefix(f"{target}/") + "/"
        for job in jobs:
            if job.new.startswith(inside):
                raise ConfigError(
                    f"{printable(target)}/{printable(job.new)}: an output among the input; choose another"
                )
