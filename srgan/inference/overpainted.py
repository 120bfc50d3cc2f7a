"""A copy of a picture that somebody has painted over in one colour, with a soft or half-transparent brush perhaps.

Wherever the brush went, a pixel lies on the way from what it was to the brush's colour, and all these ways meet there.
"""

from __future__ import annotations

from functools import reduce

import cv2
import numpy as np
from jaxtyping import Bool, Shaped, UInt8

from srgan.errors import ImageError
from srgan.inference.colours import (
    FLAT,
    LOSS,
    Colour,
    coded,
    commonest_of,
    counted,
    difference_of,
    far_from,
    is_flat,
    name_of,
)

_ENOUGH = 100_000
"""Pixels of which all the others are told."""

_SLIGHT = 2
"""What differs by no more may be rounded otherwise [8-bit levels]."""

Picture = UInt8[np.ndarray, "h w 3"]
Holes = UInt8[np.ndarray, "h w"]
Pixels = UInt8[np.ndarray, "pixels 3"]
Levels = Shaped[np.ndarray, "pixels"]


def overpainted(colours: Picture, original: Picture) -> tuple[Holes, str]:
    """What is painted over, and the name of the brush's colour.

    That is what differs; in a lossy file the parts of it in which something is clearly mixed with the brush's colour.

    Raises:
        ImageError: nothing is, or not with one colour.
    """
    difference, codes = difference_of(colours, original), coded(colours)
    like = difference <= LOSS
    clear = difference > max(FLAT, _lost(difference[like]))
    flat = clear & is_flat(colours)
    clear = flat if flat.any() else clear  # edges are what compression makes of them
    if not clear.any():
        raise ImageError("is the picture itself: nothing is painted over it")
    changed = _some(difference > _SLIGHT, colours, original)
    brush = min(_brushes(*_some(clear, colours, original)), key=lambda brush: np.rint(_off(*changed, brush)).sum())
    mixed = clear.copy()
    mixed[clear] = _off(colours[clear], original[clear], brush) <= FLAT
    if mixed.sum() < 0.9 * clear.sum():
        commonest = name_of(commonest_of(counted(codes[clear])))
        raise ImageError(f"is a copy of the picture with {commonest} and other colours painted over it")
    loss = _lost(_off(*_some(like, colours, original), brush))
    holes = _parts(difference > loss, mixed if loss else difference > _SLIGHT)
    # What had the brush's colour before does not differ, and is painted over where the brush went around it.
    around, _ = cv2.findContours(holes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    enclosed = cv2.drawContours(np.zeros_like(holes), around, -1, 1, cv2.FILLED)
    holes |= np.where(far_from(brush)[codes], 0, enclosed).astype(np.uint8)
    if holes.mean() > 0.9:
        raise ImageError(f"is the picture with more {name_of(brush)} nearly everywhere")
    return holes, name_of(brush)


def _parts(differs: Bool[np.ndarray, "h w"], painted: Bool[np.ndarray, "h w"]) -> Holes:
    """The connected parts of what differs in which something is clearly painted."""
    _, parts = cv2.connectedComponents(differs.astype(np.uint8), connectivity=8)
    counts = np.zeros(int(parts.max()) + 1, bool)
    counts[parts[painted & differs]] = True
    holes: Holes = counts[parts].astype(np.uint8)
    return holes


def _some(which: Bool[np.ndarray, "h w"], colours: Picture, original: Picture) -> tuple[Pixels, Pixels]:
    """As many of these pixels as tell about all, the same of both pictures."""
    where = np.flatnonzero(which)
    where = where[:: 1 + len(where) // _ENOUGH]
    return colours.reshape(-1, 3)[where], original.reshape(-1, 3)[where]


def _lost(differences: Levels) -> int:
    """By how much a lossy file may have changed any pixel, told from how far it changed those that nobody painted."""
    return min(LOSS, 3 * int(np.percentile(differences, 90)))


def _brushes(colours: Pixels, original: Pixels) -> list[Colour]:
    """The colours with which pixels may have been mixed, each by its own share: where the ways of all of them meet.

    Least squares of the distances from them; of what these leave open, as of greys, the colour of the strongest strokes
    and the end of the way.
    """
    before = original.astype(np.float32)
    way = colours - before
    length = (way**2).sum(axis=1)
    strong = length >= np.percentile(length, 95)
    strongest = colours[strong].mean(axis=0)
    end = np.where(strongest > before[strong].mean(axis=0), 255, 0)
    across = length.sum() * np.eye(3) - way.T @ way
    meet = (length[:, None] * before - (way * before).sum(axis=1, keepdims=True) * way).sum(axis=0)
    little = 1e-3 * length.sum() * np.eye(3)
    each = (np.linalg.solve(across + little, meet + little @ likely) for likely in (strongest, end))
    return [brush.clip(0, 255).astype(np.float32) for brush in each]


def _off(colours: Pixels, original: Pixels, brush: Colour) -> Levels:
    """How far pixels are from any mixture of the original with the brush's colour [8-bit levels]."""
    way = brush - original
    changed = colours - original.astype(np.float32)
    much = np.einsum("nc,nc->n", changed, way) / np.maximum(np.einsum("nc,nc->n", way, way), 1)
    off: Levels = reduce(np.maximum, np.abs(much.clip(0)[:, None] * way - changed).T)
    return off
