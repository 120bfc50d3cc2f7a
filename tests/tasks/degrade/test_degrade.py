"""What pictures suffer: how strong noise is and where, and JPEG beside a real encoder."""

import cv2
import numpy as np
import pytest
import skimage.data
import torch

from srgan.ops.colour import linear, srgb
from srgan.tasks.degrade.jpeg import jpeg
from srgan.tasks.degrade.noise import camera, gaussian, sensor


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def grey(value, side=128, n=1):
    return torch.full((n, 3, side, side), value)


def photo():
    picture = torch.from_numpy(skimage.data.astronaut()[:200, 100:303].astype(np.float32) / 255)
    return picture.permute(2, 0, 1)[None]


def luma_and_chroma(noise):
    to_ycc = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])
    return np.einsum("ij,nj->ni", to_ycc, noise.permute(0, 2, 3, 1).reshape(-1, 3).numpy()).std(axis=0)


def test_gaussian_noise_has_the_level_of_its_picture_and_is_not_clipped():
    noisy = gaussian(grey(1.0, n=2), torch.tensor([10.0, 50.0]), rng())

    deviations = (noisy - 1).std(dim=(1, 2, 3)) * 255

    assert deviations.tolist() == pytest.approx([10, 50], rel=0.02)
    assert noisy.max() > 1


def test_the_noise_of_a_sensor_has_the_variance_of_its_model():
    """Without white balance, on a grey picture: at the sites of a filter, shot * x + read."""
    clean, one = grey(0.5, side=256), torch.ones(1)
    shot, read = 0.002, 0.0005
    light = linear(clean)[0, 0, 0, 0].item()

    noisy = sensor(clean, shot * one, read * one, torch.ones(1, 3), rng())

    # Undo the colour matrix: what is left is each filter's plane, interpolated where the filter is another.
    matrix = torch.tensor(((1.72, -0.58, -0.14), (-0.24, 1.56, -0.32), (0.02, -0.56, 1.54)))
    raw = torch.einsum("ij,njhw->nihw", matrix.inverse(), linear(noisy) - light)
    red, blue = raw[0, 0, ::2, ::2], raw[0, 2, 1::2, 1::2]
    for sites in (red, blue):
        assert sites.var().item() == pytest.approx(shot * light + read, rel=0.05)


def test_the_noise_of_a_sensor_is_stronger_in_chroma_and_correlated():
    clean, one = grey(0.5), torch.ones(1)

    noise = sensor(clean, 0.001 * one, 0.0001 * one, torch.tensor([[2.1, 1.0, 1.7]]), rng()) - clean

    luma, blue, red = luma_and_chroma(noise)
    assert min(blue, red) > luma
    beside = (noise[..., 1:] * noise[..., :-1]).mean() / noise.square().mean()
    assert beside > 0.2
    assert gaussian(clean, one * 10, rng()).sub(clean)[..., 1:].mean().abs() < 0.01


def test_a_camera_gives_levels_of_eight_bits_and_a_brightness_that_stays():
    clean = grey(0.4, n=8)

    noisy = camera(clean, rng())

    assert torch.equal(noisy, (noisy * 255).round() / 255)
    assert (noisy.mean(dim=(1, 2, 3)) - 0.4).abs().max() < 0.03
    assert len({round(value, 4) for value in noisy.std(dim=(1, 2, 3)).tolist()}) == 8


def test_a_camera_draws_only_from_its_rng():
    clean = photo()

    assert torch.equal(camera(clean, rng(1)), camera(clean, rng(1)))
    assert not torch.equal(camera(clean, rng(1)), camera(clean, rng(2)))


@pytest.mark.parametrize("subsampled", [True, False])
@pytest.mark.parametrize("quality", [30, 75, 95])
def test_jpeg_is_what_a_real_encoder_and_decoder_make_of_it(quality, subsampled):
    """But for what a rounding tips over; OpenCV's decoder smooths chroma that was halved."""
    picture = photo()
    levels = (picture[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    factor = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if subsampled else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    _, data = cv2.imencode(".jpg", levels[:, :, ::-1], settings)
    theirs = cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1].astype(float)

    ours = jpeg(picture, torch.tensor([float(quality)]), subsampled=subsampled)[0].permute(1, 2, 0).numpy() * 255

    off, lost = np.abs(ours - theirs).mean(), np.abs(levels - theirs).mean()
    assert off < (0.45 if subsampled else 0.25) * lost


def test_each_picture_of_a_batch_has_its_own_quality():
    picture = photo()
    batch, qualities = picture.expand(2, -1, -1, -1), torch.tensor([20.0, 90.0])

    both = jpeg(batch, qualities)

    for coded, quality in zip(both, qualities, strict=True):
        assert torch.equal(coded[None], jpeg(picture, quality[None]))


def test_light_and_srgb_undo_each_other():
    levels = torch.linspace(0, 1, 256).view(1, 1, 1, -1).expand(1, 3, 1, -1)

    torch.testing.assert_close(srgb(linear(levels)), levels, atol=1e-5, rtol=0)
