"""A picture at a smaller size, antialiased, some rows at a time: only those are ever held in floats.

Bicubic with a = -0.5 (Keys 1981, doi:10.1109/TASSP.1981.1163711), widened by the reduction and cut off at the borders,
as in Pillow and torch. What is transparent does not colour what is not: colours are weighted by how opaque they are,
and where nothing is to be seen they are those of what is near by.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int

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

_Colours = Float32[np.ndarray, "_ _ c"]
_Windows = Int[np.ndarray, "_ 2"]


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
        windows = _windows(bands.height, height, range(start, min(start + rows, height)))
        first, last = int(windows[0, 0]), int(windows[-1, 1])
        top = max(0, first - margin)
        image = bled(window.rows(top, min(bands.height, last + margin)), reach)
        weights = _weights(bands.height / height, range(start, start + len(windows)), range(first, last))
        yield _smaller(rows_of(image, first - top, last - top), weights, windows - first, width)


def _smaller(image: Image, weights: torch.Tensor, windows: _Windows, width: int) -> Image:
    """What some rows become."""
    plain = _floats(image.rgb.astype(np.float32), weights, width)
    if image.alpha is None:
        return dataclasses.replace(image, rgb=as_samples(plain, image.rgb.dtype))
    opacity = image.alpha.astype(np.float32)[:, :, None] / white_of(image.alpha.dtype)
    share = _floats(opacity, weights, width)
    alpha = as_samples(share.clip(0, 1) * white_of(image.alpha.dtype), image.alpha.dtype)
    weighted = _floats(image.rgb.astype(np.float32) * opacity, weights, width) / np.maximum(share, _LEAST)
    visible = np.where(image.alpha[:, :, None] > 0, image.rgb.astype(np.float32), np.float32(np.nan))
    columns = _windows(image.width, width, range(width))
    least, most = -_largest(-visible, windows, columns), _largest(visible, windows, columns)
    weighted = weighted.clip(np.fmin(least, plain), np.fmax(most, plain))  # a small share exaggerates
    colours = np.where(alpha > _LEAST, weighted, plain)
    return dataclasses.replace(image, rgb=as_samples(colours, image.rgb.dtype), alpha=alpha[:, :, 0])


def _largest(values: _Colours, rows: _Windows, columns: _Windows) -> _Colours:
    """The largest value of each window; NaN counts as none."""
    for axis, windows in enumerate((rows, columns)):
        ended = np.concatenate([values, values.take([-1], axis)], axis)  # no window may end where the values do
        every = np.fmax.reduceat(ended, windows.ravel(), axis)  # and what lies between the windows
        values = every.take(range(0, windows.size, 2), axis)
    return values


def _floats(pixels: _Colours, weights: torch.Tensor, width: int) -> _Colours:
    planes = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    narrow = F.interpolate(planes, (len(pixels), width), mode="bicubic", antialias=True)[0]
    return np.ascontiguousarray((weights @ narrow).permute(1, 2, 0).numpy())


def _windows(size: int, new_size: int, outputs: range) -> _Windows:
    """The first input row that each of some output rows depends on, and the one after the last."""
    ratio = size / new_size
    reach = 2 * max(1.0, ratio)
    centres = (np.array(outputs) + 0.5) * ratio
    ends = np.floor(np.stack([centres - reach, centres + reach], axis=1) + 0.5)
    return ends.clip(0, size).astype(int)


def _weights(ratio: float, outputs: range, inputs: range) -> Float32[torch.Tensor, "new_rows old_rows"]:
    """What each of some output rows takes of the input rows."""
    centres = (torch.tensor(outputs, dtype=torch.float64) + 0.5) * ratio
    distances = torch.arange(inputs.start, inputs.stop, dtype=torch.float64) + 0.5 - centres[:, None]
    weights = cubic(distances / max(1.0, ratio))
    return (weights / weights.sum(dim=1, keepdim=True)).float()
