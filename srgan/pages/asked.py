"""What may be asked of the server for one picture: the flags of the commands, as fields of a form."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from srgan.errors import ConfigError
from srgan.images.formats import QUALITY, writable
from srgan.inference.sizes import Size
from srgan.options import build, documented, option

TASKS = ("upscale", "denoise", "inpaint", "restore")
FILLING = ("inpaint", "restore")
SOURCES = ("auto", "clean", "photo")

Box = tuple[int, int, int, int]
"""Left, top, width and height [px]."""


@runtime_checkable
class Choice(Protocol):
    """Which models are chosen, and what size they make; as `srgan.cli` chooses them from the same flags."""

    @property
    def size(self) -> Size | None: ...

    def load(self) -> Any: ...

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]: ...

    def record(self) -> dict[str, Any]: ...


@documented
@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be done with one picture."""

    task: str = option("upscale", "upscale, denoise, inpaint, or restore: what a picture needs, in one go.")
    scale: float = option(4.0, "Times as large, for upscale and restore; restore leaves the size at 1.")
    source: str = option("auto", "For upscale: clean, photo, or auto, which looks at the picture.")
    realism: str = option("auto", "0 is faithful, 1 vivid: detail is made up; auto as the commands choose.")
    strength: str = option("auto", "For denoise and restore: how much noise to take away, 0 to 100, or auto.")
    grain: float = option(0.0, "Share of the grain to leave in, 0 to 1.")
    ensemble: bool = option(False, "Ask eight times, turned and mirrored, and average: truer, 8 times as slow.")
    box: str = option("", "For inpaint and restore: fill X,Y,W,H [px]; several with spaces between.")
    alpha: bool = option(False, "For inpaint and restore: fill what is transparent.")
    grow: int = option(0, "Fill so much more to each side of the mask [px].")
    feather: int = option(0, "Fade out so far beyond [px].")
    texture: float = option(1.0, "Share of the picture's own patches in deep holes, 0 to 1; 0: all is generated.")
    format: str = option("keep", "Format of the result: keep, png, jpeg, webp, tiff, avif or bmp.")
    quality: int = option(QUALITY, "Quality of JPEG, WebP and AVIF, 1 to 100.")
    lenient: bool = option(False, "Of a truncated JPEG take what is left.")
    part: str = option("", "X,Y,W,H: only this part of the picture, as a preview; not with a mask.")

    def __post_init__(self) -> None:
        for name, value, known in (("task", self.task, TASKS), ("source", self.source, SOURCES)):
            if value not in known:
                raise ConfigError(f"{name}={value}: choose {', '.join(known[:-1])} or {known[-1]}")
        if not 1 <= self.scale <= 16:
            raise ConfigError(f"scale={self.scale:g}: choose 1 to 16")
        if not 1 <= self.quality <= 100:
            raise ConfigError(f"quality={self.quality}: choose 1 to 100")
        if self.format != "keep":
            writable(self.format)
        boxes(self.box)
        _within("realism", self.realism, 1.0)
        _within("strength", self.strength, 100.0)
        for name in ("grain", "texture"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name):g}: choose 0 to 1")
        for name in ("grow", "feather"):
            if not 0 <= getattr(self, name) <= 1000:
                raise ConfigError(f"{name}={getattr(self, name)}: choose 0 to 1000")
        if self.part and (len(boxes(self.part)) != 1 or self.fills or self.task == "inpaint"):
            raise ConfigError(f"part={self.part}: give one X,Y,W,H, and neither a box nor a mask beside it")

    @property
    def fills(self) -> bool:
        """Whether holes are named here; they may be painted in a mask, too."""
        return bool(self.box or self.alpha)

    @property
    def dial(self) -> float | None:
        """The realism, where it is said."""
        return None if self.realism == "auto" else float(self.realism)


def asked(fields: Mapping[str, str]) -> Asked:
    """What the fields of a form ask for.

    Raises:
        ConfigError: a field is unknown, or makes no sense.
    """
    return build(Asked, fields)


def boxes(text: str) -> list[Box]:
    """The boxes of a field.

    Raises:
        ConfigError: it is none.
    """
    found = []
    for one in text.split():
        try:
            left, top, width, height = (int(number) for number in one.split(","))
        except ValueError as error:
            raise ConfigError(f"{one}: write X,Y,W,H, whole numbers of pixels") from error
        if min(width, height) < 1 or min(left, top) < 0:
            raise ConfigError(f"{one}: width and height must be at least 1, left and top not negative")
        found.append((left, top, width, height))
    return found


def _within(name: str, text: str, most: float) -> None:
    try:
        fits = text == "auto" or (math.isfinite(float(text)) and 0 <= float(text) <= most)
    except ValueError:
        fits = False
    if not fits:
        raise ConfigError(f"{name}={text}: choose 0 to {most:g}, or auto")
