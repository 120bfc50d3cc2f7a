"""The resampler against Pillow and torch, which use the same kernel, and against the baseline of the literature."""

from pathlib import Path
from statistics import fmean

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from srgan.errors import ConfigError
from srgan.evaluation.metrics import psnr
from srgan.images.bands import as_bands, whole
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.inference.reduce import reduced
from srgan.ops import resample
from srgan.ops.colour import luma
from srgan.ops.resample import UPSAMPLE_CONTEXT, downsample, pixel_shuffle, resize, upsample
from srgan.tasks.protocol import Protocol

BENCH = Path(__file__).parents[3] / "shared" / "data" / "bench"


def pictures(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def pillow(x, height, width):
    """Pillow's bicubic, in floats; at the borders it cuts the kernel where ours mirrors the picture."""
    planes = [Pillow.fromarray(plane.numpy(), "F").resize((width, height), Pillow.Resampling.BICUBIC) for plane in x[0]]
    return torch.from_numpy(np.stack([np.asarray(plane) for plane in planes]))[None]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_reduced_picture_equals_torchs_antialiased_bicubic_inside(scale):
    x = pictures(2, 3, 12 * scale, 15 * scale)

    expected = F.interpolate(x, (12, 15), mode="bicubic", antialias=True)

    torch.testing.assert_close(downsample(x, scale)[..., 2:-2, 2:-2], expected[..., 2:-2, 2:-2], atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
@pytest.mark.parametrize("height, width", [(10, 12), (13, 31), (60, 72), (47, 50), (30, 36)])
def test_a_resized_picture_equals_pillows_bicubic_inside(height, width):
    x = pictures(1, 3, 30, 36)
    border = 3 * max(1, -(-height // 30))

    ours, theirs = resize(x, height, width), pillow(x, height, width)

    inside = (..., slice(border, -border), slice(border, -border))
    torch.testing.assert_close(ours[inside], theirs[inside], atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore:'mode' parameter is deprecated")
@pytest.mark.parametrize("height, width", [(10, 12), (7, 5), (13, 31), (1, 1), (29, 36)])
def test_a_picture_reduced_with_the_kernel_cut_off_equals_pillows_and_torchs_up_to_the_borders(height, width):
    x = pictures(1, 3, 30, 36)

    ours = resize(x, height, width, mirrored=False)

    torch.testing.assert_close(ours, pillow(x, height, width), atol=1e-5, rtol=0)
    theirs = F.interpolate(x, (height, width), mode="bicubic", antialias=True)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("height, width", [(10, 12), (7, 5), (13, 31)])
def test_the_sizes_that_users_ask_for_are_reduced_in_the_same_way(height, width):
    x = pictures(1, 3, 30, 36)

    ours = whole(reduced(as_bands(Image(x[0].permute(1, 2, 0).numpy())), width, height)).rgb

    np.testing.assert_allclose(ours, resize(x, height, width, mirrored=False)[0].permute(1, 2, 0), atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(*[st.integers(1, 30)] * 4, st.floats(0, 1, width=32))
def test_a_constant_picture_stays_constant(height, width, new_height, new_width, value):
    x = torch.full((1, 3, height, width), value)

    resized = resize(x, new_height, new_width)

    torch.testing.assert_close(resized, torch.full((1, 3, new_height, new_width), value), atol=1e-6, rtol=0)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.sampled_from([2, 3, 4]))
def test_enlarging_by_phases_equals_resizing_down_to_single_pixels(height, width, scale):
    x = pictures(2, 3, height, width)

    torch.testing.assert_close(upsample(x, scale), resize(x, height * scale, width * scale), atol=1e-6, rtol=0)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_borders_are_mirrored(scale):
    x = pictures(1, 3, 6, 7)
    mirrored = torch.from_numpy(np.pad(x.numpy(), ((0, 0), (0, 0), (3, 3), (3, 3)), mode="symmetric"))

    inside = upsample(mirrored, scale)[..., 3 * scale : -3 * scale, 3 * scale : -3 * scale]

    torch.testing.assert_close(upsample(x, scale), inside, atol=1e-6, rtol=0)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_enlarged_tile_with_its_context_equals_the_whole(scale):
    x = pictures(1, 3, 20, 24)
    top, left, side, halo = 8, 5, 7, UPSAMPLE_CONTEXT

    tile = upsample(x[..., top - halo : top + side + halo, left - halo : left + side + halo], scale)

    kept = slice(halo * scale, (halo + side) * scale)
    whole = upsample(x, scale)[..., top * scale : (top + side) * scale, left * scale : (left + side) * scale]
    torch.testing.assert_close(tile[..., kept, kept], whole, atol=1e-6, rtol=0)


def test_channels_are_not_mixed():
    x = torch.zeros(1, 3, 8, 8)
    x[:, 1] = pictures(1, 8, 8)

    for resized in (upsample(x, 3), downsample(x, 2)):
        assert not resized[:, [0, 2]].any()
        assert resized[:, 1].any()


def test_a_picture_that_is_no_multiple_cannot_be_reduced():
    with pytest.raises(ConfigError) as caught:
        downsample(pictures(1, 3, 9, 10), 3)
    assert str(caught.value) == "a 10x9 picture cannot be reduced 3 times: crop it to a multiple first"


@pytest.mark.skipif(not BENCH.is_dir(), reason="needs the benchmark pictures")
@pytest.mark.parametrize(
    "name, scale, published, tolerance",
    [
        ("Set5", 2, 33.66, 0.03),
        ("Set5", 3, 30.39, 0.03),
        ("Set5", 4, 28.42, 0.02),
        ("Set14", 2, 30.24, 0.03),
        ("Set14", 3, 27.55, 0.03),
        ("Set14", 4, 26.00, 0.03),
    ],
)
def test_bicubic_scores_what_the_literature_says(name, scale, published, tolerance):
    values = []
    for path in sorted((BENCH / name).glob("*.png")):
        image = read(path)
        height, width = (side // scale * scale for side in image.rgb.shape[:2])
        clean = torch.from_numpy(image.rgb[:height, :width]).permute(2, 0, 1)[None].float() / 255
        lr = downsample(clean, scale).clamp(0, 1).mul(255).round().div(255)
        inside = (..., slice(scale, -scale), slice(scale, -scale))
        pair = [Protocol().quantise(x)[inside] for x in (upsample(lr, scale), clean)]
        # What the file calls grey is published by its own values; Set14's man.png looks grey but is RGB.
        values.append(psnr(*(x[:, :1] if image.grey else luma(x) for x in pair)).item())

    assert fmean(values) == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_pixel_shuffle_gives_the_values_of_torch_in_plain_rows(memory_format):
    phases = torch.rand(2, 27, 4, 5).contiguous(memory_format=memory_format)

    shuffled = pixel_shuffle(phases, 3)

    assert torch.equal(shuffled, F.pixel_shuffle(phases, 3))
    assert shuffled.is_contiguous()


def test_enlarging_leaves_the_settings_of_the_process_alone(monkeypatch):
    set_flags = []
    monkeypatch.setattr(torch.backends.cudnn, "set_flags", lambda *flags: set_flags.append(flags))

    upsample(torch.rand(1, 3, 4, 4), 2)

    assert set_flags == []


def test_however_many_sizes_are_resized_what_is_kept_for_the_next_is_bounded_in_bytes():
    for width in range(3000, 3040):
        resize(torch.rand(1, 3, 2, width), 1, width // 4)

    assert 0.5 * resample.MATRICES.most < resample.MATRICES.bytes <= resample.MATRICES.most


def test_a_size_seen_before_is_resized_as_it_was():
    x = pictures(1, 3, 41, 53)
    first = resize(x, 17, 19)
    for width in range(3000, 3030):
        resize(torch.rand(1, 3, 2, width), 1, width // 4)

    assert torch.equal(resize(x, 17, 19), first)
    assert torch.equal(resize(x, 17, 19), first)


def test_a_matrix_larger_than_all_that_is_kept_is_not_kept():
    before = resample.MATRICES.bytes

    resize(torch.rand(1, 3, 1, 6000), 1, 5000)

    assert resample.MATRICES.bytes <= before + 4  # that of one row, which is one number
