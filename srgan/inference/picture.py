"""Restore one picture, held as a whole or some rows at a time.

bands -> rows of tiles, with what these look at -> levels as in the file -> engine, compose -> rounded once -> bands
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float32, Shaped

from srgan.errors import ConfigError
from srgan.images.bands import Bands, Window, as_bands, whole
from srgan.images.image import Image, white_of
from srgan.inference.alpha import bled, enlarged_alpha, even
from srgan.inference.remarks import Remarks
from srgan.inference.tiled import Run
from srgan.ops.tiles import LEAST_TILE, Span, spans
from srgan.tasks.task import Task
from srgan.types import Levels, Opacity, Pixels


def restore_image(run: Run, image: Image, mask: Opacity | None = None) -> Image:
    """The restored Image: colours by the model, alpha enlarged beside them, grey kept neutral, the rest as it was.

    What is filled where a `mask` says so becomes opaque.
    """
    return whole(restore_bands(run, as_bands(image), mask))


def restore_bands(run: Run, bands: Bands, mask: Opacity | None = None, *, most: float = math.inf) -> Bands:
    """The same of a picture that is a stream of bands; of their rows only those are held that tiles look at.

    Args:
        mask: of the whole picture, which then is made as one band.
        most: bytes that are made at a time, so that the network's context must be known: a row of tiles, lower than
            others where that would be more, but not than LEAST_TILE; without it, all rows at once.

    Raises:
        ConfigError: the task takes no mask, or needs one, or it does not fit.
    """
    task = run.model.task
    check_mask(task, mask)
    opacity = None if mask is None else checked(mask, bands.height, bands.width)
    if task.idle:
        return bands
    width, height = bands.width * task.scale, bands.height * task.scale
    return replace(bands, width=width, height=height, each=_each(run, bands, opacity, most))


def _each(run: Run, bands: Bands, mask: Float32[np.ndarray, "h w"] | None, most: float) -> Iterator[Image]:
    """Rows of tiles restored, from the top; what the task has to say of them is noted with the last."""
    window, remarks = Window(bands), Remarks(run.model.task)
    hidden = bands.like.alpha is not None and mask is None
    margin = min(run.reach, bands.height) if hidden else 0  # the colours of what is near show under what is hidden
    for rows in _rows(run, bands, most):
        top, bottom = max(0, rows.seen_start - int(margin)), min(bands.height, rows.seen_stop + int(margin))
        part = rows.start - top, rows.stop - top
        shown = window.rows(top, bottom)
        shown = bled(shown, run.reach) if hidden else shown
        restored = _restored(run, shown, part) if mask is None else _filled(run, shown, mask)
        remarks.add(shown.rgb[slice(*part)], restored.rgb, last=rows.stop == bands.height)
        if rows.stop == bands.height:
            bands.notes.extend(remarks.said())
        yield restored


def _rows(run: Run, bands: Bands, most: float) -> list[Span]:
    """The rows that are made at a time, and those that are looked at for them."""
    if math.isinf(most):
        return [Span(0, bands.height, 0, bands.height)]
    row = bands.width * run.model.task.scale**2 * 4 * bands.like.rgb.itemsize  # of the input, in bytes of the output
    high = min(run.side, max(LEAST_TILE, int(min(run.side, most // row))))
    return spans(bands.height, high, run.context or 0, run.model.generator.multiple_of)


def _restored(run: Run, image: Image, part: tuple[int, int]) -> Image:
    """The rows of a picture from the first to before the last of `part`; the others are looked at alone."""
    run = replace(run, part=part, grey=image.grey)
    rgb = _as_levels(run.restore(_as_pixels(image.rgb)))
    return replace(image, rgb=rgb, alpha=None if image.alpha is None else _restored_alpha(run, image.alpha, part))


def _filled(run: Run, image: Image, mask: Float32[np.ndarray, "h w"]) -> Image:
    """The whole picture, filled."""
    rgb = _as_levels(replace(run, grey=image.grey).restore(_as_pixels(image.rgb), torch.from_numpy(mask)[None, None]))
    opaque = None if image.alpha is None else np.where(mask > 0, white_of(image.alpha.dtype), image.alpha)
    return replace(image, rgb=rgb, alpha=None if opaque is None else opaque.astype(rgb.dtype))


def _restored_alpha(run: Run, alpha: Shaped[np.ndarray, "h w"], part: tuple[int, int]) -> Shaped[np.ndarray, "_ _"]:
    """The opacity of some rows, enlarged as a grey picture by the generator; where it is even, by its base alone."""
    scale = run.model.task.scale
    enlarged, flat = enlarged_alpha(alpha, scale, part), even(alpha)
    if scale == 1 or flat.all():
        return enlarged
    grey = _as_pixels(np.repeat(alpha[:, :, None], 3, axis=2))
    alone = replace(run, grey=True, progress=None)
    sharp = _as_levels(alone(grey, run.model.task.present, where=torch.from_numpy(~flat)))[:, :, 0]
    certain = flat[slice(*part)].repeat(scale, axis=0).repeat(scale, axis=1)
    return np.where(certain, enlarged, np.clip(sharp, 0, white_of(alpha.dtype))).astype(alpha.dtype)


def _as_pixels(rgb: Levels) -> Pixels:
    pixels: Pixels = torch.from_numpy(np.require(rgb, requirements=("C", "W"))).permute(2, 0, 1)[None]
    return pixels


def _as_levels(pixels: Pixels) -> Levels:
    return pixels[0].permute(1, 2, 0).numpy()


def check_mask(task: Task, mask: object) -> None:
    """Whether a mask is given where the task takes one.

    Raises:
        ConfigError: it is not, or the task takes none.
    """
    if (mask is not None) != task.masked:
        which = "inpainting needs a mask" if mask is None else f"the task {task.name} takes no mask"
        raise ConfigError(f"{which}: a mask says what is to be inpainted")


def checked(mask: Opacity, height: int, width: int) -> Float32[np.ndarray, "h w"]:
    """The mask as numbers in [0, 1].

    Raises:
        ConfigError: it is of another size, covers everything, or is not in [0, 1].
    """
    opacity = np.asarray(mask).astype(np.float32)
    if opacity.shape != (height, width):
        raise ConfigError(f"a mask must be (h, w) as the picture, {(height, width)}, not {opacity.shape}")
    if not ((opacity >= 0) & (opacity <= 1)).all():
        raise ConfigError(
            f"a mask must lie in [0, 1], 1 or True where pixels are filled; its largest value is {opacity.max():g}"
        )
    if (opacity > 0).all():
        raise ConfigError("the mask covers the whole picture: nothing is known to fill it from")
    return opacity
