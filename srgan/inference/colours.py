"""Colours, counted, compared and named: what masks are told by, which have few colours or nearly so."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int, Int32, UInt8

NEAR = 48
"""Farther than this in no channel, two colours count as one: lossy files and soft edges move them [8-bit levels]."""

FLAT = 24
"""Pixels that differ less from their neighbours lie on no edge [8-bit levels]."""

LOSS = 32
"""By this much at most do lossy files change what nobody painted over [8-bit levels]."""

_NAMES = {
    (0, 0, 0): "black",
    (1, 1, 1): "white",
    (1, 0, 0): "red",
    (0, 1, 0): "green",
    (0, 0, 1): "blue",
    (1, 1, 0): "yellow",
    (1, 0, 1): "magenta",
    (0, 1, 1): "cyan",
}

Colour = Float32[np.ndarray, "3"]
Counts = Int[np.ndarray, "codes"]
Which = Bool[np.ndarray, "codes"]
Codes = Int32[np.ndarray, "*_"]


def coded(colours: UInt8[np.ndarray, "h w 3"]) -> Int32[np.ndarray, "h w"]:
    """One number a colour, eight levels of each channel apart: what a colour means is then looked up."""
    red, green, blue = (plane.astype(np.int32) for plane in cv2.split(colours >> 3))
    return red << 10 | green << 5 | blue


@cache
def _colours() -> Float32[np.ndarray, "codes 3"]:
    """The colour in the middle of each code."""
    codes = np.arange(1 << 15)
    return np.stack([codes >> 10, codes >> 5 & 31, codes & 31], axis=1).astype(np.float32) * 8 + 3.5


def counted(codes: Codes) -> Counts:
    """How often each code occurs."""
    return np.bincount(codes.ravel(), minlength=1 << 15)


def commonest_of(counts: Counts) -> Colour:
    """The commonest colour, the mean of those near to it."""
    peak = _colours()[counts.argmax()]
    weights = np.where(far_from(peak, 12.0), 0, counts)
    return np.asarray(weights @ _colours() / weights.sum(), np.float32)


def far_from(colour: Colour, distance: float = float(NEAR)) -> Which:
    """Of each code whether it is another colour: farther away in some channel."""
    far: Which = np.abs(_colours() - colour).max(axis=1) > distance
    return far


def belongs(colour: Colour, other: Colour) -> Which:
    """Whether a colour is this one, or between both and nearer to it."""
    way = other - colour
    along = ((_colours() - colour) @ way / (way @ way)).clip(0, 1)
    aside = np.linalg.norm(_colours() - colour - along[:, None] * way, axis=1)
    belongs: Which = (along < 0.5) & (aside <= 2 * NEAR)
    return belongs


def difference_of(
    colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"]
) -> UInt8[np.ndarray, "h w"]:
    """How far colours are apart, in the channel where that is farthest [8-bit levels]."""
    difference: UInt8[np.ndarray, "h w"] = cv2.absdiff(colours, original).max(axis=2)
    return difference


def is_flat(colours: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Whether a pixel and its neighbours are alike."""
    flat: Bool[np.ndarray, "h w"] = (
        cv2.morphologyEx(colours, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2) < FLAT
    )
    return flat


def name_of(colour: Colour) -> str:
    """The colour's name where it is nearly one of eight, else its levels."""
    nearest = np.rint(colour / 255)
    if np.abs(colour - 255 * nearest).max() <= NEAR:
        return _NAMES[tuple(int(channel) for channel in nearest)]  # type: ignore[index]
    return f"rgb({', '.join(str(round(float(level))) for level in colour)})"
