"""AVIF and HEIC: whichever brands they bear, what their colours mean and how many bits they have comes along."""

import io
import struct

import cv2
import numpy as np
import pillow_heif
import pytest
import skimage.data
from PIL import Image as Pillow
from PIL import ImageCms

from srgan.errors import ImageError
from srgan.images.reader import decode, probe
from srgan.images.writer import encode

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[:48, 100:164])
DEEP = np.linspace(0, 65_535, 48 * 64).reshape(48, 64, 1).repeat(3, axis=2).astype(np.uint16)


def _avif(**options):
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).save(file, "avif", quality=95, **options)
    return file.getvalue()


def _deep_avif(bits, array=DEEP):
    kinds = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    levels = array >> (16 - bits)
    done, data = cv2.imencode(
        ".avif",
        cv2.cvtColor(levels, kinds[array.shape[2]]) if array.ndim == 3 else levels,
        [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100],
    )
    assert done
    return data.tobytes()


def _heic(array=PHOTO, mode="RGB"):
    file = io.BytesIO()
    height, width = array.shape[:2]
    pillow_heif.from_bytes(mode, (width, height), array.tobytes()).save(file, quality=-1)
    return file.getvalue()


def _of_colours(data, primaries, transfer):
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


@pytest.mark.parametrize("make", [_avif, _heic])
@pytest.mark.parametrize("codes", [(12, 13), (9, 16), (9, 18), (9, 1), (1, 8)])
def test_what_the_colours_mean_is_kept(make, codes):
    image = decode(_of_colours(make(), *codes), "a")

    assert image.colours == ((b"cICP", bytes([*codes, 0, 1])),)
    assert decode(encode(image, "png"), "a").colours == image.colours
    assert encode(image, "avif").count(b"prof") == 1


@pytest.mark.parametrize("codes", [(1, 13), (2, 2), (1, 2), (300, 13)])
def test_srgb_and_what_is_not_said_need_no_words(codes):
    assert decode(_of_colours(_avif(), *codes), "a").colours == ()


def test_a_profile_says_more_than_numbers():
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    file = io.BytesIO()
    plain = pillow_heif.from_pillow(Pillow.fromarray(PHOTO))
    plain.info["icc_profile"] = icc
    plain.save(file)

    image = decode(file.getvalue(), "a")

    assert (image.icc, image.colours) == (icc, ())


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("channels", [3, 4])
def test_avif_of_more_than_8_bits_keeps_them(bits, channels, tmp_path):
    array = np.dstack([DEEP, DEEP[..., :1]])[..., :channels]
    (tmp_path / "a.avif").write_bytes(_deep_avif(bits, array))

    image = decode((tmp_path / "a.avif").read_bytes(), "a")

    assert (image.depth, image.format) == (16, "avif")
    found = image.rgb if image.alpha is None else np.dstack([image.rgb, image.alpha])
    assert np.abs(found.astype(int) - array).mean() < 65_535 / 200
    assert len(np.unique(image.rgb)) > 256
    assert probe(tmp_path / "a.avif").depth == 16


@pytest.mark.parametrize("mode", ["RGB;16", "RGBA;16", "I;16"])
def test_heic_of_more_than_8_bits_keeps_them(mode):
    array = {"RGB;16": DEEP, "RGBA;16": np.dstack([DEEP, DEEP[..., :1]]), "I;16": DEEP[..., 0].copy()}[mode]

    image = decode(_heic(array, mode), "a")

    assert image.depth == 16
    found = (
        image.rgb[..., 0] if image.grey else image.rgb if image.alpha is None else np.dstack([image.rgb, image.alpha])
    )
    assert np.abs(found.astype(int) - array).mean() < 65_535 / 200
    assert len(np.unique(found)) > 256
    assert (image.grey, image.alpha is not None) == (mode == "I;16", mode == "RGBA;16")


@pytest.mark.parametrize("brand", [b"mif1", b"miaf", b"MA1B", b"avif", b"msf1"])
def test_avif_is_found_by_any_of_its_brands(brand):
    data = _avif()

    image = decode(data[:8] + brand + data[12:], "a")

    assert image.format == "avif"
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < 4


@pytest.mark.parametrize("brand", [b"mif1", b"miaf", b"heix", b"msf1"])
def test_heic_is_found_by_any_of_its_brands(brand):
    data = _heic()

    assert np.array_equal(decode(data[:8] + brand + data[12:], "a").rgb, decode(data, "a").rgb)


def test_boxes_that_cannot_be_followed_are_damage():
    data = _avif()
    at = data.index(b"ipma")

    with pytest.raises(ImageError, match=r"^a: damaged avif header: its boxes cannot be followed$"):
        decode(data[: at + 4] + bytes(4) + b"\xff\xff\xff\xff" + data[at + 12 :], "a")
