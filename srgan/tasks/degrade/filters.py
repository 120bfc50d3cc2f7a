"""The filters by which programs make pictures smaller and larger, another one for each picture of a batch."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from srgan.ops.resample import cubic
from srgan.types import Batch


def _lanczos(distance: Tensor) -> Tensor:
    return torch.where(distance.abs() < 3, torch.sinc(distance) * torch.sinc(distance / 3), 0.0)


def _triangle(distance: Tensor) -> Tensor:
    return (1 - distance.abs()).clamp(min=0)


def _box(distance: Tensor) -> Tensor:
    return ((distance > -0.5) & (distance <= 0.5)).to(distance)


FILTERS: tuple[tuple[Callable[[Tensor], Tensor], float], ...] = (
    (cubic, 2.0),
    (_lanczos, 3.0),
    (_triangle, 1.0),
    (_box, 0.5),
)
"""Bicubic, Lanczos, bilinear and box, each with its reach [px], in the order of `resized`'s `which`."""


def resized(x: Batch, height: int, width: int, which: Int[Tensor, "n"]) -> Float[Tensor, "n 3 {height} {width}"]:
    """The pictures at another size, each by one of `FILTERS`, widened where they shrink: Pillow's `resize`."""
    if (height, width) == tuple(x.shape[-2:]):
        return x
    rows, columns = (
        _weights(size, new, x.device)[which] for size, new in zip(x.shape[-2:], (height, width), strict=True)
    )
    return (rows[:, None] @ x @ columns[:, None].transpose(-1, -2)).clamp(0, 1)


def _weights(size: int, new_size: int, device: torch.device) -> Float[Tensor, "k {new_size} {size}"]:
    """For each filter, row i holds the weights of the input pixels in output pixel i; none lie beyond the edge."""
    ratio = size / new_size
    widening = max(1.0, ratio)
    centre = (torch.arange(new_size, device=device, dtype=torch.float64) + 0.5) * ratio
    distance = (torch.arange(size, device=device, dtype=torch.float64) + 0.5 - centre[:, None]) / widening
    tables = []
    for kernel, reach in FILTERS:
        table = torch.where(distance.abs() <= reach, kernel(distance), 0.0)
        tables.append(table / table.sum(dim=1, keepdim=True))
    return torch.stack(tables).float()
