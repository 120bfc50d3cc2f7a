"""Give deep holes the detail of the picture around them: a generator says what belongs there, patches how it looks.

filled picture -> ever smaller -> squares quilted -> patches matched, averaged -> the same places at twice the size, ...
"""

import cv2
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.ops.patchmatch import Patches
from srgan.ops.pyramid import gaussian_blur
from srgan.types import Batch, Mask

SHALLOW, DEEP = 3, 10
"""How far from what is known a generator's pixels begin to be replaced, and from where on they are gone [px]."""

BEGIN = 28
"""Quilting begins at the size at which no pixel of a hole is farther than this from what is known [px]."""

LARGEST = 2**17
"""Pixels of the largest picture of which patches are matched; in larger ones they come from the same places."""

ROUNDS = 2
"""How often patches are matched, and averaged, at each size."""

SMOOTH = 8.0
"""Deviation of the Gaussian that tells how far off smooth colours are [px]."""

KEPT = 0.75
"""How much of that is taken back: all of it is a haze where a generator was wrong, none of it a patchwork."""


def detailed(picture: Batch, holes: Mask) -> Batch:
    """A filled picture in whose deep holes is what the picture has elsewhere, where that looks like what they hold.

    Papers: Efros and Freeman 2001, "Image Quilting for Texture Synthesis and Transfer", doi:10.1145/383259.383296;
    Wexler et al. 2007, "Space-Time Completion of Video", doi:10.1109/TPAMI.2007.60; guided by a generator as by Yang
    et al. 2017, "High-Resolution Image Inpainting Using Multi-Scale Neural Patch Synthesis", arXiv:1611.09969.
    """
    depth = torch.from_numpy(cv2.distanceTransform(holes[0, 0].byte().numpy(), cv2.DIST_L2, cv2.DIST_MASK_PRECISE))
    deep = (depth > SHALLOW).float()[None, None]
    woven = _woven(picture, holes, deep, float(depth.max()), torch.Generator().manual_seed(0)) if deep.any() else None
    if woven is None:
        return picture
    share = ((depth - SHALLOW) / (DEEP - SHALLOW)).clamp(0, 1)
    return torch.lerp(picture, woven.picture + KEPT * gaussian_blur((picture - woven.picture) * deep, SMOOTH), share)


def _woven(picture: Batch, holes: Mask, deep: Mask, depth: float, rng: torch.Generator) -> Patches | None:
    """The picture with what is deep made of its own patches; None where there are none to take."""
    patches, pixels = Patches(picture, holes, deep), holes.numel()
    if not patches.usable.any():
        return None
    if depth <= BEGIN and pixels <= LARGEST:
        patches.quilt()
    else:
        smaller = _woven(_mean(picture), _any(holes), _any(deep), depth / 2, rng)
        if smaller is None:
            return None
        patches.follow(smaller)
    for _ in range(ROUNDS if pixels <= LARGEST else 0):
        patches.match(rng)
        patches.vote()
    return patches


def _mean(picture: Batch) -> Float[Tensor, "1 3 _ _"]:
    return F.avg_pool2d(_even(picture), 2)


def _any(mask: Mask) -> Float[Tensor, "1 1 _ _"]:
    return F.max_pool2d(_even(mask), 2)


def _even(picture: Float[Tensor, "1 c h w"]) -> Float[Tensor, "1 c _ _"]:
    return F.pad(picture, (0, picture.shape[3] % 2, 0, picture.shape[2] % 2), mode="replicate")
