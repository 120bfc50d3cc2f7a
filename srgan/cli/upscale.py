"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from srgan.cli.restore import dialled, own, restoring, run

if TYPE_CHECKING:
    from srgan.model import Model

ROUNDS = 60
"""Of back-projection for --consistent: so many bring the standard test pictures within a level."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-s", "--scale", type=click.Choice(["2", "3", "4"]), default=None, help="Times as large.  [default: 4]")
@restoring
@click.option(
    "--consistent", is_flag=True, help=f"Hold the result to the input, in {ROUNDS} rounds: reduced, it is the input."
)
def upscale(scale: str | None, model: str | None, realism: float, consistent: bool, **common: Any) -> int:
    """Enlarge pictures: a file, or a folder with its sub-folders.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    """
    return run(lambda: _choose(model, scale, realism, consistent), **common)


def _choose(model: str | None, scale: str | None, realism: float, consistent: bool) -> Model:
    """The model that the flags ask for."""
    from srgan.errors import ConfigError

    loaded = dialled(f"upscale-x{scale or 4}", realism) if model is None else own(model, realism, "upscale")
    if scale is not None and loaded.task.scale != int(scale):
        raise ConfigError(f"{model} enlarges {loaded.task.scale} times, not {scale}: leave out --scale")
    if consistent:
        loaded.task = dataclasses.replace(loaded.task, rounds=ROUNDS)  # type: ignore[call-arg]
    return loaded
