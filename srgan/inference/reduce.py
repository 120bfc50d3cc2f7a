"""A picture at a smaller size, antialiased, some rows at a time: only those are ever held in floats.

Bicubic with a = -0.5 (Keys 1981, doi:10.1109/TASSP.1981.1163711), widened by the reduction and cut off at the borders,
as in Pillow and torch. What is transparent does not colour what is not: colours are weighted by how opaque they are,
and where nothing is to be seen they are those of what is near by.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32

from srgan.images.bands import Bands, Window, rows_of
from srgan.images.image import Image, as_samples, white_of
from srgan.inference.alpha import bled
from srgan.ops.resample import cubic

_HELD = 1 << 24
"""Samples in floats at a time."""

_LEAST = 1e-6
"""Of opacity; colours weighted by less mean nothing."""

_BLED = 4
"""So far colours reach under what is transparent [px of the output]: viewers look two pixels far, and so do these."""


def reduced(bands: Bands, width: int, height: int) -> Bands:
    """The picture at a smaller size; the picture itself where it has that size."""
    if (bands.width, bands.height) == (width, height):
        return bands
    return dataclasses.replace(bands, width=width, height=height, each=_each(bands, width, height))


def _each(bands: Bands, width: int, height: int) -> Iterator[Image]:
    window, ratio = Window(bands), bands.height / height
    reach = _BLED * max(1.0, ratio, bands.width / width)
    margin = 0 if bands.like.alpha is None else int(reach)
    rows = max(1, int(_HELD / (bands.width * 3 * ratio)))
    for start in range(0, height, rows):
        first, weights = _weights(bands.height, height, range(start, min(start + rows, height)))
        last = first + weights.shape[1]
        top = max(0, first - margin)
        image = bled(window.rows(top, min(bands.height, last + margin)), reach)
        yield _smaller(rows_of(image, first - top, last - top), weights, width)


def _smaller(image: Image, weights: torch.Tensor, width: int) -> Image:
    """What some rows become."""
    plain = _floats(image.rgb.astype(np.float32), weights, width)
    if image.alpha is None:
        return dataclasses.replace(image, rgb=as_samples(plain, image.rgb.dtype))
    opacity = image.alpha.astype(np.float32)[:, :, None] / white_of(image.alpha.dtype)
    share = _floats(opacity, weights, width)
    alpha = as_samples(share * white_of(image.alpha.dtype), image.alpha.dtype)
    weighted = _floats(image.rgb.astype(np.float32) * opacity, weights, width) / np.maximum(share, _LEAST)
    colours = np.where(alpha > _LEAST, weighted, plain)
    return dataclasses.replace(image, rgb=as_samples(colours, image.rgb.dtype), alpha=alpha[:, :, 0])


def _floats(pixels: Float32[np.ndarray, "h w c"], weights: torch.Tensor, width: int) -> Float32[np.ndarray, "_ _ c"]:
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    narrow = F.interpolate(planes, (len(pixels), width), mode="bicubic", antialias=True)[0]
    return np.ascontiguousarray((weights @ narrow).permute(1, 2, 0).numpy())


def _weights(size: int, new_size: int, rows: range) -> tuple[int, Float32[torch.Tensor, "new_rows old_rows"]]:
    """The first input row that some output rows depend on, and what each of them takes of it and the next ones."""
    ratio = size / new_size
    reach = 2 * max(1.0, ratio)
    centres = (torch.tensor(rows, dtype=torch.float64) + 0.5) * ratio
    first = max(0, math.floor(float(centres[0]) - reach + 0.5))
    last = min(size, math.floor(float(centres[-1]) + reach + 0.5))
    distances = torch.arange(first, last, dtype=torch.float64) + 0.5 - centres[:, None]
    weights = cubic(distances / max(1.0, ratio))
    return first, (weights / weights.sum(dim=1, keepdim=True)).float()
