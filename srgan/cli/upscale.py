"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from srgan import zoo
from srgan.cli.restore import realism_option, restoring, run
from srgan.cli.weights import Choice, Weights, dialled, own
from srgan.errors import ConfigError
from srgan.sizing import Size

SCALES = (2, 3, 4)
"""For which networks ship."""

ROUNDS = 60
"""Of back-projection for --consistent: so many bring the standard test pictures within a level."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-s", "--scale", type=float, default=None, help="Times as large; any number.  [default: 4]")
@click.option("--width", type=click.IntRange(1), default=None, metavar="PX", help="Make each picture this wide.")
@click.option("--height", type=click.IntRange(1), default=None, metavar="PX", help="Make each picture this high.")
@click.option("--max-side", type=click.IntRange(1), default=None, metavar="PX", help="Make the longer side this long.")
@realism_option
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
    paths: tuple[Path, ...],
    output: Path | None,
    **common: Any,
) -> int:
    """Enlarge pictures: files, or folders with their sub-folders.

    Without OUT, photo.jpg becomes photo-x4.jpg and FOLDER goes into FOLDER-x4; several inputs go into -o OUT. Hidden
    files and links to folders are passed over.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    A size that no network makes is made by the next larger one, or by two, and then reduced.
    """
    limits = {"width": width, "height": height, "max_side": max_side}
    given = [str(limit) for limit in limits.values() if limit is not None]
    if scale is not None and given:
        raise ConfigError("--scale says how large, and so does --width, --height or --max-side: leave one out")
    if not given and (scale is None or scale in SCALES):
        choice = _choose(model, None if scale is None else int(scale), realism, consistent)
        return run(choice, f"-x{choice.weights[0].scale}", paths, output, **common)
    if consistent:
        raise ConfigError("--consistent needs a --scale of 2, 3 or 4")
    choice = Choice(_ladder(model, realism), size=Size(scale=scale, **limits))
    return run(choice, f"-{'x'.join(given)}" if given else f"-x{scale:g}", paths, output, **common)


def _choose(model: str | None, scale: int | None, realism: float, consistent: bool) -> Choice:
    """The one model that the flags ask for."""
    weights = dialled(f"upscale-x{scale or 4}", realism) if model is None else own(model, realism, "upscale")
    if scale is not None and weights.scale != scale:
        raise ConfigError(f"{model} enlarges {weights.scale} times, not {scale}: leave out --scale")
    return Choice((weights,), {"rounds": ROUNDS} if consistent else {})


def _ladder(model: str | None, realism: float) -> tuple[Weights, ...]:
    """Weights for each scale that there are at this place of the dial."""
    if model is not None:
        return (own(model, realism, "upscale"),)
    names = [f"upscale-x{scale}" for scale in SCALES]
    there = [name for name in names if f"{name}{'-vivid' * (realism > 0)}" in zoo.names()]
    return tuple(dialled(name, realism) for name in there or names)
