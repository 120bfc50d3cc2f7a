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
from srgan.images.frames import read_frames, write_frames
from srgan.images.image import Image
from srgan.images.pixels import turned

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
