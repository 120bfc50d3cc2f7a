"""Fill the holes of pictures: what a mask covers is replaced, and every other pixel stays as it was.

mask -> windows around its holes -> each halved until the holes are thin -> filled -> enlarged as a guess, filled, ...
-> where the holes are deep, detailed with patches of the picture
"""

import math
from collections.abc import Callable, Iterator
from itertools import pairwise

import cv2
import numpy as np
import torch
from jaxtyping import Bool

from srgan.images.image import as_samples, white_of
from srgan.ops.pyramid import gaussian_blur, halved, smoothed
from srgan.ops.resample import upsample
from srgan.tasks.exemplar import detailed
from srgan.tasks.task import Share
from srgan.types import Batch, Mask, Pixels

THIN = 24
"""Holes are filled at once where no pixel in them is farther than this from what is known [px]."""

AROUND = 32
"""What is looked at around a hole, at the coarsest size at which it is filled [px].

To look three times as far changes PSNR by less than .002 dB and LPIPS by less than .0003, on pictures held out; and
larger groups of holes, each of them filled as the deepest, are filled worse.
"""

NEAR = 16
"""The same where a guess of a smaller size tells what lies farther away [px]."""

SETTLED = 2.0
"""Colours of a guess that a Gaussian of this deviation leaves are settled: what is filled in adds detail [px]."""

CELL = 16
"""Side of the squares in which holes are looked for [px]."""

NEIGHBOURS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
"""What squares touch: those beside, above and below."""

Fill = Callable[[Batch, Mask, Batch, bool, Share], Batch]
"""Fills holes at once: a picture, its holes, a guess of them, whether a smaller picture gave that, its share."""


@torch.inference_mode()
def filled(pixels: Pixels, mask: Mask, fill: Fill, texture: float = 0.0) -> Pixels:
    """The pictures in their own depth with their holes filled; where the mask is 0 they stay bit for bit.

    Args:
        texture: how much of what deep holes hold is made of the picture's own patches, 0 to 1.
    """
    restored = pixels.clone()
    for picture, weight, levels in zip(pixels, mask[:, 0], restored.numpy(), strict=True):
        white = white_of(levels.dtype)
        every = list(windows(weight.numpy() > 0))
        for number, (rows, columns, halvings, own) in enumerate(every):
            part, opacity = picture[None, :, rows, columns].float() / white, weight[rows, columns]
            share = number / len(every), (number + 1) / len(every)
            holes = (opacity > 0).float()[None, None]
            whole = coarse_to_fine(part, holes, halvings, fill, share)
            if texture:
                whole = torch.lerp(whole, detailed(whole, holes), texture)
            lost = torch.from_numpy(own) & (opacity > 0)
            mixed = torch.lerp(part[0, :, lost], whole[0, :, lost], opacity[lost]).mul(white).numpy()
            levels[:, rows, columns][:, lost.numpy()] = as_samples(mixed, levels.dtype)
    return restored


def windows(mask: Bool[np.ndarray, "h w"]) -> Iterator[tuple[slice, slice, int, Bool[np.ndarray, "_ _"]]]:
    """Where to fill: rows and columns around each group of holes, and how many times to halve them there.

    Holes near to each other are filled together. What else lies in a window may belong to holes that it cuts off: the
    fourth says which pixels are the group's own.
    """
    height, width = mask.shape
    cells = _cells(mask)
    near = cv2.dilate(cells.astype(np.uint8), NEIGHBOURS, iterations=AROUND // 2 // CELL)
    _, groups, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=4)
    spans = (boxes[1:] * CELL).tolist()  # the first is of all squares without a hole
    for number, (left, top, wide, high, _) in enumerate(spans, 1):
        halvings = max(0, math.ceil(math.log2(_depth(mask[top : top + high, left : left + wide]) / THIN)))
        reach = AROUND * 2**halvings
        rows = slice(max(0, top - reach), min(height, top + high + reach))
        columns = slice(max(0, left - reach), min(width, left + wide + reach))
        part = groups[rows.start // CELL : -(-rows.stop // CELL), columns.start // CELL : -(-columns.stop // CELL)]
        own = (part == number).repeat(CELL, axis=0).repeat(CELL, axis=1)
        yield rows, columns, halvings, own[: rows.stop - rows.start, : columns.stop - columns.start]


def _depth(mask: Bool[np.ndarray, "h w"]) -> float:
    """How far its deepest pixel lies from one that is known [px], at least one."""
    distances = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return max(1.0, float(distances.max()))


def _cells(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "rows columns"]:
    """Which squares of CELL x CELL pixels have a hole: looking for holes must not cost as much as the picture."""
    padded = np.pad(mask, [(0, -side % CELL) for side in mask.shape])
    rows, columns = (side // CELL for side in padded.shape)
    cells: Bool[np.ndarray, "rows columns"] = np.any(padded.reshape(rows, CELL, columns, CELL), axis=(1, 3))
    return cells


def coarse_to_fine(picture: Batch, holes: Mask, halvings: int, fill: Fill, share: Share = (0.0, 1.0)) -> Batch:
    """The picture with its holes filled: what was filled in at half the size is the guess at the next.

    There its smooth colours stay: else a generator's small mistakes would add up, size after size.
    """
    sizes = [(picture, holes)]
    for _ in range(halvings):
        sizes.append(halved(*sizes[-1]))
    first, *others = _by_pixels(share, halvings)
    whole = fill(*sizes[-1], smoothed(*sizes[-1]), False, first)
    for (larger, lost), part in zip(reversed(sizes[:-1]), others, strict=True):
        guess = upsample(whole, 2)[..., : larger.shape[2], : larger.shape[3]].clamp(0, 1)
        made = fill(larger, lost, guess, True, part)
        whole = made + lost * gaussian_blur((guess - made) * lost, SETTLED)
    return whole


def _by_pixels(share: Share, halvings: int) -> list[Share]:
    """A share of the work divided among a picture and ever smaller ones, which are done first: a quarter of it each."""
    start, stop = share
    ends = np.cumsum([0.0, *(4.0**-level for level in range(halvings, -1, -1))])
    bounds = (start + (stop - start) * ends / ends[-1]).tolist()
    return list(pairwise(bounds))
