"""Pictures made of noise, each by its seed: one by one, or many on a sheet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import torch

from srgan.engines import make_engine
from srgan.images.image import Image
from srgan.inference.restore import restore
from srgan.models.model import Model

_AT_ONCE = 64
"""Pictures that are made in one go."""


def pictures(model: Model, seeds: range, device: str = "auto") -> Iterator[Image]:
    """The picture of each seed."""
    side = model.task.scale
    for start in range(0, len(seeds), _AT_ONCE):
        some = seeds[start : start + _AT_ONCE]
        row = sheet(model, some[0], 1, len(some), device)
        for place in range(len(some)):
            yield replace(row, rgb=row.rgb[:, place * side : (place + 1) * side])


def sheet(model: Model, seed: int, rows: int, columns: int, device: str = "auto") -> Image:
    """Pictures from a seed on, row by row: what becomes of a blank picture of as many pixels."""
    engine = make_engine(model, device=device)
    made = restore(model.asked(first=seed), torch.zeros(3, rows, columns), engine=engine)
    levels = made.clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Image(levels, grey=model.task.out_channels == 1)


def classes_asked(model: Model, seeds: range) -> list[str]:
    """Of which class the picture of each seed is to be; none where the model knows no classes."""
    task = model.asked(first=seeds.start).task
    told = task.condition(task.present(torch.zeros(1, 3, 1, len(seeds))))
    return [] if told is None else [task.labels[number] for number in told[0, :, 0].argmax(dim=0).tolist()]
