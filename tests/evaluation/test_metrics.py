"""Metrics against scikit-image, and the protocol by its properties."""

import logging
import math
import subprocess
import sys
from urllib.error import URLError

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab, rgb2ycbcr
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from srgan.errors import ConfigError
from srgan.evaluation import lpips as module
from srgan.evaluation import metrics
from srgan.evaluation.metrics import METRICS, psnr, score, ssim
from srgan.ops.colour import lab, luma
from srgan.tasks.protocol import Protocol


def pictures(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@st.composite
def pairs(draw):
    """A batch of two pictures of any small size, 1 or 3 channels, and a noisy version of it."""
    side = st.integers(11, 40)
    shape = (2, draw(st.sampled_from([1, 3])), draw(side), draw(side))
    seed = draw(st.integers(0, 2**16))
    clean = pictures(*shape, seed=seed)
    noise = draw(st.sampled_from([0.002, 0.1, 1.0])) * (pictures(*shape, seed=seed + 1) - 0.5)
    return (clean + noise).clamp(0, 1), clean


@settings(max_examples=15, deadline=None)
@given(pairs())
def test_psnr_equals_scikit_image(pair):
    restored, clean = pair

    expected = [
        peak_signal_noise_ratio(b.double().numpy(), a.double().numpy(), data_range=1)
        for a, b in zip(*pair, strict=True)
    ]

    assert psnr(restored, clean).tolist() == pytest.approx(expected, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(pairs())
def test_ssim_equals_scikit_image(pair):
    restored, clean = pair
    options = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1, channel_axis=0)

    expected = [
        structural_similarity(a.double().numpy(), b.double().numpy(), **options) for a, b in zip(*pair, strict=True)
    ]

    assert ssim(restored, clean).tolist() == pytest.approx(expected, abs=1e-4)


@settings(max_examples=10, deadline=None)
@given(pairs())
def test_ssim_is_symmetric_and_one_for_equal_pictures(pair):
    restored, clean = pair

    assert torch.allclose(ssim(restored, clean), ssim(clean, restored))
    assert torch.allclose(ssim(clean, clean), torch.ones(2, dtype=torch.float64))


def test_ssim_of_bands_is_that_of_the_whole_picture(monkeypatch):
    clean, other = pictures(2, 3, 300, 20), pictures(2, 3, 300, 20, seed=1)
    whole = ssim(other, clean)

    monkeypatch.setattr(metrics, "_BAND", 0)  # then each has 64 rows

    assert torch.allclose(ssim(other, clean), whole, rtol=0, atol=1e-12)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's count of memory")
def test_ssim_of_a_large_picture_takes_less_memory_than_the_picture_in_float64():
    program = """
import torch
from srgan.evaluation.metrics import ssim
from resource import RUSAGE_SELF, getrusage

x = torch.rand(1, 3, 2000, 2000)
ssim(x[..., :64, :64], x[..., :64, :64])
before = getrusage(RUSAGE_SELF).ru_maxrss
ssim(x, x)
print((getrusage(RUSAGE_SELF).ru_maxrss - before) * 1024 / x[0, 0].numel())
"""
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert float(done.stdout) < 24  # bytes a pixel


def test_psnr_of_equal_pictures_is_infinite():
    x = pictures(2, 1, 12, 12)
    assert psnr(x, x).tolist() == [math.inf, math.inf]


@pytest.mark.parametrize("shape", [(1, 1, 10, 20), (1, 1, 20, 10)])
def test_ssim_refuses_pictures_smaller_than_its_window(shape):
    with pytest.raises(ConfigError, match=f"^SSIM needs pictures of at least 11 px a side, got {shape[3]}x{shape[2]}$"):
        ssim(pictures(*shape), pictures(*shape))


def test_luma_equals_scikit_images_ycbcr():
    x = pictures(2, 3, 8, 9).double()

    expected = rgb2ycbcr(x.numpy(), channel_axis=1)[:, :1] / 255

    np.testing.assert_allclose(luma(x), expected, atol=1e-12)


def test_luma_of_black_and_white_are_16_and_235():
    x = torch.tensor([0.0, 1.0]).reshape(2, 1, 1, 1).expand(2, 3, 4, 4)
    torch.testing.assert_close(luma(x)[:, 0, 0, 0] * 255, torch.tensor([16.0, 235.0]))


def test_restored_pictures_are_rounded_to_the_protocols_levels():
    x = torch.tensor([-0.5, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1.5]).reshape(1, 1, 1, 5).expand(1, 3, 1, 5)

    assert (Protocol().quantise(x)[0, 0, 0] * 255).tolist() == [0, 0, 1, 254, 255]
    assert Protocol(levels=2).quantise(x)[0, 0, 0].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize("decode", [lambda x: x / 255, lambda x: x * (1 / 255)])
def test_every_8_bit_level_survives_quantisation_however_it_was_decoded(decode):
    levels = torch.arange(256, dtype=torch.float32)
    x = decode(levels).reshape(1, 1, 16, 16).expand(1, 3, 16, 16)

    assert torch.equal(Protocol().quantise(x)[0, 0].flatten(), levels.double() / 255)


def test_the_border_is_cut_on_all_four_sides():
    clean = pictures(1, 3, 20, 24)
    restored = clean.clone()
    restored[:, :, :4] = restored[:, :, -4:] = restored[..., :4] = restored[..., -4:] = 0.5

    seen_restored, seen_clean = Protocol(border=4).prepare(restored, clean)

    assert seen_clean.shape == (1, 1, 12, 16)
    assert torch.equal(seen_restored, seen_clean)
    assert not torch.equal(*Protocol(border=3).prepare(restored, clean))


def test_colour_pictures_are_seen_as_luma_in_float64_without_another_rounding():
    restored, clean = pictures(1, 3, 12, 12), pictures(1, 3, 12, 12, seed=1)
    protocol = Protocol()

    seen = protocol.prepare(restored, clean)

    assert torch.equal(seen[0], luma(protocol.quantise(restored)))
    assert torch.equal(seen[1], luma(protocol.quantise(clean)))
    assert seen[0].dtype == torch.float64


def test_without_luma_all_three_channels_are_seen():
    restored, clean = pictures(1, 3, 12, 12), pictures(1, 1, 12, 12, seed=1).expand(1, 3, 12, 12)

    seen = Protocol(luma=None).prepare(restored, clean)

    assert torch.equal(seen[0], Protocol().quantise(restored))
    assert seen[1].shape == (1, 3, 12, 12)


def test_pictures_from_grey_files_are_seen_by_their_own_values():
    clean = pictures(1, 1, 12, 12).expand(1, 3, 12, 12)
    restored = (clean + 0.05).clamp(0, 1)
    protocol = Protocol()

    seen = protocol.prepare(restored, clean, grey=True)

    assert torch.equal(seen[1], protocol.quantise(clean)[:, :1])
    assert torch.equal(seen[0], protocol.quantise(restored)[:, :1])


def test_pictures_from_rgb_files_are_seen_as_luma_though_their_channels_be_equal():
    clean = pictures(1, 1, 12, 12).expand(1, 3, 12, 12)

    seen = Protocol().prepare(clean, clean)

    assert torch.equal(seen[1], luma(Protocol().quantise(clean)))


def test_the_protocol_records_only_what_applies():
    assert Protocol(border=4, lost={"downsample": "bicubic-antialias"}).as_dict() == {
        "luma": "BT.601",
        "border": 4,
        "levels": 256,
        "downsample": "bicubic-antialias",
    }
    assert Protocol(luma=None).as_dict() == {"border": 0, "levels": 256}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"luma": "BT.709"}, "unknown luma 'BT.709': choose BT.601, or None for RGB"),
        ({"border": -1}, "border -1 must be at least 0, and levels 256 at least 2"),
        ({"levels": 1}, "border 0 must be at least 0, and levels 1 at least 2"),
    ],
)
def test_a_protocol_that_makes_no_sense_is_refused(options, message):
    with pytest.raises(ConfigError) as caught:
        Protocol(**options)
    assert str(caught.value) == message


def test_a_score_is_its_metric_of_the_prepared_pictures():
    restored, clean = pictures(1, 3, 20, 20), pictures(1, 3, 20, 20, seed=1)
    protocol = Protocol(border=2)
    seen = protocol.prepare(restored, clean)

    scores = score(restored, clean, protocol, ["ssim", "psnr"])

    assert scores == {"ssim": ssim(*seen).item(), "psnr": psnr(*seen).item()}


def test_lpips_is_given_whole_quantised_colour_pictures(monkeypatch):
    given = {}

    def watch(restored, clean):
        given.update(restored=restored, clean=clean)
        return torch.tensor([0.25])

    monkeypatch.setitem(METRICS, "lpips", watch)
    restored, clean = pictures(1, 3, 20, 20), pictures(1, 3, 20, 20, seed=1)

    assert score(restored, clean, Protocol(border=4), ["lpips"]) == {"lpips": 0.25}
    assert torch.equal(given["restored"], (restored * 255).round() / 255)
    assert given["clean"].shape == (1, 3, 20, 20) and given["clean"].dtype == torch.float32


def offline(*args, **kwargs):
    raise URLError("no network")


nan = torch.full((1, 3, 20, 20), math.nan)
x20, x8 = pictures(1, 3, 20, 20), pictures(1, 3, 8, 8)


@pytest.mark.parametrize(
    "name, restored, clean, border, why",
    [
        ("psnr", x20, x20, 0, "no psnr: the pictures are identical"),
        ("psnr", x20 + 0.3 / 255, (x20 * 255).round() / 255, 0, None),
        ("psnr", nan, x20, 0, "no psnr: the restored picture has pixels that are not numbers"),
        ("psnr", x8, 1 - x8, 4, "no psnr: a border of 4 px leaves nothing of a 8x8 picture"),
        ("ssim", x20, 1 - x20, 5, "no ssim: SSIM needs pictures of at least 11 px a side, got 10x10"),
        ("lpips", x8, 1 - x8, 0, "no lpips: LPIPS needs pictures of at least 17 px a side, got 8x8"),
        ("lpips", x20, 1 - x20, 0, "no lpips: LPIPS needs SqueezeNet's weights: "),
    ],
)
def test_where_there_is_no_number_the_score_is_none_and_a_warning_says_why(
    monkeypatch, tmp_path, caplog, name, restored, clean, border, why
):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    module._lpips_network.cache_clear()

    with caplog.at_level(logging.WARNING):
        scores = score(restored, clean, Protocol(border=border), [name])

    if why is None:
        assert scores[name] is not None and not caplog.messages
    else:
        assert scores == {name: None}
        assert len(caplog.messages) == 1 and caplog.messages[0].startswith(why)


def test_an_unknown_metric_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        score(x20, x20, Protocol(), ["psnr", "fid"])
    assert str(caught.value) == "unknown metric 'fid': choose one of colour_drift, lpips, niqe, psnr, spectrum, ssim"


def test_importing_metrics_does_not_import_torchvision():
    program = (
        "import sys, srgan.evaluation.metrics; sys.exit(not {'torchvision', 'torchmetrics'}.isdisjoint(sys.modules))"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def noise(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_spectrum_is_1_for_equal_pictures_and_the_square_of_the_contrast_otherwise():
    clean = noise(2, 3, 33, 40)
    flatter = 0.5 + 0.5 * (clean - 0.5)

    torch.testing.assert_close(metrics.spectrum(clean, clean), torch.ones(2))
    torch.testing.assert_close(metrics.spectrum(flatter, clean), torch.full((2,), 0.25))


def test_the_spectrum_sees_fine_detail_only():
    clean = noise(1, 3, 64, 64)
    coarse = torch.cos(2 * torch.pi * torch.arange(64) / 16).expand(1, 3, 64, 64)
    fine = torch.cos(2 * torch.pi * torch.arange(64) * 3 / 8).expand(1, 3, 64, 64)

    assert metrics.spectrum(clean + 0.3 * coarse, clean) == pytest.approx(1, abs=0.01)
    assert metrics.spectrum(clean + 0.3 * fine, clean) > 2


def test_colours_are_those_of_scikit_image():
    pictures = noise(1, 3, 8, 8)

    expected = rgb2lab(pictures[0].permute(1, 2, 0).double().numpy())

    ours = lab(pictures)[0].permute(1, 2, 0)
    np.testing.assert_allclose(ours, expected, atol=0.02)


def test_the_colour_drift_is_that_of_the_reduced_pictures():
    clean = torch.full((1, 3, 16, 16), 0.5)
    checkered = clean + 0.2 * (torch.arange(16)[:, None] + torch.arange(16)).remainder(2).mul(2).sub(1)
    tinted = clean + torch.tensor([0.1, 0.0, 0.0])[:, None, None]
    colours = [np.full((1, 1, 3), 0.5), np.array([[[0.6, 0.5, 0.5]]])]
    a, b = (rgb2lab(colour) for colour in colours)

    assert metrics.colour_drift(checkered, clean).item() == pytest.approx(0, abs=0.2)
    assert metrics.colour_drift(tinted, clean).item() == pytest.approx(np.linalg.norm(a - b), abs=0.02)
