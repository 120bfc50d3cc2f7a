"""`denoise IN OUT`: a file or a folder of pictures, without their noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from srgan.cli.run import grain_option, realism_option, restoring, run
from srgan.cli.weights import Choice, dialled, own
from srgan.runner.urls import Url


def _strength(context: click.Context, parameter: click.Parameter, text: str) -> str:
    """The same, where the task will take it: the task itself would say so after seconds of imports."""
    try:
        fits = text == "auto" or 0 <= float(text) <= 100
    except ValueError:
        fits = False
    if not fits:
        raise click.BadParameter(f"{text!r} is neither auto nor a number from 0 to 100")
    return text


strength_option = click.option(
    "--strength",
    default="auto",
    metavar="auto|0...100",
    callback=_strength,
    show_default=True,
    help="How much noise to take away: 0 leaves the picture, 100 is noise of 55 of 255 levels; auto: what there is.",
)


@click.command()
@strength_option
@grain_option
@realism_option
@restoring
def denoise(
    strength: str,
    keep_grain: float,
    model: str | None,
    realism: float,
    paths: tuple[Path | Url, ...],
    output: Path | Url | None,
    **common: Any,
) -> int:
    """Take the noise out of pictures: files, or folders with their sub-folders.

    Without OUT, photo.jpg becomes photo-clean.jpg and FOLDER goes into FOLDER-clean; several inputs go into -o OUT.
    Hidden files and links to folders are passed over.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    """
    weights = dialled("denoise", realism) if model is None else own(model, realism, "denoise")
    choice = Choice((weights,), {"strength": strength, "keep_grain": keep_grain})
    return run(choice, "-clean", paths, output, **common)
