"""Pictures to learn from: found, paired by name, split by name."""

import os

import numpy as np
import pytest
import torch

from srgan.data.crops import pairs
from srgan.data.pictures import load_pictures
from srgan.data.sources import Paired, Source, sources, split
from srgan.errors import ConfigError, NoPicturesError
from srgan.evaluation.scoring import evaluate
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.tasks.upscale import Upscale
from srgan.training.config import TrainConfig


@pytest.fixture
def paired(tmp_path, pixels):
    """Three large pictures, and each of their pixels' first in blocks of two as what was observed."""
    for seed, name in enumerate(("a.png", "sub/b.png", "c.png")):
        clean = pixels(24 + 2 * seed, 30, seed=seed)
        write(tmp_path / "clean" / name, Image(clean))
        write(tmp_path / "observed" / name, Image(np.ascontiguousarray(clean[::2, ::2])))
    return Paired(tmp_path / "observed", tmp_path / "clean")


def named(*names):
    return [Source(name, bytes) for name in names]


def test_pairs_are_matched_by_name_whatever_their_suffix(paired):
    os.rename(paired.observed / "a.png", paired.observed / "a.PNG")

    assert [source.name for source in sources(paired)] == ["a.png", "c.png", "sub/b.png"]
    assert [source.pair(2)[1].width for source in sources(paired)] == [15, 15, 15]


@pytest.mark.parametrize(("side", "other"), [("observed", "clean"), ("clean", "observed")])
def test_a_picture_without_its_partner_is_named(paired, side, other):
    (getattr(paired, side) / "c.png").unlink()

    with pytest.raises(ConfigError) as caught:
        sources(paired)

    assert str(caught.value) == f"{getattr(paired, side)}: holds no picture named c, as the other folder does"


def test_two_pictures_that_could_be_one_partner_are_named(paired, pixels):
    write(paired.observed / "a.tif", Image(pixels(4, 4)))

    with pytest.raises(ConfigError, match=r"both a.png and a.tif could be the other folder's a"):
        sources(paired)


def test_a_pair_whose_sizes_do_not_fit_is_refused_before_training(paired, pixels):
    write(paired.observed / "c.png", Image(pixels(13, 15)))

    with pytest.raises(ConfigError, match=r"c.png: 30x28 px are not 2 times the 15x13 px that were observed"):
        load_pictures(paired, scale=2)


def test_both_pictures_of_a_pair_are_cropped_turned_and_mirrored_alike(paired):
    config = TrainConfig(batch=32, crop=6, rescale=0.5)

    ((observed, clean, _),) = next(
        pairs(
            load_pictures(paired, scale=2), Upscale(scale=2), **config.sampling(), start=0, device=torch.device("cpu")
        )
    )

    corners = [clean[:, :, top::2, left::2] for top in (0, 1) for left in (0, 1)]
    for i, one in enumerate(observed):  # in each of the eight orientations, it is one corner of every block
        assert any(torch.equal(one, corner[i]) for corner in corners)
    assert {tuple(one.shape) for one in observed} == {(3, 6, 6)}


def test_pairs_are_scored_on_what_was_observed(tiny, paired):
    given = evaluate(tiny, paired, metrics=("psnr",), device="cpu", precision="fp32")["mean"]["psnr"]
    degraded = evaluate(tiny, paired.clean, metrics=("psnr",), device="cpu", precision="fp32")["mean"]["psnr"]

    assert given != pytest.approx(degraded, abs=0.01)


def test_files_and_folders_in_a_list_are_pictures_too(paired, tiny, caplog):
    folder, one = paired.clean / "sub", paired.clean / "a.png"

    names = [source.name for source in sources([str(one), folder, *sources(paired)[:1]])]

    assert names == [str(one), "b.png", "a.png"]
    assert [source.name for source in sources(one)] == [str(one)]
    scores = evaluate(tiny, [one, folder / "b.png"], metrics="psnr", baselines=False, device="cpu", precision="fp32")
    assert [picture["psnr"] > 0 for picture in scores["pictures"]] == [True, True]


def test_a_split_takes_about_a_tenth_and_nothing_twice():
    every = named(*(f"{number}.png" for number in range(1000)))

    learn, held_out = split(every)

    assert 70 < len(held_out) < 130
    assert {source.name for source in learn} | {source.name for source in held_out} == {s.name for s in every}
    assert len(learn) + len(held_out) == 1000


def test_more_pictures_do_not_change_what_was_chosen_for_the_others():
    few, many = (named(*(f"{number}.png" for number in range(count))) for count in (500, 1000))

    chosen = {source.name for source in split(few)[1]}

    assert chosen <= {source.name for source in split(many)[1]}


@pytest.mark.parametrize("count", [2, 3, 5])
def test_of_a_few_pictures_one_is_held_out_and_half_can_be_learnt_from(count):
    learn, held_out = split(named(*(f"{number}.jpg" for number in range(count))))

    assert held_out
    assert len(learn) >= count / 2


def test_one_picture_cannot_be_split():
    with pytest.raises(NoPicturesError, match="1 picture is too few: one must be held out to judge by"):
        split(named("a.png"))
