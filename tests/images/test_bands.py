"""A file read some rows at a time gives the pixels that it gives as a whole, and says the same."""

import io
import itertools
import zlib

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.images import bands
from srgan.images.bands import Bands, Window, as_bands, read_bands
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write_bands

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[:103, :151])
DEEP = PHOTO.astype(np.uint16) * 257 + np.arange(151, dtype=np.uint16)[None, :, None]
WITH_ALPHA = np.dstack([PHOTO, PHOTO[..., :1]])


@pytest.fixture(autouse=True)
def small_bands(monkeypatch):
    monkeypatch.setattr(bands, "BAND", 4000)


def _read(path):
    """The picture, of its bands put together, and how many there were."""
    with read_bands(path) as found:
        each = list(found.each)
        whole = Window(Bands(found.width, found.height, found.like, each)).rows(0, found.height)
        return whole, found.like, len(each)


def _check(path, several=True):
    expected = read(path)

    found, like, count = _read(path)

    assert (count > 1) == several
    np.testing.assert_array_equal(found.rgb, expected.rgb)
    assert found.rgb.dtype == expected.rgb.dtype
    assert (found.alpha is None) == (expected.alpha is None)
    assert found.alpha is None or np.array_equal(found.alpha, expected.alpha)
    for field in ("grey", "icc", "exif", "xmp", "dpi", "format", "notes"):
        assert getattr(like, field) == getattr(expected, field)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_of_each_kind(tmp_path, mode):
    picture = Pillow.fromarray(np.tile(PHOTO, (3, 3, 1)) if mode == "1" else PHOTO)
    picture = Pillow.fromarray(DEEP[..., 0]) if mode == "I;16" else picture.convert(mode)
    if mode in ("LA", "RGBA"):
        picture.putalpha(Pillow.fromarray(PHOTO[..., 1]))
    exif = Pillow.Exif()
    exif[271] = "a camera"
    picture.save(tmp_path / "a.png", dpi=(300, 300), icc_profile=b"profile", exif=exif)

    _check(tmp_path / "a.png")


@pytest.mark.parametrize("colours, bits", [(200, 8), (13, 4), (4, 2)])
def test_png_of_a_palette_with_a_transparent_colour(tmp_path, colours, bits):
    Pillow.fromarray(np.tile(PHOTO, (2, 2, 1))).quantize(colours).save(tmp_path / "a.png", transparency=3, bits=bits)

    _check(tmp_path / "a.png")


def test_png_with_one_transparent_colour(tmp_path):
    Pillow.fromarray(PHOTO).save(tmp_path / "a.png", transparency=tuple(int(level) for level in PHOTO[50, 50]))

    _check(tmp_path / "a.png")


@pytest.mark.parametrize("channels", [3, 4])
def test_png_of_16_bits(tmp_path, channels):
    cv2.imwrite(str(tmp_path / "a.png"), np.dstack([DEEP, DEEP])[..., :channels])

    _check(tmp_path / "a.png")


@pytest.mark.parametrize("strategy", ["0", "1", "2", "3", "4"])
def test_png_of_every_filter(tmp_path, strategy):
    """OpenCV's own choice, and each filter alone."""
    filters = {"0": cv2.IMWRITE_PNG_FILTER_NONE, "1": cv2.IMWRITE_PNG_FILTER_SUB, "2": cv2.IMWRITE_PNG_FILTER_UP}
    filters |= {"3": cv2.IMWRITE_PNG_FILTER_AVG, "4": cv2.IMWRITE_PNG_FILTER_PAETH}
    cv2.imwrite(str(tmp_path / "a.png"), PHOTO, [cv2.IMWRITE_PNG_FILTER, filters[strategy]])

    _check(tmp_path / "a.png")


def test_what_is_interlaced_or_turned_or_of_another_format_is_one_band(tmp_path):
    turned = Pillow.Exif()
    turned[274] = 6
    Pillow.fromarray(PHOTO).save(tmp_path / "turned.png", exif=turned)
    Pillow.fromarray(PHOTO).save(tmp_path / "turned.tif", exif=turned, tiffinfo={274: 6}, compression="packbits")
    Pillow.fromarray(PHOTO).save(tmp_path / "a.jpg")

    for name in ("turned.png", "turned.tif", "a.jpg"):
        _check(tmp_path / name, several=False)
        with read_bands(tmp_path / name) as found:
            assert (found.width, found.height) == (found.like.width, found.like.height)


_TIFFS = {
    "rgb": (PHOTO, {}),
    "rgb16": (DEEP, {}),
    "float": (PHOTO.astype(np.float32) / 255, {}),
    "grey": (np.tile(PHOTO[..., 0], (2, 2)), {"photometric": "minisblack"}),
    "white is 0": (np.tile(PHOTO[..., 0], (2, 2)), {"photometric": "miniswhite"}),
    "alpha": (WITH_ALPHA, {"extrasamples": ["unassalpha"]}),
    "premultiplied": (np.dstack([DEEP, DEEP[..., :1]]), {"extrasamples": ["assocalpha"]}),
    "planes": (np.moveaxis(PHOTO, 2, 0), {"planarconfig": "separate"}),
    "inks": (WITH_ALPHA, {"photometric": "separated"}),
}


@pytest.mark.parametrize("kind", _TIFFS)
@pytest.mark.parametrize("tile", [None, (16, 48)])
@pytest.mark.parametrize("compression", [None, "deflate"])
def test_tiff_of_each_kind_and_layout(tmp_path, kind, tile, compression):
    array, options = _TIFFS[kind]
    options = {"photometric": "rgb", "metadata": None, "compression": compression, "tile": tile, **options}
    if compression:
        options["predictor"] = array.dtype.kind == "u"
    if tile is None and (compression or kind == "planes"):
        options["rowsperstrip"] = 16

    for order, bigtiff in itertools.product("<>", (False, True)):
        tifffile.imwrite(
            tmp_path / "a.tif",
            array,
            byteorder=order,
            bigtiff=bigtiff,
            resolution=(200, 100),
            resolutionunit=2,
            **options,
        )
        _check(tmp_path / "a.tif")


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "packbits", "group4"])
def test_tiff_of_each_compression(tmp_path, compression):
    picture = Pillow.fromarray(np.tile(PHOTO, (4, 4, 1)))
    picture = picture.convert("1") if compression == "group4" else picture
    picture.save(tmp_path / "a.tif", compression=compression, tiffinfo={278: 16})

    _check(tmp_path / "a.tif")


def test_tiff_of_a_palette(tmp_path):
    Pillow.fromarray(np.tile(PHOTO, (4, 4, 1))).convert("P").save(tmp_path / "a.tif", tiffinfo={278: 8})

    _check(tmp_path / "a.tif")


def test_tiff_of_one_packed_strip_is_one_band(tmp_path):
    large = np.tile(PHOTO, (3, 3, 1))
    tifffile.imwrite(tmp_path / "a.tif", large, photometric="rgb", compression="deflate", rowsperstrip=len(large))

    _check(tmp_path / "a.tif", several=False)


def test_a_file_damaged_in_the_middle_is_an_error_of_that_file(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", PHOTO, photometric="rgb", compression="deflate", rowsperstrip=8)
    with tifffile.TiffFile(tmp_path / "a.tif") as opened:
        place = opened.pages[0].dataoffsets[6]
    data = bytearray((tmp_path / "a.tif").read_bytes())
    data[place : place + 8] = bytes(8)
    (tmp_path / "a.tif").write_bytes(data)

    with pytest.raises(ImageError, match=r"a\.tif: damaged tiff file"), read_bands(tmp_path / "a.tif") as found:
        first = next(iter(found.each))
        assert np.array_equal(first.rgb, PHOTO[:8])
        list(found.each)


def test_a_png_with_too_few_rows_or_a_wrong_checksum(tmp_path):
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).save(file, "png")
    data = file.getvalue()
    place = data.index(b"IDAT")
    few = zlib.compress(bytes(50 * (1 + 3 * 151)))
    header, end = data[: place - 4], data[-12:]
    body = b"IDAT" + few
    chunk = len(few).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
    (tmp_path / "few.png").write_bytes(header + chunk + end)
    (tmp_path / "wrong.png").write_bytes(data[: place + 50] + bytes([data[place + 50] ^ 1]) + data[place + 51 :])

    with pytest.raises(ImageError, match=r"few\.png: damaged png file: it has fewer rows than it says"):
        _read(tmp_path / "few.png")
    with pytest.raises(ImageError, match=r"wrong\.png: damaged png file: the checksum of its IDAT chunk is wrong"):
        _read(tmp_path / "wrong.png")


def test_a_window_moves_down_over_bands_of_any_height():
    parts = np.split(PHOTO, [1, 5, 6, 40, 90])
    window = Window(Bands(151, 103, Image(PHOTO), iter([Image(part) for part in parts])))

    for start, stop in ((0, 3), (0, 30), (2, 31), (31, 60), (55, 103)):
        assert np.array_equal(window.rows(start, stop).rgb, PHOTO[start:stop])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_bands_are_written_as_the_whole_picture_is(tmp_path, name):
    image = Image(PHOTO, PHOTO[..., 0].copy(), icc=b"profile", dpi=(300.0, 300.0))
    parts = [Image(PHOTO[top : top + 9], image.alpha[top : top + 9]) for top in range(0, 103, 9)]

    for path, picture in (("whole", as_bands(image)), ("cut", Bands(151, 103, image, parts))):
        with open(tmp_path / f"{path}-{name}", "w+b") as file:
            write_bands(file, picture, name[2:])

    one, other = read(tmp_path / f"whole-{name}"), read(tmp_path / f"cut-{name}")
    assert np.array_equal(one.rgb, other.rgb) and np.array_equal(one.alpha, other.alpha)
    assert (one.icc, one.dpi) == (other.icc, other.dpi)
