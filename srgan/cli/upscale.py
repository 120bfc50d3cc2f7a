"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan import options
from srgan.cli.progress import Progress
from srgan.settings import FolderConfig

if TYPE_CHECKING:
    from srgan.folder import Outcome

_SHORT = {"device": "-d", "tile": "-t", "format": "-f", "quality": "-q"}


def folder_options(command: click.Command) -> click.Command:
    """Adds a flag for each field of FolderConfig."""
    for name, field in options.options_of(FolderConfig).items():
        flag = f"--{name.replace('_', '-')}"
        names = [flag, *([_SHORT[name]] if name in _SHORT else [])]
        kind = type(field.default)
        settings: dict[str, Any] = {"help": field.metadata["help"], "default": field.default, "show_default": True}
        settings |= {"is_flag": True, "show_default": False} if kind is bool else {"metavar": kind.__name__.upper()}
        settings |= {"type": str} if kind is int else {}
        command.params.append(click.Option(names, **settings))
    return command


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("-s", "--scale", type=click.Choice(["2", "3", "4"]), default=None, help="Times as large.  [default: 4]")
@click.option("-m", "--model", default=None, metavar="NAME|FILE", help="Shipped weights or a weights file.")
@click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a picture on stdout.")
@click.option("-v", "--verbose", is_flag=True, help="Name every picture.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def upscale(
    source: Path,
    target: Path,
    scale: str | None,
    model: str | None,
    dry_run: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    **flags: object,
) -> int:
    """Enlarge pictures: a file, or a folder with its sub-folders.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    """
    from srgan.images import plan

    config = options.build(FolderConfig, flags)
    jobs = plan(source, target, format=config.format, on_collision=config.on_collision)
    if dry_run:
        for job in jobs:
            click.echo(f"{job.source} -> {job.target}")
        return 0
    progress = Progress(len(jobs), quiet=quiet or as_json)
    progress.show()
    started = time.perf_counter()

    from srgan import folder, zoo
    from srgan.engines import keep_freed_memory
    from srgan.errors import ConfigError

    if verbose:
        logging.getLogger("srgan").setLevel(logging.INFO)
    keep_freed_memory()
    loaded = zoo.load(model or f"upscale-x{scale or 4}")
    if scale is not None and loaded.task.scale != int(scale):
        raise ConfigError(f"{model} enlarges {loaded.task.scale} times, not {scale}: leave out --scale")
    for outcome in folder.restore_folder(loaded, source, target, config, jobs=jobs):
        progress.add(outcome)
        if as_json:
            click.echo(json.dumps(_as_json(outcome)))
        elif verbose and outcome.status == "ok":
            click.echo(str(outcome.target))
    progress.finish(time.perf_counter() - started)
    return 1 if progress.failed else 0


folder_options(upscale)


def _as_json(outcome: Outcome) -> dict[str, object]:
    said = {"name": outcome.name, "target": str(outcome.target), "status": outcome.status, "reason": outcome.reason}
    return {**said, "pixels": outcome.pixels, "seconds": round(outcome.seconds, 3), "notes": list(outcome.notes)}
