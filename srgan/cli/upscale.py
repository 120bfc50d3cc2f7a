"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

import contextlib
import dataclasses
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
    from srgan.model import Model

ROUNDS = 28
"""Of back-projection for --consistent: so many bring the standard test pictures within a level."""

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
@click.option(
    "--realism",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="0 is faithful, 1 vivid: detail is made up.  [default: 0]",
)
@click.option(
    "--consistent", is_flag=True, help=f"Hold the result to the input, in {ROUNDS} rounds: reduced, it is the input."
)
@click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a picture on stdout.")
@click.option("-v", "--verbose", is_flag=True, help="Name every picture.")
@click.option("--quiet", is_flag=True, help="Say nothing but errors.")
def upscale(
    source: Path,
    target: Path,
    scale: str | None,
    model: str | None,
    realism: float,
    consistent: bool,
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

    from srgan import folder
    from srgan.engines import keep_freed_memory
    from srgan.errors import ConfigError
    from srgan.tasks import Upscale

    if verbose:
        logging.getLogger("srgan").setLevel(logging.INFO)
    keep_freed_memory()
    loaded = _load(model, scale, realism)
    if not isinstance(loaded.task, Upscale):
        raise ConfigError(f"{model} is for the task {loaded.task.name}, not for upscaling")
    if consistent:
        loaded.task = dataclasses.replace(loaded.task, rounds=ROUNDS)
    with contextlib.closing(folder.restore_folder(loaded, source, target, config, jobs=jobs)) as outcomes:
        for outcome in outcomes:
            progress.add(outcome)
            if as_json:
                click.echo(json.dumps(_as_json(outcome)))
            elif verbose and outcome.status == "ok":
                click.echo(str(outcome.target))
    progress.finish(time.perf_counter() - started)
    return 1 if progress.failed else 0


folder_options(upscale)


def _load(model: str | None, scale: str | None, realism: float) -> Model:
    """The model that the flags ask for."""
    from srgan import zoo
    from srgan.errors import ConfigError
    from srgan.model import blend

    if model is None:
        faithful, vivid = f"upscale-x{scale or 4}", f"upscale-x{scale or 4}-vivid"
        if realism and vivid not in zoo.names():
            there = ", ".join(name for name in zoo.names() if name.endswith("-vivid")) or "none"
            raise ConfigError(f"--realism needs {vivid}, which does not ship; vivid weights that do: {there}")
        if realism in (0, 1):
            return zoo.load(vivid if realism else faithful)
        return blend(zoo.load(faithful), zoo.load(vivid), realism)
    if realism:
        raise ConfigError("--realism blends shipped weights: leave out --model")
    loaded = zoo.load(model)
    if scale is not None and loaded.task.scale != int(scale):
        raise ConfigError(f"{model} enlarges {loaded.task.scale} times, not {scale}: leave out --scale")
    return loaded


def _as_json(outcome: Outcome) -> dict[str, object]:
    said = {"name": outcome.name, "target": str(outcome.target), "status": outcome.status, "reason": outcome.reason}
    return {**said, "pixels": outcome.pixels, "seconds": round(outcome.seconds, 3), "notes": list(outcome.notes)}
