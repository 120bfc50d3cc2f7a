"""What people want out of their photographs, drawn as masks: wires, blobs, text and scratches."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.random import Generator

Mask = np.ndarray


def wires(height: int, width: int, rng: Generator) -> Mask:
    """Overhead lines: from side to side, sagging, 3 to 6 px wide."""
    drawn = np.zeros((height, width), np.uint8)
    across = np.linspace(0, width, 50)
    for _ in range(6):
        left, right = rng.uniform(0, height, 2)
        sag = rng.uniform(0.02, 0.15) * height * (1 - (2 * across / width - 1) ** 2)
        points = np.stack([across, left + (right - left) * across / width + sag], axis=1)
        cv2.polylines(drawn, [np.rint(points).astype(np.int32)], False, 1, int(rng.integers(3, 7)))
    return drawn


def blobs(height: int, width: int, rng: Generator) -> Mask:
    """Things in the way: ellipses of 30 to 70 px."""
    drawn = np.zeros((height, width), np.uint8)
    for _ in range(max(1, height * width // 20_000)):
        centre = rng.integers(0, (width, height)).tolist()
        axes = rng.integers(15, 35, 2).tolist()
        cv2.ellipse(drawn, centre, axes, float(rng.uniform(0, 180)), 0, 360, 1, cv2.FILLED)
    return drawn


def text(height: int, width: int, rng: Generator) -> Mask:
    """A caption laid over everything, line below line."""
    drawn = np.zeros((height, width), np.uint8)
    words = "the quick brown fox jumps over the lazy dog " * 3
    for number, base in enumerate(range(30, height + 20, 34)):
        cv2.putText(drawn, words[5 * number % 40 :], (-5, base), cv2.FONT_HERSHEY_DUPLEX, 0.9, 1, 2)
    return drawn


def scratches(height: int, width: int, rng: Generator) -> Mask:
    """An old print: hairlines of 1 to 3 px, and specks."""
    drawn = np.zeros((height, width), np.uint8)
    for _ in range(height * width // 4000):
        start = rng.uniform(0, (width, height))
        angle = rng.normal(np.pi / 2, 0.4)
        end = start + rng.uniform(10, 150) * np.array([np.cos(angle), np.sin(angle)])
        cv2.line(
            drawn, np.rint(start).astype(int).tolist(), np.rint(end).astype(int).tolist(), 1, int(rng.integers(1, 4))
        )
        cv2.circle(drawn, rng.integers(0, (width, height)).tolist(), int(rng.integers(1, 5)), 1, cv2.FILLED)
    return drawn


KINDS: dict[str, Callable[[int, int, Generator], Mask]] = {
    "wires": wires,
    "blobs": blobs,
    "text": text,
    "scratches": scratches,
}
