"""What was done to a picture before it came to us: the traces that JPEG, noise, blur and drawing leave in its pixels.

A picture that went through JPEG keeps the rounding of its DCT in every block, also as a PNG; of how it was rounded the
quality follows, whatever its header says.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from jaxtyping import Float

from srgan.images.image import eight_bits
from srgan.tasks.degrade.jpeg import LUMA_TABLE
from srgan.types import Levels

SEEN = 512
"""Side of the part that is looked at, in the middle of larger pictures [px]."""

EVEN = 0.6
"""Share of neighbours that are equal in pages and screens; in photographs it stays below, but for white backgrounds."""

EDGE = 24
"""What is an edge [8-bit levels a pixel]."""

CERTAIN = 12.0
"""Standard deviations by which rounding must show; of pictures without a trace it stays below 3."""

Luma = Float[np.ndarray, "h w"]
Spectra = Float[np.ndarray, "blocks 64"]


@dataclass(frozen=True)
class Traces:
    """What shows in a picture's pixels.

    Attributes:
        jpeg: quality of its coarsest JPEG, as libjpeg counts, 20 to 98; None where none shows.
        noise: standard deviation of the noise in its flattest parts [8-bit levels].
        sharpness: amplitude of its finest waves over that of middling ones; of nothing but flat areas, 1.
        drawn: share of its edges that rise at once from what is exactly even, if most of it is; else 0.
    """

    jpeg: int | None
    noise: float
    sharpness: float
    drawn: float


def traces(picture: Levels) -> Traces:
    """What shows in the middle of a picture."""
    luma = _middle(picture)
    if min(luma.shape) < 16:
        return Traces(None, 0.0, 1.0, 0.0)
    spectra = _spectra(luma)
    quality, certainty = _quality(spectra)
    if certainty < CERTAIN:  # perhaps it was cut since, and its blocks begin elsewhere
        quality, certainty = _quality(_spectra(luma[_offset(luma.T) :, _offset(luma) :]))
    jpeg = quality if certainty >= CERTAIN else None
    return Traces(jpeg, _noise(spectra), _sharpness(spectra), _drawn(luma))


def _middle(picture: Levels) -> Luma:
    """The luma of JPEG in the middle of a picture, in 8-bit levels; cut between blocks of the whole."""
    top, left = (max(0, (side - SEEN) // 2 // 8 * 8) for side in picture.shape[:2])
    cut = eight_bits(picture[top : top + SEEN, left : left + SEEN]).astype(np.float64)
    luma: Luma = cut @ np.array([0.299, 0.587, 0.114]) - 128
    return luma


def _spectra(luma: Luma) -> Spectra:
    """The DCT of each whole block."""
    height, width = (side // 8 for side in luma.shape)
    blocks = luma[: 8 * height, : 8 * width].reshape(height, 8, width, 8)
    waves = [[math.cos((2 * i + 1) * u * math.pi / 16) / 2 for i in range(8)] for u in range(8)]
    dct = np.array([[math.sqrt(1 / 8)] * 8, *waves[1:]])
    spectra: Spectra = np.einsum("ui,aibj,vj->abuv", dct, blocks, dct, optimize=True).reshape(-1, 64)
    return spectra


def _quality(spectra: Spectra) -> tuple[int, float]:
    """The quality whose steps the spectra fit best, and by how many standard deviations better than chance.

    Coefficients that were rounded to multiples of a step have a cosine of 1 over that step; others, of 0 on average.

    Paper: Fan and de Queiroz 2003, "Identification of Bitmap Compression History", doi:10.1109/TIP.2002.807361.
    """
    best = (20, 0.0)
    rows, columns = np.divmod(np.arange(64), 8)
    coarse = (rows + columns > 0) & (rows + columns <= 6)  # what is finer is mostly rounded to 0
    alternating = spectra[:, coarse].astype(np.float32)
    size = np.abs(alternating)
    for quality in range(20, 99):
        steps = _steps(quality)[coarse]
        # Where rounding gave 0, nothing shows; steps of 1 and 2 drown in the rounding of the pixels.
        shows = (size > steps / 2) & (steps >= 3)
        count = np.count_nonzero(shows)
        if count < 100:
            continue
        fit = float(np.cos(2 * np.pi * (alternating / steps)[shows]).mean())
        best = max(best, (quality, fit * math.sqrt(2 * count)), key=lambda found: found[1])
    return best


@cache
def _steps(quality: int) -> Float[np.ndarray, "64"]:
    """The steps of luma at a quality, as the Independent JPEG Group scales them (jcparam.c)."""
    percent = 5000 / quality if quality < 50 else 200 - 2 * quality
    return np.clip(np.floor((np.array(LUMA_TABLE) * percent + 50) / 100), 1, 255).astype(np.float32)


def _offset(luma: Luma) -> int:
    """The column in which blocks begin, as far as their edges show: where steps are higher than those beside them."""
    steps = np.abs(np.diff(luma, axis=1)).mean(axis=0)
    edges = steps[1:-1] - (steps[:-2] + steps[2:]) / 2
    heights = [edges[start::8].mean() for start in range(8)]
    return (int(np.argmax(heights)) + 2) % 8


def _noise(spectra: Spectra) -> float:
    """The deviation of the finest waves in the few blocks that have least of all others, for texture counts, too."""
    rows, columns = np.divmod(np.arange(64), 8)
    finest = (rows + columns >= 8) & (rows > 0) & (columns > 0)
    coarser = np.square(spectra[:, ~finest][:, 1:]).sum(axis=1)
    flattest = spectra[np.argsort(coarser)[: max(4, len(spectra) // 32)]][:, finest]
    return float(np.median(np.abs(flattest)) / 0.6745)


def _sharpness(spectra: Spectra) -> float:
    """The finest waves over middling ones: of photographs about 0.25 whatever they show, for their power falls alike.

    Paper: Field 1987, "Relations between the statistics of natural images", doi:10.1364/JOSAA.4.002379.
    """
    rows, columns = np.divmod(np.arange(64), 8)
    finest, middling = rows + columns >= 9, (rows + columns >= 3) & (rows + columns <= 5)
    least = 0.1  # of rounding alone it is 0.3 or so
    power = np.square(spectra).mean(axis=0)
    return float(np.sqrt(max(power[finest].mean(), least**2) / max(power[middling].mean(), least**2)))


def _drawn(luma: Luma) -> float:
    """The share of edges beside which nothing changes, for a program drew them pixel by pixel.

    A reduction spreads each edge over several pixels, but for those that white cuts off; most of a page is even, too.
    """
    even = edges = abrupt = 0
    for lines in (luma, luma.T):
        steps = np.abs(np.diff(lines, axis=1))
        still = steps < 0.5
        edge = steps[:, 1:-1] > EDGE
        even += int(still.sum())
        edges += int(edge.sum())
        abrupt += int((edge & (still[:, :-2] | still[:, 2:])).sum())
    return abrupt / max(edges, 1) if even >= EVEN * 2 * luma.size else 0.0
