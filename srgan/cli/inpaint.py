"""`inpaint IN OUT`: a file or a folder of pictures, with what a mask covers filled in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan.cli.run import restoring, run
from srgan.cli.weights import Choice, dialled, own
from srgan.runner.urls import Url

if TYPE_CHECKING:
    from srgan.inference.masks import Masks


def mask_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the flags that say what is to be filled, of which `masks_of` makes Masks."""
    for add in (
        click.option("--feather", type=click.IntRange(0), default=0, metavar="PX", help="Fade out so far beyond."),
        click.option("--grow", type=click.IntRange(0), default=0, metavar="PX", help="Fill so much more to each side."),
        click.option("--box", "boxes", multiple=True, metavar="X,Y,W,H", help="Fill this box [px]; may be repeated."),
        click.option(
            "--mask",
            default=None,
            metavar="FILE|FOLDER|alpha",
            help="White on black, or as people paint: one picture for all, a folder of the same names, or what is "
            "transparent.",
        ),
        click.option(
            "--fill",
            type=click.Choice(["rarer", "white", "black"]),
            default="rarer",
            show_default=True,
            help="Of a --mask of two colours: the rarer, as people paint, or always the white or the black.",
        ),
    ):
        command = add(command)
    return command


texture_option = click.option(
    "--texture",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="How much of deep holes is made of patches of the picture itself; 0: all is generated, and softer.",
)


@click.command()
@mask_options
@texture_option
@restoring
def inpaint(
    mask: str | None,
    boxes: tuple[str, ...],
    fill: str,
    grow: int,
    feather: int,
    texture: float,
    model: str | None,
    paths: tuple[Path | Url, ...],
    output: Path | Url | None,
    **common: Any,
) -> int:
    """Fill what a mask covers: in files, or in folders with their sub-folders.

    Without OUT, photo.jpg becomes photo-filled.jpg and FOLDER goes into FOLDER-filled; several inputs go into -o OUT.
    Hidden files and links to folders are passed over.

    Every other pixel stays as it was (JPEG and WebP are encoded anew). Formats, colour profiles, metadata and
    transparency are kept. The same command again continues an interrupted run.
    """
    masks = masks_of(mask, boxes, fill, grow, feather)
    return run(filling(texture, model), "-filled", paths, output, masks=masks, **common)


def filling(texture: float, model: str | None = None) -> Choice:
    """What fills holes: the weights that ship, or a model's own."""
    weights = dialled("inpaint", 0.0) if model is None else own(model, 0.0, "inpaint")
    return Choice((weights,), {"texture": texture})


def masks_of(mask: str | None, boxes: tuple[str, ...], fill: str, grow: int, feather: int) -> Masks:
    """What the flags say is to be filled."""
    from srgan.inference.masks import Masks

    where = None if mask in (None, "alpha") else Path(str(mask))
    every = [_box(text) for text in boxes]
    return Masks(where, alpha=mask == "alpha", boxes=every, grow=grow, feather=feather, fill=fill)


def _box(text: str) -> tuple[int, int, int, int]:
    from srgan.errors import ConfigError

    try:
        left, top, width, height = (int(number) for number in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--box {text}: write X,Y,W,H, whole numbers of pixels") from error
    return left, top, width, height
