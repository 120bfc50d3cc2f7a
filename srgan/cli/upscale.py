"""`upscale IN OUT`: a file or a folder of pictures, enlarged."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import click

from srgan.cli.restore import restoring, run
from srgan.cli.weights import Choice, dialled, own
from srgan.errors import ConfigError
from srgan.inference.sizes import Size
from srgan.models import zoo

SOURCES = ("auto", "clean", "photo")

PHOTO_REALISM = 0.5
"""Where photographs lie on the dial unless the user says: finished to look at, and no face or letter made up."""

SCALES = (2, 3, 4)
"""For which networks ship."""

ROUNDS = 60
"""Of back-projection for --consistent: so many bring the standard test pictures within a level."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-s", "--scale", type=float, default=None, help="Times as large; any number.  [default: 4]")
@click.option("--width", type=click.IntRange(1), default=None, metavar="PX", help="Make each picture this wide.")
@click.option("--height", type=click.IntRange(1), default=None, metavar="PX", help="Make each picture this high.")
@click.option("--max-side", type=click.IntRange(1), default=None, metavar="PX", help="Make the longer side this long.")
@click.option(
    "--source",
    type=click.Choice(SOURCES),
    default="auto",
    show_default=True,
    hidden="upscale-x4-photo" not in zoo.names(),  # then there is nothing to choose from
    help="clean: pictures that were only reduced; photo: takes away JPEG, blur and noise; auto looks at each picture.",
)
@click.option(
    "--realism",
    type=click.FloatRange(0, 1),
    default=None,
    help=f"0 is faithful, 1 vivid: detail is made up.  [default: 0; of photographs {PHOTO_REALISM:g}]",
)
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
    if consistent and (given or scale not in (None, *SCALES)):
        raise ConfigError("--consistent needs a --scale of 2, 3 or 4")
    if consistent and source == "photo":
        raise ConfigError("--consistent holds to what --source photo takes away: leave out one of them")
    if model is not None:
        if source != "auto":
            raise ConfigError("--source chooses among shipped weights: leave out --model")
        choice = _own(model, realism or 0.0, scale, Size(scale=scale, **limits) if given else None)
    else:
        choice = _shipped(
            "clean" if consistent else source,
            realism,
            Size(scale=4.0 if scale is None and not given else scale, **limits),
        )
    if consistent:
        choice = dataclasses.replace(choice, asked={"rounds": ROUNDS})
    tag = "x".join(given) if given else f"x{scale or choice.weights[0].scale:g}"
    return run(choice, f"-{tag}", paths, output, **common)


def _own(model: str, realism: float, scale: float | None, size: Size | None) -> Choice:
    """The weights that --model names."""
    weights = own(model, realism, "upscale")
    if scale in SCALES and weights.scale != scale:
        raise ConfigError(f"{model} enlarges {weights.scale} times, not {scale:g}: leave out --scale")
    if scale is not None and scale not in SCALES:
        size = Size(scale=scale)
    return Choice((weights,), size=size)


def _shipped(source: str, realism: float | None, size: Size) -> Choice:
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
    return Choice(chosen[0], size=None if exact else size, photo=(*chosen, ())[1])


def _there(suffix: str, realism: float) -> list[str]:
    """The names of weights with that suffix at this place of the dial; of clean ones all where there are none."""
    names = [f"upscale-x{scale}{suffix}" for scale in SCALES]
    there = [name for name in names if f"{name}{'-vivid' * (realism > 0)}" in zoo.names()]
    return there or ([] if suffix else names)
