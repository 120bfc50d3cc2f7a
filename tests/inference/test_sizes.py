"""Any size: by the next larger network, or by several, and then reduced."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image as Pillow

from srgan.errors import ConfigError
from srgan.images.bands import as_bands, whole
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.pipeline import Restorer
from srgan.inference.reduce import reduced
from srgan.inference.sizes import Size, enlargements
from srgan.runner.config import FolderConfig
from srgan.runner.run import restore_folder

EXACT = FolderConfig(device="cpu", precision="fp32")


@pytest.mark.parametrize(
    "size, wanted",
    [
        (Size(scale=1.5), (60, 30)),
        (Size(scale=0.5), (20, 10)),
        (Size(scale=8.0), (320, 160)),
        (Size(width=100), (100, 50)),
        (Size(height=100), (200, 100)),
        (Size(width=100, height=100), (100, 50)),
        (Size(max_side=90), (90, 45)),
        (Size(max_side=90, height=30), (60, 30)),
        (Size(scale=0.001), (1, 1)),
    ],
)
def test_what_a_picture_becomes(size, wanted):
    assert size.of(40, 20) == wanted


@pytest.mark.parametrize(
    "fields", [{}, {"scale": 2.0, "width": 9}, {"scale": 0.0}, {"scale": float("nan")}, {"width": -1}]
)
def test_sizes_that_make_no_sense_are_refused(fields):
    with pytest.raises(ConfigError):
        Size(**fields)


@pytest.mark.parametrize(
    "factor, scales, taken",
    [
        (1.5, (2, 3, 4), (2,)),
        (2.0, (2, 3, 4), (2,)),
        (2.1, (2, 4), (4,)),
        (8.0, (2, 3, 4), (4, 2)),
        (5.0, (2,), (2, 2, 2)),
    ],
)
def test_enlargements_are_the_fewest_and_smallest_that_are_enough(factor, scales, taken):
    assert enlargements(factor, scales) == taken


def test_what_is_not_to_grow_takes_no_step():
    assert enlargements(1.0, (2, 3, 4)) == enlargements(0.2, (4,)) == ()


@pytest.fixture
def ladder(make_model):
    return {scale: make_model(scale=scale, std=0) for scale in (2, 3, 4)}


@pytest.mark.parametrize("factor, shape", [(1.5, (36, 45)), (2.5, (60, 75)), (6.0, (144, 180)), (0.5, (12, 15))])
def test_a_picture_of_any_size_looks_like_the_picture(ladder, pixels, factor, shape):
    image = Image(np.full((24, 30, 3), 90, np.uint8))
    restored = whole(Restorer(ladder, EXACT, Size(scale=factor)).restore(as_bands(image)))
    assert restored.rgb.shape == (*shape, 3)
    assert np.ptp(restored.rgb) <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_reduced_pictures_keep_depth_and_brightness_and_transparent_parts_leave_no_fringes(dtype):
    white = np.iinfo(dtype).max
    rgb, alpha = np.full((40, 40, 3), white // 2, dtype), np.full((40, 40), white, dtype)
    rgb[:, :20], alpha[:, :20] = (white, 0, 0), 0

    smaller = whole(reduced(as_bands(Image(rgb, alpha)), 27, 13))

    assert smaller.rgb.shape == (13, 27, 3) and smaller.rgb.dtype == dtype
    visible = smaller.rgb[smaller.alpha > white // 50].astype(int)
    assert np.abs(visible - white // 2).max() <= max(1, white // 250)
    assert smaller.alpha[0, 0] == 0 and smaller.alpha[0, -1] == white


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_under_what_is_transparent_a_reduced_picture_has_the_colours_of_what_is_near(dtype, monkeypatch):
    monkeypatch.setattr("srgan.inference.reduce._HELD", 64 * 3 * 2 * 5)  # a few rows
    white = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    rgb, alpha = np.full((64, 64, 3), 0.75 * white, dtype), np.full((64, 64), white, dtype)
    rgb[:, 32:], alpha[:, 32:] = 0, 0

    smaller = whole(reduced(as_bands(Image(rgb, alpha)), 32, 32))

    assert np.abs(smaller.rgb[:, :18].astype(float) / white - 0.75).max() <= 1 / 200
    assert (smaller.alpha[:, 18] <= 0).all() and smaller.rgb[:, 24:].max() == 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("size", [48, 33, 16])
def test_at_transparent_edges_a_reduced_picture_has_no_colours_that_were_not_near(dtype, size, monkeypatch):
    white = 1.0 if dtype == np.float32 else np.iinfo(dtype).max
    rgb = (np.random.default_rng(0).uniform(0.4, 0.6, (64, 64, 3)) * white).astype(dtype)
    rows, columns = np.mgrid[:64, :64]
    alpha = (((rows - 32) ** 2 + (columns - 32) ** 2 < 400) * white).astype(dtype)
    image = as_bands(Image(rgb, alpha))

    smaller = whole(reduced(image, size, size))
    monkeypatch.setattr("srgan.inference.reduce._HELD", 64 * 3 * 2 * 5)  # a few rows
    streamed = whole(reduced(image, size, size))

    assert np.abs(smaller.rgb.astype(float) / white - 0.5).max() <= 0.15
    assert smaller.alpha.min() == 0 and smaller.alpha.max() == white
    step = 1e-6 if dtype == np.float32 else 1
    np.testing.assert_allclose(streamed.rgb.astype(float), smaller.rgb, atol=step)
    np.testing.assert_allclose(streamed.alpha.astype(float), smaller.alpha, atol=step)


@pytest.mark.parametrize("size, new_size", [(40, 27), (97, 13), (60, 60), (33, 32)])
def test_reduced_some_rows_at_a_time_a_picture_is_what_torch_makes_of_the_whole(pixels, size, new_size, monkeypatch):
    monkeypatch.setattr("srgan.inference.reduce._HELD", 3 * 50 * 10)  # a few rows
    rgb = pixels(size, 50).astype(np.float32) / 255

    smaller = whole(reduced(as_bands(Image(rgb)), 31, new_size))

    wanted = F.interpolate(torch.from_numpy(rgb).permute(2, 0, 1)[None], (new_size, 31), mode="bicubic", antialias=True)
    np.testing.assert_allclose(smaller.rgb, wanted[0].permute(1, 2, 0).numpy(), atol=1e-6)


def test_a_folder_is_brought_to_one_size(ladder, tmp_path, pixels):
    for name, height, width in (("a", 20, 30), ("b", 50, 10), ("c", 100, 100)):
        write(tmp_path / "in" / f"{name}.png", Image(pixels(height, width)))

    def run(side):
        return list(restore_folder(ladder, tmp_path / "in", tmp_path / "out", EXACT, size=Size(max_side=side)))

    assert [outcome.status for outcome in run(64)] == ["ok"] * 3
    assert [max(read(tmp_path / "out" / f"{name}.png").rgb.shape) for name in "abc"] == [64] * 3
    assert [outcome.status for outcome in run(64)] == ["skipped"] * 3
    assert [outcome.status for outcome in run(65)] == ["ok"] * 3


@pytest.mark.parametrize("frames", ["first", "all"])
@pytest.mark.parametrize("format", ["gif", "heic"])
def test_what_we_cannot_write_becomes_a_png_though_nothing_is_done_to_it(ladder, tmp_path, pixels, format, frames):
    (tmp_path / "in").mkdir()
    picture, source = Pillow.fromarray(pixels(16, 16)), tmp_path / "in" / f"a.{format}"
    if format == "heic":
        pytest.importorskip("pillow_heif").from_pillow(picture).save(source)
    else:
        picture.save(source)
    config = FolderConfig(device="cpu", precision="fp32", frames=frames)

    (outcome,) = restore_folder(ladder, tmp_path / "in", tmp_path / "out", config, size=Size(max_side=16))

    with Pillow.open(outcome.target) as made:
        assert (outcome.status, outcome.target.name, made.format) == ("ok", "a.png", "PNG")
    assert np.array_equal(read(outcome.target).rgb, read(source).rgb)
