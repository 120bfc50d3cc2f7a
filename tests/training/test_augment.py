"""Augmentation by its properties; what it did is measured on pictures that show it."""

import pytest
import torch

from srgan.training.augment import augment, off_grid

SIDE, MOST = 32, 4
"""The pictures' side, and how far they are shifted at most."""


def pictures(n=4, channels=3, height=SIDE, width=SIDE, seed=0):
    return torch.rand(n, channels, height, width, generator=torch.Generator().manual_seed(seed))


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def with_white(grey_or_colour):
    """A picture with white behind it, 64 times: white stays one level, and 0 only where something was cut away."""
    picture = torch.as_tensor(grey_or_colour).expand(3, SIDE, SIDE)
    return torch.cat([picture, torch.ones(3, SIDE, SIDE)]).expand(64, 6, SIDE, SIDE)


def measure(augmented):
    """Of each picture: what was kept of it, the brightness added, and how far down and right it moved."""
    white = augmented[:, 3]
    kept = white != 0
    brightness = white.amax(dim=(1, 2)) - 1
    rows, columns = kept.any(dim=2), kept.any(dim=1)  # a hole of half the sides empties no row and no column
    down = [row.int().argmax() - row.flip(0).int().argmax() for row in rows]
    right = [column.int().argmax() - column.flip(0).int().argmax() for column in columns]
    return kept, brightness, torch.stack(down), torch.stack(right)


@pytest.mark.parametrize("shape", [(1, 3, 32, 32), (3, 3, 24, 40), (2, 6, 17, 9)])
def test_equal_rng_states_change_pictures_equally_and_their_shape_is_kept(shape):
    x = pictures(*shape)

    first = augment(x, rng())
    torch.rand(5)

    assert torch.equal(augment(x, rng()), first)
    assert first.shape == x.shape
    assert not torch.equal(augment(x, rng(1)), first)


def test_the_next_draw_of_one_rng_is_another_change():
    x, source = pictures(), rng()

    assert not torch.equal(augment(x, source), augment(x, source))


def test_pictures_of_a_batch_are_changed_each_in_its_own_way():
    x = pictures(1).expand(4, -1, -1, -1)

    changed = augment(x, rng())

    assert all(not torch.equal(changed[i], changed[j]) for i in range(4) for j in range(i))


def test_gradients_reach_every_picture_where_it_was_kept():
    x = pictures(8).requires_grad_()

    augment(x, rng()).square().sum().backward()

    assert torch.isfinite(x.grad).all()
    assert ((x.grad != 0).float().mean(dim=(1, 2, 3)) > 0.5).all()


def test_a_picture_and_its_condition_are_changed_alike():
    x = pictures(8)

    changed = augment(torch.cat([x, x], dim=1), rng())

    assert torch.equal(changed[:, :3], changed[:, 3:])


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_values_are_finite_and_differ_from_plain_pictures_by_brightness_alone(level):
    x = torch.full((16, 3, SIDE, SIDE), level)

    changed = augment(x, rng())

    assert torch.isfinite(changed).all()
    assert changed.min() >= min(0, level - 0.5) - 1e-6 and changed.max() <= level + 0.5 + 1e-6


def test_brightness_saturation_and_contrast_all_change_and_no_further_than_they_may():
    # Left half of one colour, right half of one grey; a shift by at most 4 px leaves these columns on their own side.
    coloured, neutral = torch.tensor([0.6, 0.4, 0.2]), torch.tensor([0.8, 0.8, 0.8])
    picture = torch.where(torch.arange(SIDE) < SIDE // 2, coloured[:, None, None], neutral[:, None, None])
    changed = augment(with_white(picture.expand(3, SIDE, SIDE)), rng())
    kept, brightness, _, _ = measure(changed)

    contrast, saturation, level = [], [], []
    for one, mask in zip(changed[:, :3], kept, strict=True):
        left, right = (one[:, :, a:b][:, mask[:, a:b]].mean(dim=1) for a, b in ((4, 12), (20, 28)))
        contrast.append((right.mean() - left.mean()) / 0.4)  # 0.8 - 0.4 before
        saturation.append((left[0] - left[2]) / 0.4 / contrast[-1])  # 0.6 - 0.2 before
        level.append((left.mean() + right.mean()) / 2 - 0.6)

    torch.testing.assert_close(torch.stack(level), brightness, atol=1e-5, rtol=0)
    for found, (least, most) in (
        (brightness, (-0.5, 0.5)),
        (torch.stack(saturation), (0, 2)),
        (torch.stack(contrast), (0.5, 1.5)),
    ):
        assert least - 1e-4 <= found.min() < least + 0.2 * (most - least)
        assert most - 0.2 * (most - least) < found.max() <= most + 1e-4


def test_pictures_are_shifted_both_ways_by_at_most_an_eighth():
    # Grey levels that tell the column and the row, so that what moved can be told from what was only cut.
    ramp = torch.arange(SIDE) / SIDE
    for axis, picture in enumerate((ramp[:, None].expand(SIDE, SIDE), ramp.expand(SIDE, SIDE))):
        changed = augment(with_white(picture), rng())
        kept, brightness, *moved = measure(changed)
        moved = moved[axis]

        assert moved.min() == -MOST and moved.max() == MOST and 0 in moved
        place = torch.arange(SIDE, dtype=torch.float).expand(SIDE, SIDE)
        place = place.T if axis == 0 else place
        for one, mask, bright, shift in zip(changed[:, 0], kept, brightness, moved, strict=True):
            source = (place - shift)[mask] / SIDE - ramp.mean()
            grey = one[mask] - bright - ramp.mean()  # a contrast times what it was, wherever it came from
            contrast = (grey * source).sum() / source.square().sum()
            torch.testing.assert_close(grey, contrast * source, atol=1e-5, rtol=0)


@pytest.mark.parametrize("height, width", [(SIDE, SIDE), (16, 48)])
def test_a_hole_is_a_rectangle_of_half_the_sides_at_most_in_another_place_of_each_picture(height, width):
    changed = augment(torch.ones(64, 3, height, width), rng())

    holes = []
    for cut in changed[:, 0] == 0:
        rows, columns = ~cut.all(dim=1), ~cut.all(dim=0)  # the rest is what a shift brought in
        assert rows.sum() >= height - height // 8 and columns.sum() >= width - width // 8
        hole = cut[rows][:, columns]
        tall, wide = hole.any(dim=1).sum(), hole.any(dim=0).sum()
        assert hole.sum() == tall * wide
        assert tall <= height // 2 and wide <= width // 2
        holes.append(cut)

    areas = torch.stack(holes).float().mean(dim=(1, 2))
    assert areas.max() <= 1 / 4 + (1 - (7 / 8) ** 2)
    assert areas.min() > 0 and len({tuple(hole.flatten().tolist()) for hole in holes}) > 32


def test_holes_are_as_often_above_as_below_and_left_as_right():
    changed = augment(torch.ones(2048, 3, 16, 24), rng())

    often = (changed[:, 0] == 0).float().mean(dim=0)

    torch.testing.assert_close(often, often.flip(0), atol=0.06, rtol=0)
    torch.testing.assert_close(often, often.flip(1), atol=0.06, rtol=0)
    assert often.min() > 1 / 16


def test_what_judges_see_is_rolled_to_any_of_16_by_16_places_alike_in_a_step():
    pictures = torch.arange(2.0 * 3 * 16 * 16).view(2, 3, 16, 16)
    places = set()
    for step in range(4000):
        rolled = off_grid(0, step)(pictures)
        places.add(divmod(int((rolled[0, 0] == pictures[0, 0, 0, 0]).flatten().nonzero()[0]), 16))
        assert step % 40 or torch.equal(rolled, off_grid(0, step)(pictures))
    assert len(places) == 16 * 16
    assert {torch.equal(rolled, off_grid(seed, 3999)(pictures)) for seed in range(1, 9)} == {False}
