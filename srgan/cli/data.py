"""The flags that name pictures to learn from or to be scored on, for every command that has them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan.errors import ConfigError

if TYPE_CHECKING:
    from srgan.data.sources import Data


def data_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --data and --paired, of which `chosen_data` makes one."""
    folder = click.Path(path_type=Path)
    command = click.option(
        "--paired",
        nargs=2,
        type=folder,
        metavar="OBSERVED CLEAN",
        help="Two folders of the same pictures, instead of --data.",
    )(command)
    return click.option(
        "--data", type=folder, help="Folder of clean pictures or tar shards; or mnist, fashion-mnist, cifar10."
    )(command)


def chosen_data(data: Path | None, paired: tuple[Path, Path] | None) -> Data:
    """What --data or --paired names.

    Raises:
        ConfigError: neither is given, or both.
    """
    from srgan.data.sources import Paired

    if paired is not None and data is None:
        return Paired(*paired)
    if data is None or paired is not None:
        raise ConfigError("give either --data or --paired")
    return data
