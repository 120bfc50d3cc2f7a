"""Holes in pictures, as far as no network is needed: smaller pictures with holes, a smooth first guess, blur."""

import cv2
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.types import Batch, Mask


def halved(picture: Batch, mask: Mask) -> tuple[Float[Tensor, "n 3 _ _"], Float[Tensor, "n 1 _ _"]]:
    """Half the size: the mean of what is known of 2 x 2 pixels; missing is only where nothing is."""
    height, width = picture.shape[2:]
    even = (0, width % 2, 0, height % 2)
    picture, known = F.pad(picture, even, mode="replicate"), 1 - F.pad(mask, even, mode="replicate")
    share = F.avg_pool2d(known, 2)
    return F.avg_pool2d(picture * known, 2) / share.clamp(min=0.25), (share == 0).to(mask)


def smoothed(picture: Batch, mask: Mask) -> Batch:
    """What is known as it is; the holes from the same of half the picture, enlarged: colours that run into each other.

    Paper: Gortler et al. 1996, "The Lumigraph", doi:10.1145/237170.237200 (Sec. 3.4.1, pull and push).
    """
    height, width = picture.shape[2:]
    known = picture * (1 - mask)  # whether there is any hole is not asked: on a GPU the answer would be waited for
    if max(height, width) == 1:
        return known + 0.5 * mask
    below = smoothed(*halved(picture, mask))
    enlarged = F.interpolate(below, scale_factor=2, mode="bilinear", align_corners=False)[..., :height, :width]
    return known + enlarged * mask


def gaussian_blur(picture: Batch, deviation: float) -> Batch:
    """One picture on the CPU, its edges mirrored.

    Args:
        deviation: of the Gaussian [px].
    """
    blurred = cv2.GaussianBlur(picture[0].permute(1, 2, 0).numpy(), (0, 0), deviation)
    return torch.from_numpy(blurred).permute(2, 0, 1)[None]
