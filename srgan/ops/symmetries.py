"""Geometric self-ensemble: a network is asked in all eight symmetries of the square, and its answers are averaged.

Its errors differ from one to the next, and the truth does not. Where it has learnt from pictures turned and mirrored at
random, as most have, it knows each of them.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from srgan.types import Observed

SYMMETRIES = 8


def ensembled(generate: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """What makes of a picture (n, c, h, w) the mean of what `generate` makes of it turned and mirrored, in float32.

    Papers: Timofte et al. 2016, "Seven Ways to Improve Example-based Single Image Super Resolution", arXiv:1511.02228;
    Lim et al. 2017 (EDSR), arXiv:1707.02921, sec. 3.4.
    """

    def mean(observed: Observed) -> Tensor:
        total = _asked(generate, observed, 0)
        for number in range(1, SYMMETRIES):  # one after the other: eight answers at once need eight times the memory
            total += _asked(generate, observed, number)
        return total / SYMMETRIES

    return mean


def _asked(generate: Callable[[Tensor], Tensor], observed: Observed, number: int) -> Tensor:
    """What is made of the picture in one of the symmetries, turned back."""
    turns, mirrored = number % 4, number >= 4
    seen = torch.rot90(observed.flip(-1) if mirrored else observed, turns, (-2, -1))
    made = torch.rot90(generate(seen).float(), -turns, (-2, -1))
    return made.flip(-1) if mirrored else made
