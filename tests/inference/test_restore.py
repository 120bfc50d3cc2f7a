"""Pictures in whatever memory they lie are restored, and what is none is refused in words, whichever model is asked."""

import numpy as np
import pytest
import torch

import srgan
from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.inference.restore import restore


@pytest.fixture
def both(tiny):
    return srgan.BySource(clean=tiny, photo=tiny)


def read_only(floats):
    floats.flags.writeable = False
    return floats


VIEWS = {"BGR": lambda floats: floats[:, :, ::-1], "turned": np.rot90, "mirrored": np.fliplr, "read-only": read_only}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_of_floats_is_restored_as_its_copy_is(tiny, both, pixels, name):
    view = VIEWS[name](pixels(9, 12).astype(np.float32) / 255)

    for model in (tiny, both):
        np.testing.assert_array_equal(restore(model, view), restore(model, view.copy()))


def test_a_view_of_floats_is_filled_as_its_copy_is(make_model, pixels):
    filler = make_model("inpaint", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})
    view, mask = np.fliplr(pixels(24, 24).astype(np.float32) / 255), np.zeros((24, 24))
    mask[8:12, 8:12] = 1

    np.testing.assert_array_equal(restore(filler, view, mask), restore(filler, view.copy(), mask))


def test_a_tensor_that_wants_gradients_is_restored_without(tiny, both):
    picture = torch.rand(3, 9, 12, generator=torch.Generator().manual_seed(0))

    for model in (tiny, both):
        restored = restore(model, picture.clone().requires_grad_())

        assert not restored.requires_grad
        assert torch.equal(restored, restore(model, picture))


NO_PICTURES = {
    "a path": ("photo.png", "cannot restore a str: give an Image, Pillow image, array or tensor"),
    "two dimensions": (
        torch.zeros(8, 8),
        "a tensor must be float (3, h, w) or (n, 3, h, w), not torch.float32 (8, 8)",
    ),
    "one channel": (
        torch.zeros(1, 8, 8),
        "a tensor must be float (3, h, w) or (n, 3, h, w), not torch.float32 (1, 8, 8)",
    ),
    "no pictures": (torch.zeros(0, 3, 8, 8), "a picture without pixels: (0, 3, 8, 8)"),
    "no rows": (torch.zeros(3, 0, 8), "a picture without pixels: (3, 0, 8)"),
    "an Image without rows": (Image(np.zeros((0, 8, 3), np.uint8)), "a picture without pixels: (0, 8, 3)"),
    "no numbers": (
        torch.full((3, 8, 8), torch.nan),
        "the picture has pixels that are not numbers (NaN) or infinite",
    ),
    "an Image of no numbers": (
        Image(np.full((8, 8, 3), np.nan, np.float32)),
        "the picture has pixels that are not numbers (NaN) or infinite",
    ),
}


@pytest.mark.parametrize("name", NO_PICTURES)
def test_what_is_no_picture_is_refused_before_a_model_is_chosen_for_it(tiny, both, name):
    picture, message = NO_PICTURES[name]

    for model in (tiny, both):
        with pytest.raises(ConfigError) as caught:
            restore(model, picture)
        assert str(caught.value) == message
