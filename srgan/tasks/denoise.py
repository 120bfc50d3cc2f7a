"""Denoise: what is left is a noisy picture, and where it is known how noisy."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import cv2
import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.images.image import white_of
from srgan.ops.colour import grey
from srgan.options import SCORING, TRAINING, USE, documented, option
from srgan.tasks.degrade.noise import camera, gaussian, grain
from srgan.tasks.degrade.photo import compressed, processed
from srgan.tasks.degrade.snapshots import coded, raw
from srgan.tasks.protocol import Protocol
from srgan.tasks.task import PseudoTargets, Task
from srgan.types import Batch, Levels, Observed

STRONGEST = 55.0
"""Level of the strongest Gaussian noise in training, and what a strength of 100 stands for [8-bit levels]."""

SEED = 0
"""Of the noise that evaluation adds."""

UNKNOWN = -STRONGEST
"""What the generator is told where nobody knows the level."""

NOISES = "Gaussian noise of a level in 8-bit levels, camera, raw (a Bayer mosaic, then JPEG), or jpeg:QUALITY alone"

NLM_STRENGTHS = (0.5, 0.75, 1.0)
"""Filter strengths over the noise level, of which non-local means may take the best."""


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Denoise(Task):
    """A picture with noise in it; the generator says what to take away.

    Beside the picture it sees a map: the level of noise to take away, or that it must find out how much there is.
    Levels in training are not the true ones, which a generator would find itself and leave the map aside.
    """

    name: ClassVar[str] = "denoise"
    in_channels: ClassVar[int] = 4

    strength: str = option(
        "auto", "auto: all the noise there is; else 0 (leaves the picture) to 100 (noise of level 55).", USE
    )
    keep_grain: float = option(0.0, "Share of the noise in the luma that is left in, 0 to 1.", USE)
    camera: float = option(
        0.2, "Share of training pictures with the noise of a camera; what is left has Gaussian.", TRAINING
    )
    grain: float = option(
        0.1, "Share of training pictures with Gaussian noise that is the same in all colours.", TRAINING
    )
    processed: float = option(
        0.2, "Share of training pictures that are noisy, sharpened and JPEG, as of phones.", TRAINING
    )
    compressed: float = option(0.15, "Share of training pictures that are JPEG and nothing else.", TRAINING)
    told: float = option(0.25, "Share of training pictures of which the generator is told what to take away.", TRAINING)
    noise: str = option("25", f"What evaluation adds: {NOISES}.", SCORING)

    def __post_init__(self) -> None:
        for name in ("keep_grain", "camera", "grain", "processed", "compressed", "told"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must lie in [0, 1]")
        if self.strength != "auto" and not 0 <= _number("strength", self.strength, "auto") <= 100:
            raise ConfigError(f"strength={self.strength}: choose auto, or 0 to 100")
        if self.camera + self.grain + self.processed + self.compressed > 1:
            raise ConfigError("the shares of camera, grain, processed and compressed are more than 1 together")
        if self.quality is not None:
            if not 1 <= self.quality <= 100:
                raise ConfigError(f"noise={self.noise}: choose a quality of 1 to 100")
        elif self.noise not in ("camera", "raw") and _number("noise", self.noise, "camera, raw, jpeg:QUALITY") < 0:
            raise ConfigError(f"noise={self.noise}: must not be negative")

    @property
    def level(self) -> float:
        """The noise level that the strength stands for [8-bit levels]; UNKNOWN with auto."""
        return UNKNOWN if self.strength == "auto" else float(self.strength) / 100 * STRONGEST

    @property
    def quality(self) -> int | None:
        """Of the JPEG that evaluation makes, where it makes one."""
        name, _, number = self.noise.partition(":")
        return int(_number("noise", number, "jpeg:QUALITY")) if name == "jpeg" else None

    @property
    def _gaussian(self) -> bool:
        return self.noise not in ("camera", "raw") and self.quality is None

    @property
    def idle(self) -> bool:
        return self.level == 0

    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """Gaussian noise of a level in [0, 55] or what the options say, drawn for each; some are told any level.

        One picture in eleven has none, of whatever kind: what is clean must stay so.
        """
        level, kind, tell, other = torch.rand(4, len(clean), generator=rng, device=clean.device)
        level = (1.1 * level - 0.1).clamp(min=0) * STRONGEST
        noisy = gaussian(clean, level, rng)
        others: tuple[tuple[float, Callable[[], Batch]], ...] = (
            (self.camera, lambda: camera(clean, rng)),
            (self.grain, lambda: grain(clean, level, rng)),
            (self.processed, lambda: processed(clean, rng)),
            (self.compressed, lambda: compressed(clean, rng)),
        )
        begin = 0.0
        for share, make in others:
            if share:  # all pictures are made and some taken: choosing first would wait for the device
                chosen = (kind >= begin) & (kind < begin + share)
                noisy = torch.where(chosen.view(-1, 1, 1, 1), make(), noisy)
            begin += share
        noisy = torch.where((level > 0).view(-1, 1, 1, 1), noisy, clean)
        return _told(noisy, torch.where(tell < self.told, other * STRONGEST, UNKNOWN))

    def wanted(self, observed: Observed, clean: Batch, rng: torch.Generator) -> tuple[Batch, PseudoTargets | None]:
        """The clean picture; told a level below that of the noise, so much of the noise is left as exceeds it.

        Told a higher level, what is wanted is what the model would make of the picture if it had that much noise.
        """
        told, noise = observed[:, 3:].amax(dim=(1, 2, 3)), observed[:, :3] - clean
        level = noise.square().mean(dim=(1, 2, 3)).sqrt()
        left = torch.where(told < 0, 0, 1 - told / level.clamp(min=1e-6)).clamp(min=0).view(-1, 1, 1, 1)
        wanted, more = clean + left * noise, torch.nonzero(told > level).flatten()
        if not len(more):
            return wanted, None
        lacking = (told.square() - level.square())[more].sqrt().mul(255)
        noisier = gaussian(observed[more, :3], lacking, rng)
        return wanted, PseudoTargets(more, _told(noisier, torch.full_like(lacking, UNKNOWN)))

    def observe(self, clean: Batch, number: int) -> Observed:
        """Noise as the field adds it: in float, not clipped, from numpy's `default_rng([0, number])`, in (h, w, 3)."""
        if self.noise == "camera":
            return self.present(camera(clean, torch.Generator().manual_seed(number)))
        if self.noise == "raw":
            return self.present(raw(clean, number))
        if self.quality is not None:
            return self.present(coded(clean, self.quality))
        n, channels, height, width = clean.shape
        noise = np.random.default_rng([SEED, number]).standard_normal((n, height, width, channels))
        return self.present(clean + torch.from_numpy(noise).permute(0, 3, 1, 2).float() * (float(self.noise) / 255))

    def present(self, picture: Batch) -> Observed:
        """The picture, and the level that the strength stands for."""
        return _told(picture, torch.full((len(picture),), self.level, device=picture.device))

    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """The picture less its noise, but for the grain that is kept; with strength 0 the picture itself."""
        picture, taken = observed[:, :3].float(), generated.float()
        if self.idle:
            return picture
        if self.keep_grain:
            taken = taken - self.keep_grain * grey(taken)
        return picture + taken

    def measure(self, picture: Levels, restored: Levels, part: tuple[int, int]) -> float:
        """The mean square of what was taken away, in 8-bit levels."""
        if self.strength != "auto":
            return 0.0
        first, last = part
        total = 0.0
        for row in range(first, last, 512):  # whole pictures in floats would be large
            rows = slice(row, min(row + 512, last))
            total += float(np.square(picture[rows].astype(np.float32) - restored[rows]).sum())
        return (255 / white_of(picture.dtype)) ** 2 * total / picture[first:last].size

    def remarks(self, measured: Sequence[tuple[int, float]]) -> tuple[str, ...]:
        """With auto, how much noise was taken away: its standard deviation, and the strength that stands for it."""
        if self.strength != "auto":
            return ()
        level = math.sqrt(sum(rows * square for rows, square in measured) / sum(rows for rows, _ in measured))
        return (f"noise of level {level:.1f} taken away, as of strength {100 * level / STRONGEST:.0f}",)

    def condition(self, observed: Observed) -> Batch:
        """The noisy picture."""
        return observed[:, :3]

    def protocol(self) -> Protocol:
        """RGB, as the field scores colour pictures."""
        noise = float(self.noise) if self._gaussian else self.noise
        return Protocol(luma=None, lost={"noise": noise, "seed": SEED})

    def baselines(self) -> dict[str, Callable[[Observed, Batch], Batch]]:
        """The noisy picture, and OpenCV's non-local means where there is noise."""
        if self.quality is not None:
            return {"noisy": lambda observed, clean: observed[:, :3]}
        level = float(self.noise) if self._gaussian else 15.0
        strengths = [max(1.0, share * level) for share in NLM_STRENGTHS]
        return {
            "noisy": lambda observed, clean: observed[:, :3],
            "nlm": partial(_non_local_means, strengths=strengths),
        }


def _told(picture: Batch, level: Float[Tensor, "n"]) -> Observed:
    """The picture with a map of its level over 255 beside it."""
    return torch.cat([picture, (level / 255).view(-1, 1, 1, 1).expand_as(picture[:, :1])], dim=1)


def _non_local_means(observed: Observed, clean: Batch, strengths: Sequence[float]) -> Batch:
    """The best by PSNR of what `fastNlMeansDenoisingColored` makes at a few strengths: it may see the clean picture.

    Paper: Buades et al. 2005, doi:10.1109/CVPR.2005.38.
    """
    noisy, wanted = (
        x[0, :3].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy() for x in (observed, clean)
    )
    tried = [cv2.fastNlMeansDenoisingColored(noisy, None, h, h, 7, 21) for h in strengths]
    best = min(tried, key=lambda restored: np.square(restored.astype(float) - wanted).mean())
    return torch.from_numpy(best.astype(np.float32) / 255).permute(2, 0, 1)[None]


def _number(name: str, text: str, word: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise ConfigError(f"{name}={text}: neither {word} nor a number") from error
