"""`srgan train TASK`: a folder of pictures becomes a weights file."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan import options
from srgan.cli.data import chosen_data, data_options

if TYPE_CHECKING:
    from srgan.data.sources import Data


def run_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds what every command that trains takes: --out, --minutes, --config, --set, --dry-run, --quiet."""
    path = click.Path(path_type=Path)
    for option in (
        click.option("--quiet", is_flag=True, help="No progress bar."),
        click.option("-n", "--dry-run", is_flag=True, help="Print all settings with their meaning, and do nothing."),
        click.option("--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Wins over the TOML file."),
        click.option("--config", type=path, help="TOML file of settings."),
        click.option("--minutes", type=float, help="About how long to train here, instead of a number of steps."),
        click.option("--out", required=True, type=path, help="Run folder; the same one continues it."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("task", metavar="TASK")
@data_options
@run_options
@click.option("--val", type=click.Path(path_type=Path), help="Folder of pictures to score while training.")
@click.option("--condition", type=click.Choice(["label"]), help="Tell the generator the class of each picture.")
@click.option("--init", metavar="NAME|FILE", help="Weights whose fitting tensors the generator starts from.")
@click.option("--processes", type=click.IntRange(1), default=1, help="How many train together, as by torchrun.")
@click.option("--licence", default="", help="What the weights file should say of its licence and of the pictures'.")
def train(
    task: str,
    data: Path | None,
    paired: tuple[Path, Path] | None,
    out: Path,
    val: Path | None,
    condition: str | None,
    init: str | None,
    minutes: float | None,
    config: Path | None,
    assignments: tuple[str, ...],
    processes: int,
    licence: str,
    dry_run: bool,
    quiet: bool,
) -> int:
    """Train a generator for TASK (upscale, denoise, inpaint, translate, generate) on a folder of pictures.

    Settings are those of the task (scale), of the network (network, width, depth, ...) and of the training (steps,
    batch, crop, learning_rate, ...): `-n` lists them all. OUT receives model.safetensors, state.pt and log.jsonl.
    """
    from srgan.models import zoo

    if init is not None:
        zoo.checked(init)
    chosen = None if dry_run else chosen_data(data, paired)

    from srgan.models.blend import start_from
    from srgan.training.config import configure
    from srgan.training.loop import train as run
    from srgan.training.together import begun, first, torchrun

    if processes > 1 and not begun() and not dry_run:
        return torchrun(processes)
    ready_to_train()
    model, settings = configure(task, chosen_values(config, assignments, minutes) | _classes(condition, chosen))
    if chosen is None:
        return _listed(model.network, model.task, settings)
    if init is not None:
        start_from(model, zoo.load(init))
    run(model, chosen, out, settings, validation=val, card={"licence": licence} if licence else {}, progress=not quiet)
    if first():
        click.echo(str(out / "model.safetensors"))
    return 0


def _classes(condition: str | None, data: Data | None) -> dict[str, object]:
    """What --condition sets: which classes there are."""
    from srgan.data.sources import classes_of, sources

    return {} if condition is None or data is None else {"classes": ",".join(classes_of(sources(data)))}


def ready_to_train() -> None:
    """Sets this process up for a training run: memory is kept, and what the run says is heard."""
    from srgan.engines.memory import keep_freed_memory
    from srgan.quota import keep_within_quota

    logging.getLogger("srgan").setLevel(logging.INFO)
    keep_freed_memory()
    keep_within_quota()


def chosen_values(config: Path | None, assignments: tuple[str, ...], minutes: float | None) -> dict[str, object]:
    """What --config, --set and --minutes name.

    Raises:
        ConfigError: steps are given, and minutes, too.
    """
    from srgan.errors import ConfigError
    from srgan.training.config import read_values

    values = read_values(config, assignments)
    if minutes is None:
        return values
    if "steps" in values:
        raise ConfigError("give either --minutes or steps")
    return values | {"minutes": minutes}


def _listed(network: Mapping[str, object], *parts: object) -> int:
    """Prints all settings; what is left to do is nothing."""
    for name, value in network.items():
        click.echo(f"{'network' if name == 'name' else name} = {json.dumps(value)}")
    print_settings(*parts)
    return 0


def print_settings(*parts: object) -> None:
    """Prints each field of the parts with its meaning, as a TOML file could hold it."""
    for part in parts:
        for name, field in options.options_of(type(part)).items():
            click.echo(f"{name} = {json.dumps(getattr(part, name))}  # {field.metadata['help']}")
