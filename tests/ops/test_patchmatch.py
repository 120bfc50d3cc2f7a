"""PatchMatch: what looks alike is found and copied, and never from a hole or across the picture's edge."""

import pytest
import torch
import torch.nn.functional as F

from srgan.ops.patchmatch import STEP, Patches


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def tiled(height, width, period=12):
    tile = torch.rand(1, 3, period, period, generator=torch.Generator().manual_seed(1))
    return tile.tile(1, 1, -(-height // period), -(-width // period))[..., :height, :width]


def hole(height, width, top, left, side):
    mask = torch.zeros(1, 1, height, width)
    mask[..., top : top + side, left : left + side] = 1
    return mask


def error(patches, clean, mask):
    return float(((patches.picture - clean) * mask).square().sum() / mask.sum())


def test_a_hole_in_what_repeats_is_found_again_from_a_blurred_guess(rng):
    clean, mask = tiled(96, 80), hole(96, 80, 30, 25, 24)
    blurred = F.avg_pool2d(F.pad(clean, [2] * 4, mode="replicate"), 5, stride=1)
    patches = Patches(torch.lerp(clean, blurred, mask), mask, mask)
    patches.scatter(rng)
    before = error(patches, clean, mask)

    for _ in range(8):
        patches.match(rng)
        patches.vote()

    assert error(patches, clean, mask) < before / 20
    assert torch.equal(patches.picture * (1 - mask), clean * (1 - mask))


@pytest.mark.parametrize(("height", "width"), [(40, 61), (33, 32), (13, 50)])
def test_nothing_is_copied_from_holes_or_from_across_the_edge(rng, height, width):
    picture, mask = torch.rand(1, 3, height, width, generator=rng), hole(height, width, 0, width - 12, 11)
    patches = Patches(picture, mask, hole(height, width, 3, width - 8, 4))
    patches.scatter(rng)
    patches.match(rng)

    allowed = 1 - F.max_pool2d(F.pad(mask, [STEP] * 4, value=1.0), 2 * STEP + 1, stride=1)
    patches.colours[:, 0] = patches.usable.float()
    assert torch.equal(patches.picture[:, :1], allowed)
    assert patches.usable[patches.field[patches.targets]].all()


def test_the_places_of_half_the_size_are_those_of_the_whole(rng):
    clean, mask = tiled(96, 81), hole(96, 81, 30, 25, 24)
    smaller = Patches(
        F.avg_pool2d(F.pad(clean, (0, 1, 0, 0), mode="replicate"), 2),
        hole(48, 41, 15, 12, 13),
        hole(48, 41, 15, 12, 13),
    )
    smaller.scatter(rng)
    patches = Patches(clean, mask, mask)

    patches.follow(smaller)

    where = patches.copied[0]  # row 30, column 25: of row 15, column 12
    of = smaller.copied[0]
    place, theirs = patches.field[where], smaller.field[of]
    margin = (patches.width - 81) // 2
    row, column = theirs // smaller.width - margin, theirs % smaller.width - margin
    assert (place // patches.width - margin, place % patches.width - margin) == (2 * row, 2 * column + 1)
    assert patches.usable[patches.field[patches.targets]].all()


def test_the_same_is_found_however_many_threads_look():
    def matched(threads):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        patches = Patches(torch.rand(1, 3, 120, 90, generator=torch.Generator().manual_seed(2)), mask, mask)
        rng = torch.Generator().manual_seed(3)
        patches.scatter(rng)
        for _ in range(3):
            patches.match(rng)
            patches.vote()
        torch.set_num_threads(before)
        return patches.picture

    mask = hole(120, 90, 20, 20, 50)
    assert torch.equal(matched(1), matched(2))
