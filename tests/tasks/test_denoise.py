"""The task of denoising: what noise the generator learns from, what it is told, and what the user may hold back."""

import numpy as np
import pytest
import torch

from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.inference.picture import restore_image
from srgan.inference.restore import restore
from srgan.inference.tiled import run_of
from srgan.tasks.denoise import STRONGEST, UNKNOWN, Denoise


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=64, side=32):
    return torch.rand(n, 3, side, side, generator=rng(9))


def test_training_noise_is_gaussian_of_every_level_up_to_the_strongest_where_there_is_no_camera():
    clean = pictures()

    observed = Denoise(camera=0.0, grain=0.0, processed=0.0, compressed=0.0).degrade(clean, rng())

    levels = 255 * (observed[:, :3] - clean).std(dim=(1, 2, 3))
    assert levels.min() < 5
    assert STRONGEST - 5 < levels.max() < STRONGEST + 2


def test_grain_is_the_same_in_all_colours_and_has_its_share():
    clean = pictures(n=200)

    observed = Denoise(camera=0.3, grain=0.3).degrade(clean, rng())

    noise = observed[:, :3] - clean
    alike = (noise - noise.mean(dim=1, keepdim=True)).abs().amax(dim=(1, 2, 3)) < 1e-6
    there = noise.abs().amax(dim=(1, 2, 3)) > 1e-3
    assert 0.2 < (alike & there).float().mean() < 0.4


def test_the_generator_is_told_any_level_or_none():
    clean = pictures(n=200)

    observed = Denoise(told=0.5).degrade(clean, rng())

    told = observed[:, 3, 0, 0] * 255
    known = told[told != UNKNOWN]
    assert 70 < len(known) < 130
    assert 0 <= known.min() < 5 and STRONGEST - 5 < known.max() <= STRONGEST
    levels = 255 * (observed[:, :3] - clean).square().mean(dim=(1, 2, 3)).sqrt()
    assert torch.corrcoef(torch.stack([told, levels])[:, told != UNKNOWN])[0, 1].abs() < 0.3
    assert torch.equal(observed[:, 3:], observed[:, 3:, :1, :1].expand(-1, -1, 32, 32))


def test_what_is_wanted_follows_the_level_that_the_generator_is_told():
    clean = pictures(n=4)
    noise = 20 / 255 * torch.randn(clean.shape, generator=rng(1))
    told = torch.tensor([UNKNOWN, 0.0, 5.0, 50.0]) / 255
    observed = torch.cat([clean + noise, told.view(4, 1, 1, 1).expand(-1, 1, 32, 32)], dim=1)

    wanted, (which, noisier) = Denoise().wanted(observed, clean, rng(2))

    torch.testing.assert_close(wanted[0], clean[0])
    torch.testing.assert_close(wanted[1], (clean + noise)[1])
    torch.testing.assert_close(wanted[2], (clean + 0.75 * noise)[2], atol=2e-3, rtol=0)
    assert which.tolist() == [3]
    assert noisier[:, 3:].unique().item() * 255 == pytest.approx(UNKNOWN)
    assert (noisier[:, :3] - clean[3:]).std().item() * 255 == pytest.approx(50, rel=0.05)
    assert (noisier[:, :3] - observed[3:, :3]).std().item() * 255 == pytest.approx((50**2 - 20**2) ** 0.5, rel=0.05)


def test_where_nobody_is_told_too_much_the_model_is_asked_nothing():
    clean = pictures(n=4)

    assert Denoise().wanted(Denoise().present(clean), clean, rng())[1] is None


def test_evaluation_adds_the_noise_of_numpy_that_the_protocol_names():
    clean = pictures(n=1, side=20)
    noise = np.random.default_rng([0, 7]).standard_normal((1, 20, 20, 3))

    observed = Denoise(noise="15").observe(clean, 7)

    expected = clean.permute(0, 2, 3, 1).numpy() + noise * 15 / 255
    np.testing.assert_allclose(observed[:, :3].permute(0, 2, 3, 1).numpy(), expected, atol=1e-6)
    assert Denoise(noise="15").protocol().as_dict() == {"border": 0, "levels": 256, "noise": 15.0, "seed": 0}


def test_evaluation_can_add_the_noise_of_a_camera():
    clean, task = pictures(n=1), Denoise(noise="camera")

    assert torch.equal(task.observe(clean, 3), task.observe(clean, 3))
    assert not torch.equal(task.observe(clean, 3), task.observe(clean, 4))
    assert task.protocol().as_dict()["noise"] == "camera"


def test_a_share_of_training_pictures_is_jpeg_and_nothing_else():
    clean = pictures(n=200)
    task = Denoise(camera=0.0, grain=0.0, processed=0.0, compressed=0.5)

    observed = task.degrade(clean, rng())[:, :3]

    levels = (observed * 255 - (observed * 255).round()).abs().amax(dim=(1, 2, 3)) < 1e-3
    assert 0.35 < levels.float().mean() < 0.55


def test_of_every_kind_one_picture_in_eleven_stays_clean():
    clean = pictures(n=400)

    observed = Denoise(camera=0.25, grain=0.25, processed=0.25, compressed=0.25).degrade(clean, rng())

    untouched = (observed[:, :3] == clean).all(dim=(1, 2, 3))
    assert 0.05 < untouched.float().mean() < 0.14


@pytest.mark.parametrize("noise", ["raw", "jpeg:20"])
def test_evaluation_can_show_what_cameras_and_jpeg_do(noise):
    clean = pictures(n=1)
    task = Denoise(noise=noise)

    observed = task.observe(clean, 3)

    assert torch.equal(observed, task.observe(clean, 3))
    assert task.protocol().as_dict()["noise"] == noise
    assert set(task.baselines()) == ({"noisy", "nlm"} if noise == "raw" else {"noisy"})
    assert 3 < 255 * (observed[:, :3] - clean).square().mean().sqrt() < 150


def test_a_strength_is_a_level_and_auto_is_none():
    picture = pictures(n=2)

    assert Denoise(strength="auto").present(picture)[:, 3].unique().item() * 255 == pytest.approx(UNKNOWN)
    assert Denoise(strength="100").present(picture)[:, 3].unique().item() * 255 == pytest.approx(STRONGEST)
    assert Denoise(strength="20").present(picture)[:, 3].unique().item() * 255 == pytest.approx(STRONGEST / 5)


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_strength_of_0_leaves_every_pixel(make_model, pixels, depth):
    model = make_model("denoise", strength="0")
    image = Image(pixels(37, 41, dtype=depth))

    assert model.task.idle
    assert restore_image(run_of(model, None), image) is image
    batch = pictures(n=1)
    assert torch.equal(restore(model, batch), batch)


def test_kept_grain_is_the_luma_of_what_is_taken_away():
    observed = Denoise().present(pictures(n=1))
    taken = torch.rand(1, 3, 32, 32, generator=rng(2)) - 0.5

    whole, half, none = (Denoise(keep_grain=share).compose(observed, taken) for share in (1.0, 0.5, 0.0))

    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    left = (weights * (whole - observed[:, :3])).sum(dim=1)
    torch.testing.assert_close(left, torch.zeros_like(left), atol=1e-6, rtol=0)
    torch.testing.assert_close(half, (whole + none) / 2)
    torch.testing.assert_close(none, observed[:, :3] + taken)


def test_non_local_means_is_given_its_best_strength():
    clean = torch.full((1, 3, 48, 48), 0.5)
    clean[..., 24:] = 0.8
    task = Denoise(noise="20")
    observed = task.observe(clean, 0)
    baselines = task.baselines()

    noisy, denoised = (baselines[name](observed, clean) for name in ("noisy", "nlm"))

    assert torch.equal(noisy, observed[:, :3])
    assert (denoised - clean).square().mean() < 0.1 * (noisy - clean).square().mean()


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"strength": "strong"}, "strength=strong: neither auto nor a number"),
        ({"strength": "101"}, "strength=101: choose auto, or 0 to 100"),
        ({"strength": "nan"}, "strength=nan: choose auto, or 0 to 100"),
        ({"noise": "film"}, "noise=film: neither camera, raw, jpeg:QUALITY nor a number"),
        ({"noise": "jpeg:0"}, "noise=jpeg:0: choose a quality of 1 to 100"),
        ({"noise": "jpeg:good"}, "noise=good: neither jpeg:QUALITY nor a number"),
        ({"processed": 0.9}, "the shares of camera, grain, processed and compressed are more than 1 together"),
        ({"noise": "-1"}, "noise=-1: must not be negative"),
        ({"keep_grain": 2.0}, "keep_grain=2.0: must lie in [0, 1]"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, message):
    with pytest.raises(ConfigError) as caught:
        Denoise(**fields)
    assert str(caught.value) == message


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_auto_says_how_much_noise_it_took_away(depth):
    clean = np.full((600, 40, 3), 0.5)
    noise = np.random.default_rng(0).normal(0, 11 / 255, clean.shape)
    white = np.iinfo(depth).max
    noisy, restored = (np.rint(white * picture).astype(depth) for picture in (clean + noise, clean))

    def said(task):
        return task.remarks([(600, task.measure(noisy, restored, (0, 600)))])

    assert said(Denoise()) == ("noise of level 11.0 taken away, as of strength 20",)
    assert said(Denoise(strength="50")) == ()
