"""The task of enlarging: what a small picture is, and how a large one is held to it."""

import dataclasses

import numpy as np
import pytest
import skimage.data
import torch
import torch.nn.functional as F
from PIL import Image as Pillow

from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.images.bands import as_bands, whole
from srgan.images.image import Image
from srgan.inference.picture import restore_image
from srgan.inference.reduce import reduced
from srgan.inference.tiled import Run, restore_batch, run_of
from srgan.ops.resample import upsample
from srgan.tasks.degrade.snapshots import snapshot
from srgan.tasks.upscale import Upscale


def held(model, rounds):
    """The model, its results held to the input in so many rounds."""
    model.task = dataclasses.replace(model.task, rounds=rounds)
    return model


def missed(observed, restored, scale):
    return (reduced_by_torch(restored, scale) - observed).abs().max().item()


def reduced_by_torch(x, scale):
    return F.interpolate(x, scale_factor=1 / scale, mode="bicubic", antialias=True)


def test_the_condition_is_the_bicubic_enlargement():
    observed = torch.rand(2, 3, 5, 6, generator=torch.Generator().manual_seed(0))

    assert torch.equal(Upscale(scale=3).condition(observed), upsample(observed, 3))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_back_projection_holds_whatever_was_generated_to_what_was_observed(scale):
    rng = torch.Generator().manual_seed(1)
    observed = 0.3 + 0.4 * torch.rand(1, 3, 12, 10, generator=rng)
    generated = 0.1 * (torch.rand(1, 3, 12 * scale, 10 * scale, generator=rng) - 0.5)

    free = Upscale(scale=scale).compose(observed, generated)
    consistent = Upscale(scale=scale, rounds=10).compose(observed, generated)

    assert missed(observed, free, scale) > 2 / 255
    assert missed(observed, consistent, scale) < 1 / 255


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_whoever_reduces_what_is_held_to_the_input_gets_the_input_up_to_its_borders(make_model, scale):
    model = held(make_model(scale=scale, std=0.02), rounds=30)
    picture = np.ascontiguousarray(skimage.data.astronaut()[40:80, 190:238])
    engine = make_engine(model.generator, device="cpu", precision="fp32")

    image = restore_image(Run(model=model, engine=engine), Image(picture))

    ours = whole(reduced(as_bands(image), 48, 40)).rgb
    theirs = np.asarray(Pillow.fromarray(image.rgb).resize((48, 40), Pillow.Resampling.BICUBIC))
    floats = torch.from_numpy(image.rgb).permute(2, 0, 1)[None].float()
    assert np.abs(ours.astype(int) - picture).max() <= 1
    assert np.abs(theirs.astype(int) - picture).max() <= 1
    assert np.abs(reduced_by_torch(floats, scale)[0].permute(1, 2, 0).numpy() - picture).max() <= 1
    assert image.notes == ()


def test_grain_that_is_kept_is_what_the_small_picture_has_and_the_large_one_has_not():
    rng = torch.Generator().manual_seed(2)
    smooth = torch.rand(1, 3, 4, 4, generator=rng).repeat_interleave(4, 2).repeat_interleave(4, 3)
    grain = 0.1 * torch.randn(1, 1, 16, 16, generator=rng)
    observed = smooth + grain
    cleaned = upsample(smooth, 2) - upsample(observed, 2)  # a generator that takes the grain away

    none, half, whole = (Upscale(scale=2, keep_grain=share).compose(observed, cleaned) for share in (0.0, 0.5, 1.0))

    inside = (..., slice(4, -4), slice(4, -4))
    put_back = upsample(grain.expand_as(smooth), 2)
    torch.testing.assert_close((half - none), (whole - none) / 2)
    torch.testing.assert_close(whole[:, :1] - none[:, :1], whole[:, 1:2] - none[:, 1:2])  # no colours
    assert correlation((whole - none)[inside], put_back[inside]) > 0.95


def test_grain_is_kept_alike_in_tiles(make_model):
    model = make_model(scale=2).asked(keep_grain=0.7)
    observed = torch.rand(1, 3, 61, 50, generator=torch.Generator().manual_seed(3))
    engine = make_engine(model.generator, device="cpu", precision="fp32")

    tiled, whole = (restore_batch(Run(model=model, engine=engine, tile=side), observed) for side in (16, 1000))

    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", ["keep_grain", "compressed"])
@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_shares_that_are_none_are_refused(name, share):
    with pytest.raises(ConfigError, match=rf"^{name}={share}: must lie in \[0, 1\]$"):
        Upscale(**{name: share})


def correlation(x, y):
    return float(torch.corrcoef(torch.stack([x.flatten(), y.flatten()]))[0, 1])


def test_what_is_held_to_the_input_stays_in_range():
    observed = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(2)).round()

    consistent = Upscale(scale=2, rounds=10).compose(observed, torch.zeros(1, 3, 16, 16))

    assert consistent.min() >= 0
    assert consistent.max() <= 1


@pytest.mark.parametrize("tile", [1, 16, 40])
def test_a_tiled_picture_that_is_held_to_the_input_equals_the_whole_one(make_model, tile):
    model = held(make_model(scale=2), rounds=3)
    observed = torch.rand(1, 3, 61, 50, generator=torch.Generator().manual_seed(3))
    engine = make_engine(model.generator, device="cpu", precision="fp32")

    tiled, whole = (restore_batch(Run(model=model, engine=engine, tile=side), observed) for side in (tile, 1000))

    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-5)


def test_a_picture_that_cannot_be_held_to_the_input_says_by_how_much(make_model):
    model = held(make_model(scale=2, std=0.05), rounds=10)
    impossible = np.indices((20, 20)).sum(axis=0)[..., None].repeat(3, axis=2) % 2 * 255
    engine = make_engine(model.generator, device="cpu", precision="fp32")

    slopes = np.linspace(60, 190, 400).reshape(20, 20, 1).repeat(3, axis=2)

    run = Run(model=model, engine=engine)
    fine = restore_image(run, Image(slopes.round().astype(np.uint8)))
    bad = restore_image(run, Image(impossible.astype(np.uint8)))

    (remark,) = bad.notes
    claimed = float(remark.removeprefix("reduces to the input within ").split()[0])
    batch = torch.from_numpy(bad.rgb.astype(np.float32)).permute(2, 0, 1)[None]
    wanted = torch.from_numpy(impossible.astype(np.float32)).permute(2, 0, 1)[None]
    assert claimed == pytest.approx((reduced_by_torch(batch, 2) - wanted).abs().max().item(), abs=0.05)
    assert claimed > 1
    assert fine.notes == ()


def test_a_picture_that_is_not_held_to_the_input_says_nothing(make_model):
    black_and_white = np.indices((20, 20)).sum(axis=0)[..., None].repeat(3, axis=2).astype(np.uint8) % 2 * 255

    assert restore_image(run_of(make_model(scale=2), None), Image(black_and_white)).notes == ()


def test_rounds_below_0_are_refused():
    with pytest.raises(ConfigError, match="rounds=-1: must not be negative"):
        Upscale(rounds=-1)


def test_photographs_to_learn_from_are_damaged_and_those_to_be_judged_on_are_fixed():
    clean = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    learnt, judged = Upscale(source="photo"), Upscale(source="web")

    small = learnt.degrade(clean, torch.Generator().manual_seed(1))

    assert small.shape == (2, 3, 16, 16)
    assert torch.equal(judged.observe(clean[:1], 3), snapshot(clean[:1], 4, "web", 3))
    assert judged.protocol().as_dict()["downsample"] == "web"
    with pytest.raises(ConfigError, match=r"^source=web is a test: learn from clean or photo$"):
        judged.degrade(clean, torch.Generator())


def test_an_unknown_source_is_refused():
    with pytest.raises(ConfigError, match=r"^source=scan: choose one of clean, photo, web, phone, old$"):
        Upscale(source="scan")
