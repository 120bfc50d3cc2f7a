"""Pictures become files, whole or not at all, and say what they said before."""

import io
import os
import resource
import struct
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import skimage.data
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageCms

from srgan.errors import ConfigError, ImageError, MachineError
from srgan.files import is_partial, replacing, write_bytes
from srgan.images.bands import as_bands
from srgan.images.formats import check_size, format_of
from srgan.images.image import Image
from srgan.images.reader import decode, read
from srgan.images.tiff import writer as tiff_writer
from srgan.images.writer import encode, write, write_bands

PHOTO = skimage.data.astronaut()[:120, 100:260]
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = b"<x:xmpmeta>\xc3\xbc</x:xmpmeta>"


def _exif():
    exif = Pillow.Exif()
    exif[0x010F], exif[0x0132] = "Maker", "2024:01:02 03:04:05"
    exif[0x8769] = {0xA002: 11, 0xA003: 22, 0x829A: (1, 250)}
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 1.5)}
    return exif.tobytes().removeprefix(b"Exif\0\0")


def _exif_of(image):
    exif = Pillow.Exif()
    exif.load(image.exif)
    return exif


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    dtype=st.sampled_from([np.uint8, np.uint16, np.float32]),
    transparent=st.booleans(),
    grey=st.booleans(),
    format=st.sampled_from(["png", "tiff", "bmp"]),
    seed=st.integers(0, 99),
)
def test_lossless_formats_give_back_every_pixel(height, width, dtype, transparent, grey, format, seed):
    if format == "bmp":
        dtype, transparent = np.uint8, False
    if dtype is np.float32:
        format = "tiff"
        values = np.random.default_rng(seed).normal(0.5, 0.3, (height, width, 4)).astype(dtype)
    else:
        values = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (height, width, 4), dtype, endpoint=True)
    rgb = np.repeat(values[..., :1], 3, axis=2) if grey else values[..., :3]
    before = Image(rgb, values[..., 3] if transparent else None, grey)
    after = decode(encode(before, format), "a")
    assert (after.format, after.grey, after.depth, after.notes) == (format, grey, before.depth, ())
    assert np.array_equal(after.rgb, rgb)
    assert np.array_equal(after.alpha, values[..., 3]) if transparent else after.alpha is None


@pytest.mark.parametrize("format", ["png", "tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("channels", [1, 4])
def test_pictures_of_many_strips_come_back_here_and_in_other_programs(format, dtype, channels):
    dtype = np.uint16 if format == "png" and dtype is np.float32 else dtype
    values = np.random.default_rng(0).random((1201, 701, channels))
    samples = (values * (1 if dtype is np.float32 else np.iinfo(dtype).max)).astype(dtype)
    rgb = samples[..., :3] if channels == 4 else samples.repeat(3, axis=2)

    data = encode(Image(rgb, samples[..., 3] if channels == 4 else None, grey=channels == 1), format)

    assert np.array_equal(decode(data, "a").rgb, rgb)
    theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if channels == 4 and dtype is np.uint8:  # OpenCV multiplies the colours of such a TIFF by their alpha
        theirs = cv2.cvtColor(np.array(Pillow.open(io.BytesIO(data))), cv2.COLOR_RGBA2BGRA)
    assert np.array_equal(theirs, samples[..., 0] if channels == 1 else cv2.cvtColor(samples, cv2.COLOR_RGBA2BGRA))


@pytest.mark.parametrize("format", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("grey", [False, True])
def test_lossy_formats_stay_close(format, grey):
    rgb = np.repeat(PHOTO[..., :1], 3, axis=2) if grey else PHOTO
    after = decode(encode(Image(rgb, grey=grey), format), "a")
    assert np.abs(after.rgb.astype(int) - rgb).mean() < 3
    assert after.grey == (grey and format == "jpeg")  # the others know no grey


def test_16_bits_are_rounded_where_a_format_holds_8():
    deep = np.array([[[0, 128, 129], [385, 386, 65_535], [65_406, 65_407, 257]]], np.uint16)
    after = decode(encode(Image(deep), "bmp"), "a")
    assert after.rgb.tolist() == [[[0, 0, 1], [1, 2, 255], [254, 255, 1]]]


@pytest.mark.parametrize("format", ["jpeg", "bmp"])
def test_transparent_parts_become_white_where_a_format_holds_no_alpha(format):
    alpha = np.zeros((120, 160), np.uint8)
    alpha[:, 80:] = 255
    after = decode(encode(Image(PHOTO, alpha), format), "a")
    assert after.alpha is None
    assert (after.rgb[:, :72] == 255).all()
    assert np.abs(after.rgb[:, 88:].astype(int) - PHOTO[:, 88:]).mean() < 3
    notes = write_bands(io.BytesIO(), as_bands(Image(PHOTO, alpha)), format)
    assert notes == (f"{format} holds no transparency: transparent parts become white",)


def test_what_is_finer_than_a_format_holds_is_told(tmp_path, caplog):
    write(tmp_path / "a.jpg", Image(PHOTO.astype(np.uint16)))
    assert caplog.messages == [f"{tmp_path}/a.jpg: jpeg holds 8 bits: finer levels are rounded"]


def test_floats_are_rounded_to_16_bits_in_a_png_and_to_8_elsewhere():
    floats = PHOTO.astype(np.float32) / 250 - 0.01  # some below black, some beyond white

    for format, white in {"png": 65535, "bmp": 255}.items():
        after = decode(encode(Image(floats), format), "a").rgb
        np.testing.assert_allclose(after / white, floats.clip(0, 1), atol=0.51 / white)


@pytest.mark.parametrize("format", ["webp", "avif"])
def test_webp_and_avif_keep_alpha(format):
    alpha = np.linspace(0, 255, 120 * 160).reshape(120, 160).astype(np.uint8)
    after = decode(encode(Image(PHOTO, alpha), format), "a").alpha
    assert np.abs(after.astype(int) - alpha).max() <= (0 if format == "webp" else 3)


def test_the_best_qualities_keep_the_resolution_of_colour():
    picture = {q: Pillow.open(io.BytesIO(encode(Image(PHOTO), "jpeg", quality=q))) for q in (89, 90)}
    assert [layer[1:3] for layer in picture[90].layer] == [(1, 1)] * 3
    assert picture[89].layer[0][1:3] == (2, 2)


@pytest.mark.parametrize("format", ["png", "jpeg", "webp", "tiff", "avif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_a_file_says_survives_and_its_size_is_the_new_one(format, dtype):
    rgb = PHOTO.astype(dtype)
    before = Image(rgb, icc=ICC, exif=_exif(), xmp=XMP, dpi=(300.0, 150.0))
    after = decode(encode(before, format), "a")
    assert (after.icc, after.xmp) == (ICC, XMP)
    assert after.dpi == (None if format in ("webp", "avif") else pytest.approx((300, 150), abs=0.02))
    exif = _exif_of(after)
    assert (exif[0x010F], exif[0x0132]) == ("Maker", "2024:01:02 03:04:05")
    assert (exif.get_ifd(0x8769)[0xA002], exif.get_ifd(0x8769)[0xA003]) == (160, 120)
    assert exif.get_ifd(0x8769)[0x829A] == _exif_of(before).get_ifd(0x8769)[0x829A]
    assert exif.get_ifd(0x8825) == {1: "N", 2: (48.0, 8.0, 1.5)}


def test_a_bigtiff_says_as_much(monkeypatch):
    monkeypatch.setattr(tiff_writer, "_CLASSIC", 1000)
    before = Image(PHOTO, icc=ICC, exif=_exif(), xmp=XMP, dpi=(300.0, 150.0))

    data = encode(before, "tiff")

    assert data.startswith(b"II+")
    after = decode(data, "a")
    assert np.array_equal(after.rgb, PHOTO)
    assert (after.icc, after.xmp, after.dpi) == (ICC, XMP, pytest.approx((300, 150), abs=0.02))
    exif = _exif_of(after)
    assert exif[0x010F] == "Maker"
    assert exif.get_ifd(0x8769)[0x829A] == _exif_of(before).get_ifd(0x8769)[0x829A]
    assert exif.get_ifd(0x8825) == {1: "N", 2: (48.0, 8.0, 1.5)}
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        assert opened.pages[0].tags[0x8825].value["GPSLatitudeRef"] == "N"


def test_exif_and_xmp_can_be_stripped_and_the_profile_stays():
    for format in ("png", "jpeg", "webp", "tiff"):
        data = encode(Image(PHOTO, icc=ICC, exif=_exif(), xmp=XMP), format, strip_metadata=True)
        after = decode(data, "a")
        assert (after.icc, after.exif, after.xmp) == (ICC, None, None)
        assert b"Maker" not in data


def test_other_programs_read_what_a_png_says():
    picture = Pillow.open(io.BytesIO(encode(Image(PHOTO, icc=ICC, exif=_exif(), xmp=XMP, dpi=(300.0, 300.0)), "png")))
    picture.verify()
    assert (picture.info["icc_profile"], picture.info["xmp"]) == (ICC, XMP)
    assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.02)
    assert picture.getexif()[0x010F] == "Maker"


def test_metadata_too_long_for_jpeg_are_dropped_and_said():
    before = Image(PHOTO, xmp=b"x" * 70_000)
    after = decode(encode(before, "jpeg"), "a")
    assert after.xmp is None
    notes = write_bands(io.BytesIO(), as_bands(before), "jpeg")
    assert notes == ("XMP dropped: 70000 bytes are more than JPEG can hold",)


def test_sizes_a_format_cannot_hold_are_refused_before_encoding():
    check_size("webp", 16_383, 1)
    check_size("jpg", 65_500, 65_500)
    for format, side in {"webp": 16_384, "jpeg": 65_501}.items():
        with pytest.raises(ImageError) as caught:
            encode(Image(np.zeros((1, side, 3), np.uint8)), format)
        assert str(caught.value) == f"{side} x 1 pixels: {format} holds at most {side - 1} a side; choose png or tiff"


def test_what_cannot_be_written_is_said():
    for format in ("gif", "heic", ""):
        with pytest.raises(ConfigError) as caught:
            encode(Image(PHOTO), format)
        assert str(caught.value) == f"cannot write {format!r}: choose one of png, jpeg, webp, tiff, bmp, avif"
    with pytest.raises(ConfigError, match=r"^quality is 101: choose 1 to 100$"):
        encode(Image(PHOTO), "jpeg", quality=101)


def test_the_suffix_says_the_format_unless_it_is_given(tmp_path):
    assert [format_of(name) for name in ("a.JPG", b"b.tif", "c.webp")] == ["jpeg", "tiff", "webp"]
    write(tmp_path / "a.bmp", Image(PHOTO))
    write(tmp_path / "b.jpg", Image(PHOTO), format="png")
    assert [read(tmp_path / name).format for name in ("a.bmp", "b.jpg")] == ["bmp", "png"]
    with pytest.raises(ConfigError) as caught:
        write("a.xcf", Image(PHOTO))
    assert str(caught.value) == (
        "a.xcf: cannot write a picture with the suffix '.xcf'; choose one of .png, .jpg, .webp, .tif, .bmp, .avif"
    )


@pytest.mark.parametrize("name", [b"bad\xff.png", b"n" * 251 + b".png", "new\nline 😀.png".encode()])
def test_a_file_of_any_name_is_written_and_nothing_else_is_left(name, tmp_path):
    path = os.fsencode(tmp_path) + b"/sub/" + name
    write(path, Image(PHOTO))
    write(os.fsdecode(path), Image(PHOTO[::-1].copy()))
    assert os.listdir(os.path.dirname(path)) == [name]
    assert np.array_equal(read(path).rgb, PHOTO[::-1])


def test_a_partial_file_of_a_killed_process_is_no_obstacle(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda source, target: os.link(source, tmp_path / "seen"))
    write_bytes(tmp_path / "a", b"1")
    monkeypatch.undo()

    write_bytes(tmp_path / "a", b"2")

    assert (tmp_path / "a").read_bytes() == b"2"
    (partial,) = (path for path in tmp_path.iterdir() if is_partial(path.name))
    assert partial.read_bytes() == b"1"


def test_a_full_disk_leaves_the_old_file_and_nothing_partial(tmp_path):
    write_bytes(tmp_path / "a", b"old")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(MachineError) as caught:
            write_bytes(tmp_path / "a", bytes(20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert str(caught.value) == f"{tmp_path}/a: cannot be written: File too large"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_what_is_wrong_with_one_name_is_not_blamed_on_the_machine(tmp_path):
    (tmp_path / "folder").mkdir()
    for name, reason in {"folder": "Is a directory", "n" * 256: "File name too long"}.items():
        with pytest.raises(ImageError) as caught:
            write_bytes(tmp_path / name, b"data")
        assert str(caught.value) == f"{tmp_path / name}: cannot be written: {reason}"
    assert os.listdir(tmp_path) == ["folder"]


def test_a_makernote_stays_where_it_is():
    def block(width):
        fields = struct.pack("<HHIHHHHI", 0x0100, 3, 1, width, 0, 0x927C, 7, 9) + struct.pack("<I", 38)
        return b"II*\0" + struct.pack("<IH", 8, 2) + fields + bytes(4) + b"MakerNote"

    assert decode(encode(Image(PHOTO, exif=block(7)), "png"), "a").exif == block(160)


def test_two_writers_of_one_file_never_tear_it(tmp_path):
    """The first is not done when the second begins, and the other way round."""
    path = tmp_path / "a.bin"
    with replacing(path) as first:
        first.write(b"first")
        with replacing(path) as second:
            second.write(b"sec")
            second.flush()
        assert path.read_bytes() == b"sec"

    assert path.read_bytes() == b"first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.bin"]


def test_threads_that_write_one_file_all_succeed(tmp_path):
    contents = [bytes([number]) * 100_000 for number in range(16)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda data: write_bytes(tmp_path / "a.bin", data), contents))

    assert (tmp_path / "a.bin").read_bytes() in contents


def test_a_file_where_a_folder_should_be_is_the_machines_fault(tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to(tmp_path / "loop")

    for path in ("file/a.png", "file/sub/a.png", "loop/a.png"):
        with pytest.raises(MachineError, match="cannot be written: "):
            write_bytes(tmp_path / path, b"")
