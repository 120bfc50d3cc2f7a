"""The last command that restored a folder into an output, which `srgan retry` runs again."""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

import click

from srgan.errors import ConfigError
from srgan.files import printable, write_bytes
from srgan.images.find import OF_RUNS
from srgan.runner.outcome import Outcome
from srgan.runner.urls import Url

_FILE = "command.json"


def noted(outcomes: Generator[Outcome], target: Path | Url) -> Generator[Outcome]:
    """The outcomes of the command that is running; with the first the command itself is kept in the output.

    Not before: a command that is refused is none to try again.
    """
    context = click.get_current_context()
    words = context.find_root().obj  # None where another program has called the command
    with closing(outcomes):
        for outcome in outcomes:
            if words is not None:
                again = [word for word in words[words.index(context.command.name) :] if word != "--failed"]
                _keep(target, json.dumps({"words": again, "folder": os.getcwd()}).encode())
                words = None
            yield outcome


def last_command(target: Path | Url) -> tuple[list[str], str]:
    """The words of the last command, and the folder in which it was given.

    Raises:
        ConfigError: there was none, or it cannot be read.
        MachineError: the output cannot be asked.
    """
    try:
        text = _kept(target)
        if text is None:
            raise ConfigError(f"{printable(target)}: no command has restored a folder into it")
        last = json.loads(text)
        return [str(word) for word in last["words"]], str(last["folder"])
    except (ValueError, KeyError, TypeError, PermissionError) as error:
        raise ConfigError(f"{printable(target)}: its last command cannot be read ({error})") from error


def _keep(target: Path | Url, text: bytes) -> None:
    if isinstance(target, Url):
        from srgan.runner.objects import Objects  # not above: help need not wait for it

        Objects(target).put_bytes(f"{OF_RUNS}/{_FILE}", text)
    else:
        write_bytes(target / OF_RUNS / _FILE, text)


def _kept(target: Path | Url) -> bytes | None:
    if isinstance(target, Url):
        from srgan.runner.objects import Objects  # not above: help need not wait for it

        return Objects(target).bytes_of(f"{OF_RUNS}/{_FILE}")
    try:
        return (target / OF_RUNS / _FILE).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
