"""Makes pairs of photographs to translate between: day and night, or edges and photo.

    python scripts/study/pairs.py night PHOTOS OUT    writes OUT/day and OUT/night
    python scripts/study/pairs.py edges PHOTOS OUT    writes OUT/edges and OUT/photo

PHOTOS is a folder, of tar shards, too. A night is made up: darkened, blue, noisy, with lamps lit where small things
were bright. Edges are Canny's (1986, doi:10.1109/TPAMI.1986.4767851), white on black.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np

from srgan.data.sources import sources
from srgan.images.image import Image, eight_bits
from srgan.images.writer import write

LIGHT, BLUE, WARM = 0.08, np.array([0.55, 0.8, 1.35]), np.array([1.0, 0.7, 0.35])
"""How much light the night leaves of the day's, its colour, and that of lamps."""

BRIGHT, SMALL = 0.6, 0.3
"""Linear luma from which on something may be a lamp, and how much of it must be above that of the pixels around."""


def night(day: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same scene by night; both in 8 bit, (h, w, 3)."""
    light = (day / 255) ** 2.2
    luma = light @ (0.2126, 0.7152, 0.0722)
    lamps = ((luma > BRIGHT) & (luma - cv2.GaussianBlur(luma, (0, 0), 12) > SMALL)).astype(float)
    glow = sum(weight * cv2.GaussianBlur(lamps, (0, 0), sigma) for weight, sigma in ((0.6, 1), (0.4, 5), (0.4, 14)))
    dark = LIGHT * light * BLUE + glow[..., None] * WARM
    dark = dark + rng.standard_normal(day.shape) * np.sqrt(2e-6 + 3e-4 * dark)
    return np.rint(255 * dark.clip(0, 1) ** (1 / 2.2)).astype(np.uint8)


def edges(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The edges of a photograph; both in 8 bit, (h, w, 3)."""
    grey = cv2.GaussianBlur(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), (0, 0), 1.2)
    return cv2.Canny(grey, 60, 140)[..., None].repeat(3, axis=2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=["night", "edges"])
    parser.add_argument("photos")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, help="how many, from the first on; else all")
    given = parser.parse_args()
    make = {"night": night, "edges": edges}[given.kind]
    of, to = {"night": ("day", "night"), "edges": ("photo", "edges")}[given.kind]
    for number, source in enumerate(sources(given.photos)[: given.count]):
        photo, name = eight_bits(source.pair(1)[0].rgb), f"{number:05d}.png"
        write(given.out / of / name, Image(photo))
        write(given.out / to / name, Image(make(photo, np.random.default_rng(number))))


if __name__ == "__main__":
    main()
