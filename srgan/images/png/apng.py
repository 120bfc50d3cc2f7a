"""The animation in a PNG, checked chunk by chunk before any decoder sees it: some die of what is broken.

acTL says how many frames there are, fcTL begins each, fdAT holds its pixels, and all but acTL are numbered. The picture
that programs without animation show (IDAT) is the first frame only where an fcTL comes before it.
"""

import struct
from collections.abc import Iterable
from typing import NamedTuple

from srgan.images.damage import Damaged

KINDS = (b"acTL", b"fcTL", b"fdAT", b"IDAT")


class Animation(NamedTuple):
    """What a PNG says of its frames.

    Attributes:
        frames: how many there are.
        plays: how often they are played; 0 is for ever.
        hidden: whether the picture that is shown where nothing moves is none of them.
    """

    frames: int
    plays: int
    hidden: bool


def animation(chunks: Iterable[tuple[bytes, bytes]], width: int, height: int) -> Animation | None:
    """The animation of these chunks, of which fdAT needs its number alone; None where nothing moves.

    Raises:
        Damaged: they are not as the standard has them.
    """
    every = list(chunks)
    kinds = [kind for kind, _ in every]
    still = kinds.index(b"IDAT")
    if b"acTL" not in kinds[:still]:
        return None
    body = dict(reversed(every))[b"acTL"]
    frames, plays = struct.unpack(">II", body) if len(body) == 8 else (0, 0)
    begun = [number for number, kind in enumerate(kinds) if kind == b"fcTL"]
    hidden = not begun or begun[0] > still
    if frames < 1 or len(begun) != frames or kinds.count(b"acTL") != 1 or (len(begun) > 1 and begun[1] < still):
        raise Damaged(f"its animation has {len(begun)} frames of {frames}")
    _check_numbers([body[:4] for kind, body in every if kind in (b"fcTL", b"fdAT")])
    for number in begun:
        _check_frame(every[number][1], width, height)
        held = kinds[number + 1 : number + 2]
        if held != [b"IDAT" if number < still else b"fdAT"]:
            raise Damaged("a frame of its animation has no pixels")
    return Animation(frames, plays, hidden)


def _check_numbers(numbers: list[bytes]) -> None:
    if numbers != [struct.pack(">I", number) for number in range(len(numbers))]:
        raise Damaged("the parts of its animation are not in order")


def _check_frame(body: bytes, width: int, height: int) -> None:
    if len(body) == 26:
        across, down, left, top, _, _, disposal, blending = struct.unpack(">4I2H2B", body[4:])
        inside = left + across <= width and top + down <= height
        if across and down and inside and disposal <= 2 and blending <= 1:
            return
    raise Damaged("a frame of its animation is not within the picture")
