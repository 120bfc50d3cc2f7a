"""Where the holes are: files, folders, transparency, boxes; grown, and softened beyond."""

import numpy as np
import pytest

from srgan.errors import ConfigError, ImageError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.inference.masks import Masks, soften


def image(height=20, width=30, alpha=None):
    return Image(np.zeros((height, width, 3), np.uint8), alpha)


def white(path, height=20, width=30, rows=slice(5, 9), columns=slice(2, 4), dtype=np.uint8):
    pixels = np.zeros((height, width, 3), dtype)
    pixels[rows, columns] = np.iinfo(dtype).max
    write(path, Image(pixels))
    return path


def rectangle(rows, columns, height=20, width=30):
    opacity = np.zeros((height, width), np.float32)
    opacity[rows, columns] = 1
    return opacity


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_one_mask_serves_every_picture(tmp_path, dtype):
    masks = Masks(white(tmp_path / "mask.png", dtype=dtype))

    for name in ("a.png", "sub/b.jpg"):
        np.testing.assert_array_equal(masks.opacity(name, image()), rectangle(slice(5, 9), slice(2, 4)))


def test_a_folder_has_a_mask_of_the_same_name_whatever_its_suffix(tmp_path):
    white(tmp_path / "a.png")
    white(tmp_path / "sub" / "b.bmp", rows=slice(0, 2))
    masks = Masks(tmp_path)

    np.testing.assert_array_equal(masks.opacity("a.jpeg", image()), rectangle(slice(5, 9), slice(2, 4)))
    np.testing.assert_array_equal(masks.opacity("sub/b.tif", image()), rectangle(slice(0, 2), slice(2, 4)))
    with pytest.raises(ImageError) as caught:
        masks.opacity("sub/a.png", image())
    assert str(caught.value) == f"sub/a.png: {tmp_path} holds no mask of that name"


def test_of_masks_that_differ_by_suffix_the_same_name_wins_and_else_none(tmp_path):
    white(tmp_path / "a.bmp", rows=slice(0, 2))
    white(tmp_path / "a.png")
    masks = Masks(tmp_path)

    np.testing.assert_array_equal(masks.opacity("a.bmp", image()), rectangle(slice(0, 2), slice(2, 4)))
    np.testing.assert_array_equal(masks.opacity("a.png", image()), rectangle(slice(5, 9), slice(2, 4)))
    with pytest.raises(ImageError) as caught:
        masks.opacity("a.jpg", image())
    assert str(caught.value) == (
        f"a.jpg: {tmp_path} holds several masks of that name, a.bmp, a.png; keep one, or give one the same suffix"
    )


def test_what_is_transparent_is_filled_and_boxes_are_too():
    alpha = np.full((20, 30), 255, np.uint8)
    alpha[3, 4], alpha[3, 5] = 0, 1

    opacity = Masks(alpha=True, boxes=[(10, 2, 3, 4), (28, 18, 9, 9)]).opacity("a.png", image(alpha=alpha))

    expected = rectangle(slice(2, 6), slice(10, 13)) + rectangle(slice(18, 20), slice(28, 30))
    expected[3, 4] = 1
    np.testing.assert_array_equal(opacity, expected)


def test_of_a_picture_without_transparency_nothing_is_filled():
    assert not Masks(alpha=True).opacity("a.jpg", image()).any()


@pytest.mark.parametrize("box", [(30, 0, 5, 5), (0, 20, 5, 5), (-5, 0, 5, 5), (0, -9, 5, 9)])
def test_a_box_outside_of_the_picture_is_told(box):
    with pytest.raises(ImageError) as caught:
        Masks(boxes=[box]).opacity("a.jpg", image())
    assert str(caught.value) == f"a.jpg: the box {','.join(map(str, box))} lies outside of its 30x20 px"


def test_a_mask_of_another_size_is_refused(tmp_path):
    file = white(tmp_path / "mask.png", height=10)
    with pytest.raises(ImageError) as caught:
        Masks(file).opacity("a.png", image())
    assert str(caught.value) == f"a.png: is 30x20 px, but its mask {file} 30x10"


def test_growing_reaches_so_far_to_each_side_and_no_farther():
    holes = rectangle(slice(8, 12), slice(10, 14)).astype(np.uint8)

    grown = soften(holes, grow=3)

    assert grown[8 - 3, 12] == grown[11 + 3, 12] == grown[10, 10 - 3] == grown[10, 13 + 3] == 1
    assert grown[:5].max() == grown[15:].max() == grown[:, :7].max() == grown[:, 17:].max() == 0


def test_a_feather_falls_evenly_from_the_hole_to_nothing():
    holes = rectangle(slice(0, 20), slice(0, 10)).astype(np.uint8)

    opacity = soften(holes, feather=3)

    np.testing.assert_allclose(opacity[10, 8:15], [1, 1, 0.75, 0.5, 0.25, 0, 0])


@pytest.mark.parametrize(
    "fields, message",
    [
        ({}, "nothing says what to fill: give --mask FILE, --mask FOLDER, --mask alpha or --box"),
        ({"alpha": True, "grow": -1}, "grow=-1, feather=0: must not be negative"),
        ({"boxes": [(1, 2, 0, 4)]}, "box 1,2,0,4: width and height must be at least 1"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, message):
    with pytest.raises(ConfigError) as caught:
        Masks(**fields)
    assert str(caught.value) == message


def test_a_picture_that_is_masked_wholly_cannot_be_filled():
    with pytest.raises(ImageError) as caught:
        Masks(boxes=[(0, 0, 30, 20)]).opacity("a.png", image())
    assert str(caught.value) == "a.png: is masked wholly; nothing is known to fill it from"
