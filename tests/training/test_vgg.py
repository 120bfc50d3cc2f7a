"""VGG19 against torchvision's, and what happens where its weights are not to be had."""

import errno
import math
import os
from pathlib import Path
from urllib.error import URLError

import pytest
import skimage.data
import torch
import torchvision
from safetensors.torch import save_file
from torchvision.transforms.functional import gaussian_blur, normalize

from srgan.errors import ConfigError
from srgan.training.vgg import VGG19_LAYERS, Vgg19

WEIGHTS = "squeezenet1_1-b8a52dc0.pth"
SHARED = Path(__file__).parents[3] / "shared" / "features"


def pictures(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def vgg19_tensors(*, to="conv5_4"):
    """Random tensors under torchvision's names, the same for all depths, of sizes that keep features about as large."""
    with torch.device("meta"):
        shapes = {name: tensor.shape for name, tensor in torchvision.models.vgg19(weights=None).state_dict().items()}
    rng = torch.Generator().manual_seed(0)
    tensors = {}
    for place in [place for place in VGG19_LAYERS.values() if place <= VGG19_LAYERS[to]]:
        weight, bias = f"features.{place}.weight", f"features.{place}.bias"
        fan_in = shapes[weight][1:].numel()
        tensors[weight] = torch.randn(shapes[weight], generator=rng) * math.sqrt(2 / fan_in)
        tensors[bias] = torch.randn(shapes[bias], generator=rng) * 0.1
    return tensors


def write_tensors(tensors, path):
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    else:
        torch.save(tensors, path)
    return path


@pytest.fixture(scope="module")
def vgg19_file(tmp_path_factory):
    """A file of VGG19 up to conv2_2."""
    return write_tensors(vgg19_tensors(to="conv2_2"), tmp_path_factory.mktemp("vgg19") / "vgg19.safetensors")


@pytest.mark.parametrize("name, to", [("vgg19.safetensors", "conv3_4"), ("vgg19.pth", "conv5_4")])
def test_every_layer_of_vgg19_is_torchvisions_before_activation(tmp_path, name, to):
    tensors = vgg19_tensors(to=to)
    layers = [layer for layer, place in VGG19_LAYERS.items() if place <= VGG19_LAYERS[to]]
    with torch.device("meta"):
        reference = torchvision.models.vgg19(weights=None).eval()
    reference.load_state_dict(tensors, assign=True, strict=False)
    x = pictures(2, 3, 16, 32)
    normalised = normalize(x, mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])

    path = write_tensors(tensors, tmp_path / name)
    seen = Vgg19(layers, path)(x)
    path.unlink()  # 80 MB

    assert list(seen) == layers
    with torch.no_grad():
        for layer in layers:
            before_relu = reference.features[: VGG19_LAYERS[layer] + 1]
            assert isinstance(before_relu[-1], torch.nn.Conv2d)
            expected = before_relu(normalised.clone())
            torch.testing.assert_close(seen[layer], expected, rtol=1e-4, atol=1e-4)
            assert expected.std() > 0.1


def test_vgg19_names_all_convolutions_of_torchvisions_block_by_block():
    with torch.device("meta"):
        reference = torchvision.models.vgg19(weights=None).features
    names, block, place = [], 1, 0
    for layer in reference:
        if isinstance(layer, torch.nn.MaxPool2d):
            block, place = block + 1, 0
        if isinstance(layer, torch.nn.Conv2d):
            place += 1
            names.append(f"conv{block}_{place}")

    convolutions = [index for index, layer in enumerate(reference) if isinstance(layer, torch.nn.Conv2d)]
    assert dict(zip(names, convolutions, strict=True)) == VGG19_LAYERS


def test_vgg19_shows_the_layers_asked_for_and_goes_no_deeper(vgg19_file):
    network = Vgg19(["conv2_1", "conv1_2"], vgg19_file)

    seen = network(pictures(1, 3, 16, 24))

    assert {name: tuple(features.shape) for name, features in seen.items()} == {
        "conv1_2": (1, 64, 16, 24),
        "conv2_1": (1, 128, 8, 12),
    }
    assert list(network.convolutions) == ["conv1_1", "conv1_2", "conv2_1"]


def test_vgg19_is_frozen_and_gradients_reach_the_pictures(vgg19_file):
    network = Vgg19(["conv1_1", "conv2_2"], vgg19_file)
    x = pictures(2, 3, 16, 16).requires_grad_()

    sum(seen.square().mean() for seen in network(x).values()).backward()

    assert list(network.parameters()) and not any(weight.requires_grad for weight in network.parameters())
    assert torch.isfinite(x.grad).all() and (x.grad.abs().amax(dim=(1, 2, 3)) > 0).all()


def test_vgg19_stored_in_half_precision_is_computed_in_float32(vgg19_file, tmp_path):
    halves = {name: tensor.half() for name, tensor in vgg19_tensors(to="conv2_2").items()}
    x = pictures(1, 3, 16, 16)

    seen = Vgg19(["conv2_2"], write_tensors(halves, tmp_path / "half.safetensors"))(x)["conv2_2"]

    assert seen.dtype == torch.float32
    torch.testing.assert_close(seen, Vgg19(["conv2_2"], vgg19_file)(x)["conv2_2"], rtol=0, atol=1e-2)


def test_a_file_that_does_not_reach_the_layer_is_refused_in_words(vgg19_file):
    with pytest.raises(ConfigError) as caught:
        Vgg19(["conv1_1", "conv3_4"], vgg19_file)
    assert str(caught.value) == f"{vgg19_file}: holds no features.10.weight, so VGG19 does not reach conv3_1 with it"


def test_an_unknown_layer_of_vgg19_is_refused_with_the_known_ones(vgg19_file):
    with pytest.raises(ConfigError) as caught:
        Vgg19(["conv1_1", "conv3_5"], vgg19_file)
    assert str(caught.value) == (
        "VGG19 has no layer 'conv3_5': choose from conv1_1, conv1_2, conv2_1, conv2_2, conv3_1, conv3_2, conv3_3, "
        "conv3_4, conv4_1, conv4_2, conv4_3, conv4_4, conv5_1, conv5_2, conv5_3, conv5_4"
    )


def without_vgg19(given, why):
    return (
        f"perceptual losses need VGG19's weights, and {given} gives none ({why}); "
        "fetch https://download.pytorch.org/models/vgg19-dcbb9e9d.pth on another machine "
        "and give it by --set features=FILE"
    )


@pytest.mark.parametrize("as_type", [str, Path])
def test_a_missing_file_of_vgg19_is_explained(tmp_path, as_type):
    path = tmp_path / "vgg19.pth"
    with pytest.raises(ConfigError) as caught:
        Vgg19(["conv1_1"], as_type(path))
    missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    assert str(caught.value) == without_vgg19(path, f"FileNotFoundError: {missing}")


def test_a_missing_download_of_vgg19_is_explained(monkeypatch, tmp_path, capsys):
    def offline(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(ConfigError) as caught:
        Vgg19(["conv1_1"])
    assert str(caught.value) == without_vgg19("the download by torchvision", "URLError: <urlopen error no network>")
    assert capsys.readouterr().out == ""  # results only


@pytest.mark.parametrize(
    "name, content",
    [
        ("vgg19.safetensors", None),
        ("vgg19.safetensors", b""),
        *((name, content) for name in ("vgg19.safetensors", "vgg19.pth") for content in (b"no weights", b"PK\x03\x04")),
    ],
)
def test_missing_and_damaged_files_of_vgg19_are_refused_in_words(tmp_path, name, content):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        Vgg19(["conv1_1"], path)

    before, after = without_vgg19(path, "|").split("|")
    assert str(caught.value).startswith(before) and str(caught.value).endswith(after)
    assert len(str(caught.value)) > len(before) + len(after)


@pytest.mark.skipif(not (SHARED / "vgg19_to_conv3_4.safetensors").is_file(), reason="needs VGG19's weights in shared/")
def test_to_trained_vgg19_a_blurred_photograph_differs_more_than_a_slightly_brighter_one():
    pixels = skimage.data.astronaut()[100:164, 180:244]
    photograph = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None] / 255
    network = Vgg19(["conv3_4"], SHARED / "vgg19_to_conv3_4.safetensors")

    seen, blurred, brighter = (
        network(x)["conv3_4"] for x in (photograph, gaussian_blur(photograph, [5, 5], [1.5, 1.5]), photograph + 1 / 255)
    )

    assert (blurred - seen).abs().mean() > 3 * (brighter - seen).abs().mean() > 0


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors: tensors.pop("features.0.bias"),
        lambda tensors: tensors.update({"features.0.weight": torch.ones(4, 3, 5, 5)}),
    ],
)
def test_tensors_that_are_not_vgg19s_are_refused(tmp_path, change):
    tensors = {"features.0.weight": torch.ones(4, 3, 3, 3), "features.0.bias": torch.ones(4)}
    change(tensors)
    save_file(tensors, tmp_path / "other.safetensors")

    with pytest.raises(ConfigError) as caught:
        Vgg19(["conv1_1"], tmp_path / "other.safetensors")

    said = "features.0 is not a 3x3 convolution with a bias, as VGG19's are"
    assert str(caught.value) == f"{tmp_path / 'other.safetensors'}: {said}"


@pytest.mark.parametrize("content", [torch.ones(3), [torch.ones(3)], {"features.0.weight": "no tensor"}])
def test_a_file_without_tensors_by_name_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "other.pth")

    with pytest.raises(ConfigError, match="TypeError: not a dictionary of tensors"):
        Vgg19(["conv1_1"], tmp_path / "other.pth")


def test_building_vgg19_draws_nothing_from_the_global_rng(tmp_path):
    save_file(
        {"features.0.weight": torch.ones(4, 3, 3, 3), "features.0.bias": torch.ones(4)}, tmp_path / "vgg.safetensors"
    )
    before = torch.get_rng_state()

    Vgg19(["conv1_1"], tmp_path / "vgg.safetensors")

    assert torch.equal(torch.get_rng_state(), before)
