"""Whether what another program has made of a generator computes what torch computes."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from srgan.networks.network import Network

TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 0.05, torch.float16: 0.05}
"""How far an answer may be from torch's float32: root mean square of the difference, of the answer's own."""


@torch.no_grad()
def agrees(run: Callable[[Tensor], Tensor], generator: Network, dtype: torch.dtype) -> bool:
    """Whether `run` gives on one small picture what the generator, in float32 and on the CPU, gives.

    Args:
        dtype: what `run` computes in.
    """
    high, wide = 2 * generator.multiple_of, 3 * generator.multiple_of
    observed = torch.rand(1, generator.in_channels, high, wide, generator=torch.Generator().manual_seed(0))
    exact = generator(observed)
    if not exact.isfinite().all():
        return True  # whoever runs it says so
    answer = run(observed)
    return answer.shape == exact.shape and bool((answer - exact).std() <= TOLERANCE[dtype] * exact.std() + 1e-6)
