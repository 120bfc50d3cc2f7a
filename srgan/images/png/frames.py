"""The frames of an animated PNG as browsers show them; Pillow mixes alpha wrongly, and disposes of RGB to black.

Each frame is cut out as a PNG of its own, which the decoders of plain ones decode; they are laid over one another here.
"""

import io
import struct
from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import UInt8

from srgan.images import pixels
from srgan.images.image import eight_bits
from srgan.images.png import chunks as png

_OVER = 1
_TO_TRANSPARENT, _TO_PREVIOUS = 1, 2

_Rgba = UInt8[np.ndarray, "h w 4"]


def frames(data: bytes, decode: Callable[[bytes], pixels.Pixels]) -> Iterator[tuple[pixels.Pixels, float]]:
    """Each picture that is shown, 8 bits, and for how long [ms]; 0 where the file says so.

    Args:
        data: a sound file, as `png.contents` finds it.
        decode: reads a plain PNG.

    Raises:
        Damaged: a frame cannot be decoded.
    """
    across, down, _ = png.size(io.BytesIO(data))
    canvas = np.zeros((down, across, 4), np.uint8)
    for control, alone in png.frames_alone(data):
        width, height, left, top, time, parts, disposal, blending = struct.unpack(">4I2H2B", control[4:])
        before = canvas.copy()
        found = decode(alone)
        place = canvas[top : top + height, left : left + width]
        place[:] = _over(_rgba(found), place) if blending == _OVER else _rgba(found)
        shown = pixels.from_array(canvas.copy())._replace(grey=found.grey)
        opaque = found.alpha is None and (canvas[..., 3] == 255).all()
        yield shown._replace(alpha=None) if opaque else shown, 1000 * time / (parts or 100)
        if disposal == _TO_TRANSPARENT:
            place[:] = 0
        elif disposal == _TO_PREVIOUS:
            canvas = before


def _rgba(found: pixels.Pixels) -> _Rgba:
    alpha = np.full(found.rgb.shape[:2], 255, np.uint8) if found.alpha is None else eight_bits(found.alpha)
    return np.dstack([eight_bits(found.rgb), alpha])


def _over(above: _Rgba, below: _Rgba) -> _Rgba:
    """One picture laid over another (Porter and Duff 1984, doi:10.1145/800031.808606, "over")."""
    colours, under = above[..., :3].astype(np.uint32), below[..., :3].astype(np.uint32)
    share = above[..., 3:].astype(np.uint32) * 255
    rest = (255 - above[..., 3:].astype(np.uint32)) * below[..., 3:]
    both = share + rest
    mixed = (colours * share + under * rest + both // 2) // np.maximum(both, 1)
    return np.dstack([mixed, (both + 127) // 255]).astype(np.uint8)
