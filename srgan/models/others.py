"""Networks that others have made and trained: they make pictures, and how far they look is found by trying."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.networks.network import Network
from srgan.ops.resample import upsample

FARTHEST = 64
"""Tiles are cut exactly for networks that look so far at most [px]: beyond, most of the work would be context."""

OVERLAP = 32
"""By how much the tiles of others overlap to each side [px]."""


class Foreign(Network):
    """Somebody else's network, which makes the picture itself: what it adds to our enlargement is what it generates.

    Attributes:
        exact: whether tiles of `context` give what the whole picture gives; else they overlap by it.
    """

    plain = False
    scale: int
    exact: bool

    @abstractmethod
    def restored(self, observed: Tensor) -> Tensor:
        """The picture it makes."""

    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        return self.residual(observed, self.restored(observed))

    def residual(self, observed: Tensor, restored: Tensor) -> Tensor:
        """What the picture that it makes adds to the enlargement of what was observed."""
        return restored - upsample(observed.float(), self.scale)

    @property
    def tiling(self) -> str:
        """How pictures are cut, in words."""
        if self.context is None:
            return "each picture as a whole"
        if self.exact:
            return f"exact tiles, with {self.context} px around them"
        return f"tiles that overlap by {self.context} px, which is not exact"

    def find_context(self, reach: int) -> None:
        """Finds how far it looks.

        Args:
            reach: how far its convolutions do one after the other; it is farther where they see less [px].
        """
        reach += self.multiple_of + 1  # what is folded is seen as a whole, and enlarging looks at neighbours
        guesses = (times * reach for times in (1, 2, 4) if times * reach <= FARTHEST)
        found = next(filter(self._looks_within, guesses), None)
        self.context, self.exact = (OVERLAP, False) if found is None else (found, True)

    @torch.inference_mode()
    def _looks_within(self, reach: int) -> bool:
        """Whether a tile with so much around it gives what a picture gives that is quite another beyond it."""
        step = self.multiple_of
        halo = -(-reach // step) * step
        first, inner = 17 * step, 2 * halo + step  # windows of attention lie elsewhere in the tile
        noise = torch.rand(1, 3, inner, inner, generator=torch.Generator().manual_seed(0))
        picture = torch.ones(1, 3, first + inner + 19 * step, first + inner + 19 * step)
        picture[..., first : first + inner, first : first + inner] = noise
        answers = []
        for given, middle in ((picture, first + halo), (noise, halo)):
            side = slice(middle * self.scale, (middle + step) * self.scale)
            answers.append(self.restored(given)[..., side, side])
        whole, tile = answers
        tells = bool(((whole > 0) & (whole < 1)).any())  # answers that are clipped are alike whatever is seen
        return tells and bool((whole - tile).abs().max() < 1e-5)
