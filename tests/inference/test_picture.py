"""One picture: the same kind comes back, in its own depth, with its transparency, and with nothing invented."""

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import srgan
from srgan import engines
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.inference.alpha import enlarged_alpha
from srgan.inference.restore import restore
from srgan.networks.network import Network
from srgan.ops.resample import upsample
from tests.precisions import needs_bf16


@pytest.fixture
def bicubic(tiny):
    """A model whose generator says nothing: what it restores is the bicubic enlargement."""
    with torch.no_grad():
        for parameter in tiny.parameters():
            parameter.zero_()
    return tiny


def enlarged(pixels):
    """The bicubic enlargement of 8- or 16-bit pixels, rounded once."""
    peak = np.iinfo(pixels.dtype).max
    x = torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)[None] / peak
    return upsample(x, 2)[0].permute(1, 2, 0).mul(peak).round().clamp(0, peak).numpy().astype(pixels.dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(9, 12), (9, 12, 1), (9, 12, 3)])
def test_an_array_comes_back_twice_as_large_and_of_its_own_kind(tiny, engine, pixels, shape, dtype):
    picture = pixels(9, 12, 3)[..., : shape[2] if len(shape) == 3 else 1].reshape(shape)
    picture = picture / dtype(255) if dtype in (np.float32, np.float64) else picture.astype(dtype)

    restored = restore(tiny, picture, engine=engine)

    assert isinstance(restored, np.ndarray)
    assert restored.shape == (18, 24, *shape[2:])
    assert restored.dtype == dtype


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 4])
def test_an_array_with_alpha_keeps_it(tiny, engine, pixels, channels, dtype):
    picture = pixels(9, 12, channels, dtype=dtype)
    picture[..., -1] = np.iinfo(dtype).max

    restored = restore(tiny, picture, engine=engine)

    assert (restored.shape, restored.dtype) == ((18, 24, channels), dtype)
    opaque = picture[..., :1] if channels == 2 else picture[..., :3]
    assert np.array_equal(restored[..., :-1], restore(tiny, opaque, engine=engine))


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_a_pillow_image_comes_back_in_its_mode(tiny, engine, pixels, mode):
    picture = Pillow.fromarray(pixels(9, 12, 4)).convert(mode)

    restored = restore(tiny, picture, engine=engine)

    assert isinstance(restored, Pillow.Image)
    assert (restored.mode, restored.size) == (mode, (24, 18))


@pytest.mark.parametrize("mode, expected", [("P", "RGB"), ("La", "LA"), ("RGBa", "RGBA"), ("1", "L"), ("CMYK", "RGB")])
def test_a_pillow_image_of_another_mode_becomes_the_nearest_one(tiny, engine, pixels, mode, expected):
    picture = Pillow.fromarray(pixels(9, 12, 3)).convert(expected).convert(mode)

    assert restore(tiny, picture, engine=engine).mode == expected


def test_a_16_bit_pillow_image_stays_16_bit(tiny, engine, pixels):
    picture = Pillow.fromarray(pixels(9, 12, 1, dtype=np.uint16)[..., 0])

    assert restore(tiny, picture, engine=engine).mode == "I;16"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(3, 9, 12), (2, 3, 9, 12)])
def test_a_tensor_comes_back_in_its_dimensions(tiny, engine, shape, dtype):
    restored = restore(tiny, torch.rand(shape, dtype=dtype), engine=engine)

    assert restored.shape == (*shape[:-2], 18, 24)
    assert restored.dtype == dtype
    assert not restored.is_inference()


def test_an_image_comes_back_with_all_that_its_file_says(tiny, engine, pixels):
    picture = Image(pixels(9, 12), icc=b"profile", exif=b"exif", xmp=b"xmp", dpi=(300.0, 300.0), format="tiff")

    restored = restore(tiny, picture, engine=engine)

    assert restored.rgb.shape == (18, 24, 3)
    said = [(one.icc, one.exif, one.xmp, one.dpi, one.format, one.grey, one.alpha) for one in (picture, restored)]
    assert said[0] == said[1]


def test_all_kinds_hold_the_same_pixels(tiny, engine, pixels):
    rgb = pixels(9, 12)

    image = restore(tiny, Image(rgb), engine=engine).rgb
    array = restore(tiny, rgb, engine=engine)
    pillow = np.asarray(restore(tiny, Pillow.fromarray(rgb), engine=engine))
    tensor = restore(tiny, torch.from_numpy(rgb).permute(2, 0, 1) / 255, engine=engine)

    assert np.array_equal(image, array)
    assert np.array_equal(image, pillow)
    levels = tensor.mul(255).round().clamp(0, 255).permute(1, 2, 0).numpy()
    assert np.abs(levels - image).max() <= 1 and (levels == image).mean() > 0.99


def test_the_engine_is_made_where_none_is_given(tiny, pixels):
    assert srgan.restore(tiny, pixels(5, 5)).shape == (10, 10, 3)


def test_the_given_picture_is_left_as_it_was(tiny, engine, pixels):
    picture = pixels(9, 12, 4)
    before = picture.copy()

    restore(tiny, picture, engine=engine)

    assert np.array_equal(picture, before)


def test_the_tile_does_not_change_the_picture(tiny, engine, pixels):
    picture = pixels(23, 31, dtype=np.uint16)

    small, whole = (restore(tiny, picture, engine=engine, tile=tile).astype(int) for tile in (5, 100))

    assert np.abs(small - whole).max() <= 1


@pytest.mark.parametrize("height, width", [(1, 1), (1, 17), (3, 2)])
def test_the_smallest_pictures_are_restored(tiny, engine, pixels, height, width):
    assert restore(tiny, pixels(height, width, 4), engine=engine).shape == (2 * height, 2 * width, 4)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_levels_are_rounded_once_in_the_depth_of_the_picture(bicubic, pixels, dtype):
    rgb = pixels(30, 40, dtype=dtype)

    restored = restore(bicubic, rgb)

    assert np.abs(restored.astype(int) - enlarged(rgb)).max() <= 1
    assert (restored == enlarged(rgb)).mean() > 0.99


def test_16_bit_pictures_keep_more_than_256_levels(tiny, engine):
    ramp = np.linspace(0, 65_535, 40 * 40).astype(np.uint16).reshape(40, 40, 1).repeat(3, axis=2)

    restored = restore(tiny, ramp, engine=engine)

    assert len(np.unique(restored)) > 1000
    assert len(np.unique(restored & 255)) > 100


def test_grey_stays_neutral_though_the_network_does_not_know(tiny, engine, pixels):
    grey = pixels(9, 12, 1)

    restored = restore(tiny, Image(grey.repeat(3, axis=2), grey=True), engine=engine)
    as_colour = restore(tiny, grey.repeat(3, axis=2), engine=engine)

    assert (restored.rgb == restored.rgb[..., :1]).all() and restored.grey
    assert not (as_colour == as_colour[..., :1]).all()
    assert np.array_equal(restore(tiny, grey[..., 0], engine=engine), restored.rgb[..., 0])


def test_floats_are_neither_clipped_nor_rounded(bicubic):
    step = np.zeros((8, 8, 3), np.float32)
    step[:, 4:] = 1

    restored = restore(bicubic, step)

    assert restored.max() > 1.01 and restored.min() < -0.01


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_opaque_and_transparent_areas_stay_exactly_so(tiny, engine, pixels, dtype):
    peak = np.iinfo(dtype).max
    picture = pixels(20, 24, 4, dtype=dtype)
    picture[..., 3] = 0
    picture[:, 12:, 3] = peak

    alpha = restore(tiny, picture, engine=engine)[..., 3]

    assert (alpha[:, :20] == 0).all()
    assert (alpha[:, 28:] == peak).all()


def test_a_wholly_opaque_or_transparent_picture_stays_so(tiny, engine, pixels):
    for level in (0, 255):
        picture = pixels(9, 12, 4)
        picture[..., 3] = level

        assert (restore(tiny, picture, engine=engine)[..., 3] == level).all()


def test_a_transparent_red_border_does_not_tint_the_visible_edge(bicubic):
    picture = np.zeros((20, 20, 4), np.uint8)
    picture[..., 0] = 255
    picture[6:14, 6:14] = (90, 90, 90, 255)

    restored = restore(bicubic, picture)

    visible = restored[..., 3] > 0
    assert visible.sum() >= 16 * 16
    assert (restored[visible][:, :3] == 90).all()


def test_hidden_colours_do_not_matter(tiny, engine, pixels):
    red, blue = pixels(16, 16, 4), pixels(16, 16, 4)
    for picture, colour in ((red, (255, 0, 0, 0)), (blue, (0, 0, 255, 0))):
        picture[..., 3] = 200
        picture[:4] = picture[:, 11:] = colour

    assert np.array_equal(*(restore(tiny, picture, engine=engine) for picture in (red, blue)))


@pytest.mark.parametrize(
    "picture, message",
    [
        ("photo.png", "cannot restore a str: give an Image, Pillow image, array or tensor"),
        (np.zeros((2, 4, 4, 3), np.uint8), "an array must be (h, w) or (h, w, 1|2|3|4), not (2, 4, 4, 3)"),
        (np.zeros((4, 4, 5), np.uint8), "an array must be (h, w) or (h, w, 1|2|3|4), not (4, 4, 5)"),
        (np.zeros((4, 4, 3), int), "an array must be uint8, uint16 or float, not int64 (4, 4, 3)"),
        (np.full((4, 4, 4), 2.0), "alpha from 2 to 2: in floats it lies in [0, 1]"),
        (
            torch.zeros(3, 4, 4, dtype=torch.uint8),
            "a tensor must be float (3, h, w) or (n, 3, h, w), not torch.uint8 (3, 4, 4)",
        ),
        (torch.zeros(4, 4), "a tensor must be float (3, h, w) or (n, 3, h, w), not torch.float32 (4, 4)"),
        (torch.zeros(1, 4, 4), "a tensor must be float (3, h, w) or (n, 3, h, w), not torch.float32 (1, 4, 4)"),
    ],
)
def test_what_is_no_picture_is_refused(tiny, engine, picture, message):
    with pytest.raises(ConfigError) as caught:
        restore(tiny, picture, engine=engine)
    assert str(caught.value) == message


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (0, 0)])
def test_a_picture_without_pixels_is_refused(tiny, engine, shape):
    with pytest.raises(ConfigError):
        restore(tiny, np.zeros(shape, np.uint8), engine=engine)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_a_pillow_image_whose_white_is_not_known_is_refused(tiny, engine, mode):
    with pytest.raises(ConfigError):
        restore(tiny, Pillow.new(mode, (5, 5), 40_000), engine=engine)


class TooLoud(Network):
    """A network with a weight that float32 holds and bfloat16 does not."""

    in_channels, context, multiple_of = 3, 0, 1

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.full((), 3.4e38))

    def forward(self, observed):
        return observed.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) * self.weight * 2.0**-127


@needs_bf16
def test_what_overflows_in_bf16_is_redone_in_float32(tiny, pixels):
    tiny.generator = TooLoud()
    picture = pixels(6, 6).astype(np.float32) / 255

    fast, exact = (
        restore(tiny, picture, engine=make_engine(tiny.generator, device="cpu", precision=precision))
        for precision in ("bf16", "fp32")
    )

    assert np.isfinite(fast).all()
    np.testing.assert_allclose(fast, exact, atol=0.02)
    assert np.abs(exact - restore_bicubic(picture)).max() > 0.5


def restore_bicubic(picture):
    return upsample(torch.from_numpy(picture).permute(2, 0, 1)[None], 2)[0].permute(1, 2, 0).numpy()


@needs_bf16
def test_bf16_is_within_a_level_or_two_of_float32(make_model, pixels):
    model, picture = make_model(scale=2, std=0.1), pixels(30, 30)

    fast, exact = (
        restore(model, picture, engine=make_engine(model.generator, device="cpu", precision=precision)).astype(int)
        for precision in ("bf16", "fp32")
    )

    assert np.abs(fast - exact).max() <= 2


def test_a_large_alpha_is_enlarged_in_parts_as_it_would_be_whole(tiny, engine, pixels, monkeypatch):
    picture = Image(pixels(50, 70), pixels(50, 70, 1, seed=3)[..., 0])
    whole = restore(tiny, picture, engine=engine)
    monkeypatch.setattr("srgan.inference.tiled.AUTO_TILE", 16)
    monkeypatch.setattr("srgan.inference.alpha.SIDE", 16)

    parts = restore(tiny, picture, engine=engine)

    np.testing.assert_array_equal(parts.alpha, whole.alpha)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_edges_of_an_alpha_are_enlarged_as_those_of_a_grey_picture(tiny, engine, dtype):
    colours = np.full((40, 30, 3), 0.5 if dtype == np.float32 else 100, dtype)
    edge = np.zeros((40, 30), dtype)
    edge[:, 15:] = 1 if dtype == np.float32 else np.iinfo(dtype).max
    edge[10:20, 12:15] = edge.max() / 3

    alpha = restore(tiny, Image(colours, edge), engine=engine).alpha
    grey = restore(tiny, Image(np.repeat(edge[:, :, None], 3, 2), grey=True), engine=engine).rgb[..., 0]
    base = enlarged_alpha(edge, 2, (0, 40))

    near = slice(26, 34)  # 2 px of the small one to each side of the edge
    np.testing.assert_array_equal(alpha[:, near], grey.clip(0, edge.max())[:, near])
    assert (alpha != base).mean() > 0.1
    np.testing.assert_array_equal(alpha[:, :16], base[:, :16])
    np.testing.assert_array_equal(alpha[:, 40:], base[:, 40:])


def test_floats_that_are_levels_are_refused(tiny, engine, pixels):
    with pytest.raises(ConfigError, match=r"floats up to 2.*: white is 1, so divide by 255, say"):
        restore(tiny, pixels(9, 12).astype(np.float32), engine=engine)


def test_an_array_that_must_not_be_written_is_restored_without_a_warning(tiny, engine, pixels):
    picture = pixels(9, 12)
    picture.flags.writeable = False

    assert restore(tiny, picture, engine=engine).shape == (18, 24, 3)


def test_the_engine_of_a_model_is_made_once_until_its_weights_change(tiny, pixels, monkeypatch):
    made = []
    monkeypatch.setattr(engines, "make_engine", lambda generator: made.append(1) or make_engine(generator))
    picture = Image(pixels(9, 8))

    first = restore(tiny, picture)
    again = restore(tiny, picture)
    assert (len(made), np.array_equal(first.rgb, again.rgb)) == (1, True)
    next(tiny.parameters()).data.mul_(-1)  # which not even torch notices

    changed = restore(tiny, picture)
    assert len(made) == 2 and not np.array_equal(first.rgb, changed.rgb)
