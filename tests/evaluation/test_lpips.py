"""LPIPS against its authors' package, and what happens where SqueezeNet's weights are not to be had."""

import os
import warnings
from urllib.error import URLError

import pytest
import torch

from srgan.errors import ConfigError
from srgan.evaluation import lpips as module
from srgan.evaluation.lpips import lpips, squeezenet
from tests.evaluation.conftest import WEIGHTS


@pytest.fixture
def fresh_cache():
    """No network is remembered from another test, or for it."""
    module._lpips_network.cache_clear()
    yield
    module._lpips_network.cache_clear()


def pictures(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("shape", [(2, 3, 64, 48), (1, 3, 17, 17)])
def test_lpips_equals_the_authors_package(squeezenet_weights, shape):
    authors = pytest.importorskip("lpips")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The parameter 'pretrained' is deprecated|Arguments other than a weight enum")
        reference = authors.LPIPS(net="squeeze", verbose=False)
    clean = pictures(*shape)
    restored = (clean + 0.2 * pictures(*shape, seed=1)).clamp(0, 1)

    ours = lpips(restored, clean)

    assert ours.shape == shape[:1]
    torch.testing.assert_close(ours, reference(restored, clean, normalize=True).flatten(), atol=1e-4, rtol=0)


def test_lpips_of_equal_pictures_is_zero_and_a_batch_is_scored_picture_by_picture(squeezenet_weights):
    clean = pictures(2, 3, 32, 32)
    restored = torch.stack([clean[0], 1 - clean[1]])

    distances = lpips(restored, clean)

    assert distances[0] == 0
    torch.testing.assert_close(distances[1:], lpips(restored[1:], clean[1:]))
    assert distances[1] > 0.01


def test_gradients_reach_the_picture_but_not_the_network(squeezenet_weights):
    restored = pictures(1, 3, 32, 32).requires_grad_()

    lpips(restored, pictures(1, 3, 32, 32, seed=1)).sum().backward()

    assert restored.grad is not None and restored.grad.abs().max() > 0
    network = module._lpips_network(torch.device("cpu"))
    assert not network.training and not any(weight.requires_grad for weight in network.parameters())


def test_the_network_is_built_once_and_the_users_random_numbers_are_left_alone(
    squeezenet_weights, fresh_cache, monkeypatch
):
    def forbidden(*arguments):
        raise AssertionError

    monkeypatch.setattr(torch.random, "fork_rng", forbidden)  # which puts back what was drawn, for this thread alone
    before = torch.get_rng_state()

    first, second = (module._lpips_network(torch.device("cpu")) for _ in range(2))

    assert first is second
    assert torch.equal(torch.get_rng_state(), before)


def test_squeezenets_features_are_those_of_torchvisions_own(squeezenet_weights):
    from torchvision.models import SqueezeNet1_1_Weights, squeezenet1_1
    from torchvision.transforms.functional import normalize

    x = pictures(2, 3, 64, 64)  # as large as they are resized to
    reference = squeezenet1_1(weights=SqueezeNet1_1_Weights.DEFAULT).features.eval()
    with torch.no_grad():
        seen = reference(normalize(x, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))).mean(dim=(2, 3))

        torch.testing.assert_close(squeezenet(x), seen, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize("shape", [(1, 3, 16, 40), (1, 3, 40, 16)])
def test_pictures_too_small_for_squeezenet_are_refused_in_words(shape):
    height, width = shape[2:]
    with pytest.raises(ConfigError, match=f"^LPIPS needs pictures of at least 17 px a side, got {width}x{height}$"):
        lpips(pictures(*shape), pictures(*shape))


def test_missing_weights_are_explained_and_looked_for_again(monkeypatch, tmp_path, capsys, fresh_cache):
    def offline(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    path = os.path.join(tmp_path, "hub", "checkpoints", WEIGHTS)
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            lpips(pictures(1, 3, 32, 32), pictures(1, 3, 32, 32))
        assert str(caught.value) == (
            f"LPIPS needs SqueezeNet's weights: {path} cannot be read, nor downloaded (<urlopen error no network>); "
            f"fetch https://download.pytorch.org/models/{WEIGHTS} on another machine and put it there, "
            f"or set TORCH_HOME to a folder that holds hub/checkpoints/{WEIGHTS}"
        )
    assert capsys.readouterr().out == ""  # results only


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04 cut short"])
def test_damaged_weights_are_refused_in_words(monkeypatch, tmp_path, content, fresh_cache):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = tmp_path / "hub" / "checkpoints" / WEIGHTS
    path.parent.mkdir(parents=True)
    path.write_bytes(content)

    with pytest.raises(ConfigError, match="SqueezeNet's weights are damaged") as caught:
        lpips(pictures(1, 3, 32, 32), pictures(1, 3, 32, 32))

    assert str(caught.value).startswith(f"{path}: ")
    assert "delete the file and run again" in str(caught.value)
