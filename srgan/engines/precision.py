"""What a generator computes in, and how the values of a picture lie in memory meanwhile."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from srgan.engines.fused import fuse, fusing_helps
from srgan.networks.network import ConvReLU

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""What each precision is to torch, the most exact first."""

FORMATS = {"channels_last": torch.channels_last, "channels_first": torch.contiguous_format}
"""How the values of a picture lie in memory: pixel by pixel, or channel by channel."""


@dataclass(frozen=True)
class Precision:
    """What a generator computes in."""

    dtype: torch.dtype
    memory_format: torch.memory_format = torch.channels_last


def computes(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether torch does convolutions in such a precision on the device, found by trying one."""
    try:
        layer = nn.Sequential(ConvReLU(64, 64, 3, padding=1)).to(device, dtype)
        if fusing_helps(device, dtype):
            fuse(layer)
        _convolve(layer, torch.full((1, 64, 8, 8), 0.5, device=device).to(dtype))
    except RuntimeError:  # the device, or this build of torch, has no such convolution
        return False
    return True


@torch.inference_mode()
def _convolve(layer: nn.Sequential, x: Tensor) -> None:
    layer(x)[0, 0, 0, 0].item()  # waits for a GPU
