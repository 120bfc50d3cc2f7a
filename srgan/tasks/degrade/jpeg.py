"""What JPEG does to a picture, in torch, so that whole batches of training crops go through it on any device."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.types import Batch

# ITU-T T.81, Annex K, tables K.1 and K.2.
LUMA_TABLE = (
    *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
)
_CHROMA_TABLE = (
    *(17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99),
    *(24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99),
    *(99,) * 32,
)
_TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


def jpeg(x: Batch, quality: Float[Tensor, "n"], *, subsampled: bool = True, smooth: bool = False) -> Batch:
    """The pictures as a JPEG decoder gives them back, in [0, 1] and 8-bit levels.

    Args:
        quality: of each picture, 1 to 100, as libjpeg scales its tables.
        subsampled: chroma at half the width and height (4:2:0), averaged and repeated, or at full size (4:4:4).
        smooth: enlarge such chroma bilinearly, as libjpeg does unless told otherwise.

    Standard: ITU-T T.81, Annex A (DCT and quantisation) and K (tables); colours by JFIF 1.02.
    """
    height, width = x.shape[2:]
    padded = F.pad(x, (0, -width % 16, 0, -height % 16), mode="replicate")
    to_ycc = x.new_tensor(_TO_YCC)
    planes = torch.einsum("ij,njhw->nihw", to_ycc, padded.clamp(0, 1).mul(255).round()).round()
    luma, chroma = planes[:, :1] - 128, planes[:, 1:]  # all three lie about 0
    luma = _quantised(luma, _table(LUMA_TABLE, quality))
    if subsampled:
        chroma = F.avg_pool2d(chroma, 2).round()
    chroma = _quantised(chroma, _table(_CHROMA_TABLE, quality))
    if subsampled and smooth:
        chroma = F.interpolate(chroma, scale_factor=2.0, mode="bilinear", align_corners=False)
    elif subsampled:
        chroma = chroma.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
    planes = torch.cat([luma, chroma], dim=1).round().clamp(-128, 127)
    decoded = torch.einsum("ij,njhw->nihw", to_ycc.inverse(), planes) + 128
    return decoded[:, :, :height, :width].round().clamp(0, 255).div(255)


def _table(base: tuple[int, ...], quality: Float[Tensor, "n"]) -> Float[Tensor, "n 1 1 8 1 8"]:
    """The steps of an 8 x 8 block at each quality, as the Independent JPEG Group scales them (jcparam.c)."""
    percent = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality)
    steps = torch.floor((quality.new_tensor(base) * percent[:, None] + 50) / 100).clamp(1, 255)
    return steps.view(-1, 1, 1, 8, 1, 8)


def _quantised(plane: Float[Tensor, "n c h w"], table: Float[Tensor, "n 1 1 8 1 8"]) -> Float[Tensor, "n c h w"]:
    """The plane after its blocks went through DCT, rounding to the steps of the table, and back."""
    n, channels, height, width = plane.shape
    dct = _dct(plane)
    blocks = plane.reshape(n, channels, height // 8, 8, width // 8, 8)
    spectra = torch.einsum("ui,ncaibj,vj->ncaubv", dct, blocks, dct)
    kept = torch.round(spectra / table) * table
    return torch.einsum("ui,ncaubv,vj->ncaibj", dct, kept, dct).reshape(n, channels, height, width)


def _dct(like: Tensor) -> Float[Tensor, "8 8"]:
    """The orthonormal DCT-II: row u holds the wave of frequency u."""
    waves = [[math.cos((2 * i + 1) * u * math.pi / 16) / 2 for i in range(8)] for u in range(8)]
    waves[0] = [math.sqrt(1 / 8)] * 8
    return like.new_tensor(waves)
