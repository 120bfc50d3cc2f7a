"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from srgan.cli.restore import dialled, own, restoring, run

if TYPE_CHECKING:
    from srgan.model import Model

SCALES = (2, 3, 4)
"""For which networks ship."""

ROUNDS = 60
"""Of back-projection for --consistent: so many bring the standard test pictures within a level."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-s", "--scale", type=float, default=None, help="Times as large; any number.  [default: 4]")
@click.option("--width", type=click.IntRange(1), default=None, metavar="PX", help="Make each picture this wide.")
@click.option("--height", type=click.IntRange(1), default=None, metavar="PX", help="Make each picture this high.")
@click.option("--max-side", type=click.IntRange(1), default=None, metavar="PX", help="Make the longer side this long.")
@restoring
@click.option(
    "--consistent", is_flag=True, help=f"Hold the result to the input, in {ROUNDS} rounds: reduced, it is the input."
)
def upscale(
    scale: float | None,
    width: int | None,
    height: int | None,
    max_side: int | None,
    model: str | None,
    realism: float,
    consistent: bool,
    **common: Any,
) -> int:
    """Enlarge pictures: a file, or a folder with its sub-folders.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    A size that no network makes is made by the next larger one, or by two, and then reduced.
    """
    from srgan.errors import ConfigError
    from srgan.sizing import Size

    limits = {"width": width, "height": height, "max_side": max_side}
    limited = any(limit is not None for limit in limits.values())
    if scale is not None and limited:
        raise ConfigError("--scale says how large, and so does --width, --height or --max-side: leave one out")
    growth = None if limited or (model is not None and scale is None) else (scale or 4.0) ** 2
    if not limited and (scale is None or scale in SCALES):
        whole = None if scale is None else int(scale)
        return run(lambda: _choose(model, whole, realism, consistent), growth=growth, **common)
    if consistent:
        raise ConfigError("--consistent needs a --scale of 2, 3 or 4")
    return run(lambda: _ladder(model, realism), size=Size(scale=scale, **limits), growth=growth, **common)


def _choose(model: str | None, scale: int | None, realism: float, consistent: bool) -> Model:
    """The model that the flags ask for."""
    from srgan.errors import ConfigError

    loaded = dialled(f"upscale-x{scale or 4}", realism) if model is None else own(model, realism, "upscale")
    if scale is not None and loaded.task.scale != scale:
        raise ConfigError(f"{model} enlarges {loaded.task.scale} times, not {scale}: leave out --scale")
    if consistent:
        loaded.task = dataclasses.replace(loaded.task, rounds=ROUNDS)  # type: ignore[call-arg]
    return loaded


def _ladder(model: str | None, realism: float) -> dict[int, Model]:
    """A model for each scale that there is at this place of the dial."""
    from srgan import zoo

    if model is not None:
        loaded = own(model, realism, "upscale")
        return {loaded.task.scale: loaded}
    names = {scale: f"upscale-x{scale}" for scale in SCALES}
    there = {scale: name for scale, name in names.items() if f"{name}{'-vivid' * (realism > 0)}" in zoo.names()}
    return {scale: dialled(name, realism) for scale, name in (there or names).items()}
