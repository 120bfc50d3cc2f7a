"""What `upscale`, `denoise` and their like share: the flags of a folder run, the choice of weights, and the run."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan import options
from srgan.cli import space
from srgan.cli.progress import Progress
from srgan.cli.supervise import supervise
from srgan.settings import FolderConfig

if TYPE_CHECKING:
    from srgan.folder import Outcome
    from srgan.images import Job
    from srgan.masks import Masks
    from srgan.model import Model
    from srgan.sizing import Size

_SHORT = {"device": "-d", "tile": "-t", "format": "-f", "quality": "-q"}


def restoring(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every command that restores a folder takes: IN, OUT, and the flags that `run` knows."""
    path = click.Path(path_type=Path)
    for add in (
        click.argument("target", metavar="OUT", type=path),
        click.argument("source", metavar="IN", type=path),
        *reversed([_flag(name, field.default, field.metadata["help"]) for name, field in _fields().items()]),
        click.option("--quiet", is_flag=True, help="Say nothing but errors."),
        click.option("-v", "--verbose", is_flag=True, help="Name every picture, and print every note."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object a picture on stdout."),
        click.option("--failed", is_flag=True, help="Only what failed the last time."),
        click.option("-n", "--dry-run", is_flag=True, help="Print what would be written, and write nothing."),
        click.option(
            "--realism",
            type=click.FloatRange(0, 1),
            default=0.0,
            help="0 is faithful, 1 vivid: detail is made up.  [default: 0]",
        ),
        click.option("-m", "--model", default=None, metavar="NAME|FILE", help="Shipped weights or a weights file."),
    ):
        command = add(command)
    return command


def _fields() -> dict[str, Any]:
    return options.options_of(FolderConfig)


def _flag(name: str, default: object, text: str) -> Callable[..., Any]:
    """The flag of a field of FolderConfig."""
    flag = f"--{name.replace('_', '-')}"
    names = [flag, *([_SHORT[name]] if name in _SHORT else [])]
    if type(default) is bool:
        return click.option(*names, is_flag=True, default=default, help=text)
    metavar = type(default).__name__.upper()
    return click.option(*names, type=str, metavar=metavar, default=default, show_default=True, help=text)


def run(
    choose: Callable[[], Model | dict[int, Model]],
    source: Path,
    target: Path,
    *,
    dry_run: bool,
    failed: bool,
    as_json: bool,
    verbose: bool,
    quiet: bool,
    size: Size | None = None,
    masks: Masks | None = None,
    growth: float | None = 1.0,
    **flags: object,
) -> int:
    """Restores IN into OUT by the model or models that `choose` loads, says how far it is, and gives the exit code.

    Outputs have about `growth` times the pixels of their inputs; None where that is not known before.
    """
    from srgan.images import plan
    from srgan.journal import History

    config = options.build(FolderConfig, flags)
    logging.getLogger("srgan").setLevel(logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING)
    words = click.get_current_context().find_root().obj  # None where another program has called the command
    if source.is_dir() and not dry_run and words is not None:
        code = supervise(words, target)
        if code is not None:
            return code
    jobs = plan(source, target, **config.planning())
    if failed:
        history = History(target)
        history.refresh()
        jobs = [job for job in jobs if job.name in history.failed]
    if dry_run:
        for job in jobs:
            click.echo(f"{job.source} -> {job.target}")
        _tell_of_space(jobs, target, growth, always=not quiet)
        return 0
    progress = Progress(len(jobs), quiet=quiet or as_json, every_note=verbose)
    progress.show()
    _tell_of_space(jobs, target, growth)
    started = time.perf_counter()

    from srgan import folder
    from srgan.engines import keep_freed_memory
    from srgan.images import write_bytes

    if source.is_dir() and words is not None:
        again = {"words": [word for word in words if word != "--failed"], "folder": os.getcwd()}
        write_bytes(command_file(target), json.dumps(again).encode())

    keep_freed_memory()
    with contextlib.closing(
        folder.restore_folder(
            choose(), source, target, config, size=size, masks=masks, jobs=jobs, progress=progress.within
        )
    ) as outcomes:
        for outcome in outcomes:
            progress.add(outcome)
            try:
                if as_json:
                    click.echo(json.dumps(_as_json(outcome)))
                elif verbose and outcome.status == "ok":
                    click.echo(str(outcome.target))
            except BrokenPipeError:  # whoever read our output has enough, and Python must not flush what is left of it
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 0
    progress.finish(time.perf_counter() - started)
    return 1 if progress.failed else 0


def _tell_of_space(jobs: Sequence[Job], target: Path, growth: float | None, *, always: bool = False) -> None:
    """Says how much room the outputs may take where that is more than is free, or always."""
    if growth is None:
        return
    needed, free = space.needed(jobs, growth), space.free(target)
    if always or needed > free:
        click.echo(f"the outputs may take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free", err=True)


def command_file(target: Path) -> Path:
    """Where the last command that restored a folder into `target` is kept."""
    return target / ".srgan" / "command.json"


def dialled(name: str, realism: float) -> Model:
    """The shipped weights of a name, so far on the way to the vivid ones of that name.

    Raises:
        ConfigError: there are no vivid ones.
    """
    from srgan import zoo
    from srgan.errors import ConfigError
    from srgan.model import blend

    vivid = f"{name}-vivid"
    if realism and vivid not in zoo.names():
        there = ", ".join(name for name in zoo.names() if name.endswith("-vivid")) or "none"
        raise ConfigError(f"--realism needs {vivid}, which does not ship; vivid weights that do: {there}")
    if realism in (0, 1):
        return zoo.load(vivid if realism else name)
    return blend(zoo.load(name), zoo.load(vivid), realism)


def own(model: str, realism: float, task: str) -> Model:
    """The weights that --model names.

    Raises:
        ConfigError: they are for another task, or a place of the dial is asked for, too.
    """
    from srgan import zoo
    from srgan.errors import ConfigError

    if realism:
        raise ConfigError("--realism blends shipped weights: leave out --model")
    loaded = zoo.load(model)
    if loaded.task.name != task:
        raise ConfigError(f"{model} is for the task {loaded.task.name}, not for {task}")
    return loaded


def _as_json(outcome: Outcome) -> dict[str, object]:
    said = {"name": outcome.name, "target": str(outcome.target), "status": outcome.status, "reason": outcome.reason}
    return {**said, "pixels": outcome.pixels, "seconds": round(outcome.seconds, 3), "notes": list(outcome.notes)}
