"""What others' code raises is the fault of the file, whatever it is; what ours raises is not, nor want of memory."""

import errno
import io

import cv2
import numpy as np
import pytest
import simplejpeg
import tifffile
from PIL import Image as Pillow
from PIL import JpegImagePlugin, PngImagePlugin

from srgan.errors import ImageError
from srgan.images import bands
from srgan.images.bands import as_bands, read_bands
from srgan.images.damage import Damaged, foreign
from srgan.images.frames import Frames, read_frames, write_frames
from srgan.images.image import Image
from srgan.images.png import chunks as png
from srgan.images.png import writer as png_writer
from srgan.images.reader import decode
from srgan.images.writer import encode

RGB = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
OTHERS = [
    *(ModuleNotFoundError("No module named 'codec'"), AssertionError("odd"), KeyError("tag"), RecursionError("deep")),
    *(LookupError("odd"), ArithmeticError("odd"), BufferError("odd"), Exception("odd"), OSError("odd")),
    *(OSError(errno.EINVAL, "Invalid argument"), cv2.error("odd"), StopIteration("odd"), UnicodeError("odd")),
]


def _file(picture, format):
    file = io.BytesIO()
    picture.save(file, format)
    return file.getvalue()


def _raising(error):
    def stumble(*arguments, **options):
        raise error

    return stumble


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_whatever_a_decoder_raises_is_damage_of_its_file(error, monkeypatch):
    jpeg, palette = _file(Pillow.fromarray(RGB), "jpeg"), _file(Pillow.fromarray(RGB).quantize(8), "png")
    plain, deep = encode(Image(RGB), "png"), encode(Image(RGB.astype(np.uint16)), "tiff")
    monkeypatch.setattr(tifffile.TiffPage, "decode", _raising(error))
    monkeypatch.setattr(simplejpeg, "decode_jpeg", _raising(error))
    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", _raising(error))
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", _raising(error))
    monkeypatch.setattr(cv2, "imdecode", _raising(error))

    for data, format in ((jpeg, "jpeg"), (palette, "png"), (plain, "png"), (deep, "tiff")):
        with pytest.raises(ImageError, match=rf"^a: damaged {format} file: "):
            decode(data, "a")


@pytest.mark.parametrize("error", OTHERS, ids=repr)
def test_whatever_an_encoder_raises_is_an_error_of_that_picture(error, monkeypatch):
    monkeypatch.setattr(Pillow.Image, "save", _raising(error))

    with pytest.raises(ImageError, match=r"^cannot be written as jpeg: "):
        encode(Image(RGB), "jpeg")
    with pytest.raises(ImageError, match=r"^cannot be written as webp: "):
        write_frames(io.BytesIO(), Frames((as_bands(Image(RGB)),) * 2), "webp")


@pytest.mark.parametrize("error", [TypeError("ours"), ValueError("ours"), AttributeError("ours"), IndexError("ours")])
def test_a_bug_of_ours_is_not_called_damage(error, monkeypatch, tmp_path):
    (tmp_path / "a.png").write_bytes(encode(Image(RGB), "png"))
    monkeypatch.setattr(png, "_dpi", _raising(error))

    with pytest.raises(type(error), match=r"^ours$"):
        decode((tmp_path / "a.png").read_bytes(), "a")
    with pytest.raises(type(error), match=r"^ours$"):
        read_frames(tmp_path / "a.png")
    with pytest.raises(type(error), match=r"^ours$"), read_bands(tmp_path / "a.png"):
        pass


def test_a_bug_of_ours_in_writing_is_none_of_the_picture(monkeypatch):
    monkeypatch.setattr(png_writer, "encoded", _raising(ValueError("ours")))

    with pytest.raises(ValueError, match=r"^ours$"):
        encode(Image(RGB), "png")


def test_want_of_memory_is_not_called_damage(monkeypatch):
    data = encode(Image(RGB), "png")
    for error in (MemoryError(), _no_memory()):
        monkeypatch.setattr(cv2, "imdecode", _raising(error))
        with pytest.raises(ImageError, match=r"^a: not enough memory to read it$"):
            decode(data, "a")

    monkeypatch.setattr(Pillow.Image, "save", _raising(MemoryError()))
    with pytest.raises(ImageError, match=r"^cannot be written as jpeg: not enough memory$"):
        encode(Image(RGB), "jpeg")


def _no_memory():
    """What OpenCV raises where the pixels of a huge picture do not fit."""
    try:
        cv2.resize(np.zeros((1, 1), np.uint8), (1 << 30, 1 << 29))
    except cv2.error as error:
        return error


def test_a_disk_that_fails_is_not_called_damage(monkeypatch, tmp_path):
    (tmp_path / "a.png").write_bytes(encode(Image(np.tile(RGB, (20, 1, 1))), "png"))
    monkeypatch.setattr(bands, "BAND", 4000)
    monkeypatch.setattr(png, "packed_pixels", _raising(OSError(errno.EIO, "Input/output error")))

    with (
        pytest.raises(ImageError, match=r"a\.png: cannot be read: Input/output error$"),
        read_bands(tmp_path / "a.png") as found,
    ):
        list(found.each)


def test_what_is_already_said_is_not_said_twice():
    with pytest.raises(Damaged, match=r"^once$"), foreign():
        raise Damaged("once")
    with pytest.raises(KeyboardInterrupt), foreign():
        raise KeyboardInterrupt


def test_what_is_too_large_for_pillow_alone_is_not_called_damaged(monkeypatch):
    data = encode(Image(RGB), "webp")
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(ImageError) as refused:
        decode(data, "large.webp")
    assert str(refused.value) == "large.webp: more pixels than Pillow opens in this format; convert it to PNG or TIFF"
