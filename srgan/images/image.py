"""A picture and what its file says about it; between reading and writing nothing else is passed around."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8, UInt16

from srgan.errors import ConfigError

Rgb = UInt8[np.ndarray, "h w 3"] | UInt16[np.ndarray, "h w 3"] | Float32[np.ndarray, "h w 3"]
"""The colours of one picture as they lie in a file; in floats white is 1."""

Plane = UInt8[np.ndarray, "h w"] | UInt16[np.ndarray, "h w"] | Float32[np.ndarray, "h w"]
"""One channel of one picture as it lies in a file."""

LARGEST_FLOAT = 4.0
"""Beyond this, floats are levels that someone forgot to divide; highlights and what steps overshoot are below."""


COMMENT = "Comment"
"""The keyword of a text that has none of its own, as in JPEG and GIF."""


def white_of(dtype: np.dtype[Any]) -> float:
    """What white is in samples of this kind: 255 or 65535, or 1 in floats."""
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def as_samples(values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Values as samples of a kind that a file can hold: rounded and clipped, but floats stay as they are."""
    if dtype.kind == "f":
        return values.astype(dtype)
    samples: np.ndarray = np.rint(values.clip(0, white_of(dtype))).astype(dtype)
    return samples


def eight_bits(samples: np.ndarray) -> np.ndarray:
    """The samples rounded to 8 bits."""
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype == np.uint16:
        return ((samples.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return as_samples(samples * np.float32(255), np.dtype(np.uint8))


def _said(samples: np.ndarray) -> str:
    return f"{samples.dtype} {samples.shape}"


@dataclass(frozen=True, eq=False)
class Image:
    """An upright picture, and what its file says about it.

    Attributes:
        rgb: the colours, upright: the EXIF orientation has been applied.
        alpha: how opaque each pixel is, of the same kind as `rgb`; None means that all are.
        grey: the file has one colour channel. `rgb` then holds three equal ones, and one is written back.
        icc: the colour profile of `rgb`, verbatim; None where they are sRGB, or what `colours` says.
        exif: a TIFF structure as in JPEG but without its "Exif" prefix; its orientation is 1, its thumbnail dropped.
        xmp: the XMP packet.
        iptc: the record of captions that the press uses, as it lies in a file.
        texts: what people wrote beside it, each with a keyword of PNG's; what JPEG and GIF call a comment is "Comment".
        colours: PNG's chunks that say what the colours mean, beside `icc` or instead: kind (cICP, gAMA, ...) and body.
        dpi: pixels an inch, across and down.
        jpeg_quality: of the JPEG that it was read from, as libjpeg counts; None of other files.
        format: "png", "jpeg", "webp", "tiff", "avif" or "bmp"; what we cannot write (GIF, HEIC) says "png".
        lossless: its file is of a kind that may lose something of the pixels (WebP), but has not.
        notes: what the user should know about the file, such as "first of 3 frames".
    """

    rgb: Rgb
    alpha: Plane | None = None
    grey: bool = False
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    texts: tuple[tuple[str, str], ...] = ()
    colours: tuple[tuple[bytes, bytes], ...] = ()
    dpi: tuple[float, float] | None = None
    jpeg_quality: int | None = None
    format: str = "png"
    lossless: bool = False
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        kinds = (np.uint8, np.uint16, np.float32)
        if self.rgb.ndim != 3 or self.rgb.shape[2] != 3 or self.rgb.dtype not in kinds:
            raise ConfigError(f"rgb must be (h, w, 3) of uint8, uint16 or float32, not {_said(self.rgb)}")
        if self.alpha is not None and (self.alpha.shape, self.alpha.dtype) != (self.rgb.shape[:2], self.rgb.dtype):
            raise ConfigError(
                f"alpha must be (h, w) and of the kind of rgb, {_said(self.rgb)}, not {_said(self.alpha)}"
            )

    @property
    def depth(self) -> int:
        """Bits a channel: 8, 16, or 32 for floats."""
        return self.rgb.itemsize * 8

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.rgb.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.rgb.shape[1])
