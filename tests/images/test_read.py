"""Files of every kind, sound and damaged, become pictures or one-line errors."""

import io
import os
import struct
import sys
import time
import zlib

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image as Pillow
from PIL import ImageCms, PngImagePlugin

from srgan.errors import ImageError, UnsupportedImageError
from srgan.images.bands import read_bands, whole
from srgan.images.reader import decode, probe, read

PHOTO = skimage.data.astronaut()[:120, 100:260]
RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65_536, (9, 13, 4), np.uint16)


def _file(picture, format, **options):
    file = io.BytesIO()
    (picture if isinstance(picture, Pillow.Image) else Pillow.fromarray(picture)).save(file, format, **options)
    return file.getvalue()


def _tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **{"photometric": "rgb", "metadata": None, **options})
    return file.getvalue()


def _chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(width, height, depth, colour, rows=b"", *extra):
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = b"".join(extra) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + body


def _deep_png(array, colour, *extra):
    rows = b"".join(b"\0" + row.tobytes() for row in array.astype(">u2"))
    return _png(array.shape[1], array.shape[0], 16, colour, rows, *extra)


def _reason(data, kind=ImageError, **options):
    with pytest.raises(kind) as caught:
        decode(data, "photos/a.jpg", **options)
    assert str(caught.value).startswith("photos/a.jpg: ")
    return str(caught.value).removeprefix("photos/a.jpg: ")


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "bmp", "gif", "avif"])
def test_every_format_is_known_by_its_content_whatever_the_name(format, tmp_path):
    (tmp_path / "wrong.txt").write_bytes(_file(PHOTO, format))
    image = read(tmp_path / "wrong.txt")
    assert image.format == {"gif": "png"}.get(format, format)
    assert (image.width, image.height, image.depth, image.grey, image.alpha) == (160, 120, 8, False, None)
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < (12 if format == "gif" else 4)
    assert probe(tmp_path / "wrong.txt")[:3] == (format, 160, 120)


def test_jpeg_pixels_are_those_of_pillow():
    data = _file(PHOTO, "jpeg")
    assert np.array_equal(decode(data, "a").rgb, np.asarray(Pillow.open(io.BytesIO(data))))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_each_kind_of_8_bit_png_gives_its_colours_alpha_and_greyness(mode):
    picture = Pillow.fromarray(PHOTO).convert(mode)
    image = decode(_file(picture, "png"), "a")
    assert image.grey == (mode in ("1", "L", "LA"))
    assert np.array_equal(image.rgb, np.asarray(picture.convert("RGB")))
    assert (image.alpha is not None) == (mode in ("LA", "RGBA"))


def test_a_transparent_palette_entry_becomes_alpha():
    picture = Pillow.fromarray(PHOTO).quantize(8)
    image = decode(_file(picture, "png", transparency=3), "a")
    assert np.array_equal(image.alpha == 0, np.asarray(picture) == 3)


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_16_bit_png_keeps_every_bit(colour, channels):
    array = DEEP[..., :channels]
    image = decode(_deep_png(array, colour), "a")
    assert image.depth == 16
    assert image.grey == (channels <= 2)
    assert np.array_equal(image.rgb, np.broadcast_to(array[..., :3] if channels > 2 else array[..., :1], (9, 13, 3)))
    assert (image.alpha is None) if channels % 2 else np.array_equal(image.alpha, array[..., -1])


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3)])
def test_a_transparent_colour_in_a_16_bit_png_becomes_alpha(colour, channels):
    array = DEEP[..., :channels]
    image = decode(_deep_png(array, colour, _chunk(b"tRNS", array[2, 5].astype(">u2").tobytes())), "a")
    assert image.alpha[2, 5] == 0
    assert image.alpha.sum(dtype=int) == 65_535 * (9 * 13 - 1)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_transparent_grey_in_a_png_of_few_bits_becomes_alpha(bits, streamed, tmp_path):
    levels = np.arange(48).reshape(3, 16) % 2**bits
    unpacked = (levels[..., None] >> np.arange(bits)[::-1]) & 1
    rows = b"".join(b"\0" + np.packbits(row).tobytes() for row in unpacked)
    (tmp_path / "a.png").write_bytes(_png(16, 3, bits, 0, rows, _chunk(b"tRNS", b"\0\1")))

    with read_bands(tmp_path / "a.png", streamed=streamed) as bands:
        image = whole(bands)

    np.testing.assert_array_equal(image.alpha, np.where(levels == 1, 0, 255))
    np.testing.assert_array_equal(image.rgb[..., 0], levels * (255 // (2**bits - 1)))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"planarconfig": "separate"},
        {"tile": (16, 16)},
        {"compression": "adobe_deflate", "predictor": True},
        {"byteorder": ">"},
        {"bigtiff": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_however_a_tiff_is_laid_out_its_pixels_are_the_same(options, dtype):
    array = PHOTO.astype(dtype) * dtype(1 if dtype == np.uint8 else 257)
    if options.get("planarconfig"):
        data = _tiff(np.ascontiguousarray(np.moveaxis(array, 2, 0)), **options)
    else:
        data = _tiff(array, **options)
    image = decode(data, "a")
    assert np.array_equal(image.rgb, array)
    assert image.rgb.dtype == dtype


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits", "group4", "jpeg"])
def test_a_tiff_compressed_by_libtiff_is_read(compression):
    picture = Pillow.fromarray(PHOTO).convert("1" if compression == "group4" else "RGB")
    image = decode(_file(picture, "tiff", compression=compression), "a")
    error = np.abs(image.rgb.astype(int) - np.asarray(picture.convert("RGB"))).mean()
    assert error < (6 if compression == "jpeg" else 1e-9)


def test_a_16_bit_lzw_tiff_keeps_every_bit():
    done, data = cv2.imencode(".tif", DEEP[..., 2::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])
    assert done
    assert np.array_equal(decode(data.tobytes(), "a").rgb, DEEP[..., :3])


def test_tiff_alpha_is_read_and_premultiplied_colours_are_divided_by_it():
    straight = decode(_tiff(DEEP, extrasamples=["unassalpha"]), "a")
    assert np.array_equal(np.dstack([straight.rgb, straight.alpha]), DEEP)
    half = np.dstack([np.full((4, 4, 3), 10_000, np.uint16), np.full((4, 4), 32_768, np.uint16)])
    assert set(decode(_tiff(half, extrasamples=["assocalpha"]), "a").rgb.flat) == {20_000}


def test_white_is_zero_where_a_tiff_says_so():
    for array in (PHOTO[..., 0], DEEP[..., 0]):
        image = decode(_tiff(array, photometric="miniswhite"), "a")
        assert image.grey
        assert np.array_equal(image.rgb[..., 0], np.iinfo(array.dtype).max - array)


@pytest.mark.parametrize("format", ["jpeg", "tiff"])
def test_cmyk_becomes_srgb_and_is_not_inverted(format):
    image = decode(_file(Pillow.fromarray(PHOTO).convert("CMYK"), format), "a")
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < 3
    assert image.icc is None
    assert image.notes == ("CMYK converted to sRGB",)


def test_a_broken_cmyk_profile_is_ignored_and_said():
    image = decode(_file(Pillow.fromarray(PHOTO).convert("CMYK"), "jpeg", icc_profile=b"broken"), "a")
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < 3
    assert image.notes[0].startswith("CMYK profile ignored: ")


def test_16_bit_cmyk_becomes_8_bit_srgb():
    inks = np.asarray(Pillow.fromarray(PHOTO).convert("CMYK")).astype(np.uint16) * 257
    image = decode(_tiff(inks, photometric="separated"), "a")
    assert np.array_equal(image.rgb, PHOTO)
    assert image.notes == ("CMYK converted to sRGB", "CMYK is read with 8 bits: finer levels are rounded")


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_upright_and_say_so(orientation, format):
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = orientation, "Maker"
    upright = Pillow.fromarray(PHOTO)
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what turns the upright picture into the stored one
    stored = upright.transpose(Pillow.Transpose(undo[orientation])) if orientation > 1 else upright
    lossless = {"quality": 100, "lossless": True} if format == "webp" else {"quality": 95}
    image = decode(_file(stored, format, exif=exif.tobytes(), **lossless), "a")
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < 3
    said = Pillow.Exif()
    said.load(image.exif)
    assert said.get(0x0112, 1) == 1
    assert said[0x010F] == "Maker"


def test_a_16_bit_tiff_is_turned_too():
    data = _tiff(DEEP[..., :3], extratags=[(274, "H", 1, 6, True)])
    assert np.array_equal(decode(data, "a").rgb, np.rot90(DEEP[..., :3], -1))


def test_the_orientation_in_xmp_follows_that_in_exif():
    exif = Pillow.Exif()
    exif[0x0112] = 6
    xmp = b'<x:xmpmeta xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6">'
    xmp += b"<tiff:Orientation>6</tiff:Orientation></x:xmpmeta>"
    image = decode(_file(PHOTO, "jpeg", exif=exif.tobytes(), xmp=xmp), "a")
    assert image.xmp == xmp.replace(b"6", b"1")


def test_the_thumbnail_is_dropped_and_everything_else_stays_where_it_was():
    thumbnail = b"\xff\xd8thumbnail\xff\xd9"
    for order in "<>":
        head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
        first = struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, 3, 0, 26)
        second = struct.pack(order + "HHHIIHHIII", 2, 0x0201, 4, 1, 56, 0x0202, 4, 1, len(thumbnail), 0)
        block = head + first + second + thumbnail
        assert len(block) == 56 + len(thumbnail)
        image = decode(_file(PHOTO, "jpeg", exif=b"Exif\0\0" + block), "a")
        assert image.exif == head + struct.pack(order + "HHHIHHI", 1, 0x0112, 3, 1, 1, 0, 0) + second
        assert decode(_file(PHOTO, "jpeg", exif=b"Exif\0\0" + block + b"more"), "a").exif.endswith(
            bytes(len(thumbnail)) + b"more"
        )


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")  # Pillow looks into it too
def test_exif_that_cannot_be_followed_is_dropped_and_said():
    image = decode(_file(PHOTO, "jpeg", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f"), "a")
    assert (image.exif, image.notes) == (None, ("damaged EXIF dropped",))


@pytest.mark.parametrize("format", ["jpeg", "png", "webp", "tiff"])
def test_profile_xmp_and_resolution_come_verbatim(format):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>", zip=True)
    more = {"png": {"pnginfo": text}, "tiff": {"tiffinfo": {700: b"<x:xmpmeta/>"}}}.get(
        format, {"xmp": b"<x:xmpmeta/>"}
    )
    image = decode(_file(PHOTO, format, icc_profile=icc, dpi=(300, 150), **more), "a")
    assert (image.icc, image.xmp) == (icc, b"<x:xmpmeta/>")
    assert image.dpi == (None if format == "webp" else pytest.approx((300, 150), abs=0.02))


@pytest.mark.parametrize("format", ["gif", "webp", "png", "avif"])
def test_of_an_animation_the_first_frame_is_taken_and_said(format):
    frames = [Pillow.fromarray(np.roll(PHOTO, 40 * shift, axis=1)) for shift in range(3)]
    image = decode(_file(frames[0], format, save_all=True, append_images=frames[1:]), "a")
    assert image.notes == ("first of 3 frames",)
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < 12


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "bmp", "gif", "avif"])
def test_a_picture_of_one_pixel_is_a_picture(format):
    assert decode(_file(PHOTO[:1, :1], format), "a").rgb.shape == (1, 1, 3)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "bmp", "gif", "avif"])
def test_a_truncated_file_is_an_error(format):
    data = _file(PHOTO, format)
    for kept in (0.5, 0.9):
        assert _reason(data[: int(len(data) * kept)]).startswith(f"damaged {format} ")


def test_a_truncated_16_bit_file_is_an_error():
    for data in (_deep_png(DEEP, 6), _tiff(DEEP, extrasamples=["unassalpha"])):
        assert _reason(data[:-30]).endswith("file: the file is truncated")


def test_a_truncated_progressive_jpeg_is_an_error():
    data = _file(PHOTO, "jpeg", progressive=True)
    assert _reason(data[: len(data) * 3 // 4]).startswith("damaged jpeg file: image file is truncated")


@pytest.mark.parametrize("depth", [8, 16])
def test_a_flipped_bit_in_the_pixels_of_a_png_is_an_error(depth):
    data = bytearray(_file(PHOTO, "png") if depth == 8 else _deep_png(DEEP, 6))
    data[data.index(b"IDAT") + 40] ^= 1
    assert _reason(bytes(data)) == "damaged png file: the checksum of its IDAT chunk is wrong"


def test_a_png_with_too_few_rows_is_an_error():
    for data in (_deep_png(DEEP, 6), _png(13, 9, 8, 2, bytes(40 * 9))):
        position = data.index(b"IHDR")
        header = data[position + 4 : position + 8] + struct.pack(">I", 90) + data[position + 12 : position + 17]
        assert _reason(data[: position - 4] + _chunk(b"IHDR", header) + data[position + 21 :]).startswith("damaged png")


def test_garbage_in_a_jpeg_is_survived_and_said_where_it_shows():
    data = _file(PHOTO, "jpeg")
    middle = len(data) // 2
    (note,) = decode(data[:middle] + b"\xff\x01" * 20 + data[middle:], "a").notes
    assert note.startswith("JPEG data are damaged: ")
    assert decode(data, "a").notes == ()


def test_what_is_left_of_a_truncated_jpeg_is_taken_where_that_is_asked_for():
    data = _file(PHOTO, "jpeg")
    image = decode(data[: len(data) // 2], "a", lenient=True)
    assert np.abs(image.rgb[:40].astype(int) - PHOTO[:40]).mean() < 4
    assert image.notes == ("JPEG data are damaged: Premature end of JPEG file",)
    assert decode(data, "a", lenient=True).notes == ()


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "bmp", "gif", "avif"])
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_random_damage_never_raises_anything_else(format):
    options = {"compression": "tiff_lzw"} if format == "tiff" else {}
    data = _file(PHOTO[:24, :24], format, **options)
    for _ in range(60):
        damaged = bytearray(data)
        for place in RNG.integers(0, len(data), RNG.integers(1, 12)):
            damaged[place] = RNG.integers(0, 256)
        try:
            decode(bytes(damaged[: RNG.integers(1, 2 * len(data))]), "a", max_pixels=1_000_000)
        except ImageError as error:
            assert str(error).startswith("a: ")


def _bitmap(alpha):
    """A bitmap of 32 bits whose header (the third version) has a mask for alpha."""
    rows = np.dstack([PHOTO[::-1, :, ::-1], np.full((120, 160), alpha, np.uint8)]).tobytes()
    masks = struct.pack("<4I", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 56, 160, 120, 1, 32, 3, len(rows), 2835, 2835, 0, 0) + masks
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(rows), 0, 0, 14 + len(head)) + head + rows


def test_a_bitmap_whose_alpha_is_zero_everywhere_has_none():
    unused, half = decode(_bitmap(0), "a"), decode(_bitmap(128), "a")

    assert np.array_equal(unused.rgb, PHOTO) and unused.alpha is None
    assert np.array_equal(half.rgb, PHOTO) and (half.alpha == 128).all()


def test_what_is_no_picture_is_named():
    assert _reason(b"") == "empty file"
    assert _reason(b"<html>404", UnsupportedImageError) == (
        "not a picture (it begins with b'<html>40'); remove it or convert it to PNG"
    )


def test_heic_is_read_where_the_extra_is_installed(monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Pillow.fromarray(PHOTO)).save(file, quality=90)
    image = decode(file.getvalue(), "a.heic")
    assert np.abs(image.rgb.astype(int) - PHOTO).mean() < 6
    assert (image.format, image.notes) == ("png", ())
    assert _reason(file.getvalue()[:300]).startswith("damaged heic ")

    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert _reason(file.getvalue(), UnsupportedImageError) == (
        "HEIC is read with the extra srgan[heif]: pip install pillow-heif"
    )


@pytest.mark.parametrize("primary", [0, 1])
def test_of_a_heic_of_several_pictures_the_primary_one_is_read(primary):
    pillow_heif = pytest.importorskip("pillow_heif")
    file, several = io.BytesIO(), pillow_heif.HeifFile()
    for level in (50, 200):
        several.add_from_pillow(Pillow.new("RGB", (64, 64), (level,) * 3))
    several.save(file, quality=90, primary_index=primary)

    image = decode(file.getvalue(), "a.heic")

    assert np.abs(image.rgb.astype(int) - (50, 200)[primary]).max() <= 2
    assert image.notes == ("first of 2 frames",)


def test_kinds_of_tiff_that_are_not_read_are_named():
    assert _reason(_tiff(np.zeros((3, 8, 8, 3), np.uint8)), UnsupportedImageError) == (
        "a TIFF of 3 pages; --frames all restores all of them"
    )
    for dtype, words in {
        np.float64: "64-bit floating-point",
        np.int16: "16-bit signed",
        np.uint32: "32-bit unsigned",
    }.items():
        assert _reason(_tiff(np.zeros((8, 8, 3), dtype)), UnsupportedImageError) == (
            f"{words} samples are not read here; convert it to 16 bits or 32-bit floats"
        )


def test_tifffiles_own_description_is_not_kept_for_the_shape_will_be_another():
    file = io.BytesIO()
    tifffile.imwrite(file, PHOTO, photometric="rgb", software="Maker")
    exif = Pillow.Exif()
    exif.load(decode(file.getvalue(), "a.tif").exif)

    assert dict(exif) == {0x0131: "Maker"}


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_floats_are_read_as_they_are(dtype):
    colours = (PHOTO.astype(np.float32) / 200 - 0.1).astype(dtype)

    image = decode(_tiff(colours), "a.tif")

    assert image.depth == 32
    np.testing.assert_array_equal(image.rgb, colours.astype(np.float32))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.nan, "floats that are not finite (NaN or infinite); replace them first"),
        (np.inf, "floats that are not finite (NaN or infinite); replace them first"),
        (255.0, "floats from 0 to 255: white must be 1; divide them by what is white"),
    ],
)
def test_floats_that_are_no_colours_are_refused(value, words):
    colours = np.zeros((8, 8, 3), np.float32)
    colours[3, 4] = value

    assert _reason(_tiff(colours), UnsupportedImageError) == words


def test_a_picture_too_large_is_refused_by_its_header():
    start = time.process_time()
    for data in (_png(50_000, 50_000, 8, 0, bytes(300_000)), _png(50_000, 50_000, 16, 2)):
        assert _reason(data) == (
            "50000 x 50000 pixels are more than the limit of 512000000; "
            "raise it with --max-pixels if you trust the file"
        )
    assert time.process_time() - start < 0.5
    assert "more than the limit of 100" in _reason(_file(PHOTO, "jpeg"), max_pixels=100)


def test_a_huge_tiff_is_read_past_pillows_limit(monkeypatch):
    data = _file(PHOTO, "tiff", compression="tiff_adobe_deflate")
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)
    assert np.array_equal(decode(data, "a").rgb, PHOTO)


@pytest.mark.parametrize("format", ["png", "jpeg", "bmp", "avif"])
def test_the_limit_is_ours_and_not_pillows(format, monkeypatch):
    data = _file(PHOTO, format)
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)
    assert decode(data, "a").width == 160


def test_what_is_no_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    for name, reason in {
        "gone.jpg": "cannot be read: No such file or directory",
        ".": "a folder, not a picture",
        "pipe.jpg": "not a regular file",
        "x" * 300: "cannot be read: File name too long",
    }.items():
        for function in (read, probe):
            with pytest.raises(ImageError) as caught:
                function(tmp_path / name)
            assert str(caught.value) == f"{tmp_path / name}: {reason}"


@pytest.mark.parametrize("name", [b"bad\xff.jpg", b"new\nline.png", "😀.png".encode(), b"-q.png", b"n" * 251 + b".png"])
def test_a_file_of_any_name_is_read_and_its_errors_are_one_line(name, tmp_path):
    path = os.fsencode(tmp_path) + b"/" + name
    with open(path, "wb") as file:
        file.write(_file(PHOTO, "png"))
    assert np.array_equal(read(path).rgb, PHOTO)
    with open(path, "wb") as file:
        file.write(b"")
    with pytest.raises(ImageError) as caught:
        read(os.fsdecode(path))
    assert str(caught.value).encode().endswith(b": empty file")
    assert "\n" not in str(caught.value)


def test_a_tiff_whose_pages_go_round_in_a_circle_is_an_error():
    file = io.BytesIO()
    with tifffile.TiffWriter(file, byteorder="<") as writer:
        for _ in range(2):
            writer.write(DEEP[..., :3], photometric="rgb", metadata=None)
    with tifffile.TiffFile(io.BytesIO(file.getvalue())) as opened:
        first, second = (page.offset for page in opened.pages)
    data = bytearray(file.getvalue())
    (count,) = struct.unpack_from("<H", data, second)
    struct.pack_into("<I", data, second + 2 + 12 * count, first)
    assert _reason(bytes(data)) == "damaged tiff header: its pages go round in a circle"


@pytest.mark.parametrize("samples", [PHOTO, DEEP[..., :3]])
def test_damage_in_a_deflated_tiff_is_an_error_though_it_unpacks(samples):
    """libtiff unpacks as many bytes as it needs, and never looks at the checksum behind them."""
    data = bytearray(_tiff(samples, compression="deflate", rowsperstrip=len(samples)))
    middle = len(data) // 2
    data[middle : middle + 60] = bytes(60)

    assert _reason(bytes(data)).startswith("damaged tiff file: ")


def test_a_bigtiff_of_the_other_byte_order_is_read():
    assert np.array_equal(decode(_tiff(PHOTO, byteorder=">", bigtiff=True), "a").rgb, PHOTO)


def test_a_tiff_that_has_lost_its_directory_is_damaged():
    data = _file(PHOTO, "tiff")
    place = int.from_bytes(data[4:8], "little")
    lost = data[:4] + (len(data) + 100).to_bytes(4, "little") + data[8:place]

    assert _reason(lost) == "damaged tiff header: it has no pages; it may be truncated"
