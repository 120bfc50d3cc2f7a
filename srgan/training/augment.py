"""What is done to pictures before a network judges them, real and fake alike; gradients pass through it.

`augment` keeps a discriminator from learning few pictures by heart; the generator never learns to imitate the changes.
`off_grid` keeps the strides of any judge from leaving their grid in the generator.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

SHIFT, CUTOUT = 1 / 8, 1 / 2
"""The largest translation and the side of what is cut out, as shares of the picture's side."""

Roll = Callable[[Any], Any]
"""What is done to pictures before a network judges them, and to what lies beside them; None stays None."""


def augment(pictures: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """The pictures, in [-1, 1], in other colours, shifted, a part cut out; a condition behind them changes alike.

    Paper: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", arXiv:2006.10738, Sec. 3.2.

    Args:
        rng: equal states change a real and a fake batch equally.
    """
    n, channels, height, width = pictures.shape
    device = pictures.device

    def draw() -> Float[Tensor, "n 1 1 1 1"]:
        return torch.rand(n, 1, 1, 1, 1, generator=rng, device=device)

    x = pictures.reshape(n, channels // 3, 3, height, width) + (draw() - 0.5)  # brightness
    grey = x.mean(dim=2, keepdim=True)
    x = grey + (x - grey) * (draw() * 2)  # saturation
    level = x.mean(dim=(2, 3, 4), keepdim=True)
    x = level + (x - level) * (draw() + 0.5)  # contrast
    x = _shifted(x.reshape(n, channels, height, width), rng)
    return x * _kept(n, height, width, rng, device)


def off_grid(seed: int, step: int, stride: int = 16) -> Roll:
    """What rolls pictures (n, c, h, w) by less than `stride` down and to the right, equally with `seed` and `step`.

    The gradient of a strided layer or a pooling repeats with its stride (Odena et al. 2016,
    doi:10.23915/distill.00003). A generator that enlarges has weights of its own for each place on the same grid, and
    would learn a pattern of dots from it, did the grid not lie elsewhere in each step.
    """
    down, right = np.random.default_rng([seed, step]).integers(stride, size=2).tolist()

    def roll(pictures: Tensor | None) -> Tensor | None:
        if pictures is None:
            return None
        return pictures.roll((down, right), dims=(2, 3)).contiguous(memory_format=torch.channels_last)

    return roll


def _shifted(x: Tensor, rng: torch.Generator) -> Tensor:
    """Each picture moved by up to an eighth of its side; zeros come in."""
    n, _, height, width = x.shape
    most_down, most_right = int(height * SHIFT + 0.5), int(width * SHIFT + 0.5)
    down = torch.randint(-most_down, most_down + 1, (n, 1, 1), generator=rng, device=x.device)
    right = torch.randint(-most_right, most_right + 1, (n, 1, 1), generator=rng, device=x.device)
    rows = torch.arange(height, device=x.device)[None, :, None] - down
    columns = torch.arange(width, device=x.device)[None, None, :] - right
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    which = torch.arange(n, device=x.device)[:, None, None]
    moved = x.permute(0, 2, 3, 1)[which, rows.clamp(0, height - 1), columns.clamp(0, width - 1)]
    return moved.permute(0, 3, 1, 2) * inside[:, None]


def _kept(n: int, height: int, width: int, rng: torch.Generator, device: torch.device) -> Float[Tensor, "n 1 h w"]:
    """0 in a rectangle of half the sides around a random place, else 1."""
    top = torch.rand(n, 1, 1, generator=rng, device=device) * height - height * CUTOUT / 2
    left = torch.rand(n, 1, 1, generator=rng, device=device) * width - width * CUTOUT / 2
    rows = torch.arange(height, device=device)[None, :, None]
    columns = torch.arange(width, device=device)[None, None, :]
    cut = (rows >= top) & (rows < top + height * CUTOUT) & (columns >= left) & (columns < left + width * CUTOUT)
    return (~cut)[:, None].float()
