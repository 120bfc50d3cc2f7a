"""How a score is to be read: which channels, how much border cut, how many levels."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.ops.colour import luma
from srgan.types import Batch

Prepared = Float[Tensor, "n channels height width"]
"""Pictures as a protocol shows them to a metric: in float64, luma or grey (1 channel) or RGB, borders cut."""


@dataclass(frozen=True)
class Protocol:
    """How pictures are made ready for PSNR and SSIM; part of every result.

    Attributes:
        luma: None means RGB, as denoisers are scored.
        border: what is cut off [px of the clean picture].
        levels: to which pictures are rounded.
        lost: how the task made what was observed, for the record.
    """

    luma: str | None = "BT.601"
    border: int = 0
    levels: int = 256
    lost: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.luma not in ("BT.601", None):
            raise ConfigError(f"unknown luma {self.luma!r}: choose BT.601, or None for RGB")
        if self.border < 0 or self.levels < 2:
            raise ConfigError(f"border {self.border} must be at least 0, and levels {self.levels} at least 2")

    def as_dict(self) -> dict[str, str | int | float]:
        """The protocol as reports and weights files record it: what does not apply is left out."""
        own = {"luma": self.luma, "border": self.border, "levels": self.levels}
        return {**{key: value for key, value in own.items() if value is not None}, **self.lost}

    def quantise(self, x: Batch) -> Batch:
        """The pictures in float64, as a file of so many levels would keep them."""
        x = x.cpu() if x.device.type == "mps" else x  # which has no float64
        return (x.double().clamp(0, 1) * (self.levels - 1)).round() / (self.levels - 1)

    def prepare(self, restored: Batch, clean: Batch, grey: bool = False) -> tuple[Prepared, Prepared]:
        """Both pictures as PSNR and SSIM see them; of pictures from grey files, their own values stand for luma.

        Raises:
            ConfigError: the border leaves nothing of the picture.
        """
        height, width = clean.shape[2:]
        if min(height, width) <= 2 * self.border:
            raise ConfigError(f"a border of {self.border} px leaves nothing of a {width}x{height} picture")
        restored, clean = self.quantise(restored), self.quantise(clean)

        def show(x: Batch) -> Prepared:
            x = x[:, :, self.border : height - self.border, self.border : width - self.border]
            if self.luma is None:
                return x
            return x[:, :1] if grey else luma(x)

        return show(restored), show(clean)
