"""Generate: nothing is left of a picture; the generator makes one of noise."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.images.image import white_of
from srgan.options import USE, Recipe, documented, option
from srgan.tasks.protocol import Protocol
from srgan.tasks.task import Apply, Task
from srgan.types import Batch, Mask, Observed, Pixels, Restored

SHEET_ROWS, SHEET_COLUMNS = 8, 8
"""Of the samples that a sheet shows, where there are no classes; else a column is a class."""


@documented
@dataclasses.dataclass(frozen=True, kw_only=True)
class Generate(Task):
    """A picture of noise; the generator adds all of it.

    What is observed is a picture whose pixels are latent vectors, in training a single one. Where there are classes,
    further channels say of which one the picture is to be: 1 for that, 0 for the others.

    Papers: Goodfellow et al. 2014, arXiv:1406.2661; with classes Mirza and Osindero 2014, arXiv:1411.1784.
    """

    name: ClassVar[str] = "generate"
    has_truth: ClassVar[bool] = False
    pairable: ClassVar[bool] = False
    recipe: ClassVar[Recipe] = {
        **{"network": "dcgan", "crop": 1, "batch": 64, "rescale": 0.0, "orientations": 1, "off_grid": 1},
        **{"l1": 0.0, "adversarial": 1.0, "game": "non_saturating", "conditional": True, "r1": 0.05, "r1_every": 4},
        **{"optimizer": "adam", "momentum": 0.5, "learning_rate": 1e-3, "discriminator_learning_rate": 5e-4},
        **{"warmup": 100, "clip": 10.0},
    }

    scale: int = option(28, "Side of the pictures [px].")
    latent: int = option(64, "Numbers in a latent vector.")
    grey: bool = option(False, "Make grey pictures.")
    classes: str = option("", "Names of the classes, with commas between; empty: pictures have none.")
    label: str = option("", "Of which class to make pictures; empty: of each in turn.", USE)
    first: int = option(0, "Seed of the first picture's latent; the next picture has the next.", USE)
    truncation: float = option(
        1.0, "Share of a latent that is kept: less is nearer to the middle, and less diverse.", USE
    )

    def __post_init__(self) -> None:
        for name in ("scale", "latent"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must be at least 1")
        for name in ("first", "truncation"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}={getattr(self, name)}: must not be negative")
        if len(set(self.labels)) < len(self.labels):
            raise ConfigError(f"classes={self.classes}: a name stands there twice")
        if self.label:
            self._number(self.label)

    @property
    def labels(self) -> list[str]:
        """In the order of their channels."""
        return self.classes.split(",") if self.classes else []

    @property
    def in_channels(self) -> int:
        return self.latent + self.condition_channels

    @property
    def out_channels(self) -> int:
        return 1 if self.grey else 3

    @property
    def condition_channels(self) -> int:
        return len(self.labels)

    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """Latents in place of squares of `scale` pixels, of no class."""
        n, (height, width) = len(clean), (side // self.scale for side in clean.shape[2:])
        latents = torch.randn(n, self.latent, height, width, generator=rng, device=clean.device)
        return F.pad(latents, (0, 0, 0, 0, 0, self.condition_channels))

    def labelled(self, observed: Observed, labels: Sequence[str]) -> Observed:
        """The latents, with the classes of the pictures behind them."""
        if not self.classes:
            return observed
        told = self._told(labels).to(observed.device)[:, :, None, None]
        return torch.cat([observed[:, : self.latent], told.expand(-1, -1, *observed.shape[2:])], dim=1)

    def compared(self, restored: Batch, clean: Batch) -> dict[str, Float[Tensor, ""]]:
        """How diverse the pictures of a batch are: their deviation over that of the real ones; one alone has none."""
        if len(clean) < 2:
            return {}
        spreads = [pictures.std(dim=0).mean() for pictures in (restored, clean)]
        return {"spread": spreads[0] / spreads[1].clamp(min=1e-6)}

    def examples(self) -> Observed:
        """Fixed latents, in rows; in each column of one class where there are some."""
        columns = self.condition_channels or SHEET_COLUMNS
        return dataclasses.replace(self, first=0, label="").present(torch.zeros(1, 3, SHEET_ROWS, columns))

    def present(self, picture: Batch) -> Observed:
        """As many latents as the pictures have pixels, whatever these show: by seed, row by row."""
        n, _, height, width = picture.shape
        latents = self._latents(range(self.first, self.first + n * height * width))
        return latents.reshape(n, height, width, -1).permute(0, 3, 1, 2).to(picture.device)

    def given(self, latents: Float[Tensor, "n latent"]) -> Float[Tensor, "n c 1 1"]:
        """Latents of one's own, each as a picture of one pixel: of the class that is asked for, or of the first."""
        if self.classes:
            latents = torch.cat([latents, self._told([self.label or self.labels[0]] * len(latents))], dim=1)
        return latents[:, :, None, None]

    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """What was generated in [-1, 1], as colours."""
        return (generated.float() / 2 + 0.5).expand(-1, 3, -1, -1)

    def restore(self, pixels: Pixels, apply: Apply, mask: Mask | None = None) -> Restored:
        """Latents are those of the whole picture: a tile does not know where it lies."""
        made = apply(self.present(pixels.float()), torch.Tensor.float)
        if pixels.is_floating_point():
            return made
        return made.clamp(0, 1).mul(white_of(pixels[:0].numpy().dtype)).round().to(pixels.dtype)

    def condition(self, observed: Observed) -> Float[Tensor, "n d _ _"] | None:
        """The classes."""
        return observed[:, self.latent :] if self.classes else None

    def observe(self, clean: Batch, number: int) -> Observed:
        return self.degrade(clean, torch.Generator(clean.device).manual_seed(number))

    def protocol(self) -> Protocol:
        """RGB."""
        return Protocol(luma=None)

    def baselines(self) -> dict[str, Callable[[Observed, Batch], Batch]]:
        return {}

    def _latents(self, seeds: Sequence[int]) -> Float[Tensor, "{len(seeds)} c"]:
        """A latent for each seed, of the class that is asked for, or of each in turn."""
        drawn = [torch.randn(self.latent, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
        latents = self.truncation * torch.stack(drawn)
        if not self.classes:
            return latents
        labels = [self.label or self.labels[seed % len(self.labels)] for seed in seeds]
        return torch.cat([latents, self._told(labels)], dim=1)

    def _told(self, labels: Sequence[str]) -> Float[Tensor, "{len(labels)} classes"]:
        """1 in the channel of each one's class, else 0."""
        return F.one_hot(torch.tensor([self._number(label) for label in labels]), self.condition_channels).float()

    def _number(self, label: str) -> int:
        """Which class that is.

        Raises:
            ConfigError: there is no such class.
        """
        if not label:
            raise ConfigError(f"a picture has no class, of {self.classes}: give a sub-folder for each class")
        if label not in self.labels:
            raise ConfigError(
                f"no class {label!r}: choose one of {', '.join(self.labels) or 'none, as there are none'}"
            )
        return self.labels.index(label)
