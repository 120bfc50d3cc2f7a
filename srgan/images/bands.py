"""A picture some rows at a time, for those that are too large to hold: they are read, restored and written so.

A PNG is cut into small ones, which the decoders of whole files decode; a TIFF is unpacked by one way, whole or in
parts: so pixels of any kind become the same, whether a picture is held or not.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np

from srgan.files import AnyPath, printable
from srgan.images import exif
from srgan.images.decoders import decoded, frames_note
from srgan.images.formats import AnyFile
from srgan.images.image import Image
from srgan.images.png import bands as png_bands
from srgan.images.png import chunks as png
from srgan.images.reader import MAX_PIXELS, check_pixels, damage_named, finished, header_of, opened, read
from srgan.images.tiff import pixels as tiff_pixels
from srgan.images.tiff import tiff

BAND = 1 << 23
"""Bytes of pixels in one band of a file, unless one row or strip has more."""


@dataclass(frozen=True, eq=False)
class Bands:
    """A picture some rows at a time; it can be gone through once.

    Attributes:
        width, height: of the whole.
        like: a part of it, which has its kind of samples, its channels, and all that its file says.
        each: its parts from top to bottom.
        notes: what the user should know of it; all is said when it has been gone through.
        models: what has restored it, as its own words: name and realism of each model.
    """

    width: int
    height: int
    like: Image
    each: Iterable[Image]
    notes: list[str] = field(default_factory=list)
    models: list[Mapping[str, Any]] = field(default_factory=list)


def as_bands(image: Image) -> Bands:
    """A picture that is held as a whole, as one band."""
    return Bands(image.width, image.height, image, [image], list(image.notes))


def held(bands: Bands) -> Bands:
    """The same in one band, made now."""
    return dataclasses.replace(bands, each=[_joined(list(bands.each))])


def whole(bands: Bands) -> Image:
    """The picture as a whole, with its notes."""
    image = _joined(list(bands.each))
    notes = tuple(bands.notes)
    return image if image.notes == notes else dataclasses.replace(image, notes=notes)


class Window:
    """Some rows of a picture at a time, ever farther down and none left out; what lies above them is forgotten."""

    def __init__(self, bands: Bands) -> None:
        self._each, self._held, self._top = iter(bands.each), rows_of(bands.like, 0, 0), 0

    def rows(self, start: int, stop: int) -> Image:
        """The rows from `start` to before `stop`; neither may be less than before."""
        parts = [rows_of(self._held, start - self._top, self._held.height)]
        self._top, height = start, parts[0].height
        while height < stop - start:
            parts.append(next(self._each))
            height += parts[-1].height
        self._held = _joined([part for part in parts if part.height])
        return rows_of(self._held, 0, stop - start)


def rows_of(image: Image, start: int, stop: int) -> Image:
    """The rows of a picture from `start` to before `stop`."""
    alpha = None if image.alpha is None else image.alpha[start:stop]
    return dataclasses.replace(image, rgb=image.rgb[start:stop], alpha=alpha)


def _joined(parts: list[Image]) -> Image:
    """One picture of some that lie below each other."""
    if len(parts) == 1:
        return parts[0]
    alphas = [part.alpha for part in parts if part.alpha is not None]
    alpha = np.concatenate(alphas) if alphas else None
    return dataclasses.replace(parts[0], rgb=np.concatenate([part.rgb for part in parts]), alpha=alpha)


@contextmanager
def read_bands(
    path: AnyPath, *, streamed: bool = True, max_pixels: int = MAX_PIXELS, lenient: bool = False
) -> Iterator[Bands]:
    """The picture in a file, upright, as one band, or where it is to be `streamed` some rows at a time.

    One band always are what is neither PNG nor TIFF, PNG files that are interlaced, TIFF files of one packed strip, and
    those that must be turned.

    Raises:
        ImageError: the file cannot be read, is damaged, or has more than `max_pixels`; also while its bands are read.
        UnsupportedImageError: it is of no kind that is read here.
    """
    if not streamed:
        yield as_bands(read(path, max_pixels=max_pixels, lenient=lenient))
        return
    name = printable(path)
    with opened(path) as file:
        header = header_of(file, name)
        check_pixels(header, name, max_pixels)
        with damage_named(name, header.format):
            said, parts = _CUT[header.format](file) if header.format in _CUT else ({}, None)
        if parts is None:
            yield as_bands(read(path, max_pixels=max_pixels, lenient=lenient))
            return
        each = _named(parts, header.format, name)
        first = next(each)
        with damage_named(name, header.format):
            like = finished(dataclasses.replace(first, **said), header.format, name)
        yield Bands(header.width, header.height, like, chain([first], each), list(like.notes))


def _named(parts: Iterator[Image], format: str, name: str) -> Iterator[Image]:
    while True:
        with damage_named(name, format):
            image = next(parts, None)
            if image is None:
                return
        yield image


_Cut = tuple[dict[str, Any], Iterator[Image] | None]  # what a file says beside its pixels, and its bands if it has any


def _cut_png(file: AnyFile) -> _Cut:
    said = png.contents(file)
    if said.interlaced or _turned(said.described["exif"]) or (said.animation and said.animation.hidden):
        return {}, None
    notes = said.described["notes"] + frames_note(said.frames)
    parts = (decoded(part, "png") for part in png_bands.cut(file, said, BAND))
    return {**said.described, "notes": notes}, parts


def _cut_tiff(file: AnyFile) -> _Cut:
    return {}, tiff_pixels.cut(tiff.only_page(file), BAND)


_CUT: dict[str, Callable[[AnyFile], _Cut]] = {"png": _cut_png, "tiff": _cut_tiff}


def _turned(block: bytes | None) -> bool:
    try:
        return block is not None and exif.orientation(block.removeprefix(exif.PREFIX)) != 1
    except exif.DamagedExif:
        return False
