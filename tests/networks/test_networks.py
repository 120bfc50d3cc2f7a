"""Every network keeps its contract: its shape, and how far it sees."""

import importlib
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from srgan.errors import ConfigError
from srgan.networks import NETWORKS, build_network, describe_network, network_options
from srgan.networks.unet import Doubled

SMALL = {"width": 4, "depth": 1}


def small(name, scale=2, channels=3, **options):
    options = {**{key: value for key, value in SMALL.items() if key in network_options(name)}, **options}
    return build_network({"name": name, **options}, channels, 3, scale)


def folds(name):
    return [{"fold": 1}, {"fold": 2}, {"fold": 3}] if "fold" in network_options(name) else [{}]


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_output_is_scale_times_as_large(name, scale):
    network = small(name, scale, channels=4)
    side = network.multiple_of

    generated = network(torch.rand(2, 4, 3 * side, 5 * side))

    assert generated.shape == (2, 3, 3 * side * scale, 5 * side * scale)


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "name, options",
    [*((name, options) for name in NETWORKS for options in folds(name)), ("unet", {"phases": 1, "taps": 4})],
)
def test_the_stated_context_covers_what_the_network_sees_and_little_more(name, options, scale):
    network = small(name, scale, **options).double().eval()
    for parameter in network.parameters():  # positive, so that no path is silent and none cancels another
        torch.nn.init.uniform_(parameter, 0.01, 0.1)
    middle = -(-(network.context + 4) // network.multiple_of) * network.multiple_of
    side = 2 * middle + network.multiple_of
    observed = torch.rand(1, 3, side, side, dtype=torch.float64, requires_grad=True)
    generated = network(observed)

    reaches = []
    for phase in range(scale * network.multiple_of):
        pixel = generated[0, 0, middle * scale + phase, middle * scale + phase]
        (gradient,) = torch.autograd.grad(pixel, observed, retain_graph=True)
        seen = gradient[0].abs().sum(dim=0).nonzero()
        own = middle + phase // scale
        reaches.append((seen - own).abs().max().item())

    assert max(reaches) <= network.context
    assert network.context - max(reaches) <= network.multiple_of + 2


def test_a_unet_of_one_phase_repeats_nothing_where_there_is_nothing_to_see():
    def answer(phases):
        torch.manual_seed(0)
        network = small("unet", scale=1, levels=3, fold=1, phases=phases).eval()
        return network(torch.full((1, 3, 256, 256), 0.5))[..., 120:136, 120:136]

    assert answer(phases=1).std(dim=(2, 3)).max() < 1e-6
    assert answer(phases=2).std(dim=(2, 3)).min() > 1e-3


def test_a_linear_unet_doubles_its_maps_bilinearly_but_for_the_border():
    double, x = Doubled(6, 4, phases=1, taps=4), torch.rand(2, 6, 7, 9)

    within = F.interpolate(F.conv2d(x, double.weight.transpose(0, 1), double.bias), scale_factor=2, mode="bilinear")

    torch.testing.assert_close(double(x)[..., 1:-1, 1:-1], within[..., 1:-1, 1:-1])


def test_a_unet_enlarges_twice():
    with pytest.raises(ConfigError, match=r"^taps=4, phases=2: choose taps=2, or taps=4 and phases=1$"):
        small("unet", taps=4)
    with pytest.raises(ConfigError) as caught:
        small("unet", phases=3)
    assert str(caught.value) == "phases=3: a U-Net enlarges 2 times: choose 1 or 2"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_description_is_complete_and_builds_the_same_network(name):
    description = describe_network(name, {"width": "6"})

    assert description == {"name": name, **network_options(name), "width": 6}
    assert describe_network(name, {key: value for key, value in description.items() if key != "name"}) == description


def test_an_unknown_network_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError) as caught:
        build_network({"name": "resnet"}, 3, 3, 2)
    assert str(caught.value) == f"unknown network 'resnet': choose one of {', '.join(sorted(NETWORKS))}"


@pytest.mark.parametrize("name", NETWORKS)
def test_an_unknown_option_is_refused_with_the_nearest(name):
    for option in network_options(name):
        with pytest.raises(ConfigError) as caught:
            describe_network(name, {option[:-1]: 3})
        assert str(caught.value) == f"unknown option of {name} {option[:-1]!r}: did you mean {option!r}?"


def test_srresnet_refuses_a_scale_it_has_not():
    with pytest.raises(ConfigError) as caught:
        small("srresnet", 5)
    assert str(caught.value) == "SRResNet has no scale 5: choose 1, 2, 3 or 4"


def test_scripts_try_further_networks_without_making_them_known_on_import(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "scripts" / "study"))
    before = dict(NETWORKS)

    candidates = importlib.import_module("candidates")

    assert before == NETWORKS
    assert candidates.NETWORKS.keys() & NETWORKS.keys() == set()
    for name, network in candidates.NETWORKS.items():
        made = network(4, 3, 1, width=16, depth=1, levels=3, fold=1)
        assert made(torch.rand(1, 4, 32, 32)).shape == (1, 3, 32, 32), name
