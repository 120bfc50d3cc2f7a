"""`denoise IN OUT`: a file or a folder of pictures, without their noise."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import click

from srgan.cli.restore import dialled, own, restoring, run

if TYPE_CHECKING:
    from srgan.model import Model


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--strength",
    default="auto",
    metavar="auto|0...100",
    show_default=True,
    help="How much noise to take away: 0 leaves the picture, 100 is noise of 55 of 255 levels; auto: what there is.",
)
@click.option(
    "--keep-grain",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Share of the grain to leave in; coloured noise goes all the same.  [default: 0]",
)
@restoring
def denoise(strength: str, keep_grain: float, model: str | None, realism: float, **common: Any) -> int:
    """Take the noise out of pictures: a file, or a folder with its sub-folders.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    """
    return run(lambda: _choose(model, realism, strength, keep_grain), **common)


def _choose(model: str | None, realism: float, strength: str, keep_grain: float) -> Model:
    """The model that the flags ask for."""
    loaded = dialled("denoise", realism) if model is None else own(model, realism, "denoise")
    loaded.task = dataclasses.replace(loaded.task, strength=strength, keep_grain=keep_grain)  # type: ignore[call-arg]
    return loaded
