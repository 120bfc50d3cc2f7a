"""Where the pictures of a command come from and where they go: `IN`, `IN OUT`, or `IN... -o OUT`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from srgan.errors import ConfigError, MachineError
from srgan.files import nearest, printable
from srgan.runner.config import FolderConfig
from srgan.runner.names import beside
from srgan.runner.urls import Url, place


class PlaceType(click.Path):
    """A path, or a URL of object storage, which stays as it is."""

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> Any:
        there = place(value)
        return there if isinstance(there, Url) else super().convert(there, parameter, context)


@dataclass(frozen=True)
class Places:
    """A file or folder, and the file or folder that is made of it.

    Attributes:
        among: of the folder these files and folders alone, by their paths in it; None is all of it.
    """

    source: Path
    target: Path
    among: tuple[str, ...] | None = None


@dataclass(frozen=True)
class RemotePlaces:
    """A folder, and the folder that is made of it, of which at least one is a URL."""

    source: Path | Url
    target: Path | Url


def places(
    paths: Sequence[Path | Url], output: Path | Url | None, tag: str, config: FolderConfig
) -> Places | RemotePlaces:
    """What the paths of a command line mean.

    Several inputs are parts of the folder that holds them all, of which these alone are restored: so `a/1.png b` has
    the outputs `OUT/a/1.png` and `OUT/b/...`.

    Args:
        tag: what is added to the name of the input where no output is named.

    Raises:
        ConfigError: they mean nothing, or two things.
        MachineError: the output cannot be written.
    """
    if output is None and len(paths) == 2:
        paths, output = paths[:1], paths[1]
    here = [path for path in paths if isinstance(path, Path)]
    if any(str(path) == "-" and not path.exists() for path in (*here, output) if isinstance(path, Path)):
        raise ConfigError("-: pictures go from path to path, not through pipes")
    for path in here:
        if not path.exists():
            raise ConfigError(f"{printable(path)}: no such file or folder")
    if isinstance(output, Url) or len(here) < len(paths):
        return _remote(paths, output, tag)
    if len(here) > 1:
        if output is None:
            raise ConfigError("several inputs: say where their outputs go with -o FOLDER")
        if config.in_place:
            raise ConfigError("--in-place takes one file or folder")
        found = _together(here, output)
    else:
        (source,) = here
        found = Places(source, output or (source if config.in_place else beside(source, tag, config.format)))
    _check_writable(found.target)
    return found


def _remote(paths: Sequence[Path | Url], output: Path | Url | None, tag: str) -> RemotePlaces:
    """The places where one is a URL: without OUT what is made of s3://bucket/photos goes into s3://bucket/photos-x4."""
    if len(paths) > 1:
        raise ConfigError("several inputs: with URLs one folder at a time")
    (source,) = paths
    if output is None:
        if str(source).count("/") < 3:
            raise ConfigError(f"{printable(source)}: is a whole bucket: say where its outputs go")
        output = Url(f"{source}{tag}")
    if isinstance(output, Path):
        _check_writable(output)
    return RemotePlaces(source, output)


def _together(paths: Sequence[Path], output: Path) -> Places:
    """The folder that holds several inputs, with their names in it.

    Raises:
        ConfigError: there is none.
    """
    names = [os.path.normpath(path) for path in paths]
    if any(os.path.isabs(name) or name.split(os.sep)[0] in (os.curdir, os.pardir) for name in names):
        names = [os.path.abspath(name) for name in names]
    try:
        root = os.path.commonpath([os.path.dirname(name) for name in names])
    except ValueError as error:  # Windows has a root for each drive
        raise ConfigError("several inputs on several drives: one drive at a time") from error
    among = tuple(Path(os.path.relpath(name, root or os.curdir)).as_posix() for name in names)
    return Places(Path(root), output, among)


def _check_writable(target: Path) -> None:
    """Checks that a file or folder can be made."""
    there = nearest(target)
    if not there.exists():
        raise MachineError(f"{printable(target)}: cannot be written: {printable(there)} is a link to nothing")
    if there.is_file() and there != target:
        raise MachineError(f"{printable(target)}: cannot be written: {printable(there)} is a file, no folder")
    folder = there if there.is_dir() else there.parent
    if not os.access(folder, os.W_OK | os.X_OK):
        raise MachineError(f"{printable(target)}: cannot be written: no permission to write into {printable(folder)}")
