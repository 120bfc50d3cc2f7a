"""Several restorers one after the other, in floats: between them nothing is rounded or clipped."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from srgan.images.bands import Bands
from srgan.images.image import Image, as_samples, white_of
from srgan.inference.config import InferenceConfig
from srgan.inference.pipeline import Models, Restorer
from srgan.inference.sizes import Size
from srgan.types import Opacity

FLOATS = np.dtype(np.float32)


def restorer_of(
    models: Models | Sequence[Models] | Restorer | Chain, config: InferenceConfig, size: Size | None = None
) -> Restorer | Chain:
    """What restores pictures: models, or one after the other, of which the last makes the size; or what is given."""
    if isinstance(models, (Restorer, Chain)):
        return models
    if isinstance(models, str) or not isinstance(models, Sequence):
        return Restorer(models, config, size)
    return Chain([Restorer(some, config, size if at == len(models) else None) for at, some in enumerate(models, 1)])


class Chain:
    """Restorers one after the other; to those who use it, one of them."""

    def __init__(self, links: Sequence[Restorer]) -> None:
        self.links = tuple(links)
        self.devices = self.links[0].devices

    def shared(self, workers: Executor | None) -> Chain:
        """The same, whose tiles are shared by threads."""
        return Chain([link.shared(workers) for link in self.links])

    def settings(self) -> dict[str, Any]:
        """What decides what becomes of a picture, beside it and what was asked for."""
        return {"steps": [link.settings() for link in self.links]}

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]:
        """Width and height of the output, and the pixels of the largest picture on the way, as if of 8 bits."""
        most = 0
        for link in self.links:
            (width, height), largest = link.sizes(width, height)
            most = max(most, largest)
        return (width, height), most * FLOATS.itemsize

    def restore(
        self,
        bands: Bands,
        mask: Opacity | None = None,
        *,
        streamed: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Bands:
        """The restored picture; a mask is for the links that take one, and of the last link the progress is told."""
        depth = bands.like.rgb.dtype
        made = dataclasses.replace(bands, like=_as_floats(bands.like), each=map(_as_floats, bands.each))
        for number, link in enumerate(self.links, 1):
            given = mask if link.takes_mask or not self.takes_mask else None
            told = progress if number == len(self.links) else None
            made = link.restore(made, given, streamed=streamed, progress=told)
        return dataclasses.replace(made, like=bands.like, each=(_in_depth(band, depth) for band in made.each))

    @property
    def chosen(self) -> dict[str, str]:
        """What `auto` has come to, in the links that differ by a comma."""
        every = [link.chosen for link in self.links]
        return {name: ", ".join(dict.fromkeys(each[name] for each in every)) for name in every[0]}

    @property
    def needs_whole(self) -> bool:
        """Whether a picture can only be restored as a whole."""
        return any(link.needs_whole for link in self.links)

    @property
    def takes_mask(self) -> bool:
        """Whether a mask says what is to be done."""
        return any(link.takes_mask for link in self.links)


def _as_floats(image: Image) -> Image:
    """The picture in floats, in which white is 1."""
    return _converted(image, lambda samples: samples.astype(FLOATS) / np.float32(white_of(samples.dtype)))


def _in_depth(image: Image, depth: np.dtype[Any]) -> Image:
    """The picture rounded to the levels of its file."""
    return _converted(image, lambda samples: as_samples(samples * np.float32(white_of(depth)), depth))


def _converted(image: Image, convert: Callable[[np.ndarray], np.ndarray]) -> Image:
    alpha = None if image.alpha is None else convert(image.alpha)
    return dataclasses.replace(image, rgb=convert(image.rgb), alpha=alpha)
