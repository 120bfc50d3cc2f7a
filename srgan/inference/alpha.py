"""Transparency beside the colours: it is enlarged as they are, and what it hides does not show at its edges."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Shaped

from srgan.images.image import Image, as_samples, white_of
from srgan.ops.resample import UPSAMPLE_CONTEXT, upsample
from srgan.ops.tiles import tiles

SIDE = 384
"""Of the tiles in which it is enlarged, and rows that are looked at in one go for what is hidden [px of the input]."""


@torch.inference_mode()
def enlarged_alpha(alpha: Shaped[np.ndarray, "h w"], scale: int, part: tuple[int, int]) -> Shaped[np.ndarray, "sh sw"]:
    """The opacity of some rows enlarged like the colours' base; opaque and transparent areas stay exactly so."""
    (height, width), (first, last) = alpha.shape, part
    if scale == 1:
        return alpha[first:last]
    enlarged = np.empty(((last - first) * scale, width * scale), alpha.dtype)
    for rows, columns in tiles(height, width, SIDE, UPSAMPLE_CONTEXT, 1, part):
        plane = torch.from_numpy(alpha[rows.seen, columns.seen].astype(np.float32))[None, None]
        larger = upsample(plane, scale)[0, 0].clamp_(0, white_of(alpha.dtype))
        centre = larger[rows.centre(scale), columns.centre(scale)]
        enlarged[rows.kept(scale, first), columns.kept(scale)] = as_samples(centre.numpy(), alpha.dtype)
    return enlarged


def even(alpha: Shaped[np.ndarray, "h w"], around: int = UPSAMPLE_CONTEXT) -> Bool[np.ndarray, "h w"]:
    """Where the opacity is the same so many pixels to each side: there is nothing for a generator to add."""
    square = np.ones((2 * around + 1, 2 * around + 1), np.uint8)
    same: Bool[np.ndarray, "h w"] = cv2.dilate(alpha, square) == cv2.erode(alpha, square)
    return same


def bled(image: Image, reach: float) -> Image:
    """The picture with each fully transparent pixel in the colour of the nearest visible one: no fringes at edges.

    Args:
        reach: pixels that are farther than this from all that is visible stay as they are [px].
    """
    from scipy.ndimage import distance_transform_edt

    if image.alpha is None or image.alpha.all():
        return image
    rgb = image.rgb.copy()
    rows = image.height if math.isinf(reach) else SIDE
    for first in range(0, image.height, rows):
        last = min(first + rows, image.height)
        top, bottom = (0, last) if math.isinf(reach) else (max(0, first - int(reach)), last + int(reach))
        hidden = image.alpha[top:bottom] == 0
        if hidden.all():
            continue
        distances, (above, left) = distance_transform_edt(hidden, return_indices=True)
        near = (distances <= reach) & hidden
        near[: first - top], near[last - top :] = False, False
        rgb[top:bottom][near] = image.rgb[top:bottom][above[near], left[near]]
    return replace(image, rgb=rgb)
