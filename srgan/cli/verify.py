"""`srgan verify OUT` and `srgan retry OUT`: whether what was written is still so, and what failed once more."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from srgan.cli.restore import command_file
from srgan.images import printable


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
def verify(target: Path) -> int:
    """Check that every picture written into OUT is there, byte for byte."""
    from srgan.journal import verify as check

    count = wrong = 0
    for path, trouble in check(target):
        count += 1
        if trouble:
            wrong += 1
            click.echo(f"{printable(path)}: {trouble}", err=True)
    click.echo(f"{count} pictures, {wrong} missing or changed")
    return 1 if wrong else 0


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.pass_context
def retry(context: click.Context, target: Path) -> int:
    """Run the last command that wrote into OUT again, on the pictures that failed alone."""
    from srgan.errors import ConfigError

    try:
        last = json.loads(command_file(target).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ConfigError(f"{printable(target)}: no command has restored a folder into it") from error
    os.chdir(last["folder"])
    words = [*last["words"], "--failed"]
    click.echo(f"srgan {' '.join(words)}", err=True)
    return int(context.find_root().command.main(words, standalone_mode=False, obj=words) or 0)
