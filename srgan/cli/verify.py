"""`srgan verify OUT` and `srgan retry OUT`: whether what was written is still so, and what failed once more."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from srgan.cli.run import command_file
from srgan.files import printable

RESTORING = ("upscale", "denoise", "inpaint", "translate", "restore")
"""The commands that write into an output folder."""


@click.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
def verify(target: Path) -> int:
    """Check that every picture written into OUT is there, byte for byte."""
    from srgan.runner.history import verify as check

    count = wrong = 0
    for path, trouble in check(target):
        count += 1
        if trouble:
            wrong += 1
            click.echo(f"{printable(path)}: {trouble}", err=True)
    click.echo(f"{count} pictures, {wrong} missing or changed")
    return 1 if wrong else 0


@click.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Also where that command replaces files.")
@click.pass_context
def retry(context: click.Context, target: Path, yes: bool) -> int:
    """Run the last command that wrote into OUT again, on the pictures that failed alone."""
    from srgan.errors import ConfigError

    whole = os.path.realpath(target)
    try:
        last = json.loads(command_file(target).read_text(encoding="utf-8"))
        words, folder = [str(word) for word in last["words"]], str(last["folder"])
        os.chdir(folder)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(f"{printable(target)}: no command has restored a folder into it") from error
    except (ValueError, KeyError, TypeError, PermissionError) as error:
        raise ConfigError(f"{printable(target)}: its last command cannot be read ({error})") from error
    srgan = context.find_root().command
    words = [*_checked(srgan, words, whole, yes), "--failed"]
    click.echo(f"srgan {printable(shlex.join(words))}", err=True)
    return int(srgan.main(words, standalone_mode=False, obj=words) or 0)


def _checked(srgan: click.Command, words: list[str], target: str, yes: bool) -> list[str]:
    """The words of a command that writes into `target` and nowhere else: they may have come with the folder.

    Raises:
        ConfigError: they are no such command, or replace files while nobody has agreed to that.
    """
    from srgan.errors import ConfigError

    shown = f"srgan {printable(shlex.join(words))}"
    command = srgan.commands.get(words[0]) if isinstance(srgan, click.Group) and words else None
    if command is None or command.name not in RESTORING:
        raise ConfigError(f"{printable(target)}: its last command restores nothing: {shown}")
    given = command.make_context(words[0], words[1:], resilient_parsing=True).params
    paths: tuple[Path, ...] = given["paths"] or ()
    out = given["output"] or (paths[1] if len(paths) == 2 else paths[0] if given["in_place"] and paths else None)
    if out is None:
        words = [*words, "--output", target]
    elif os.path.realpath(out) != target:
        raise ConfigError(f"{printable(target)}: its last command writes elsewhere: {shown}")
    if (given["in_place"] or given["existing"] == "overwrite") and not yes:
        raise ConfigError(f"{printable(target)}: its last command replaces files; --yes runs it again: {shown}")
    return words
