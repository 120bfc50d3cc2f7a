"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from srgan.cli.run import grain_option, restoring, run
from srgan.cli.weights import Choice, dialled, own
from srgan.errors import ConfigError
from srgan.inference.sizes import Size
from srgan.models import zoo
from srgan.runner.urls import Url

SOURCES = ("auto", "clean", "photo")

PHOTO_REALISM = 0.5
"""Where photographs lie on the dial unless the user says: finished to look at, and no face or letter made up."""

SCALES = (2, 3, 4)
"""For which networks ship."""

ROUNDS = 60
"""Of back-projection for --consistent: so many bring the standard test pictures within a level."""


def size_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the flags that say how large pictures become, of which `asked_size` makes a Size."""
    pixels: dict[str, Any] = {"type": click.IntRange(1), "default": None, "metavar": "PX"}
    for add in (
        click.option("--max-side", **pixels, help="Make the longer side this long."),
        click.option("--height", **pixels, help="Make each picture this high."),
        click.option("--width", **pixels, help="Make each picture this wide."),
        click.option("-s", "--scale", type=float, default=None, help="Times as large; any number."),
    ):
        command = add(command)
    return command


photo_realism_option = click.option(
    "--realism",
    type=click.FloatRange(0, 1),
    default=None,
    help=f"0 is faithful, 1 vivid: detail is made up.  [default: 0; of photographs {PHOTO_REALISM:g}]",
)


@click.command()
@size_options
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    default="auto",
    show_default=True,
    hidden="upscale-x4-photo" not in zoo.names(),  # then there is nothing to choose from
    help="clean: pictures that were only reduced; photo: takes away JPEG, blur and noise; auto looks at each picture.",
)
@photo_realism_option
@grain_option
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
    source: str,
    realism: float | None,
    keep_grain: float,
    consistent: bool,
    paths: tuple[Path | Url, ...],
    output: Path | Url | None,
    **common: Any,
) -> int:
    """Enlarge pictures, 4 times unless told otherwise: files, or folders with their sub-folders.

    Without OUT, photo.jpg becomes photo-x4.jpg and FOLDER goes into FOLDER-x4; several inputs go into -o OUT. Hidden
    files and links to folders are passed over. IN and OUT may be s3://bucket/prefix.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    A size that no network makes is made by the next larger one, or by several, and then reduced.
    """
    size = asked_size(scale, width, height, max_side)
    limited = scale is None and size is not None
    if consistent and (limited or scale not in (None, *SCALES)):
        raise ConfigError("--consistent needs a --scale of 2, 3 or 4")
    if consistent and source == "photo":
        raise ConfigError("--consistent holds to what --source photo takes away: leave out one of them")
    if consistent and keep_grain:
        raise ConfigError("--consistent keeps all the grain there is: leave out --keep-grain")
    if model is not None:
        if source != "auto":
            raise ConfigError("--source chooses among shipped weights: leave out --model")
        choice = _own(model, realism or 0.0, scale, size if limited else None, keep_grain)
    else:
        choice = shipped("clean" if consistent else source, realism, size or Size(scale=4.0), keep_grain)
    if consistent:
        choice = dataclasses.replace(choice, asked={"rounds": ROUNDS})
    tag = tag_of(float(choice.weights[0].scale) if size is None else scale, width, height, max_side)
    return run(choice, f"-{tag}", paths, output, **common)


def asked_size(scale: float | None, width: int | None, height: int | None, max_side: int | None) -> Size | None:
    """How large pictures are to become; None where no flag says it.

    Raises:
        ConfigError: two say it.
    """
    limits = {"width": width, "height": height, "max_side": max_side}
    if all(limit is None for limit in limits.values()):
        return None if scale is None else Size(scale=scale)
    if scale is not None:
        raise ConfigError("--scale says how large, and so does --width, --height or --max-side: leave one out")
    return Size(**limits)


def tag_of(scale: float | None, width: int | None, height: int | None, max_side: int | None) -> str:
    """What is added to the names of enlarged pictures."""
    given = [str(limit) for limit in (width, height, max_side) if limit is not None]
    return "x".join(given) if given else f"x{scale:g}"


def _own(model: str, realism: float, scale: float | None, size: Size | None, keep_grain: float) -> Choice:
    """The weights that --model names."""
    weights = own(model, realism, "upscale")
    if scale in SCALES and weights.scale != scale:
        raise ConfigError(f"{model} enlarges {weights.scale} times, not {scale:g}: leave out --scale")
    if scale is not None and scale not in SCALES:
        size = Size(scale=scale)
    return Choice((weights,), {"keep_grain": keep_grain}, size)


def shipped(source: str, realism: float | None, size: Size, keep_grain: float) -> Choice:
    """Shipped weights for what pictures come from, at this place of the dial: of the very scale, or all there are."""
    faithful, vivid = realism or 0.0, PHOTO_REALISM if realism is None else realism
    clean, photo = _there("", faithful), _there("-photo", vivid)
    if realism is None and not photo:
        vivid, photo = 0.0, _there("-photo", 0.0)
    if size.scale in SCALES:
        clean = [f"upscale-x{size.scale:g}"]
        photo = [name for name in photo if name == f"{clean[0]}-photo"] or photo
    if source == "photo" and not photo:
        raise ConfigError(f"--source photo needs weights that do not ship{' at this --realism' * (faithful > 0)}")
    each = {"clean": (clean, faithful), "photo": (photo, vivid)}
    wanted = ["clean"] if source == "clean" or not photo else ["photo"] if source == "photo" else list(each)
    chosen = [tuple(dialled(name, each[kind][1]) for name in each[kind][0]) for kind in wanted]
    exact = all([one.scale for one in weights] == [size.scale] for weights in chosen)
    asked = {"keep_grain": keep_grain}
    return Choice(chosen[0], asked, None if exact else size, photo=(*chosen, ())[1])


def _there(suffix: str, realism: float) -> list[str]:
    """The names of weights with that suffix at this place of the dial; of clean ones all where there are none."""
    names = [f"upscale-x{scale}{suffix}" for scale in SCALES]
    there = [name for name in names if f"{name}{'-vivid' * (realism > 0)}" in zoo.names()]
    return there or ([] if suffix else names)
