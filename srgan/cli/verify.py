"""`srgan verify OUT` and `srgan retry OUT`: whether what was written is still so, and what failed once more."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import click

from srgan.cli.last import last_command
from srgan.cli.places import PlaceType
from srgan.cli.supervise import scratch
from srgan.errors import ConfigError
from srgan.files import printable
from srgan.runner.urls import Url

RESTORING = ("upscale", "denoise", "inpaint", "translate", "restore")
"""The commands that write into an output folder."""


@click.command()
@click.argument("target", metavar="OUT", type=PlaceType(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def verify(target: Path | Url, as_json: bool) -> int:
    """Check that every picture written into OUT is there, byte for byte.

    Where pictures were made by different settings or weights, that is said; it is no fault.
    """
    from srgan.runner.known import verify_remote
    from srgan.runner.objects import Objects
    from srgan.runner.verified import Ways
    from srgan.runner.verified import verify as check

    count, wrong, ways = 0, {}, Ways()
    with scratch() as folder:
        found = verify_remote(Objects(target), folder) if isinstance(target, Url) else check(target)
        for path, trouble, settings in found:
            count += 1
            if trouble:
                wrong[str(path)] = trouble
                click.echo(f"{printable(path)}: {trouble}", err=True)
            else:
                ways.add(settings)
    if as_json:
        made = [{"pictures": number, "settings": settings} for number, settings in ways.counted()]
        click.echo(json.dumps({"pictures": count, "wrong": wrong, "made": made}))
        return 1 if wrong else 0
    click.echo(f"{count} pictures, {len(wrong)} missing or changed")
    if ways.told():
        click.echo(ways.told())
    return 1 if wrong else 0


@click.command()
@click.argument("target", metavar="OUT", type=PlaceType(path_type=Path))
@click.option("--yes", is_flag=True, help="Also where that command replaces files.")
@click.pass_context
def retry(context: click.Context, target: Path | Url, yes: bool) -> int:
    """Run the last command that wrote into OUT again, on the pictures that failed alone."""
    words, folder = last_command(target)
    whole = _whole(target)
    try:
        os.chdir(folder)
    except OSError as error:
        raise ConfigError(f"{printable(target)}: its last command was given in another place ({error})") from error
    srgan = context.find_root().command
    words = _with(_checked(srgan, words, whole, yes), "--failed")
    click.echo(f"srgan {printable(shlex.join(words))}", err=True)
    return int(srgan.main(words, standalone_mode=False, obj=words) or 0)


def _checked(srgan: click.Command, words: list[str], target: str, yes: bool) -> list[str]:
    """The words of a command that writes into `target` and nowhere else: they may have come with the folder.

    Raises:
        ConfigError: they are no such command, or replace files while nobody has agreed to that.
    """
    shown = f"srgan {printable(shlex.join(words))}"
    command = srgan.commands.get(words[0]) if isinstance(srgan, click.Group) and words else None
    if command is None or command.name not in RESTORING:
        raise ConfigError(f"{printable(target)}: its last command restores nothing: {shown}")
    given = command.make_context(words[0], words[1:], resilient_parsing=True).params
    paths: tuple[Path | Url, ...] = given["paths"] or ()
    out = given["output"] or (paths[1] if len(paths) == 2 else paths[0] if given["in_place"] and paths else None)
    if out is None:
        words = _with(words, "--output", target)
    elif _whole(out) != target:
        raise ConfigError(f"{printable(target)}: its last command writes elsewhere: {shown}")
    if (given["in_place"] or given["existing"] == "overwrite") and not yes:
        raise ConfigError(f"{printable(target)}: its last command replaces files; --yes runs it again: {shown}")
    return words


def _with(words: list[str], *options: str) -> list[str]:
    """The words of a command with further options, which must not come after `--`."""
    return [words[0], *options, *words[1:]]


def _whole(place: Path | Url) -> str:
    """The one name of a place."""
    return place if isinstance(place, Url) else os.path.realpath(place)
