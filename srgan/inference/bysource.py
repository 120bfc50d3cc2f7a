"""Which of two networks suits a picture: one for what was only reduced, one for what people have."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from srgan.errors import ConfigError
from srgan.images.bands import Bands
from srgan.images.image import Image
from srgan.inference.traces import SEEN, traces
from srgan.models.model import Model
from srgan.types import Levels

COARSE = 94
"""JPEG of this quality or below leaves more than a network for clean pictures should enlarge."""

NOISY = 3.5
"""So does noise of this level in what is flat [8-bit levels]."""

SOFT = 0.1
"""Below this sharpness a picture was blurred before it was reduced, or its camera was out of focus."""

DRAWN = 0.3
"""From this share of abrupt edges on a picture was drawn for a screen; a network for reductions would ring there."""


TRACES = ("JPEG", "noise", "blur", "drawing")
"""By which a picture is taken for a photograph, in the order in which they are looked for."""


@dataclass(frozen=True)
class BySource:
    """Models of which each picture gets the one that suits it, wherever a model is taken.

        model = srgan.BySource(clean=srgan.load("upscale-x4"), photo=srgan.load("mine.safetensors"))

    Attributes:
        clean: for pictures that were only reduced; a model, or one for each scale.
        photo: for those that show JPEG, noise or blur; the same.
        said: what is said of these where they are taken, beside why: "realism 0.5".
        among: the traces that count, of "JPEG", "noise", "blur" and "drawing".
    """

    clean: Model | Mapping[int, Model]
    photo: Model | Mapping[int, Model]
    said: str = ""
    among: tuple[str, ...] = TRACES

    def __post_init__(self) -> None:
        if strange := [trace for trace in self.among if trace not in TRACES]:
            raise ConfigError(f"among: no trace {strange[0]!r}: choose of {', '.join(TRACES)}")

    def note(self, source: Source) -> str:
        """What the user should know of a picture that comes from such a source."""
        said = f"; {self.said}" if self.said and source.name == "photo" else ""
        return f"{source.name}: {source.why}{said}"


class Source(NamedTuple):
    """What a picture comes from, "clean" or "photo", and why."""

    name: str
    why: str


def source_of(picture: Levels, quality: int | None = None, among: Sequence[str] = TRACES) -> Source:
    """What a picture comes from, as far as its file and its pixels tell.

    Args:
        quality: of the JPEG file that it lies in.
        among: the traces that count.
    """
    found = traces(picture)
    jpeg = min((known for known in (quality, found.jpeg) if known is not None), default=None)
    shown = {
        "JPEG": f"JPEG quality about {jpeg}" if jpeg is not None and jpeg <= COARSE else "",
        "noise": f"noise of level {found.noise:.1f}" if found.noise >= NOISY else "",
        "blur": "soft, as if out of focus" if found.sharpness < SOFT else "",
        "drawing": "drawn for a screen" if found.drawn >= DRAWN else "",
    }
    for why in (shown[trace] for trace in TRACES if trace in among):
        if why:
            return Source("photo", why)
    return Source("clean", "neither blocks nor noise" if jpeg is None else f"JPEG quality about {jpeg}")


def source_of_bands(bands: Bands, among: Sequence[str] = TRACES) -> tuple[Source, Bands]:
    """The same of a picture that is read some rows at a time, told from its first rows; and the bands once more."""
    each = iter(bands.each)
    first: list[Image] = []
    while sum(band.height for band in first) < min(SEEN, bands.height):
        first.append(next(each))
    source = source_of(np.concatenate([band.rgb for band in first]), bands.like.jpeg_quality, among)
    return source, dataclasses.replace(bands, each=chain(first, each))
