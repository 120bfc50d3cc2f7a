"""One number for each picture of a batch, or a few for all of it."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class Draw:
    """Numbers for a batch of `count` pictures, from `rng` and on its device."""

    def __init__(self, count: int, device: torch.device, rng: torch.Generator) -> None:
        self.rng = rng
        self._count, self._device = count, device

    def uniform(self, low: float, high: float) -> Float[Tensor, "n"]:
        share = torch.rand(self._count, generator=self.rng, device=self._device)
        return torch.mul(share, high - low) + low

    def normal(self) -> Float[Tensor, "n"]:
        return torch.randn(self._count, generator=self.rng, device=self._device)

    def choice(self, count: int) -> Int[Tensor, "n"]:
        """A whole number below `count`."""
        return torch.randint(count, (self._count,), generator=self.rng, device=self._device)

    def happens(self, share: float) -> Bool[Tensor, "n 1 1 1"]:
        """True for a share of the pictures, in a shape that goes with theirs."""
        return (self.uniform(0.0, 1.0) < share).view(-1, 1, 1, 1)

    def plan(self, count: int) -> list[float]:
        """Numbers in [0, 1) for the whole batch, known to the program itself: on a GPU, this waits for the device."""
        return torch.rand(count, generator=self.rng, device=self._device).tolist()
