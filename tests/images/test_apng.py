"""Animated PNGs show what the standard says: frames replace or cover what is there, and what is disposed of is gone."""

import struct
import zlib

import numpy as np
import pytest

from srgan.images.frames import read_frames
from srgan.images.png.chunks import SIGNATURE, chunk
from srgan.images.reader import decode

SIDE = 16
COLOURS = {"grey": (0, 1), "RGB": (2, 3), "grey and alpha": (4, 2), "RGBA": (6, 4)}  # colour type and samples
KEPT, CLEARED, UNDONE = 0, 1, 2
SOURCE, OVER = 0, 1


def _apng(frames, colour, *, hidden=None, head=b"", bits=8):
    """An animated PNG of frames: pixels, left, top, disposal and blending; the first may be one that is not shown."""
    data = SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", SIDE, SIDE, bits, colour, 0, 0, 0))
    data += head + chunk(b"acTL", struct.pack(">II", len(frames), 0))
    data += b"" if hidden is None else chunk(b"IDAT", _packed(hidden))
    number = 0
    for pixels, left, top, disposal, blending in frames:
        sides = (pixels.shape[1], pixels.shape[0], left, top)
        data += chunk(b"fcTL", struct.pack(">5I2H2B", number, *sides, 1, 10, disposal, blending))
        still = number == 0 and hidden is None
        packed = _packed(pixels)
        data += chunk(b"IDAT", packed) if still else chunk(b"fdAT", struct.pack(">I", number + 1) + packed)
        number += 1 if still else 2
    return data + chunk(b"IEND", b"")


def _packed(pixels):
    rows = pixels.astype(pixels.dtype.newbyteorder(">")).reshape(len(pixels), -1).view(np.uint8)
    return zlib.compress(np.pad(rows, ((0, 0), (1, 0))).tobytes())


def _shown(tmp_path, data):
    """The frames, RGBA."""
    (tmp_path / "a.png").write_bytes(data)
    opaque = np.full((SIDE, SIDE), 255, np.uint8)
    images = read_frames(tmp_path / "a.png").images
    return [np.dstack([image.rgb, opaque if image.alpha is None else image.alpha]) for image in images]


def _wanted(frames, white=255):
    """The same by the standard, in floats, colours times alpha: so "over" is a sum (Porter and Duff 1984)."""
    canvas, shown = np.zeros((SIDE, SIDE, 4)), []
    for pixels, left, top, disposal, blending in frames:
        values = pixels.reshape(*pixels.shape[:2], -1) / white
        alpha = values[..., -1:] if values.shape[2] in (2, 4) else np.ones((*pixels.shape[:2], 1))
        colour = values[..., :3] if values.shape[2] >= 3 else values[..., :1].repeat(3, 2)
        before, place = canvas.copy(), canvas[top : top + len(pixels), left : left + pixels.shape[1]]
        place[:] = np.dstack([colour * alpha, alpha]) + (place * (1 - alpha) if blending == OVER else 0)
        shown.append(canvas.copy())
        if disposal == CLEARED:
            place[:] = 0
        canvas = before if disposal == UNDONE else canvas
    return shown


def _premultiplied(rgba):
    values = rgba / 255
    return np.dstack([values[..., :3] * values[..., 3:], values[..., 3]])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", COLOURS)
@pytest.mark.parametrize("seed", range(8))
def test_frames_of_any_place_disposal_and_blending_are_as_the_standard_has_them(kind, dtype, seed, tmp_path):
    colour, samples = COLOURS[kind]
    rng, white, frames = np.random.default_rng(seed), np.iinfo(dtype).max, []
    for number in range(5):
        left, top, width, height = (0, 0, SIDE, SIDE) if number == 0 else (*rng.integers(0, 6, 2), 9, 7)
        pixels = rng.integers(0, white, (height, width, samples), dtype, endpoint=True)
        frames.append((pixels, left, top, *rng.integers(0, [3, 2])))

    shown = _shown(tmp_path, _apng(frames, colour, bits=8 * pixels.itemsize))

    for found, wanted in zip(shown, _wanted(frames, white), strict=True):
        assert np.abs(_premultiplied(found) - wanted).max() <= 3 / 255


def test_half_a_blue_over_red_is_purple_and_over_nothing_is_half_a_blue(tmp_path):
    half = np.full((8, 8, 4), (0, 0, 255, 128), np.uint8)
    red, nothing = np.full((SIDE, SIDE, 4), (255, 0, 0, 255), np.uint8), np.zeros((SIDE, SIDE, 4), np.uint8)

    _, purple = _shown(tmp_path, _apng([(red, 0, 0, KEPT, SOURCE), (half, 4, 4, KEPT, OVER)], 6))
    _, blue = _shown(tmp_path, _apng([(nothing, 0, 0, KEPT, SOURCE), (half, 4, 4, KEPT, OVER)], 6))

    assert purple[8, 8].tolist() == [127, 0, 128, 255] and purple[0, 0].tolist() == [255, 0, 0, 255]
    assert blue[8, 8].tolist() == [0, 0, 255, 128] and blue[0, 0, 3] == 0


@pytest.mark.parametrize("disposal", [CLEARED, UNDONE])
def test_what_is_disposed_of_in_a_first_frame_without_alpha_is_transparent(disposal, tmp_path):
    whole, small = np.full((SIDE, SIDE, 3), 200, np.uint8), np.full((8, 8, 3), 90, np.uint8)

    first, second = _shown(tmp_path, _apng([(whole, 0, 0, disposal, SOURCE), (small, 4, 4, KEPT, SOURCE)], 2))

    assert (first == [200, 200, 200, 255]).all()
    assert second[8, 8].tolist() == [90, 90, 90, 255] and second[..., 3].sum() == 255 * 64


def test_palettes_and_their_transparent_colours_hold_in_every_frame(tmp_path):
    head = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 255])) + chunk(b"tRNS", b"\xff\x80")
    red, blue = np.zeros((SIDE, SIDE, 1), np.uint8), np.ones((8, 8, 1), np.uint8)

    _, second = _shown(tmp_path, _apng([(red, 0, 0, KEPT, SOURCE), (blue, 0, 0, KEPT, SOURCE)], 3, head=head))

    assert second[0, 0].tolist() == [0, 0, 255, 128] and second[8, 8].tolist() == [255, 0, 0, 255]


def test_a_picture_that_is_no_frame_shines_through_none(tmp_path):
    banner, small = np.full((SIDE, SIDE, 3), 200, np.uint8), np.full((8, 8, 3), 90, np.uint8)
    data = _apng([(small, 4, 4, KEPT, SOURCE), (small, 0, 0, KEPT, OVER)], 2, hidden=banner)

    first, second = _shown(tmp_path, data)
    still = decode(data, "a")

    assert np.array_equal(np.dstack([still.rgb, still.alpha]), first)
    assert first[..., 3].sum() == 255 * 64 and first[8, 8].tolist() == [90, 90, 90, 255]
    assert second[..., 3].sum() == 255 * (64 + 64 - 16)
