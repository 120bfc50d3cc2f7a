"""JPEG is recognised in the pixels it left, wherever its blocks begin, and nothing else is taken for it."""

import io

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageFilter

from srgan.inference.traces import traces

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")


def photo(name="astronaut", times=2):
    """Reduced, so that nothing is left of what the samples themselves went through."""
    picture = Image.fromarray(getattr(skimage.data, name)())
    return picture.resize((picture.width // times, picture.height // times), Image.Resampling.BICUBIC)


def decoded(picture, quality, **options):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, **options)
    return np.array(Image.open(file))


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("quality", [30, 55, 75, 90, 95])
def test_the_quality_of_a_jpeg_shows_in_its_pixels(name, quality):
    assert traces(decoded(photo(name), quality)).jpeg == pytest.approx(quality, abs=1)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("times", [2, 3])
def test_what_never_was_a_jpeg_shows_none(name, times):
    assert traces(np.array(photo(name, times))).jpeg is None


def test_what_was_reduced_since_shows_none():
    reduced = Image.fromarray(decoded(photo(times=1), 40)).resize((256, 256), Image.Resampling.BICUBIC)

    assert traces(np.array(reduced)).jpeg is None


@pytest.mark.parametrize("cut", [(3, 0), (0, 5), (7, 6)])
def test_a_picture_that_was_cut_still_shows_it(cut):
    down, right = cut

    assert traces(decoded(photo(), 50)[down:, right:]).jpeg == pytest.approx(50, abs=1)


def test_of_two_jpegs_whose_blocks_coincide_the_coarser_shows():
    assert traces(decoded(Image.fromarray(decoded(photo(), 40)), 80)).jpeg == 40


def test_grey_pictures_and_16_bits_show_it_too():
    grey = decoded(photo().convert("L"), 60)
    colour = decoded(photo(), 60).astype(np.uint16) * 257

    assert traces(np.repeat(grey[..., None], 3, axis=2)).jpeg == 60
    assert traces(colour).jpeg == 60


@pytest.mark.parametrize("level", [2.0, 5.0, 15.0])
def test_noise_is_measured_where_the_picture_is_flat(level):
    picture = np.array(photo("coffee").filter(ImageFilter.GaussianBlur(1))).astype(float)
    noisy = picture + np.random.default_rng(0).normal(0, level, picture.shape)

    found = traces(noisy.round().clip(0, 255).astype(np.uint8)).noise

    assert found == pytest.approx(level * np.sqrt(0.299**2 + 0.587**2 + 0.114**2), rel=0.25)


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (16, 16), (8, 40)])
def test_small_pictures_show_nothing(size):
    assert traces(np.full((*size, 3), 77, np.uint8)).jpeg is None


def test_large_pictures_are_looked_at_in_the_middle():
    large = np.zeros((2503, 3001, 3), np.uint8)
    large[704:1904, 904:2104] = decoded(photo().resize((1200, 1200)), 65)

    assert traces(large).jpeg == 65


@pytest.mark.parametrize("name", ["astronaut", "chelsea", "coffee", "rocket"])
def test_blur_shows_whatever_the_picture(name):
    photograph = Image.fromarray(getattr(skimage.data, name)())
    small = [photograph.filter(ImageFilter.GaussianBlur(radius)).reduce(4) for radius in (0, 2, 4)]

    sharp, soft, softer = (traces(np.array(picture)).sharpness for picture in small)

    assert sharp > 0.12 and sharp > 1.5 * soft and soft > 1.5 * softer
    assert softer < 0.1


def test_where_nothing_is_there_nothing_is_soft():
    assert traces(np.full((64, 64, 3), 90, np.uint8)).sharpness == 1
