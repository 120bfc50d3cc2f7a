"""The classifier that judges samples: it learns, keeps what it has learnt, and says whom it does not know."""

import pytest
import torch

from srgan.data.pictures import Pictures
from srgan.errors import ConfigError, WeightsError
from srgan.evaluation.classifier import accuracy, learn, load, save


def shades(n=60, side=8, seed=0):
    """Dark pictures and bright ones, in turn."""
    rng = torch.Generator().manual_seed(seed)
    noise = torch.randint(0, 100, (n, 3, side, side), generator=rng)
    bright = 100 * (torch.arange(n) % 2).view(-1, 1, 1, 1)
    return Pictures(list((noise + bright).byte()), labels=("dark", "bright") * (n // 2))


def test_it_learns_to_name_pictures_that_it_has_not_seen():
    classifier = learn(shades(), ["bright", "dark"], epochs=10)

    assert accuracy(classifier, shades(seed=1)) == 1


def test_it_is_a_function_of_the_seed_and_leaves_the_global_rng_alone(monkeypatch):
    def forbidden(*arguments):
        raise AssertionError

    torch.manual_seed(1)
    monkeypatch.setattr(torch.random, "fork_rng", forbidden)  # which puts back what was drawn, for this thread alone
    before = torch.get_rng_state()

    one, same, other = (learn(shades(), ["bright", "dark"], epochs=1, seed=seed) for seed in (5, 5, 6))

    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one.tail.weight, same.tail.weight)
    assert not torch.equal(one.tail.weight, other.tail.weight)


def test_a_loaded_classifier_says_what_the_saved_one_does(tmp_path):
    classifier, x = learn(shades(), ["bright", "dark"], epochs=1), torch.rand(3, 3, 8, 8)

    save(classifier, tmp_path / "shades.safetensors", {"accuracy": 0.5})
    loaded = load(tmp_path / "shades.safetensors")

    assert loaded.classes == ("bright", "dark")
    with torch.inference_mode():
        assert torch.equal(loaded(x), classifier(x))


def test_a_file_that_holds_none_is_refused(tmp_path):
    (tmp_path / "torn.safetensors").write_bytes(b"torn")

    for path in (tmp_path / "torn.safetensors", tmp_path / "missing.safetensors"):
        with pytest.raises(WeightsError, match=r"holds no classifier .*; scripts/measure/classifier\.py makes one"):
            load(path)


def test_a_class_that_it_does_not_know_and_pictures_of_several_sizes_are_refused():
    mixed = Pictures([*shades(2).pictures, torch.zeros(3, 4, 4, dtype=torch.uint8)], labels=("dark", "bright", "dark"))

    with pytest.raises(ConfigError, match="the classifier knows no class 'dark', but bright"):
        learn(shades(), ["bright"])
    with pytest.raises(ConfigError, match="sees squares of one size, and there are 2 sizes of pictures"):
        learn(mixed, ["bright", "dark"])
