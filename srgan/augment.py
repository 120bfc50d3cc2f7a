"""Differentiable augmentation: what a discriminator is shown is changed at random, real and fake alike.

So that it cannot learn few pictures by heart, while the generator still gets its gradient and never learns to imitate
the changes. Paper: Zhao et al. 2020, arXiv:2006.10738 (Sec. 3.2): colour, translation and cutout.
"""

import torch
from jaxtyping import Float
from torch import Tensor

SHIFT, HOLE = 1 / 8, 1 / 2
"""The largest translation and the side of the hole, as shares of the picture's side."""


def augment(pictures: Float[Tensor, "n c h w"], rng: torch.Generator) -> Float[Tensor, "n c h w"]:
    """The pictures, in [-1, 1], in other colours, shifted, and with a hole; a condition behind them changes alike.

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
    top = torch.rand(n, 1, 1, generator=rng, device=device) * height - height * HOLE / 2
    left = torch.rand(n, 1, 1, generator=rng, device=device) * width - width * HOLE / 2
    rows = torch.arange(height, device=device)[None, :, None]
    columns = torch.arange(width, device=device)[None, None, :]
    hole = (rows >= top) & (rows < top + height * HOLE) & (columns >= left) & (columns < left + width * HOLE)
    return (~hole)[:, None].float()
