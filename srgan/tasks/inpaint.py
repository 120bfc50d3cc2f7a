"""Inpaint: whole regions are missing; what is left is the rest, and where the holes are."""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.ops.pyramid import smoothed
from srgan.ops.resample import resize
from srgan.options import SCORING, TRAINING, USE, documented, option
from srgan.tasks.degrade.holes import HOLES, mask
from srgan.tasks.filling import AROUND, NEAR, filled
from srgan.tasks.protocol import Protocol
from srgan.tasks.task import Apply, Share, Task
from srgan.types import Batch, Mask, Observed, Pixels, Restored

SEED = 0
"""Of the holes that evaluation makes."""

GUESSED = 0.5
"""What the generator sees in the place of 1 where a hole holds what was filled in on a smaller picture."""

DRIFT = 0.03
"""How far the colours of a guess in training are off, smoothly over the picture: real guesses do not fit the rest."""


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Inpaint(Task):
    """A picture with holes; the generator sees the rest and a mask of the holes, and says what to add in these alone.

    A hole holds a guess: colours that run in from its edge, or better, what was filled in on a smaller picture,
    enlarged. So large holes are filled coarse to fine by a generator that need not look far. What it leaves soft gets
    its detail from the picture around the hole.
    """

    name: ClassVar[str] = "inpaint"
    in_channels: ClassVar[int] = 4
    pairable: ClassVar[bool] = False
    masked: ClassVar[bool] = True

    texture: float = option(
        1.0, "How much of deep holes is made of patches of the picture itself, 0 to 1; 0: all is generated.", USE
    )
    guessed: float = option(
        0.5, "Share of training pictures whose holes hold a coarse picture, not a smooth one.", TRAINING
    )
    holes: str = option("medium", f"What evaluation makes: {', '.join(HOLES)}.", SCORING)

    def __post_init__(self) -> None:
        for name in ("texture", "guessed"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must lie in [0, 1]")
        if self.holes not in HOLES:
            raise ConfigError(f"holes={self.holes}: choose one of {', '.join(HOLES)}")

    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """Holes of every kind, drawn for each picture; some hold the picture itself, coarse and a bit off."""
        draw = np.random.default_rng(int(torch.randint(2**31, (), generator=rng, device=clean.device)))
        kinds = draw.choice(list(HOLES), len(clean))
        height, width = clean.shape[2:]
        masks = torch.stack([torch.from_numpy(mask(kind, height, width, draw)) for kind in kinds])[:, None].to(clean)
        reduction = int(draw.choice([2, 4]))
        small = max(1, height // reduction), max(1, width // reduction)
        drift = torch.randn(len(clean), 3, 3, 3, generator=rng, device=clean.device) * DRIFT
        guess = resize(resize(clean, *small) + resize(drift, *small), height, width).clamp(0, 1)
        guessed = torch.from_numpy(draw.random(len(clean)) < self.guessed).to(clean).view(-1, 1, 1, 1)
        return self.present(clean, masks, torch.lerp(smoothed(clean, masks), guess, guessed), guessed)

    def present(
        self,
        picture: Batch,
        mask: Mask | None = None,
        guess: Batch | None = None,
        guessed: Float[Tensor, "n 1 1 1"] | float = 1.0,
    ) -> Observed:
        """The picture with a guess in its holes, and the mask; without one, nothing is missing.

        Args:
            guess: what the holes hold; without one, colours that run in from their edge.
            guessed: of each picture, whether its guess was filled in on a smaller one.
        """
        mask = torch.zeros_like(picture[:, :1]) if mask is None else mask
        if guess is None:
            guess, guessed = smoothed(picture, mask), 0.0
        return torch.cat([picture * (1 - mask) + guess * mask, mask * (1 - (1 - GUESSED) * guessed)], dim=1)

    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """What is known, exactly as it was; in the holes the guess plus what was generated."""
        return observed[:, :3].float() + (observed[:, 3:] > 0) * generated.float()

    def restore(self, pixels: Pixels, apply: Apply, mask: Mask | None = None) -> Restored:
        """So much of each pixel replaced as the mask says; large holes are filled coarse to fine, then detailed."""
        return pixels if mask is None else filled(pixels, mask, partial(self.fill, apply), self.texture)

    def fill(self, apply: Apply, picture: Batch, holes: Mask, guess: Batch, guessed: bool, share: Share) -> Batch:
        """The picture with its holes filled at once, from a guess that was filled in on a smaller one or not."""

        def present(part: Float[Tensor, "n 7 h w"]) -> Observed:
            return self.present(part[:, :3], part[:, 3:4], part[:, 4:], float(guessed))

        where, reach = holes[0, 0] > 0, NEAR if guessed else AROUND
        made = apply(torch.cat([picture, holes, guess], dim=1), present, where=where, reach=reach, share=share)
        return torch.where(where, made, picture)

    def condition(self, observed: Observed) -> Batch:
        """The mask, as a picture: black where there is a hole, else white."""
        return (observed[:, 3:] == 0).float().expand(-1, 3, -1, -1)

    def observe(self, clean: Batch, number: int) -> Observed:
        """Holes of the kind asked for, from numpy's `default_rng([0, number])`."""
        height, width = clean.shape[2:]
        drawn = mask(self.holes, height, width, np.random.default_rng([SEED, number]))
        return self.present(clean, torch.from_numpy(drawn)[None, None].to(clean).expand(len(clean), -1, -1, -1))

    def lost(self, observed: Observed) -> Mask:
        return (observed[:, 3:] > 0).float()

    def protocol(self) -> Protocol:
        """RGB."""
        return Protocol(luma=None, lost={"masks": self.holes, "seed": SEED})

    def baselines(self) -> dict[str, Callable[[Observed, Batch], Batch]]:
        """OpenCV's two ways."""
        return {
            "telea": partial(_opencv, method=cv2.INPAINT_TELEA),
            "navier_stokes": partial(_opencv, method=cv2.INPAINT_NS),
        }


def _opencv(observed: Observed, clean: Batch, method: int) -> Batch:
    """What OpenCV fills into the holes from 3 px around.

    Papers: Telea 2004, doi:10.1080/10867651.2004.10487596; Bertalmio et al. 2001, doi:10.1109/CVPR.2001.990497.
    """
    levels = observed[0, :3].mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    holes = (observed[0, 3] > 0).byte().cpu().numpy()
    filled = cv2.inpaint(np.ascontiguousarray(levels), holes, 3, method)
    return torch.from_numpy(filled.astype(np.float32) / 255).permute(2, 0, 1)[None].to(observed)
