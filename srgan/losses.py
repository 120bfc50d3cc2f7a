"""What training minimises: an objective is data, a weight for each name here."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

from srgan.types import Batch

Loss = Callable[[Batch, Batch], Float[Tensor, ""]]


def l1(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean absolute difference; trains to a higher PSNR than L2 (Lim et al. 2017, EDSR, arXiv:1707.02921, Sec. 3.2)."""
    return (restored - clean).abs().mean()


def l2(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean squared difference: what PSNR measures."""
    return (restored - clean).square().mean()


def charbonnier(restored: Batch, clean: Batch) -> Float[Tensor, ""]:
    """Mean of sqrt(d^2 + 1e-6): L1 with a smooth minimum (Lai et al. 2017, LapSRN, arXiv:1704.03915, Eq. 3)."""
    return ((restored - clean).square() + 1e-6).sqrt().mean()


LOSSES: dict[str, Loss] = {"l1": l1, "l2": l2, "charbonnier": charbonnier}
