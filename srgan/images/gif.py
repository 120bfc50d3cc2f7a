"""The frames of a GIF as browsers show them: what is disposed of becomes transparent, not of the background's colour.

Each frame is cut out as a GIF of its own, which Pillow decodes; they are laid over one another here.
"""

import io
import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from PIL import GifImagePlugin

from srgan.images import pixels
from srgan.images.damage import Damaged, foreign

_EXTENSION, _FRAME, _END = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_TO_TRANSPARENT, _TO_PREVIOUS = 2, 3


class _Part(NamedTuple):
    """A frame, and how it is shown."""

    left: int
    top: int
    alone: bytes  # a file of it alone
    disposal: int
    time: int  # hundredths of a second


def count(data: bytes) -> int:
    """How many frames there are."""
    return sum(kind == _FRAME for kind, _ in _blocks(data))


def frames(data: bytes, most: int) -> Iterator[tuple[pixels.Pixels, float]]:
    """Each picture that is shown, and for how long [ms]; 0 where the file does not say.

    Args:
        most: pixels that a frame may have, which may reach far beyond the screen.

    Raises:
        Damaged: the file ends early, or a frame cannot be decoded.
    """
    with foreign():  # Pillow makes the screen as large as the first frame needs
        width, height = GifImagePlugin.GifImageFile(io.BytesIO(data)).size
    canvas = np.zeros((height, width, 4), np.uint8)
    for part in _parts(data):
        across, down = struct.unpack_from("<2H", part.alone, 6)
        if across * down > most:
            raise Damaged(f"a frame of {across} x {down} pixels is more than the limit of {most}")
        before = canvas.copy()
        drawn = _drawn(part)
        place = canvas[part.top : part.top + len(drawn), part.left : part.left + drawn.shape[1]]
        drawn = drawn[: place.shape[0], : place.shape[1]]
        np.copyto(place, drawn, where=drawn[..., 3:] > 0)
        found = pixels.from_array(canvas.copy())
        yield found._replace(alpha=None) if (canvas[..., 3] == 255).all() else found, 10.0 * part.time
        if part.disposal == _TO_TRANSPARENT:
            place[:] = 0
        elif part.disposal == _TO_PREVIOUS:
            canvas = before


def first(found: pixels.Pixels, place: tuple[int, int, int, int]) -> pixels.Pixels:
    """The first picture that is shown, from what Pillow makes of it.

    Args:
        place: of its frame: left, top, right, and bottom; all else is transparent.
    """
    left, top, right, bottom = place
    alpha = np.zeros(found.rgb.shape[:2], np.uint8)
    alpha[top:bottom, left:right] = 255 if found.alpha is None else found.alpha[top:bottom, left:right]
    if found.alpha is None and alpha.all():
        return found
    rgb = found.rgb.copy()
    rgb[:top], rgb[bottom:], rgb[:, :left], rgb[:, right:] = 0, 0, 0, 0
    return found._replace(rgb=rgb, alpha=alpha)


def _drawn(part: _Part) -> np.ndarray:
    """A frame alone, RGBA."""
    with foreign():
        picture = GifImagePlugin.GifImageFile(io.BytesIO(part.alone))
        picture.load()
    found, _, _ = pixels.from_pillow(picture)
    alpha = np.full(found.rgb.shape[:2], 255, np.uint8) if found.alpha is None else found.alpha
    return np.dstack([found.rgb, alpha])


def plays(data: bytes) -> int:
    """How often the animation is played; 0 is for ever. A file says how often it is repeated, which is one less."""
    for kind, body in _blocks(data):
        if kind == _EXTENSION and body[1] == _APPLICATION and body[3:14] in _LOOPS and body[15:16] == b"\1":
            repeats = int.from_bytes(body[16:18], "little")
            return repeats + 1 if repeats else 0
    return 1


def _parts(data: bytes) -> Iterator[_Part]:
    palette_end = _after_palette(data, 13, data[10])
    control = b""
    for kind, body in _blocks(data):
        if kind == _EXTENSION and body[1] == _CONTROL and len(body) >= 8:
            control = body
        if kind == _FRAME:
            left, top = int.from_bytes(body[1:3], "little"), int.from_bytes(body[3:5], "little")
            head = b"GIF89a" + body[5:9] + data[10:palette_end]
            alone = b"".join([head, control, body[:1], bytes(4), body[5:], bytes([_END])])
            time = int.from_bytes(control[4:6], "little") if control else 0
            yield _Part(left, top, alone, control[3] >> 2 & 7 if control else 0, time)
            control = b""


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The kind of each block, and the block."""
    at = _after_palette(data, 13, data[10] if len(data) > 10 else 0)
    while at < len(data) and data[at] != _END:
        start, kind = at, data[at]
        if kind == 0:  # some programs fill up between blocks
            at += 1
            continue
        if kind == _FRAME and at + 10 < len(data):
            at = _after_palette(data, at + 10, data[at + 9]) + 1  # a byte that says how wide codes are
        elif kind == _EXTENSION:
            at += 2
        else:
            raise Damaged("it has blocks of no kind that there is")
        while at < len(data) and data[at]:
            at += 1 + data[at]
        if at >= len(data):
            raise Damaged("the file is truncated")
        at += 1
        yield kind, data[start:at]


def _after_palette(data: bytes, at: int, flags: int) -> int:
    return at + 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else at
