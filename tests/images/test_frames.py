"""All frames of animations and all pages of TIFFs go in and come out."""

import io

import numpy as np
import pytest
import skimage.data
import tifffile
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.images import exif
from srgan.images.bands import as_bands
from srgan.images.frames import Frames, read_frames, write_frames
from srgan.images.image import Image
from srgan.images.pixels import turned
from srgan.images.tiff import writer

PHOTO = skimage.data.astronaut()[:60, 100:180]
SHIFTED = [np.roll(PHOTO, 20 * shift, axis=1) for shift in range(3)]


def animation(format, **options):
    first, *others = map(Pillow.fromarray, SHIFTED)
    file = io.BytesIO()
    first.save(file, format, save_all=True, append_images=others, duration=[100, 250, 40], loop=2, **options)
    return file.getvalue()


@pytest.mark.parametrize(("format", "error"), [("png", 0), ("webp", 4), ("gif", 12)])
def test_the_frames_of_an_animation_are_read_with_their_times(tmp_path, format, error):
    (tmp_path / "a").write_bytes(animation(format, **({"quality": 95} if format == "webp" else {})))

    frames = read_frames(tmp_path / "a")

    assert frames.durations == (100.0, 250.0, 40.0)
    assert frames.loop == (3 if format == "gif" else 2)  # Pillow writes it as it is, where GIF counts repeats
    for image, shifted in zip(frames.images, SHIFTED, strict=True):
        assert np.abs(image.rgb.astype(int) - shifted).mean() <= error
        assert image.notes == ()


@pytest.mark.parametrize("format", ["png", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_frame_is_turned_as_exif_says(tmp_path, format, orientation):
    block = Pillow.Exif()
    block[0x0112] = orientation
    (tmp_path / "a").write_bytes(animation(format, exif=block, **({"lossless": True} if format == "webp" else {})))

    frames = read_frames(tmp_path / "a")

    assert len(frames.images) == 3
    for image, stored in zip(frames.images, SHIFTED, strict=True):
        np.testing.assert_array_equal(image.rgb, turned(stored, orientation))
        assert image.exif is not None and exif.orientation(image.exif.removeprefix(exif.PREFIX)) == 1


@pytest.mark.parametrize("format", ["png", "webp"])
@pytest.mark.parametrize("transparent", [True, False])
def test_an_animation_that_is_written_is_read_back(tmp_path, format, transparent):
    (tmp_path / "a").write_bytes(animation("png"))
    frames = read_frames(tmp_path / "a")
    if transparent:
        alpha = np.full(PHOTO.shape[:2], 255, np.uint8)
        alpha[:, :10] = 0
        shown = tuple(Image(image.rgb * (alpha > 0)[..., None], alpha, icc=b"profile") for image in frames.images)
        frames = type(frames)(tuple(map(as_bands, shown)), frames.durations, frames.loop)

    with open(tmp_path / "b", "w+b") as file:
        write_frames(file, frames, format, quality=95)
    again = read_frames(tmp_path / "b")

    assert (again.durations, again.loop) == (frames.durations, frames.loop)
    for image, before in zip(again.images, frames.images, strict=True):
        visible = slice(None) if before.alpha is None else before.alpha > 0
        assert np.abs(image.rgb.astype(int) - before.rgb)[visible].mean() <= (0 if format == "png" else 4)
        assert (image.alpha is None) == (before.alpha is None) or np.array_equal(image.alpha, before.alpha)


_BLACK, _WHITE, _RED, _NOTHING = (0, 0, 0, 255), (255, 255, 255, 255), (255, 0, 0, 255), (0, 0, 0, 0)


def _coloured(*colours):
    """Pictures of one colour each, red, green, blue and alpha, between a black bar above and one below."""
    every = np.array(colours, np.uint8)[:, None, None].repeat(8, 1).repeat(12, 2)
    every[:, [0, 1, 6, 7], :, :3] = 0
    return [Image(one[..., :3].copy(), None if (one[..., 3] == 255).all() else one[..., 3].copy()) for one in every]


@pytest.mark.parametrize(
    "colours",
    [(_NOTHING, _RED, _NOTHING, _RED), (_RED, _NOTHING), (_WHITE, _BLACK, _RED), (_BLACK, _WHITE), (_RED, _RED)],
)
def test_blank_frames_black_borders_and_frames_alike_stay_in_a_png(tmp_path, colours):
    images, times = _coloured(*colours), (500.0, 100.0, 70_000.0, 40.0)[: len(colours)]

    with open(tmp_path / "a.png", "w+b") as file:
        write_frames(file, Frames(tuple(map(as_bands, images)), times, 3), "png")
    again = read_frames(tmp_path / "a.png")

    assert (again.durations, again.loop) == (times, 3)
    transparent = any(image.alpha is not None for image in images)
    for image, before in zip(again.images, images, strict=True):
        assert np.array_equal(image.rgb, before.rgb)
        opaque = np.full((8, 12), 255, np.uint8) if before.alpha is None else before.alpha
        assert np.array_equal(image.alpha, opaque) if transparent else image.alpha is None


@pytest.mark.parametrize("format", ["png", "webp"])
def test_pages_of_several_sizes_become_no_animation(format):
    pages = Frames(tuple(as_bands(Image(PHOTO[:height].copy())) for height in (32, 20)))

    with pytest.raises(ImageError, match=f"^frames of several sizes: {format} holds one; choose tiff$"):
        write_frames(io.BytesIO(), pages, format)
    write_frames(io.BytesIO(), pages, "tiff")


@pytest.mark.parametrize(
    "options", [{}, {"bigtiff": True}, {"byteorder": ">"}, {"compression": "adobe_deflate"}], ids=str
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_page_of_a_tiff_is_read_and_written(tmp_path, options, dtype):
    pages = [page.astype(dtype) * dtype(1 if dtype == np.uint8 else 257) for page in SHIFTED]
    with tifffile.TiffWriter(
        tmp_path / "a.tif", bigtiff=options.pop("bigtiff", False), byteorder=options.pop("byteorder", "<")
    ) as writer:
        for page in pages:
            writer.write(page, photometric="rgb", metadata=None, **options)

    frames = read_frames(tmp_path / "a.tif")
    with open(tmp_path / "b.tif", "w+b") as file:
        write_frames(file, frames, "tiff")
    again = read_frames(tmp_path / "b.tif")

    for found in (frames, again):
        assert found.durations == () and len(found.images) == 3
        assert all(np.array_equal(image.rgb, page) for image, page in zip(found.images, pages, strict=True))


def _said(number):
    block = Pillow.Exif()
    block[271] = f"camera {number}"
    block.get_ifd(0x8769)[0x8827] = 100 * number
    return {
        "icc": b"profile %d" % number,
        "exif": block.tobytes().removeprefix(exif.PREFIX),
        "xmp": b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><dc:source>roll %d</dc:source></x:xmpmeta>' % number,
        "dpi": (72.0 * number, 72.0 * number),
    }


@pytest.mark.parametrize("bigtiff", [False, True])
def test_every_page_of_a_tiff_keeps_what_is_said_of_it(tmp_path, monkeypatch, bigtiff):
    monkeypatch.setattr(writer, "_CLASSIC", 0 if bigtiff else 2**31)
    plain = Image(SHIFTED[0])
    pages = [Image(page, **_said(number)) for number, page in enumerate(SHIFTED, 1)] + [plain]

    with open(tmp_path / "a.tif", "w+b") as file:
        write_frames(file, Frames(tuple(map(as_bands, pages))), "tiff")
    again = read_frames(tmp_path / "a.tif").images

    assert len(again) == 4
    for number, (image, page) in enumerate(zip(again, pages, strict=True), 1):
        np.testing.assert_array_equal(image.rgb, page.rgb)
        assert (image.icc, image.xmp, image.dpi) == (page.icc, page.xmp, page.dpi)
        if page is not plain:
            block = Pillow.Exif()
            block.load(image.exif)
            assert (block[271], block.get_ifd(0x8769)[0x8827]) == (f"camera {number}", 100 * number)
    assert again[3].exif is None


def test_what_is_lost_of_any_page_of_a_tiff_is_told(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        for page, place in zip(SHIFTED, (False, True, True), strict=True):
            tags = [(33550, "d", 3, (1.0, 1.0, 0.0), True)] if place else []
            file.write(page, photometric="rgb", metadata=None, extratags=tags)
    frames = read_frames(tmp_path / "a.tif")
    texts = [Image(SHIFTED[0], texts=texts) for texts in ((), (("Roll", "7"),), (("Roll", "7"),))]

    notes = write_frames(io.BytesIO(), Frames(tuple(map(as_bands, texts))), "tiff")

    assert frames.each[0].notes == ["GeoTIFF tags dropped"]
    assert notes == ("texts dropped, which tiff cannot hold: Roll",)


def test_a_plain_picture_is_one_frame(tmp_path):
    for format in ("jpeg", "png", "tiff", "gif"):
        Pillow.fromarray(PHOTO).save(tmp_path / "a", format)
        assert len(read_frames(tmp_path / "a").images) == 1


def test_what_holds_one_picture_says_so_and_too_many_pixels_are_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(animation("png"))
    frames = read_frames(tmp_path / "a.png")
    with pytest.raises(ImageError, match="jpeg holds one picture, not 3; choose png, webp or tiff, or --frames first"):
        write_frames(io.BytesIO(), frames, "jpeg")
    with pytest.raises(ImageError, match="3 frames have more pixels than the limit of 10000"):
        read_frames(tmp_path / "a.png", max_pixels=10_000)
