"""Bicubic resampling of tensors, up and down, under the two rules for borders that the field has.

Cubic convolution with a = -0.5 (Keys 1981, doi:10.1109/TASSP.1981.1163711, Eq. 15), and a kernel widened by the
reduction factor (antialiasing). At the borders, benchmarks mirror the picture and repeat the edge pixel, as MATLAB's
`imresize` does: so do `downsample` and `upsample`, so that scores compare with published ones. Pillow and torch cut the
kernel off and weigh up what is left of it: so do srgan/inference/reduce.py, which makes the sizes that users ask for,
and what holds an enlarged picture to its input (`--consistent`). Both rules give the same 2 pixels away from the
borders of the smaller picture.
"""

from collections import OrderedDict
from functools import lru_cache
from threading import Lock

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError

Planes = Float[Tensor, "n c h w"]
"""Pictures of one size, or what lies beside their colours: each channel is resampled on its own."""

UPSAMPLE_CONTEXT = 2
"""Input pixels to each side that an enlarged pixel depends on."""


def downsample(x: Planes, scale: int) -> Float[Tensor, "n c h//{scale} w//{scale}"]:
    """The pictures reduced `scale` times, antialiased; values may overshoot [0, 1] slightly.

    Raises:
        ConfigError: a side is not a multiple of `scale`.
    """
    height, width = x.shape[-2:]
    if height % scale or width % scale:
        raise ConfigError(f"a {width}x{height} picture cannot be reduced {scale} times: crop it to a multiple first")
    return resize(x, height // scale, width // scale)


def upsample(x: Planes, scale: int) -> Float[Tensor, "n c h*{scale} w*{scale}"]:
    """The pictures enlarged `scale` times; values may overshoot [0, 1] slightly.

    Each of the scale x scale output phases is one small convolution of the input, so a tile with
    UPSAMPLE_CONTEXT pixels around it gives the same values as the whole picture.
    """
    n, channels, height, width = x.shape
    mirrored = _mirror(_mirror(x, UPSAMPLE_CONTEXT, dim=3), UPSAMPLE_CONTEXT, dim=2)
    rows = mirrored.reshape(n * channels, 1, *mirrored.shape[-2:])
    # On a GPU in float64, where no setting of the process lets cuDNN round.
    rows = rows.double() if rows.is_cuda else rows
    phases = F.conv2d(rows, phase_kernels(scale, x.device).to(rows.dtype)).to(x.dtype)
    return pixel_shuffle(phases.reshape(n, channels * scale**2, height, width), scale)


def pixel_shuffle(phases: Float[Tensor, "n d h w"], scale: int) -> Float[Tensor, "n d//{scale}**2 h*{scale} w*{scale}"]:
    """Channels become pixels, scale x scale of them each (Shi et al. 2016, arXiv:1609.05158, Eq. 4).

    The values of torch's own, but always in plain rows (NCHW), which is what the base of a restoration is in, and
    several times as fast from channels-last.
    """
    n, channels, height, width = phases.shape
    split = phases.reshape(n, channels // scale**2, scale, scale, height, width)
    return split.permute(0, 1, 4, 2, 5, 3).reshape(n, channels // scale**2, height * scale, width * scale)


def resize(x: Planes, height: int, width: int, *, mirrored: bool = True) -> Float[Tensor, "n c {height} {width}"]:
    """The pictures at any size, antialiased where they shrink; values may overshoot [0, 1] slightly.

    Args:
        mirrored: at the borders the picture is, as in MATLAB; else the kernel is cut off there, as in Pillow and torch.
    """
    if not mirrored:
        on = x.cpu() if x.device.type == "mps" else x  # which may not know how
        resized: Tensor = F.interpolate(on, (height, width), mode="bicubic", antialias=True)
        return resized.to(x.device)
    vertical, horizontal = (
        MATRICES.get(size, new_size, x.device) for size, new_size in zip(x.shape[-2:], (height, width), strict=True)
    )
    return vertical @ x @ horizontal.T


def cubic(distance: Tensor) -> Tensor:
    """Keys' kernel at a = -0.5."""
    d = distance.abs()
    near = (1.5 * d - 2.5) * d * d + 1
    far = ((-0.5 * d + 2.5) * d - 4) * d + 2
    return torch.where(d <= 1, near, torch.where(d <= 2, far, torch.zeros_like(d)))


@torch.inference_mode(False)  # or what inference has made first, training could not use
def _matrix(size: int, new_size: int, device: torch.device) -> Float[Tensor, "{new_size} {size}"]:
    """Row i holds the weights of the input pixels in output pixel i; rows sum to 1."""
    ratio = new_size / size
    widening = max(1.0, 1 / ratio)
    centre = (torch.arange(new_size, dtype=torch.float64) + 0.5) / ratio - 0.5
    first = torch.floor(centre - 2 * widening).long()
    taps = first[:, None] + torch.arange(int(4 * widening) + 3)
    weights = cubic((taps - centre[:, None]) / widening)
    weights = weights / weights.sum(dim=1, keepdim=True)
    period = taps % (2 * size)
    mirrored = torch.minimum(period, 2 * size - 1 - period)
    matrix = torch.zeros(new_size, size, dtype=torch.float64)
    return matrix.scatter_add_(1, mirrored, weights).float().to(device)


class _Matrices:
    """The matrices that were used last, as many as fit into so many bytes: training asks for the same few hundred."""

    def __init__(self, most: int) -> None:
        self.most, self.bytes = most, 0
        self._kept: OrderedDict[tuple[int, int, torch.device], Tensor] = OrderedDict()
        self._lock = Lock()

    def get(self, size: int, new_size: int, device: torch.device) -> Float[Tensor, "{new_size} {size}"]:
        key = size, new_size, device
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        matrix = _matrix(*key)
        with self._lock:
            if matrix.nbytes <= self.most and key not in self._kept:
                self._kept[key] = matrix
                self.bytes += matrix.nbytes
            while self.bytes > self.most:
                self.bytes -= self._kept.popitem(last=False)[1].nbytes
        return matrix


MATRICES = _Matrices(64_000_000)


@lru_cache(maxsize=8)
@torch.inference_mode(False)
def phase_kernels(scale: int, device: torch.device) -> Float[Tensor, "phases 1 taps taps"]:
    """Kernel k*scale + l gives the output pixels of row phase k and column phase l."""
    taps = torch.arange(-UPSAMPLE_CONTEXT, UPSAMPLE_CONTEXT + 1, dtype=torch.float64)
    phase = (torch.arange(scale, dtype=torch.float64) + 0.5) / scale - 0.5
    weights = cubic(taps[None] - phase[:, None])
    weights = weights / weights.sum(dim=1, keepdim=True)
    side = taps.numel()
    kernels = weights[:, None, :, None] * weights[None, :, None, :]
    return kernels.reshape(scale * scale, 1, side, side).float().to(device)


def _mirror(x: Tensor, margin: int, dim: int) -> Tensor:
    """`x` with `margin` pixels more at both ends, mirrored so that the edge pixel repeats, however short the side."""
    size = x.shape[dim]
    index = torch.arange(-margin, size + margin, device=x.device) % (2 * size)
    return x.index_select(dim, torch.minimum(index, 2 * size - 1 - index))
