"""What repeats in filled holes with the periods of a network's levels, beside the photographs' own pixels there.

    python scripts/measure/periods.py DIR [--model inpaint] [--sides 64 128]

Squares are cut out of the photographs of DIR and filled. Of each, luma less its local mean is folded into cells of
P x P pixels: the variance of the mean cell, times the number of cells, over the variance of the pixels, is 1 for white
noise, about the same for P - 1, P and P + 1 for what has nothing to do with P, and more for what repeats with it. The
table says how many times as large it is at P as beside it, and that how many times as large as in the truth.
"""

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float, UInt8

import srgan
from srgan.images.find import find

PERIODS = (8, 16, 32)


def repeats(square: UInt8[np.ndarray, "h w 3"], period: int) -> Float[np.ndarray, "2"]:
    """The variance of the mean cell, times the number of cells, and that of the pixels."""
    luma = square.astype(np.float32).mean(axis=2)
    luma -= cv2.blur(luma, (period + 1, period + 1))
    rows, columns = (side // period for side in luma.shape)
    cells = luma[: rows * period, : columns * period].reshape(rows, period, columns, period)
    return np.array([cells.mean(axis=(0, 2)).var() * rows * columns, cells.var()])


def peak(shares: dict[tuple[str, int], float], which: str, period: int) -> float:
    """How much more repeats with a period than with those beside it."""
    return 2 * shares[which, period] / (shares[which, period - 1] + shares[which, period + 1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="inpaint")
    parser.add_argument("--sides", type=int, nargs="+", default=[64, 128])
    arguments = parser.parse_args()
    model = srgan.load(arguments.model).asked(texture=0.0)  # what the network weaves, not what the picture repeats
    print("| holes | " + " | ".join(f"period {period}" for period in PERIODS) + " |\n|---|" + "---|" * len(PERIODS))
    for side in arguments.sides:
        sums = defaultdict(lambda: np.zeros(2))
        for name in find(arguments.data):
            truth = srgan.read(arguments.data / name).rgb
            height, width = truth.shape[:2]
            corners = [
                (top, left)
                for top in range(side, height - side - side // 2, 2 * side)
                for left in range(side, width - side - side // 2, 2 * side)
            ]
            holes = np.zeros((height, width), np.uint8)
            for top, left in corners:
                holes[top : top + side, left : left + side] = 255
            filled = srgan.restore(model, truth, holes)
            for top, left in corners:
                inside = np.s_[top : top + side, left : left + side]
                for period in {period + beside for period in PERIODS for beside in (-1, 0, 1)}:
                    sums["filled", period] += repeats(filled[inside], period)
                    sums["truth", period] += repeats(truth[inside], period)
        shares = {which: repeated / every for which, (repeated, every) in sums.items()}
        ratios = [peak(shares, "filled", period) / peak(shares, "truth", period) for period in PERIODS]
        print(f"| {side} px | " + " | ".join(f"{ratio:.2f}" for ratio in ratios) + " |", flush=True)


if __name__ == "__main__":
    main()
