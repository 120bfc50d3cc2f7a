"""`srgan restore IN OUT`: what a picture needs, in one go: cleaned, its holes filled, enlarged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from srgan.cli.denoise import strength_option
from srgan.cli.inpaint import filling, mask_options, masks_of, texture_option
from srgan.cli.run import grain_option, restoring, run
from srgan.cli.upscale import asked_size, photo_realism_option, shipped, size_options, tag_of
from srgan.cli.weights import Choice, Choices, dialled
from srgan.errors import ConfigError
from srgan.inference.sizes import Size
from srgan.runner.urls import Url


@click.command()
@size_options
@mask_options
@texture_option
@strength_option
@grain_option
@photo_realism_option
@restoring
def restore(
    scale: float | None,
    width: int | None,
    height: int | None,
    max_side: int | None,
    mask: str | None,
    boxes: tuple[str, ...],
    fill: str,
    grow: int,
    feather: int,
    texture: float,
    strength: str,
    keep_grain: float,
    model: str | None,
    realism: float | None,
    paths: tuple[Path | Url, ...],
    output: Path | Url | None,
    **common: Any,
) -> int:
    """Do to pictures what they need: clean, fill what a mask covers, and enlarge where a size is asked for.

    Pictures that show noise or JPEG are cleaned, others left as they are, unless --strength says how much. Where a
    picture is enlarged, the network that enlarges it cleans it, too. Between the steps nothing is rounded; each is
    named in the notes of the outcome.

    Without OUT, photo.jpg becomes photo-restored.jpg and FOLDER goes into FOLDER-restored; several inputs go into
    -o OUT. The same command again continues an interrupted run.
    """
    if model is not None:
        raise ConfigError("restore takes several weights, which ship: leave out --model")
    size = asked_size(scale, width, height, max_side)
    masks = masks_of(mask, boxes, fill, grow, feather) if mask is not None or boxes else None
    filler = None if masks is None else filling(texture)
    chosen = choices_of(size, strength, keep_grain, realism, filler)
    tag = "restored" if size is None else f"restored-{tag_of(scale, width, height, max_side)}"
    return run(chosen, f"-{tag}", paths, output, masks=masks, **common)


def choices_of(
    size: Size | None, strength: str, keep_grain: float, realism: float | None, filler: Choice | None
) -> Choice | Choices:
    """What pictures need: cleaned, unless what enlarges them does it; filled; enlarged where a size is asked for."""
    chosen = []
    if strength != "auto" or size is None:
        chosen.append(_cleaning(strength, keep_grain, realism or 0.0))
    if filler is not None:
        chosen.append(filler)
    if size is not None:
        chosen.append(shipped("auto", realism, size, keep_grain))
    return chosen[0] if len(chosen) == 1 else Choices(tuple(chosen))


def _cleaning(strength: str, keep_grain: float, realism: float) -> Choice:
    """The denoiser: for photographs alone where it is to find out itself how much noise there is."""
    weights = (dialled("denoise", realism),)
    asked = {"strength": strength, "keep_grain": keep_grain}
    if strength != "auto":
        return Choice(weights, asked)
    return Choice(weights, asked, photo=weights, asked_of_clean={"strength": "0"}, among=("JPEG", "noise"))
