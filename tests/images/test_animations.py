"""Animations mean what they meant: how often they are played, which pictures they show, and what is said of them."""

import io
import struct
import zlib

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.images.bands import as_bands, read_bands
from srgan.images.frames import Frames, read_frames, write_frames
from srgan.images.image import Image
from srgan.images.png.chunks import SIGNATURE, chunk
from srgan.images.reader import decode
from srgan.images.writer import encode

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[:32, 100:148])
SHIFTED = [np.roll(PHOTO, 12 * shift, axis=1) for shift in range(3)]
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:source>roll 7</dc:source></x:xmpmeta>'


def _animation(format, pictures=SHIFTED, **options):
    first, *others = map(Pillow.fromarray, pictures)
    file = io.BytesIO()
    first.save(file, format, save_all=True, append_images=others, duration=[100, 250, 40], **options)
    return file.getvalue()


def _encoded(frames, format, **options):
    file = io.BytesIO()
    write_frames(file, frames, format, **options)
    return file.getvalue()


def _frames(tmp_path, data):
    (tmp_path / "a").write_bytes(data)
    return read_frames(tmp_path / "a")


@pytest.mark.parametrize(
    ("format", "said", "plays"),
    [("gif", None, 1), ("gif", 0, 0), ("gif", 2, 3), ("png", 0, 0), ("png", 3, 3), ("webp", 0, 0), ("webp", 3, 3)],
)
@pytest.mark.parametrize("target", ["png", "webp"])
def test_an_animation_is_played_as_often_as_before(format, said, plays, target, tmp_path):
    """GIF says how often it is repeated after the first time, the others how often it is played at all."""
    frames = _frames(tmp_path, _animation(format, **({} if said is None else {"loop": said})))

    assert frames.loop == plays
    assert _frames(tmp_path, _encoded(frames, target)).loop == plays


@pytest.mark.parametrize("target", ["png", "webp"])
def test_a_gif_that_is_played_65536_times_is_played_as_often_as_can_be_said(target, tmp_path):
    frames = _frames(tmp_path, _animation("gif", loop=65_535))

    assert frames.loop == 65_536
    assert _frames(tmp_path, _encoded(frames, target)).loop == (65_536 if target == "png" else 65_535)


def test_a_picture_for_programs_without_animation_is_no_frame(tmp_path):
    banner = np.zeros_like(PHOTO) + np.array([255, 0, 255], np.uint8)
    first, *others = map(Pillow.fromarray, [banner, *SHIFTED])
    file = io.BytesIO()
    first.save(file, "png", save_all=True, append_images=others, default_image=True, loop=3, duration=100)

    frames = _frames(tmp_path, file.getvalue())
    still = decode(file.getvalue(), "a")

    assert frames.loop == 3
    assert all(np.array_equal(image.rgb, shown) for image, shown in zip(frames.images, SHIFTED, strict=True))
    assert np.array_equal(still.rgb, SHIFTED[0]) and still.notes == ("first of 3 frames",)
    with read_bands(tmp_path / "a") as found:
        assert np.array_equal(np.concatenate([part.rgb for part in found.each]), SHIFTED[0])


@pytest.mark.parametrize("format", ["png", "webp"])
def test_what_is_said_of_an_animation_is_kept(format, tmp_path):
    images = tuple(Image(shown, xmp=XMP, colours=((b"cICP", bytes([12, 13, 0, 1])),)) for shown in SHIFTED)

    frames = _frames(tmp_path, _encoded(Frames(tuple(map(as_bands, images)), (100.0,) * 3), format))

    assert all(image.xmp == XMP for image in frames.images)
    if format == "png":
        assert frames.images[0].colours == images[0].colours
    else:
        assert frames.images[0].icc is not None


@pytest.mark.parametrize("moving", [False, True])
def test_lossless_webp_stays_lossless(moving, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (2, 24, 20, 3), np.uint8)
    pictures = list(noise) if moving else list(noise[:1])
    file = io.BytesIO()
    first, *others = map(Pillow.fromarray, pictures)
    first.save(file, "webp", lossless=True, save_all=True, append_images=others)

    frames = _frames(tmp_path, file.getvalue())
    again = _frames(tmp_path, _encoded(frames, "webp", quality=50))

    assert all(image.lossless for image in frames.images + again.images)
    assert all(np.array_equal(image.rgb, one) for image, one in zip(again.images, pictures, strict=True))


@pytest.mark.parametrize("moving", [False, True])
def test_lossy_webp_stays_small(moving, tmp_path):
    data = _animation("webp", quality=80) if moving else encode(Image(PHOTO), "webp")

    assert not any(image.lossless for image in _frames(tmp_path, data).images)


def _apng(*chunks):
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in PHOTO))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 32, 8, 2, 0, 0, 0))
    bodies = {"pixels": pixels, "frame": _control}
    return SIGNATURE + head + b"".join(chunk(kind, make(bodies)) for kind, make in chunks) + chunk(b"IEND", b"")


def _control(number, width=48, height=32, left=0, top=0, disposal=0, blending=0):
    return struct.pack(">5I2H2B", number, width, height, left, top, 1, 10, disposal, blending)


def _of(number, **options):
    return b"fcTL", lambda bodies: bodies["frame"](number, **options)


def _data(number):
    return b"fdAT", lambda bodies: struct.pack(">I", number) + bodies["pixels"]


_STILL = (b"IDAT", lambda bodies: bodies["pixels"])


def _said(frames, plays=0):
    return b"acTL", lambda bodies: struct.pack(">II", frames, plays)


def test_an_animation_made_by_hand_is_sound(tmp_path):
    frames = _frames(tmp_path, _apng(_said(2, 4), _of(0), _STILL, _of(1), _data(2)))

    assert (len(frames.images), frames.loop) == (2, 4)


_BROKEN = {
    "its animation has 1 frames of 2": (_said(2), _of(0), _STILL),
    "its animation has 2 frames of 1": (_said(1), _of(0), _STILL, _of(1), _data(2)),
    "its animation has 0 frames of 0": (_said(0), _STILL),
    "the parts of its animation are not in order": (_said(2), _of(0), _STILL, _of(2), _data(1)),
    "a frame of its animation has no pixels": (_said(2), _of(0), _STILL, _of(1)),
    "a frame of its animation is not within the picture": (_said(2), _of(0), _STILL, _of(1, left=1), _data(2)),
}


@pytest.mark.parametrize("reason", _BROKEN)
def test_a_broken_animation_reaches_no_decoder(reason, tmp_path, monkeypatch):
    """OpenCV 5.0 dies of some of these."""
    monkeypatch.setattr("cv2.imdecode", None)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile", None)
    data = _apng(*_BROKEN[reason])

    with pytest.raises(ImageError, match=f"^a: damaged png file: {reason}$"):
        decode(data, "a")
    with pytest.raises(ImageError, match=f": damaged png file: {reason}$"):
        _frames(tmp_path, data)
    with pytest.raises(ImageError, match=f": damaged png file: {reason}$"), read_bands(tmp_path / "a"):
        pass


def test_a_second_header_is_damage_for_it_may_hide_how_large_a_picture_is():
    data = _apng(_STILL)
    huge = chunk(b"IHDR", struct.pack(">IIBBBBB", 604_000_000, 32, 8, 2, 0, 0, 0))

    with pytest.raises(ImageError, match=r"^a: damaged png file: its header is not the one chunk that comes first$"):
        decode(data[:33] + huge + data[33:], "a")


def test_frames_of_16_bits_are_rounded_and_told(tmp_path):
    deep = PHOTO.astype(">u2") * 257
    pixels = zlib.compress(b"".join(b"\0" + row.tobytes() for row in deep))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 48, 32, 16, 2, 0, 0, 0))
    parts = [(b"acTL", struct.pack(">II", 2, 0)), (b"fcTL", _control(0)), (b"IDAT", pixels), (b"fcTL", _control(1))]
    parts += [(b"fdAT", struct.pack(">I", 2) + pixels), (b"IEND", b"")]

    frames = _frames(tmp_path, SIGNATURE + head + b"".join(chunk(*part) for part in parts))

    assert all(image.notes == ("frames hold 8 bits: finer levels are rounded",) for image in frames.images)
    assert all(np.array_equal(image.rgb, PHOTO) for image in frames.images)
