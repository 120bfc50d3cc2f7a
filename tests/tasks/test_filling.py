"""Filling: what is known stays, large holes are filled coarse to fine, and only holes cost."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image as Pillow

from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.images.image import Image
from srgan.inference.picture import restore_image
from srgan.inference.restore import restore
from srgan.inference.tiled import Run
from srgan.models.model import Model
from srgan.ops.pyramid import halved, smoothed
from srgan.ops.resample import upsample
from srgan.tasks.filling import AROUND, THIN, coarse_to_fine, windows
from srgan.tasks.inpaint import Inpaint


@pytest.fixture
def model(make_model):
    return make_model("inpaint", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})


@pytest.fixture
def engine(model):
    return make_engine(model.generator, device="cpu", precision="fp32")


def fill(run, picture, mask, halvings):
    with torch.inference_mode():
        return coarse_to_fine(picture, mask, halvings, partial(run.model.task.fill, run))


def hole(height, width, *boxes):
    mask = torch.zeros(1, 1, height, width)
    for top, left, side in boxes:
        mask[..., top : top + side, left : left + side] = 1
    return mask


def pictures(height, width):
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("halvings", [0, 1, 2])
@pytest.mark.parametrize("tile", [16, 512])
def test_what_is_known_stays_bit_for_bit_and_holes_are_filled(model, engine, halvings, tile):
    picture, mask = pictures(67, 50), hole(67, 50, (20, 10, 30))

    filled = fill(Run(model=model, engine=engine, tile=tile), picture, mask, halvings)

    known = mask.expand_as(picture) == 0
    assert torch.equal(filled[known], picture[known])
    assert (filled[~known] != picture[~known]).all()


def test_tiles_that_share_a_batch_give_the_picture_that_each_alone_gives(model, engine):
    picture, mask = pictures(67, 90), hole(67, 90, (5, 5, 60))

    alone = fill(Run(model=model, engine=engine, tile=8), picture, mask, 1)
    engine.batch = 5
    together = fill(Run(model=model, engine=engine, tile=8), picture, mask, 1)

    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


def test_what_is_in_a_hole_has_no_influence(model, engine):
    picture, mask = pictures(40, 40), hole(40, 40, (10, 10, 20))
    other = torch.where(mask > 0, 1 - picture, picture)

    one, same = (fill(Run(model=model, engine=engine), each, mask, 1) for each in (picture, other))

    assert torch.equal(one, same)


@pytest.mark.parametrize("halvings", [0, 2])
def test_tiles_change_nothing(model, engine, halvings):
    picture, mask = pictures(96, 120), hole(96, 120, (20, 10, 50), (60, 80, 30))

    whole, tiled = (fill(Run(model=model, engine=engine, tile=tile), picture, mask, halvings) for tile in (512, 24))

    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


def adding(amount):
    """A run of a generator that adds the same everywhere."""
    model = Model(Inpaint(), {"name": "compact", "width": 4, "depth": 1})
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.generator.tail.bias.fill_(amount)
    return Run(model=model, engine=make_engine(model.generator, device="cpu", precision="fp32"))


@pytest.mark.parametrize("halvings", [0, 1, 2])
def test_a_guess_is_what_was_filled_in_at_half_the_size_whose_colours_stay(halvings):
    picture, mask = torch.full((1, 3, 64, 64), 0.5), hole(64, 64, (16, 16, 32))

    filled = fill(adding(0.125), picture, mask, halvings)

    assert filled[0, 0, 32, 32].item() == pytest.approx(0.625, abs=1e-4)


def test_what_is_known_has_no_say_in_which_colours_stay():
    picture, mask = pictures(64, 64), hole(64, 64, (16, 16, 32))
    smaller = halved(picture, mask)

    coarse = fill(adding(0.0), *smaller, 0)
    filled = fill(adding(0.0), picture, mask, 1)

    torch.testing.assert_close(filled * mask, upsample(coarse, 2).clamp(0, 1) * mask)


def test_near_to_what_is_known_a_guess_is_corrected():
    """There the picture says more than a guess does."""
    picture, mask = torch.full((1, 3, 64, 64), 0.5), hole(64, 64, (16, 16, 32))

    once, twice = (fill(adding(0.125), picture, mask, halvings)[0, 0, 16:48, 32] for halvings in (0, 1))

    torch.testing.assert_close(once, torch.full_like(once, 0.625))
    assert min(twice[0], twice[-1]) > 0.64
    assert (twice - once)[6:-6].abs().max() < 0.01


def test_a_window_is_as_large_as_its_holes_need():
    mask = np.zeros((4000, 6000), bool)
    mask[1000:1020, 2000:2020] = True
    mask[3000 : 3000 + 8 * THIN, 5000 : 5000 + 8 * THIN] = True

    small, large = windows(mask)

    assert (small[2], large[2]) == (0, 2)
    for (rows, columns, halvings, _), (top, left, side) in (
        (small, (1000, 2000, 20)),
        (large, (3000, 5000, 8 * THIN)),
    ):
        for span, start in ((rows, top), (columns, left)):
            assert start - span.start >= AROUND * 2**halvings
            assert span.stop - (start + side) >= AROUND * 2**halvings
            assert span.stop - span.start < side + 2.5 * AROUND * 2**halvings + 64


def test_holes_that_are_near_are_filled_together_and_windows_end_at_the_border():
    mask = np.zeros((200, 300), bool)
    mask[0:10, 0:10] = mask[0:10, 40:50] = True

    ((rows, columns, _, own),) = windows(mask)

    assert (rows.start, columns.start) == (0, 0)
    assert rows.stop <= 200 and columns.stop <= 300
    assert own.shape == mask[rows, columns].shape and own[mask[rows, columns]].all()


def test_without_holes_there_is_nothing_to_do():
    assert list(windows(np.zeros((50, 60), bool))) == []


def test_every_kind_of_picture_is_filled_alike(model, engine, pixels):
    levels, mask = pixels(40, 50), hole(40, 50, (10, 15, 12))[0, 0].numpy().astype(bool)
    expected = restore(model, levels, mask, engine=engine)

    pillow = restore(model, Pillow.fromarray(levels), mask, engine=engine)
    image = restore(model, Image(levels), mask, engine=engine).rgb
    floats = restore(model, levels.astype(np.float32) / 255, mask, engine=engine)
    tensor = restore(model, torch.from_numpy(levels).permute(2, 0, 1) / 255, mask, engine=engine)

    assert (expected != levels).any(axis=2)[mask].mean() > 0.9
    np.testing.assert_array_equal(np.asarray(pillow), expected)
    np.testing.assert_array_equal(image, expected)
    np.testing.assert_array_equal((floats.clip(0, 1) * 255).round(), expected)
    np.testing.assert_array_equal((tensor.clamp(0, 1) * 255).round().permute(1, 2, 0).numpy(), expected)
    np.testing.assert_array_equal(floats[~mask], levels[~mask].astype(np.float32) / 255)


@pytest.mark.parametrize(
    "mask, message",
    [
        (None, "inpainting needs a mask: a mask says what is to be inpainted"),
        (np.zeros((9, 9)), "a mask must be (h, w) as the picture, (40, 50), not (9, 9)"),
        (
            np.full((40, 50), 255.0),
            "a mask must lie in [0, 1], 1 or True where pixels are filled; its largest value is 255",
        ),
        (np.full((40, 50), 255), "the mask covers the whole picture: nothing is known to fill it from"),
        (
            np.full((40, 50), np.nan),
            "a mask must lie in [0, 1], 1 or True where pixels are filled; its largest value is nan",
        ),
        (
            np.full((40, 50), -3),
            "a mask must lie in [0, 1], 1 or True where pixels are filled; its largest value is -3",
        ),
        (
            np.eye(40, 50, dtype=int) * 70_000,
            "a mask of whole numbers from 0 to 70000: choose 0 and 1, or 0 to 255",
        ),
        (7, "a int is no mask: give an array, a Pillow image, an Image or a path"),
        (np.full((40, 50), 0.5), "the mask covers the whole picture: nothing is known to fill it from"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(model, engine, pixels, mask, message):
    with pytest.raises(ConfigError) as caught:
        restore(model, pixels(40, 50), mask, engine=engine)
    assert str(caught.value) == message


def test_a_filled_tensor_is_the_callers_to_change_and_to_learn_from(model, engine):
    picture = pictures(40, 50)

    filled = restore(model, picture, hole(40, 50, (10, 15, 12))[0, 0], engine=engine)

    assert not filled.is_inference()
    filled.mul_(0.5)


def test_other_tasks_take_no_mask(tiny, pixels):
    with pytest.raises(ConfigError) as caught:
        restore(tiny, pixels(40, 50), np.zeros((40, 50)))
    assert str(caught.value) == "the task upscale takes no mask: a mask says what is to be inpainted"


def test_threads_that_share_the_tiles_fill_what_one_thread_fills(model, engine, pixels):
    image, mask = Image(pixels(150, 170)), np.zeros((150, 170), bool)
    mask[20:130, 30:36] = mask[70:80, 20:150] = True

    alone = restore_image(Run(model=model, engine=engine, tile=32), image, mask)
    with ThreadPoolExecutor(3) as workers:
        shared = restore_image(Run(model=model, engine=engine, tile=32, workers=workers), image, mask)

    np.testing.assert_array_equal(shared.rgb, alone.rgb)


def test_a_guess_in_training_is_coarse_and_a_little_off_and_the_holes_say_so():
    clean = torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(0))

    observed = Inpaint(guessed=1.0).degrade(clean, torch.Generator().manual_seed(1))
    empty = Inpaint(guessed=0.0).degrade(clean, torch.Generator().manual_seed(1))

    hole = observed[:, 3:] > 0
    assert set(observed[:, 3:].unique().tolist()) == {0.0, 0.5} and set(empty[:, 3:].unique().tolist()) == {0.0, 1.0}
    assert torch.equal(hole, empty[:, 3:] > 0)
    torch.testing.assert_close((observed[:, :3] * ~hole), clean * ~hole)
    torch.testing.assert_close(empty[:, :3], smoothed(clean, hole.float()))
    off = ((observed[:, :3] - clean) * hole).abs().mean() / hole.float().mean()
    assert 0.1 < off < 0.35  # the finest detail, which is most of noise, is gone


def test_a_hole_that_another_window_cuts_off_is_filled_by_its_own_alone(model, engine, pixels):
    """Whichever comes first: what the other window makes of the part that it sees does not count."""
    image, near, far = Image(pixels(400, 200)), np.zeros((400, 200), bool), np.zeros((400, 200), bool)
    near[20:110, 80:110], far[176:236, 60:120] = True, True
    model = model.asked(texture=0.0)

    both = restore_image(Run(model=model, engine=engine), image, near | far).rgb

    _, (rows, *_) = windows(near | far)
    assert 20 < rows.start < 110  # it sees a part of the other hole
    for rows, columns, halvings, own in windows(near | far):
        mask = torch.from_numpy((near | far)[rows, columns]).float()[None, None]
        part = torch.from_numpy(image.rgb[rows, columns].astype(np.float32) / 255).permute(2, 0, 1)[None]
        filled = (
            fill(Run(model=model, engine=engine), part, mask, halvings)[0].clamp(0, 1).mul(255).round().permute(1, 2, 0)
        )
        mine = own & (near | far)[rows, columns]
        np.testing.assert_array_equal(both[rows, columns][mine], filled.numpy().astype(np.uint8)[mine])
        assert mine.sum() in (near.sum(), far.sum())


def test_how_far_filling_is_grows_from_one_tile_to_the_next(model, engine):
    told = []
    picture, mask = pictures(300, 700), hole(300, 700, (20, 20, 200), (40, 600, 20))
    run = Run(model=model, engine=engine, tile=64, progress=told.append)

    run.restore(picture, mask)

    assert told == sorted(told) and told[-1] == 1
    assert len(told) > 8 and 0 < told[0] < 0.1


def test_texture_is_how_much_of_deep_holes_is_made_of_the_pictures_own_patches(model, engine, pixels):
    image, mask = Image(pixels(90, 100).astype(np.float32) / 255), np.zeros((90, 100), bool)  # whites are not clipped
    mask[20:60, 25:75] = True

    none, half, whole = (
        restore_image(Run(model=model.asked(texture=share), engine=engine), image, mask).rgb
        for share in (0.0, 0.5, 1.0)
    )

    assert (np.abs(none - whole)[32:48, 37:63] > 0.03).mean() > 0.3
    np.testing.assert_allclose(half, (none + whole) / 2, atol=1e-5)
    near = mask.copy()
    near[23:57, 28:72] = False  # what the generator knows well stays its own
    np.testing.assert_array_equal(whole[near | ~mask], none[near | ~mask])


@pytest.mark.parametrize("name", ["texture", "guessed"])
@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(name, share):
    with pytest.raises(ConfigError, match=rf"^{name}={share}: must lie in \[0, 1\]$"):
        Inpaint(**{name: share})
