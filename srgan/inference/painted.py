"""Where the holes are, as people paint them: a picture becomes a mask, or is refused with what was seen in it.

In the alpha channel (painted or erased); in two colours, of which the rarer is the hole; or one colour painted over a
copy of the picture, where the difference is the hole. Lossy files are read, too: their colours are only nearly so few.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8

from srgan.errors import ImageError
from srgan.images.image import Image, eight_bits
from srgan.inference.colours import (
    LOSS,
    NEAR,
    Colour,
    Counts,
    belongs,
    coded,
    commonest_of,
    counted,
    difference_of,
    far_from,
    is_flat,
    name_of,
)
from srgan.inference.overpainted import overpainted

Holes = UInt8[np.ndarray, "h w"]


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


def painted(mask: Image, picture: Image, fill: str = "rarer") -> Painted:
    """What a mask of the picture's own size says is to be filled.

    Args:
        fill: "white" or "black" is filled, however much it is; "rarer" is as people paint.

    Raises:
        ImageError: it may mean this or that.
    """
    colours, original = (np.ascontiguousarray(eight_bits(image.rgb)) for image in (mask, picture))
    if fill != "rarer":
        light = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY) > 127
        seen = np.True_ if mask.alpha is None else eight_bits(mask.alpha) > 127
        holes = seen & (light == (fill == "white"))
        return Painted(holes.astype(np.uint8), f"what is {fill} in its mask")
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
    counts = counted(coded(colours)[visible])
    commonest = commonest_of(counts)
    share = counts / counts.sum()
    several = share[far_from(commonest)].sum() > 0.1
    if several and (difference_of(colours, original)[visible] <= LOSS).mean() > 0.8:
        return Painted((~visible).astype(np.uint8), "what is erased in its mask, a copy of the picture")
    black, white = (share[~far_from(np.full(3, level, np.float32))].sum() for level in (0, 255))
    if several and black + white > 0.95 and min(black, white) > 0.01:
        raise ImageError("has black, white and transparent parts, and any of them may be the holes")
    rare = visible.mean() <= 0.5
    which = "painted" if rare else "transparent"
    return Painted((visible == rare).astype(np.uint8), f"what is {which} in its mask, which is less than the rest")


def _by_colours(colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"]) -> Painted:
    codes = coded(colours)
    counts = counted(codes)
    first = commonest_of(counts)
    apart = far_from(first, 64.0)
    if not counts[apart].any():
        if name_of(first) not in ("black", "white"):
            raise ImageError(f"is {name_of(first)} all over")
        return Painted(np.full(codes.shape, int(name_of(first) == "white"), np.uint8))
    second = commonest_of(np.where(apart, counts, 0))
    others = far_from(first) & far_from(second)
    like = difference_of(colours, original) <= LOSS
    if counts[others].sum() > codes.size / 500 and like[others[codes]].mean() > 0.8:
        return _over_a_copy(colours, original)
    if not _two_valued(counts, counted(codes[is_flat(colours)]), first, second):
        if like.mean() > 0.5:
            return _over_a_copy(colours, original)
        raise ImageError(f"has more colours than {name_of(first)} and {name_of(second)}, and is no copy of the picture")
    at_second = belongs(second, first)
    if counts[at_second].sum() > counts.sum() / 2:
        first, second, at_second = second, first, belongs(first, second)
    holes = at_second[codes].astype(np.uint8)
    if (name_of(first), name_of(second)) == ("black", "white"):
        return Painted(holes)
    return Painted(holes, f"what is {name_of(second)} in its mask, which is less than what is {name_of(first)}")


def _over_a_copy(colours: UInt8[np.ndarray, "h w 3"], original: UInt8[np.ndarray, "h w 3"]) -> Painted:
    holes, brush = overpainted(colours, original)
    return Painted(holes, f"what is painted over in {brush} in its mask, a copy of the picture")


def _two_valued(counts: Counts, flat: Counts, first: Colour, second: Colour) -> bool:
    """Whether there are two colours and what lies between them; edges may have what compression makes of them.

    Few photographs have two colours that are so nearly the same everywhere.
    """
    off, rest = ~belongs(first, second) & ~belongs(second, first), far_from(first)
    exact, near = (
        [counts[~far_from(colour, wide)].sum() for colour in (first, second)] for wide in (16.0, float(NEAR))
    )
    return bool(
        sum(exact) >= 0.7 * counts.sum()
        and exact[0] >= 0.75 * near[0]
        and exact[1] >= 0.4 * near[1]
        and counts[off].sum() <= 0.5 * counts[rest].sum()
        and flat[off].sum() <= 0.05 * flat[rest].sum()
    )
