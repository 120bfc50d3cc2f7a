"""How large a picture is to become, and by which enlargements."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from srgan.errors import ConfigError


@dataclass(frozen=True)
class Size:
    """What the user asks for: so many times as large, or the largest that fits into all limits given.

        srgan.restore_folder(models, "photos", "wide", size=srgan.Size(max_side=3840))

    What no network makes is made by the next larger one, or by several one after the other, and then reduced; so
    `models` maps a scale to a model, or is one model.

    Attributes:
        scale: output side / input side.
        width, height: at most so wide and high [px].
        max_side: both sides at most so long [px].
    """

    scale: float | None = None
    width: int | None = None
    height: int | None = None
    max_side: int | None = None

    def __post_init__(self) -> None:
        limits = [self.width, self.height, self.max_side]
        if (self.scale is None) == all(limit is None for limit in limits):
            raise ConfigError("say how large: either a scale, or a width, a height or a longest side")
        for value in (self.scale, *limits):
            if value is not None and not isinstance(value, (int, float)):
                raise ConfigError(f"{value!r}: a size must be a number")
            if value is not None and not 0 < value < 1e6:
                raise ConfigError(f"{value:g}: a size must be more than 0, and less than a million")

    def of(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what a picture becomes."""
        if self.scale is not None:
            factor = float(self.scale)
        else:
            both = self.max_side or 1e6
            factor = min(min(self.width or 1e6, both) / width, min(self.height or 1e6, both) / height)
        return max(1, round(width * factor)), max(1, round(height * factor))


def enlargements(factor: float, scales: Collection[int]) -> tuple[int, ...]:
    """The enlargements, one after the other, by which a picture becomes at least `factor` times as large.

    The smallest that is enough; where none is, the largest and then what is still needed. What is too large then is
    reduced.
    """
    if factor <= 1:
        return ()
    enough = [scale for scale in scales if scale >= factor]
    if enough or max(scales) == 1:
        return (min(enough, default=1),)
    return (max(scales), *enlargements(factor / max(scales), scales))


def outlook(width: int, height: int, scales: Collection[int], size: Size | None) -> tuple[tuple[int, int], int]:
    """Width and height of what a picture becomes, and the pixels of the largest picture on the way.

    Args:
        scales: by which it can be enlarged; where no size is asked for, the one by which it is.
    """
    if size is None:
        (scale,) = scales
        return (width * scale, height * scale), width * height * scale**2
    wanted = size.of(width, height)
    largest = math.prod(enlargements(max(wanted[0] / width, wanted[1] / height), scales))
    return wanted, max(width * height * largest**2, wanted[0] * wanted[1])
