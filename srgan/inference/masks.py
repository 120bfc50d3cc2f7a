"""Where the holes of each picture of a folder are: a mask beside it, its own transparency, or boxes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral
from pathlib import Path, PurePosixPath

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from srgan.errors import ConfigError, ImageError
from srgan.files import printable, stamp
from srgan.images.find import find
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.inference.painted import Masked, Painted, masked, painted

Box = tuple[int, int, int, int]
"""Left, top, width and height [px]."""

FILLS = ("rarer", "white", "black")
"""What masks that are files say by their colours is to be filled."""


@dataclass(frozen=True)
class Masks:
    """What is to be filled of each picture: wherever one of these says so.

        srgan.restore_folder(srgan.load("inpaint"), "photos", "filled", masks=srgan.Masks("masks", grow=2))

    Attributes:
        where: the path of a picture that serves all, or of a folder with one of the same name for each (its suffix may
            differ where no other has that name): white on black; or any two colours, of which the rarer is filled; or
            what is painted, or erased, in the alpha channel; or a copy of the picture with one colour painted over it.
        alpha: what is fully transparent is filled.
        boxes: these are filled, in every picture.
        grow: holes reach so much farther to each side [px].
        feather: beyond that, what is filled fades into what was there over so many pixels.
        fill: what is filled where masks are files: "rarer" is as above; "white" or "black", however much that is.
    """

    where: str | os.PathLike[str] | None = None
    alpha: bool = False
    boxes: Sequence[Box] = ()
    grow: int = 0
    feather: int = 0
    fill: str = "rarer"

    def __post_init__(self) -> None:
        if self.where is None and not self.alpha and not self.boxes:
            raise ConfigError("nothing says what to fill: give --mask FILE, --mask FOLDER, --mask alpha or --box")
        if self.path is not None and not self.path.exists():
            raise ConfigError(f"{printable(self.path)}: there is no such mask or folder of masks")
        if self.grow < 0 or self.feather < 0:
            raise ConfigError(f"grow={self.grow}, feather={self.feather}: must not be negative")
        if self.fill not in FILLS:
            raise ConfigError(f"unknown fill {self.fill!r}: choose one of {', '.join(FILLS)}")
        for box in self.boxes:
            sides = tuple(box) if isinstance(box, Iterable) else ()
            if len(sides) != 4 or not all(isinstance(side, Integral) for side in sides):
                raise ConfigError(f"box {box}: left, top, width and height, in whole pixels")
            if min(box[2:]) < 1:
                raise ConfigError(f"box {','.join(map(str, box))}: width and height must be at least 1")

    @property
    def path(self) -> Path | None:
        """Where masks are files."""
        return None if self.where is None else Path(self.where)

    def file_of(self, name: str) -> Path | None:
        """The file that masks the picture of that name, where masks are files.

        Raises:
            ImageError: the folder has none, or several that differ by their suffix alone.
        """
        if self.path is None or not self.path.is_dir():
            return self.path
        stem = str(PurePosixPath(name).with_suffix(""))
        masks = self._by_stem.get(stem, [])
        if name in masks:
            return self.path / name
        if len(masks) > 1:
            raise ImageError(
                f"{printable(name)}: {printable(self.path)} holds several masks of that name, "
                f"{', '.join(map(printable, masks))}; keep one, or give one the same suffix"
            )
        if not masks:
            raise ImageError(f"{printable(name)}: {printable(self.path)} holds no mask of that name")
        return self.path / masks[0]

    def settings(self) -> dict[str, str]:
        """What decides which pixels are filled, beside the files of masks."""
        return {"masks": str(self)}

    def stamp(self, name: str) -> list[int]:
        """What changes with the mask of a picture."""
        file = self.file_of(name)
        return [] if file is None else stamp(file)

    def of(self, name: str, image: Image) -> Masked:
        """What is to be filled of a picture of that name.

        Raises:
            ImageError: the mask is missing, cannot be read, has another size, is unclear, or covers everything; or a
                box lies outside of the picture.
        """
        file = self.file_of(name)
        holes, how = (
            Painted(np.zeros((image.height, image.width), np.uint8))
            if file is None
            else _read(file, name, image, self.fill)
        )
        if self.alpha and image.alpha is not None:
            holes = holes | (image.alpha == 0)
        for left, top, width, height in self.boxes:
            if left >= image.width or top >= image.height or left + width <= 0 or top + height <= 0:
                raise ImageError(
                    f"{printable(name)}: the box {left},{top},{width},{height} lies outside of its "
                    f"{image.width}x{image.height} px"
                )
            holes[max(0, top) : max(0, top + height), max(0, left) : max(0, left + width)] = 1
        opacity = soften(holes, self.grow, self.feather)
        if (opacity > 0).all():
            raise ImageError(f"{printable(name)}: is masked wholly; nothing is known to fill it from")
        return masked(opacity, how)

    def opacity(self, name: str, image: Image) -> Float32[np.ndarray, "h w"]:
        """The same as a mask for `srgan.restore`."""
        return self.of(name, image).opacity

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for name in find(self.path) if self.path else ():
            names.setdefault(os.path.splitext(name)[0], []).append(name)
        return names


def _read(file: Path, name: str, image: Image, fill: str) -> Painted:
    """What a mask file says is to be filled of a picture."""
    mask = read(file)
    if (mask.width, mask.height) != (image.width, image.height):
        raise ImageError(
            f"{printable(name)}: is {image.width}x{image.height} px, but its mask {printable(file)} "
            f"{mask.width}x{mask.height}"
        )
    try:
        return painted(mask, image, fill)
    except ImageError as error:
        raise ImageError(
            f"{printable(name)}: its mask {printable(file)} {error}; paint white on black, or one colour over a copy"
        ) from error


def soften(holes: UInt8[np.ndarray, "h w"], grow: int = 0, feather: int = 0) -> Float32[np.ndarray, "h w"]:
    """1 in the holes, grown to each side, then falling evenly to 0 over the feather."""
    if grow:
        holes = cv2.dilate(holes, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * grow + 1, 2 * grow + 1)))
    if not feather:
        return holes.astype(np.float32)
    distance = cv2.distanceTransform(1 - holes, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.clip(1 - distance / (feather + 1), 0, 1).astype(np.float32)
