"""Patches: what looks alike is found and copied, and never from a hole or across the picture's edge."""

import pytest
import torch
import torch.nn.functional as F

from srgan.ops import patchmatch
from srgan.ops.patchmatch import CHOSEN, REACH, SQUARE, Patches


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


def blurred(picture):
    return F.avg_pool2d(F.pad(picture, [2] * 4, mode="replicate"), 5, stride=1)


def test_squares_mend_what_repeats_from_a_blurred_guess():
    clean, mask = tiled(96, 80), hole(96, 80, 30, 25, 24)
    patches = Patches(torch.lerp(clean, blurred(clean), mask), mask, mask)

    patches.quilt()

    assert torch.equal(patches.picture, clean)


def test_patches_mend_what_repeats_where_a_third_is_copied_from_anywhere(rng):
    clean, mask = tiled(96, 80), hole(96, 80, 30, 25, 24)
    patches = Patches(clean, mask, mask)
    patches.quilt()
    places, wrong = patches.usable.nonzero()[:, 0], patches.targets[::3]
    patches.field[wrong] = places[torch.randint(len(places), wrong.shape, generator=rng)]
    patches.vote()

    before = error(patches, clean, mask)
    for _ in range(3):
        patches.match(rng)
        patches.vote()

    assert error(patches, clean, mask) < before / 10
    assert torch.equal(patches.picture * (1 - mask), clean * (1 - mask))


@pytest.fixture
def stones_and_plain(rng):
    """Stones above a plain of another colour, and a hole in each."""
    stones = torch.rand(1, 1, 10, 20, generator=rng).repeat_interleave(6, 2).repeat_interleave(6, 3)
    plain = torch.tensor([0.9, 0.2, 0.2]).view(1, 3, 1, 1) + 0.004 * torch.randn(1, 3, 60, 120, generator=rng)
    clean = torch.cat([stones.expand(1, 3, -1, -1), plain], dim=2)
    return clean, hole(120, 120, 15, 30, 30) + hole(120, 120, 75, 30, 30)


def deviations(picture):
    """Of the two holes."""
    return [float(picture[..., top : top + 30, 30:60].std(dim=(2, 3)).mean()) for top in (15, 75)]


def flattened(picture):
    """Both holes hold the mean of what is missing there."""
    flat = picture.clone()
    for rows in (slice(15, 45), slice(75, 105)):
        flat[..., rows, 30:60] = picture[..., rows, 30:60].mean(dim=(2, 3), keepdim=True)
    return flat


def test_a_flat_guess_gets_detail_where_the_picture_has_it_with_these_colours(stones_and_plain, monkeypatch):
    clean, mask = stones_and_plain
    made = {}
    for fitting in (0.0, 1.0):
        monkeypatch.setattr(patchmatch, "FITTING", fitting)
        patches = Patches(flattened(clean), mask, mask)
        patches.quilt()
        made[fitting] = deviations(patches.picture)

    stones, plain = zip(made[0.0], made[1.0], strict=True)
    assert stones[1] > 1.5 * stones[0]
    assert plain[1] < 1.1 * plain[0]


def test_a_guess_lacks_the_detail_that_it_does_not_have():
    clean, mask = tiled(96, 80), hole(96, 80, 30, 25, 24)

    def lacking(guess):
        patches = Patches(torch.lerp(clean, guess, mask), mask, mask)
        places = patches.usable.nonzero()[:, 0]
        lacks = patches._lacking(places, patches._around(patches.colours, places, patchmatch.FRAME))
        return float(lacks[torch.cat(list(patches._waves()))].mean())

    of_clean, of_grey = lacking(clean), lacking(torch.tensor(0.5))
    assert of_clean < of_grey / 2 and of_grey > 0.15


def test_what_surrounds_a_square_says_more_of_it_than_the_guess():
    """A hole as wide as a square, all grey: only the columns beside it tell which of the stripes is missing."""
    stripes = torch.linspace(0, 1, 7).tile(30)[:200].expand(1, 3, 60, 200)
    mask = torch.zeros(1, 1, 60, 200)
    mask[..., 100 : 100 + SQUARE] = 1
    patches = Patches(torch.lerp(stripes, torch.tensor(0.5), mask), mask, mask)

    patches.quilt()

    assert torch.allclose(patches.picture, stripes)


def test_what_was_copied_says_as_much_as_what_is_known(monkeypatch):
    """The same three squares wide: of the one in the middle only the squares beside it tell."""
    monkeypatch.setattr(patchmatch, "GUESSED", 0.01)
    stripes = torch.linspace(0, 1, 7).tile(30)[:200].expand(1, 3, 60, 200)
    mask = torch.zeros(1, 1, 60, 200)
    mask[..., 100 : 100 + 3 * SQUARE] = 1
    patches = Patches(torch.lerp(stripes, torch.tensor(0.5), mask), mask, mask)

    patches.quilt()

    assert torch.allclose(patches.picture, stripes)


def test_squares_are_chosen_from_the_rim_inwards_and_not_beside_another_at_once():
    mask = hole(160, 150, 20, 20, 100)
    patches = Patches(tiled(160, 150), mask, mask)

    waves = list(patches._waves())

    depths = [patches._depth[wave].min().item() // SQUARE for wave in waves]
    assert depths == sorted(depths) and depths[-1] >= 45 // SQUARE
    for wave in waves:
        row, column = wave // patches.width, wave % patches.width
        apart = torch.maximum((row[:, None] - row).abs(), (column[:, None] - column).abs())
        assert (apart + 99 * torch.eye(len(wave)) >= 2 * SQUARE).all() and len(wave) <= CHOSEN
    covered = torch.zeros(1, 1, patches.height, patches.width)
    covered.view(-1)[torch.cat(waves)] = 1
    assert F.max_pool2d(covered, SQUARE, stride=1, padding=SQUARE // 2).view(-1)[patches.targets].all()
    assert len(torch.cat(waves).unique()) == len(torch.cat(waves))


@pytest.mark.parametrize(("height", "width"), [(40, 61), (33, 32), (13, 50)])
def test_nothing_is_copied_from_holes_or_from_across_the_edge(rng, height, width):
    picture, mask = torch.rand(1, 3, height, width, generator=rng), hole(height, width, 0, width - 12, 11)
    patches = Patches(picture, mask, hole(height, width, 3, width - 8, 4))
    allowed = 1 - F.max_pool2d(F.pad(mask, [REACH] * 4, value=1.0), 2 * REACH + 1, stride=1)
    known = F.pad(1 - mask, [(patches.width - width) // 2] * 4).flatten() > 0

    patches.quilt()
    assert known[patches.field[patches.targets]].all()
    patches.match(rng)

    assert known[patches.field[patches.targets]].all()
    patches.colours[:, 0] = patches.usable.float()
    assert torch.equal(patches.picture[:, :1], allowed)


def test_the_places_of_half_the_size_are_those_of_the_whole():
    clean, mask = tiled(96, 81), hole(96, 81, 30, 25, 24)
    smaller = Patches(
        F.avg_pool2d(F.pad(clean, (0, 1, 0, 0), mode="replicate"), 2),
        hole(48, 41, 15, 12, 13),
        hole(48, 41, 15, 12, 13),
    )
    smaller.quilt()
    patches = Patches(clean, mask, mask)

    patches.follow(smaller)

    where = patches.copied[0]  # row 30, column 25: of row 15, column 12
    of = smaller.copied[0]
    place, theirs = patches.field[where], smaller.field[of]
    margin = (patches.width - 81) // 2
    row, column = theirs // smaller.width - margin, theirs % smaller.width - margin
    assert (place // patches.width - margin, place % patches.width - margin) == (2 * row, 2 * column + 1)


def test_the_same_is_found_however_many_threads_look():
    def matched(threads):
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        patches = Patches(torch.rand(1, 3, 120, 90, generator=torch.Generator().manual_seed(2)), mask, mask)
        rng = torch.Generator().manual_seed(3)
        patches.quilt()
        for _ in range(3):
            patches.match(rng)
            patches.vote()
        torch.set_num_threads(before)
        return patches.picture

    mask = hole(120, 90, 20, 20, 50)
    assert torch.equal(matched(1), matched(2))
