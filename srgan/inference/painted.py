"""Where the holes are, as people paint them: a picture becomes a mask, or is refused with what was seen in it.

In the alpha channel (painted or erased); in two colours, of which the rarer is the hole; or one colour painted over a
copy of the picture, where the difference is the hole. Lossy files are read, too: their colours are only nearly so few.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, Int, Int32, UInt8

from srgan.errors import ImageError
from srgan.images.image import Image, eight_bits

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
Holes = UInt8[np.ndarray, "h w"]
Counts = Int[np.ndarray, "codes"]
Which = Bool[np.ndarray, "codes"]
Codes = Int32[np.ndarray, "*_"]


class Painted(NamedTuple):
    """The holes (1, elsewhere 0), and how they were told; nothing where the mask is white on black."""

    holes: Holes
    how: str = ""


class Masked(NamedTuple):
    """What is to be filled of one picture.

    Attributes:
        opacity: how much of each pixel is filled: 1 in holes, 0 where everything stays, between them in the feather.
        note: the share of the picture that is filled, and how that was told from the mask.
    """

    opacity: Float32[np.ndarray, "h w"]
    note: str


def painted(mask: Image, picture: Image) -> Painted:
    """What a mask of the picture's own size says is to be filled.

    Raises:
        ImageError: it may mean this or that.
    """
    colours, original = (np.ascontiguousarray(eight_bits(image.rgb)) for image in (mask, picture))
    if mask.alpha is not None:
        alpha = eight_bits(mask.alpha)
        least, most = int(alpha.min()), int(alpha.max())
        if most == 0:
            return Painted(np.zeros(alpha.shape, np.uint8), "its mask is wholly transparent")
        own = picture.alpha is not None and (cv2.absdiff(eight_bits(picture.alpha), alpha) <= LOSS).mean() > 0.999
        if most - least > 64 and not own:  # of a copy, it says what it says of the picture
            return _by_alpha(2 * alpha.astype(np.int32) > least + most, colours, original)
    return _by_colours(colours, original)


def masked(opacity: Float32[np.ndarray, "h w"], how: str = "") -> Masked:
    """The same opacity, with a note."""
    share = 100 * np.count_nonzero(opacity) / opacity.size
    shown = f"{share:.1f}" if share >= 0.1 else "less than 0.1"
    filled = f"fills {shown} % of the picture" if share else "fills nothing"
    return Masked(opacity, f"{filled}: {how}" if how else filled)


def _by_alpha(
    visible: Bool[np.ndarray, "h w"], colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"]
) -> Painted:
    counts = _counted(_codes(colours)[visible])
    commonest = _commonest(counts)
    share = counts / counts.sum()
    several = share[_far(commonest)].sum() > 0.1
    if several and (_difference(colours, original)[visible] <= LOSS).mean() > 0.8:
        return Painted((~visible).astype(np.uint8), "what is erased in its mask, a copy of the picture")
    black, white = (share[~_far(np.full(3, level, np.float32))].sum() for level in (0, 255))
    if several and black + white > 0.95 and min(black, white) > 0.01:
        raise ImageError("has black, white and transparent parts, and any of them may be the holes")
    rare = visible.mean() <= 0.5
    which = "painted" if rare else "transparent"
    return Painted((visible == rare).astype(np.uint8), f"what is {which} in its mask, which is less than the rest")


def _by_colours(colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"]) -> Painted:
    codes = _codes(colours)
    counts = _counted(codes)
    first = _commonest(counts)
    apart = _far(first, 64.0)
    if not counts[apart].any():
        if _name(first) not in ("black", "white"):
            raise ImageError(f"is {_name(first)} all over")
        return Painted(np.full(codes.shape, int(_name(first) == "white"), np.uint8))
    second = _commonest(np.where(apart, counts, 0))
    others = _far(first) & _far(second)
    if counts[others].sum() > codes.size / 500:
        like = _difference(colours, original) <= LOSS
        if like[others[codes]].mean() > 0.8:
            return _by_difference(colours, original, codes)
    if not _two_valued(counts, _counted(codes[_flat(colours)]), first, second):
        raise ImageError(f"has more colours than {_name(first)} and {_name(second)}, and is no copy of the picture")
    at_second = _belongs(second, first)
    if counts[at_second].sum() > counts.sum() / 2:
        first, second, at_second = second, first, _belongs(first, second)
    holes = at_second[codes].astype(np.uint8)
    if (_name(first), _name(second)) == ("black", "white"):
        return Painted(holes)
    return Painted(holes, f"what is {_name(second)} in its mask, which is less than what is {_name(first)}")


def _two_valued(counts: Counts, flat: Counts, first: Colour, second: Colour) -> bool:
    """Whether there are two colours and what lies between them; edges may have what compression makes of them.

    Few photographs have two colours that are so nearly the same everywhere.
    """
    off, rest = ~_belongs(first, second) & ~_belongs(second, first), _far(first)
    exact, near = ([counts[~_far(colour, wide)].sum() for colour in (first, second)] for wide in (16.0, float(NEAR)))
    return bool(
        sum(exact) >= 0.7 * counts.sum()
        and exact[0] >= 0.75 * near[0]
        and exact[1] >= 0.4 * near[1]
        and counts[off].sum() <= 0.5 * counts[rest].sum()
        and flat[off].sum() <= 0.05 * flat[rest].sum()
    )


def _by_difference(
    colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"], codes: Int32[np.ndarray, "h w"]
) -> Painted:
    """What is painted over a copy of the picture: what differs, around where the difference has the brush's colour."""
    difference = _difference(colours, original)
    loss = min(LOSS, 3 * int(np.percentile(difference[difference <= LOSS], 90)))
    plain = (difference > max(loss, NEAR)) & _flat(colours)
    if not plain.any():
        plain = difference > max(loss, NEAR)
    if not plain.any():
        raise ImageError("is the picture itself: nothing is painted over it")
    counts = _counted(codes[plain])
    brush = _commonest(counts)
    other = _far(brush)
    if counts[other].sum() > 0.1 * counts.sum():
        raise ImageError(f"is a copy of the picture with {_name(brush)} and other colours painted over it")
    differs = (difference > loss).astype(np.uint8)
    _, parts = cv2.connectedComponents(differs, connectivity=8)
    with_brush = np.zeros(int(parts.max()) + 1, bool)
    with_brush[parts[plain & ~other[codes]]] = True
    holes = with_brush[parts].astype(np.uint8)
    # What had the brush's colour before does not differ, and is painted over where the brush went around it.
    around, _ = cv2.findContours(holes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    enclosed = cv2.drawContours(np.zeros_like(holes), around, -1, 1, cv2.FILLED)
    holes |= np.where(other[codes], 0, enclosed).astype(np.uint8)
    return Painted(holes, f"what is painted over in {_name(brush)} in its mask, a copy of the picture")


def _codes(colours: UInt8[np.ndarray, "h w 3"]) -> Int32[np.ndarray, "h w"]:
    """One number a colour, eight levels of each channel apart: what a colour means is then looked up."""
    red, green, blue = (plane.astype(np.int32) for plane in cv2.split(colours >> 3))
    return red << 10 | green << 5 | blue


@cache
def _colours() -> Float32[np.ndarray, "codes 3"]:
    """The colour in the middle of each code."""
    codes = np.arange(1 << 15)
    return np.stack([codes >> 10, codes >> 5 & 31, codes & 31], axis=1).astype(np.float32) * 8 + 3.5


def _counted(codes: Codes) -> Counts:
    return np.bincount(codes.ravel(), minlength=1 << 15)


def _commonest(counts: Counts) -> Colour:
    """The commonest colour, the mean of those near to it."""
    peak = _colours()[counts.argmax()]
    weights = np.where(_far(peak, 12.0), 0, counts)
    return np.asarray(weights @ _colours() / weights.sum(), np.float32)


def _far(colour: Colour, distance: float = float(NEAR)) -> Which:
    far: Which = np.abs(_colours() - colour).max(axis=1) > distance
    return far


def _belongs(colour: Colour, other: Colour) -> Which:
    """Whether a colour is this one, or between both and nearer to it."""
    way = other - colour
    along = ((_colours() - colour) @ way / (way @ way)).clip(0, 1)
    aside = np.linalg.norm(_colours() - colour - along[:, None] * way, axis=1)
    belongs: Which = (along < 0.5) & (aside <= 2 * NEAR)
    return belongs


def _difference(colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "h w"]:
    difference: UInt8[np.ndarray, "h w"] = cv2.absdiff(colours, original).max(axis=2)
    return difference


def _flat(colours: UInt8[np.ndarray, "h w 3"]) -> Bool[np.ndarray, "h w"]:
    """Whether a pixel and its neighbours are alike."""
    flat: Bool[np.ndarray, "h w"] = (
        cv2.morphologyEx(colours, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=2) < FLAT
    )
    return flat


def _name(colour: Colour) -> str:
    """The colour's name where it is nearly one of eight, else its levels."""
    nearest = np.rint(colour / 255)
    if np.abs(colour - 255 * nearest).max() <= NEAR:
        return _NAMES[tuple(int(channel) for channel in nearest)]  # type: ignore[index]
    return f"rgb({', '.join(str(round(float(level))) for level in colour)})"
