"""Holes: random masks to learn from and to be judged on, as LaMa draws them: strokes of a brush, and boxes."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import UInt8


@dataclass(frozen=True)
class Holes:
    """How holes of one kind are drawn; lengths are shares of the picture's shorter side.

    Attributes:
        stroke: the least and the greatest width of a stroke.
        length: the least and the greatest length of one of its up to 5 straight parts.
        box: the least and the greatest side of a box.
        boxes: the share of boxes among what is drawn.
        coverage: the share of the picture at which drawing ends, give or take a quarter.
    """

    stroke: tuple[float, float]
    length: tuple[float, float]
    box: tuple[float, float]
    boxes: float
    coverage: float


HOLES: Mapping[str, Holes] = {
    "thin": Holes(stroke=(0.008, 0.03), length=(0.05, 0.25), box=(0.02, 0.06), boxes=0.1, coverage=0.10),
    "medium": Holes(stroke=(0.03, 0.09), length=(0.05, 0.30), box=(0.05, 0.20), boxes=0.25, coverage=0.19),
    "thick": Holes(stroke=(0.09, 0.20), length=(0.05, 0.40), box=(0.15, 0.40), boxes=0.35, coverage=0.33),
}
"""The three kinds, thin (about 10 % of the picture), medium (20 %) and thick (35 %).

Paper: Suvorov et al. 2022, "Resolution-robust Large Mask Inpainting with Fourier Convolutions", arXiv:2109.07161
(Sec. 2.3 and its supplement).
"""


def mask(kind: str, height: int, width: int, rng: np.random.Generator) -> UInt8[np.ndarray, "{height} {width}"]:
    """A random mask of a kind in `HOLES`: 1 where pixels are missing, 0 elsewhere."""
    return draw(HOLES[kind], height, width, rng)


def draw(holes: Holes, height: int, width: int, rng: np.random.Generator) -> UInt8[np.ndarray, "{height} {width}"]:
    """The same of holes of any kind."""
    side = min(height, width)
    drawn = np.zeros((height, width), np.uint8)
    wanted = holes.coverage * rng.uniform(0.75, 1.25) * drawn.size
    while np.count_nonzero(drawn) < wanted:
        if rng.random() < holes.boxes:
            corner = rng.integers(0, (width, height))
            sides = np.maximum(1, rng.uniform(*holes.box, 2) * side)
            first = np.rint(corner - sides / 2).astype(int)
            cv2.rectangle(drawn, first.tolist(), (first + np.rint(sides).astype(int) - 1).tolist(), 1, cv2.FILLED)
        else:
            _stroke(drawn, holes, side, rng)
    return drawn


def _stroke(drawn: UInt8[np.ndarray, "h w"], holes: Holes, side: int, rng: np.random.Generator) -> None:
    """Draws a bent line, each part turned by up to 120 degrees against the one before, with round ends."""
    height, width = drawn.shape
    thickness = max(1, round(rng.uniform(*holes.stroke) * side))
    point = rng.uniform(0, (width, height))
    angle = rng.uniform(0, 2 * np.pi)
    points = [point]
    for _ in range(rng.integers(1, 6)):
        angle += rng.uniform(-2 / 3, 2 / 3) * np.pi
        point = point + rng.uniform(*holes.length) * side * np.array([np.cos(angle), np.sin(angle)])
        points.append(point)
    cv2.polylines(drawn, [np.rint(points).astype(np.int32)], isClosed=False, color=1, thickness=thickness)
