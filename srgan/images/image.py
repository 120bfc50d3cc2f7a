"""A picture and what its file says about it; between reading and writing nothing else is passed around."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8, UInt16

Rgb = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"]
"""The colours of one picture as they lie in a file."""

Plane = UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"]
"""One channel of one picture as it lies in a file."""


@dataclass(frozen=True, eq=False)
class Image:
    """An upright picture, and what its file says about it.

    Attributes:
        rgb: the colours, upright: the EXIF orientation has been applied.
        alpha: how opaque each pixel is, of the same kind as `rgb`; None means that all are.
        grey: the file has one colour channel. `rgb` then holds three equal ones, and one is written back.
        icc: the colour profile of `rgb`, verbatim; None where the colours are sRGB.
        exif: a TIFF structure as in JPEG but without its "Exif" prefix; its orientation is 1, its thumbnail dropped.
        xmp: the XMP packet.
        dpi: pixels an inch, across and down.
        format: "png", "jpeg", "webp", "tiff" or "bmp"; what we cannot write (GIF, AVIF) says "png".
        notes: what the user should know about the file, such as "first of 3 frames".
    """

    rgb: Rgb
    alpha: Plane | None = None
    grey: bool = False
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None
    format: str = "png"
    notes: tuple[str, ...] = ()

    @property
    def depth(self) -> int:
        """Bits a channel: 8 or 16."""
        return self.rgb.itemsize * 8

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.rgb.shape[1])
