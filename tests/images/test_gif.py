"""The frames of a GIF as browsers show them."""

import io
import struct

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.images.frames import read_frames
from srgan.images.reader import decode, probe

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[:32, 100:148])
SHIFTED = [np.roll(PHOTO, 12 * shift, axis=1) for shift in range(3)]


def _frames(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    return read_frames(tmp_path / "a")


def _gif(*frames, screen=(16, 16)):
    """A GIF: of each frame its corner and sides, its colour (None: transparent), and its disposal."""
    data = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x91, 1, 0) + bytes([255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9])
    transparent = any(colour is None for *_, colour, _ in frames)
    for left, top, width, height, colour, disposal in frames:
        file = io.BytesIO()
        Pillow.new("P", (width, height), 3 if colour is None else colour).save(file, "gif", optimize=False)
        one = file.getvalue()
        pixels = one[one.index(b"\x2c", 13 + 3 * 2 ** ((one[10] & 7) + 1)) :]
        own = 3 * 2 ** ((pixels[9] & 7) + 1) if pixels[9] & 0x80 else 0
        data += b"\x21\xf9\x04" + bytes([disposal << 2 | transparent]) + struct.pack("<HBB", 5, 3, 0)
        data += struct.pack("<BHHHHB", 0x2C, left, top, width, height, 0) + pixels[10 + own : -1]
    return data + b";"


def test_what_a_gif_disposes_of_becomes_transparent_or_what_was_before(tmp_path):
    red, green, blue = ([255, 0, 0], [0, 255, 0], [0, 0, 255])
    every = [(0, 0, 16, 16, 0, 1), (4, 4, 8, 8, 1, 2), (0, 0, 2, 2, 2, 3), (8, 0, 1, 1, 2, 0), (0, 0, 16, 16, None, 0)]

    frames = _frames(tmp_path, _gif(*every))

    first, second, third, fourth, fifth = frames.images
    assert frames.durations == (50.0,) * 5
    assert first.alpha is None and (first.rgb == red).all()
    assert second.rgb[6, 6].tolist() == green and second.rgb[0, 0].tolist() == red
    assert third.alpha[6, 6] == 0 and third.alpha.sum() == 255 * (256 - 64)
    assert third.rgb[0, 0].tolist() == blue and fourth.rgb[0, 0].tolist() == red
    assert fourth.rgb[0, 8].tolist() == fifth.rgb[0, 8].tolist() == blue


@pytest.mark.parametrize(
    ("screen", "first", "size"),
    [
        ((0, 0), (0, 0, 8, 8), (8, 8)),
        ((4, 4), (0, 0, 8, 6), (8, 6)),
        ((8, 8), (20, 20, 8, 8), (28, 28)),
        ((16, 16), (4, 4, 8, 8), (16, 16)),
    ],
)
def test_a_gif_is_as_large_as_its_first_frame_needs_and_transparent_around_it(screen, first, size, tmp_path):
    left, top, width, height = first
    one, both = (_gif((*first, 0, 1), *others, screen=screen) for others in ((), [(0, 0, 20, 20, 2, 1)]))
    alpha = np.zeros(size[::-1], np.uint8)
    alpha[top : top + height, left : left + width] = 255

    every = _frames(tmp_path, both).images
    pictures = [decode(one, "a"), decode(both, "a"), _frames(tmp_path, one).images[0], every[0]]

    assert len(every) == 2 and every[1].rgb.shape == (*alpha.shape, 3)
    for image in pictures:
        assert (image.width, image.height) == size == probe(tmp_path / "a")[1:3]
        assert (image.rgb == alpha[..., None] // 255 * np.array([255, 0, 0])).all()
        assert image.alpha is None if alpha.all() else np.array_equal(image.alpha, alpha)


def test_a_gif_whose_first_frame_and_screen_are_empty_is_damaged(tmp_path):
    data = _gif((0, 0, 8, 8, 1, 0), (0, 0, 8, 8, 2, 0), screen=(0, 0))
    at = data.index(b"\x2c") + 5

    with pytest.raises(ImageError, match=r"damaged gif header: "):
        _frames(tmp_path, data[:at] + bytes(4) + data[at + 4 :])


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"interlace": 0}, {"disposal": 1}], ids=str)
def test_gifs_of_photographs_are_decoded_as_pillow_decodes_them(options, tmp_path):
    first, *others = map(Pillow.fromarray, SHIFTED)
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=[100, 250, 40], **options)

    frames = read_frames(tmp_path / "a.gif")

    with Pillow.open(tmp_path / "a.gif") as picture:
        for number, image in enumerate(frames.images):
            picture.seek(number)
            assert np.array_equal(image.rgb, np.asarray(picture.convert("RGB")))


def test_a_gif_that_ends_early_or_has_unknown_blocks_is_damaged(tmp_path):
    data = _gif((0, 0, 16, 16, 0, 1), (4, 4, 8, 8, 1, 2))
    end = data.rindex(b"\x2c")

    for broken in (data[: end + 12], data[:end] + b"\x77" + data[end:]):
        with pytest.raises(ImageError, match="damaged gif file: "):
            _frames(tmp_path, broken)


def test_a_frame_that_claims_to_be_huge_is_not_unpacked(tmp_path):
    data = bytearray(_gif((0, 0, 16, 16, 0, 1), (0, 0, 16, 16, 1, 1)))
    second = data.rindex(struct.pack("<BHHHH", 0x2C, 0, 0, 16, 16))
    data[second + 5 : second + 9] = b"\xff" * 4

    with pytest.raises(ImageError, match="a frame of 65535 x 65535 pixels is more than the limit of"):
        _frames(tmp_path, bytes(data))
