"""A network that is asked in all symmetries answers alike in all of them."""

import weakref

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from srgan.errors import ConfigError
from srgan.inference.config import InferenceConfig
from srgan.inference.restore import restore
from srgan.inference.tiled import Run, restore_batch
from srgan.ops import symmetries
from srgan.ops.symmetries import SYMMETRIES, ensembled
from tests.ops.test_tiles import NETS, WHOLE, pictures


def lopsided(observed):
    """An enlargement by 2 that no turn leaves as it is."""
    weight = torch.rand(12, 3, 3, 3, generator=torch.Generator().manual_seed(3)) - 0.5
    return F.pixel_shuffle(F.conv2d(observed, weight, padding=1), 2)


@pytest.mark.parametrize("turn", [lambda x: x.flip(-1), lambda x: x.flip(-2), lambda x: x.transpose(-1, -2)])
def test_what_is_made_of_a_turned_picture_is_what_is_made_of_it_turned(turn):
    observed, whole = pictures(2, 3, 5, 9), ensembled(lopsided)

    torch.testing.assert_close(whole(turn(observed)), turn(whole(observed)), atol=1e-5, rtol=0)
    assert (lopsided(turn(observed)) - turn(lopsided(observed))).abs().max() > 0.1


def test_the_picture_is_shown_once_in_each_symmetry():
    seen = []
    ensembled(lambda observed: seen.append(observed) or observed)(pictures(1, 1, 2, 3))

    assert len(seen) == len({(one.shape, tuple(one.flatten().tolist())) for one in seen}) == SYMMETRIES


def test_what_turns_with_its_picture_is_not_changed():
    observed = pictures(1, 3, 6, 7)

    torch.testing.assert_close(ensembled(lambda x: x * x)(observed), observed * observed)


def test_answers_in_half_precision_are_averaged_in_single():
    assert ensembled(torch.Tensor.bfloat16)(pictures(1, 3, 4, 4)).dtype == torch.float32


@pytest.mark.parametrize("net", NETS, ids=lambda net: net[0].network["name"])
def test_a_tiled_picture_equals_the_whole_one(net):
    model, engine = net
    observed = pictures(1, 3, 37, 22)

    tiled = restore_batch(Run(model=model, engine=engine, tile=9, ensemble=True), observed)
    whole = restore_batch(Run(model=model, engine=engine, tile=WHOLE, ensemble=True), observed)

    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=0)


def test_restore_averages_what_it_makes_of_eight_pictures(tiny, engine):
    picture = np.random.default_rng(0).random((32, 64, 3), dtype=np.float32)  # is not padded

    def turned_back(turns, mirrored):
        seen = np.rot90(picture[:, ::-1] if mirrored else picture, turns)
        made = np.rot90(restore(tiny, np.ascontiguousarray(seen), engine=engine), -turns)
        return made[:, ::-1] if mirrored else made

    expected = np.mean([turned_back(turns, mirrored) for turns in range(4) for mirrored in (False, True)], axis=0)

    np.testing.assert_allclose(restore(tiny, picture, engine=engine, ensemble=True), expected, atol=1e-5)
    assert np.abs(restore(tiny, picture, engine=engine) - expected).max() > 1e-3


def test_holes_are_filled_by_the_mean_and_the_rest_stays(make_model):
    inpainter = make_model("inpaint", "unet")
    picture = np.random.default_rng(0).random((24, 32, 3), dtype=np.float32)
    mask = np.zeros((24, 32), bool)
    mask[4:9, 11:25] = True

    once, filled = restore(inpainter, picture, mask), restore(inpainter, picture, mask, ensemble=True)

    np.testing.assert_array_equal(filled[~mask], picture[~mask])
    assert np.abs(filled - once)[mask].max() > 1e-3


def test_journals_that_know_of_no_ensemble_stay_valid():
    assert "ensemble" not in InferenceConfig().decides()
    assert InferenceConfig(ensemble=True).decides()["ensemble"] is True


def test_no_answer_is_held_beside_their_sum(monkeypatch):
    held = weakref.WeakSet()

    def asked(*_):
        assert len(held) <= 1  # the sum
        answer = torch.ones(1)
        held.add(answer)
        return answer

    monkeypatch.setattr(symmetries, "_asked", asked)

    assert ensembled(lopsided)(pictures(1, 3, 4, 4)) == 1


def test_what_is_made_of_noise_is_not_turned(make_model):
    with pytest.raises(ConfigError, match=r"^ensemble turns pictures, and this makes them of noise"):
        restore(make_model("generate", "dcgan"), torch.zeros(3, 1, 1), ensemble=True)
