"""What photographs suffer: lenses, filters and sharpening beside Pillow and closed forms, and the whole chain."""

import io
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image, ImageFilter

from srgan.ops.resample import downsample
from srgan.tasks.degrade.blur import blurred, ellipses, gaussians, lens, sharpened
from srgan.tasks.degrade.draws import Draw
from srgan.tasks.degrade.filters import FILTERS, resized
from srgan.tasks.degrade.jpeg import jpeg
from srgan.tasks.degrade.noise import film
from srgan.tasks.degrade.photo import compressed, photo, processed
from srgan.tasks.degrade.snapshots import SNAPSHOTS, coded, raw, snapshot

PILLOW = (Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BILINEAR, Image.Resampling.BOX)


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def numbers(*values):
    return torch.tensor([float(value) for value in values])


def as_batch(picture):
    return torch.from_numpy(np.asarray(picture, dtype=np.float32) / 255).permute(2, 0, 1)[None]


def astronaut(side=192):
    return Image.fromarray(skimage.data.astronaut()[:side, 100 : 100 + side])


def levels_apart(ours, pillow, border=0):
    difference = (ours - as_batch(pillow)).abs() * 255
    return difference[:, :, border : difference.shape[2] - border, border : difference.shape[3] - border]


@pytest.mark.parametrize("size", [(48, 48), (71, 130), (250, 211)])
def test_each_filter_is_pillows(size):
    assert len(FILTERS) == len(PILLOW)
    picture = astronaut().point(lambda level: 64 + level // 2)  # Pillow clips what overshoots in between
    for which, filter in enumerate(PILLOW):
        ours = resized(as_batch(picture), *size, torch.tensor([which]))

        assert levels_apart(ours, picture.resize(size[::-1], filter)).max() < 1.51  # and it rounds


def test_each_picture_has_its_own_filter():
    two = as_batch(astronaut()).repeat(2, 1, 1, 1)

    both = resized(two, 48, 48, torch.tensor([3, 0]))

    for picture, which in zip(both, (3, 0), strict=True):
        assert torch.equal(picture, resized(two[:1], 48, 48, torch.tensor([which]))[0])


def test_a_gaussian_kernel_has_its_deviations_along_its_axes():
    kernel = gaussians(numbers(2.5), numbers(1.0), numbers(0.0), numbers(1.0), radius=12)[0]

    places = torch.arange(-12.0, 13)
    assert kernel.sum().item() == pytest.approx(1)
    assert (kernel.sum(0) * places.square()).sum().sqrt().item() == pytest.approx(2.5, rel=0.01)
    assert (kernel.sum(1) * places.square()).sum().sqrt().item() == pytest.approx(1.0, rel=0.01)


def test_a_quarter_turn_exchanges_the_axes():
    args = numbers(2.5), numbers(1.0)
    level, upright = (gaussians(*args, numbers(angle), numbers(1.0), radius=8) for angle in (0, math.pi / 2))

    assert torch.allclose(level, upright.transpose(1, 2), atol=1e-6)


def test_a_disc_is_even_and_round():
    disc = ellipses(numbers(4.0), numbers(4.0), numbers(0.3), radius=8)[0]

    assert disc[8, 5:12].unique().numel() == 1
    assert disc[8, 13] == 0
    assert torch.allclose(disc, disc.T, atol=1e-6)


def test_every_lens_keeps_the_brightness_and_some_do_nothing():
    kernels = lens(Draw(200, torch.device("cpu"), rng()), largest=3.6)

    assert torch.allclose(kernels.sum(dim=(1, 2)), torch.ones(200), atol=1e-5)
    assert kernels.min() >= 0
    sharp = (kernels.amax(dim=(1, 2)) == 1).float().mean().item()
    assert 0.1 < sharp < 0.35


def test_blur_is_convolution_with_edges_repeated():
    picture = as_batch(astronaut(64)).repeat(2, 1, 1, 1)
    kernels = gaussians(numbers(1.5, 3), numbers(0.7, 3), numbers(0.4, 0), numbers(1, 1), radius=7)

    ours = blurred(picture, kernels)

    padded = torch.nn.functional.pad(picture, (7, 7, 7, 7), mode="replicate")
    for one, kernel, expected in zip(padded, kernels, ours, strict=True):
        plain = torch.nn.functional.conv2d(one[:, None], kernel.flip(0, 1)[None, None])[:, 0]
        assert torch.allclose(plain, expected, atol=1e-5)


def test_sharpening_is_pillows_unsharp_mask():
    pillow = astronaut().filter(ImageFilter.UnsharpMask(1.0, 80, 0))

    ours = sharpened(as_batch(astronaut()), numbers(0.8), numbers(1.0))

    assert levels_apart(ours, pillow, border=4).mean() < 1.0  # Pillow's blur is three boxes, and rounded


@pytest.mark.parametrize("quality", [30, 75, 92])
def test_jpeg_with_smooth_chroma_is_what_decoders_give(quality):
    file = io.BytesIO()
    astronaut().save(file, "JPEG", quality=quality, subsampling=2)

    ours = jpeg(as_batch(astronaut()), numbers(quality), smooth=True)

    apart = levels_apart(ours, Image.open(file).convert("RGB"))
    assert apart.mean() < 1.0
    assert apart.mean() < levels_apart(jpeg(as_batch(astronaut()), numbers(quality)), Image.open(file)).mean()


def test_the_noise_of_film_has_its_level_at_half_brightness():
    noise = film(torch.full((2, 3, 256, 256), 0.5), numbers(4, 12), rng()) - 0.5

    assert (noise.std(dim=(1, 2, 3)) * 255).tolist() == pytest.approx([4, 12], rel=0.05)


def test_photo_gives_small_pictures_in_8_bit_levels_the_same_for_the_same_seed():
    clean = as_batch(astronaut()).repeat(4, 1, 1, 1)

    first, again, other = (photo(clean, 4, rng(seed)) for seed in (3, 3, 4))

    assert first.shape == (4, 3, 48, 48)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal((first * 255).round() / 255, first)


def test_photo_shows_mostly_mild_damage_and_leaves_some_pictures_clean():
    clean = as_batch(astronaut(96)).repeat(8, 1, 1, 1)
    small = downsample(clean[:1], 4).clamp(0, 1)

    apart = torch.cat([(photo(clean, 4, rng(seed)) - small).square().mean(dim=(1, 2, 3)).sqrt() for seed in range(60)])

    apart = apart * 255
    assert 0.08 < (apart < 0.5).float().mean() < 0.25  # rounding alone is .3
    assert apart.median() < 12
    assert apart.quantile(0.95) > 11


def test_a_share_of_photographs_is_jpeg_and_nothing_else():
    flat = torch.full((64, 3, 64, 64), 0.5) + torch.linspace(-0.2, 0.2, 64)  # JPEG leaves that nearly as it is

    every = torch.cat([photo(flat, 4, rng(seed), only_compressed=1.0) for seed in range(3)])
    some = torch.cat([photo(flat, 4, rng(seed), only_compressed=0.0) for seed in range(3)])

    rough = [(x - downsample(flat[:1], 4)).square().mean(dim=(1, 2, 3)).sqrt() * 255 for x in (every, some)]
    assert rough[0].max() < 3
    assert rough[1].quantile(0.9) > 3


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_photo_keeps_the_brightness(scale):
    clean = as_batch(astronaut(96)).repeat(8, 1, 1, 1)

    means = torch.cat([photo(clean, scale, rng(seed)).mean(dim=(2, 3)) for seed in range(10)])

    assert (means.mean(0) - clean[0].mean(dim=(1, 2))).abs().max() < 0.02


@pytest.mark.parametrize("kind", SNAPSHOTS)
def test_a_snapshot_is_the_same_for_the_same_number_only(kind):
    clean = as_batch(astronaut()).repeat(2, 1, 1, 1)

    first, second = snapshot(clean, 4, kind, 5)

    assert first.shape == (3, 48, 48)
    assert torch.equal(second, snapshot(clean[:1], 4, kind, 6)[0])
    assert not torch.equal(first, second)


@pytest.mark.parametrize("kind", SNAPSHOTS)
def test_a_snapshot_shows_its_damage(kind):
    clean = as_batch(astronaut())
    small = downsample(clean, 4).clamp(0, 1)

    apart = (snapshot(clean, 4, kind, 0) - small).square().mean().sqrt() * 255

    assert 2 < apart < 30


def test_snapshots_do_not_depend_on_the_scale_but_for_their_size():
    for scale in (2, 3, 4):
        assert snapshot(as_batch(astronaut()), scale, "phone", 0).shape == (1, 3, 192 // scale, 192 // scale)


TOOL = Path(__file__).resolve().parents[4] / "shared" / "tools" / "real_photos.py"


@pytest.mark.skipif(not TOOL.exists(), reason="needs the fixed test that snapshots are compared with")
def test_snapshots_are_those_of_the_fixed_test(tmp_path):
    (tmp_path / "clean").mkdir()
    for number, left in enumerate((100, 200)):
        Image.fromarray(skimage.data.astronaut()[:128, left : left + 160]).save(tmp_path / "clean" / f"{number}.png")
    subprocess.run([sys.executable, TOOL, tmp_path / "clean", tmp_path / "made"], check=True)

    for kind in SNAPSHOTS:
        for number in range(2):
            clean, small = (Image.open(tmp_path / folder / f"{number}.png") for folder in ("clean", f"made/{kind}"))
            assert torch.equal(snapshot(as_batch(clean), 4, kind, number), as_batch(small))


@pytest.mark.parametrize("lowest", [10, 80])
def test_compressed_pictures_are_jpeg_of_many_qualities(lowest):
    clean = as_batch(astronaut(96)).repeat(16, 1, 1, 1)

    apart = 255 * (compressed(clean, rng(), float(lowest)) - clean).square().mean(dim=(1, 2, 3)).sqrt()

    worst, best = ((coded(clean[:1], quality) - clean[:1]).square().mean().sqrt() * 255 for quality in (lowest, 97))
    assert 0.8 * best < apart.min() < apart.max() < 1.2 * worst
    assert apart.max() > 1.5 * apart.min()


def test_processed_pictures_keep_their_brightness_and_some_are_very_noisy():
    clean = as_batch(astronaut(96)).repeat(16, 1, 1, 1)

    made = processed(clean, rng())

    assert (made.mean(dim=(2, 3)) - clean.mean(dim=(2, 3))).abs().max() < 0.06
    assert (made - clean).square().mean(dim=(1, 2, 3)).sqrt().max() * 255 > 15


def test_a_raw_picture_is_the_picture_with_noise_that_is_the_same_for_the_same_number():
    clean = as_batch(astronaut().crop((0, 0, 191, 177))).repeat(2, 1, 1, 1)

    first, second = raw(clean, 5)

    assert torch.equal(second, raw(clean[:1], 6)[0])
    assert not torch.equal(first, second)
    assert (first.mean(dim=(1, 2)) - clean[0].mean(dim=(1, 2))).abs().max() < 0.01
    assert 4 < (first - clean[0]).square().mean().sqrt() * 255 < 30
