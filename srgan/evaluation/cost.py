"""What a model costs."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from srgan.models.model import Model


@torch.no_grad()
def multiply_adds(model: Model) -> float:
    """The multiply-adds of the convolutions for each input pixel, counted on a picture that needs no padding."""
    side = 3 * model.generator.multiple_of
    with FlopCounterMode(display=False) as counter:
        model.generate(torch.zeros(1, model.task.in_channels, side, side, device=next(model.parameters()).device))
    return float(counter.get_total_flops()) / 2 / side**2
