"""Muon takes the large kernels, Adam the rest; both resume, and both move what they were given."""

import copy

import pytest
import torch
from torch import nn

from srgan.training.optimizer import RULES, Optimizer


def kernels(memory_format=torch.channels_last):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 32, 3), nn.Conv2d(32, 32, 3), nn.Conv2d(32, 32, 1))
    return layers.to(memory_format=memory_format)


def step(layers, optimizer, seed=1, learning_rate=1e-2, finite=True):
    layers(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))).square().mean().backward()
    optimizer.step(learning_rate, torch.tensor(finite))


@pytest.mark.parametrize("memory_format", [torch.channels_last, torch.contiguous_format])
def test_a_step_of_muon_moves_a_kernel_equally_in_all_directions(memory_format):
    layers = kernels(memory_format)
    before = layers[1].weight.detach().clone()

    step(layers, Optimizer(layers.parameters(), "muon"))

    moved = (layers[1].weight.detach() - before).flatten(1)
    lengths = torch.linalg.svdvals(moved) / (0.2 * (32 * 9) ** 0.5 * 1e-2)
    assert 0.5 < lengths.median() < 1.5  # Newton and Schulz's iteration stops between 0.5 and 1.5 of the exact length
    assert lengths.max() < 1.5
    assert lengths.max() / lengths.median() < 2


def test_a_step_does_not_depend_on_how_the_kernels_lie_in_memory():
    one, other = kernels(torch.channels_last), kernels(torch.contiguous_format)
    for layers in (one, other):
        step(layers, Optimizer(layers.parameters(), "muon"))

    for ours, theirs in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-3)  # bf16, summed in another order


def test_kernels_of_few_channels_and_biases_are_adams():
    layers = kernels()
    reference = kernels()
    adam = torch.optim.Adam(reference.parameters(), lr=1e-2, betas=(0.9, 0.99))

    step(layers, Optimizer(layers.parameters(), "muon"))
    reference(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))).square().mean().backward()
    adam.step()

    torch.testing.assert_close(layers[0].weight, reference[0].weight)
    torch.testing.assert_close(layers[1].bias, reference[1].bias)
    assert not torch.allclose(layers[1].weight, reference[1].weight)


def test_adam_alone_is_torchs_adam():
    layers, reference = kernels(), kernels()
    adam = torch.optim.Adam(reference.parameters(), lr=1e-2, betas=(0.9, 0.99))

    step(layers, Optimizer(layers.parameters(), "adam"))
    reference(torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))).square().mean().backward()
    adam.step()

    for ours, theirs in zip(layers.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", RULES)
def test_a_loaded_state_continues_bit_for_bit(name):
    layers = kernels()
    optimizer = Optimizer(layers.parameters(), name)
    step(layers, optimizer)
    resumed = kernels()
    resumed.load_state_dict(layers.state_dict())
    again = Optimizer(resumed.parameters(), name)
    again.load_state_dict(copy.deepcopy(optimizer.state_dict()))

    step(layers, optimizer, seed=2)
    step(resumed, again, seed=2)

    assert all(torch.equal(a, b) for a, b in zip(layers.parameters(), resumed.parameters(), strict=True))


def test_gradients_are_forgotten_after_a_step():
    layers = kernels()
    step(layers, Optimizer(layers.parameters()))

    assert all(weight.grad is None for weight in layers.parameters())


@pytest.mark.parametrize("name", RULES)
def test_a_step_that_is_not_finite_changes_neither_the_weights_nor_what_is_remembered(name):
    layers = kernels()
    optimizer = Optimizer(layers.parameters(), name)
    step(layers, optimizer)
    weights, memory = copy.deepcopy(layers.state_dict()), copy.deepcopy(optimizer.state_dict())

    layers(torch.full((1, 3, 8, 8), float("nan"))).mean().backward()
    optimizer.step(1e-2, torch.tensor(False))

    assert all(torch.equal(weights[key], value) for key, value in layers.state_dict().items())
    for part, state in optimizer.state_dict().items():
        for number, remembered in state["state"].items():
            for key, value in remembered.items():
                assert torch.equal(value, memory[part]["state"][number][key]), (part, number, key)
    assert all(weight.grad is None for weight in layers.parameters())


@pytest.mark.parametrize("name", RULES)
def test_a_first_step_that_is_not_finite_leaves_no_trace_in_the_next(name):
    sick, sound = kernels(), kernels()
    one, other = (Optimizer(layers.parameters(), name) for layers in (sick, sound))
    sick(torch.full((1, 3, 8, 8), float("nan"))).mean().backward()
    one.step(1e-2, torch.tensor(False))

    step(sick, one)
    step(sound, other)

    assert all(torch.isfinite(weight).all() for weight in sick.parameters())
    if name not in ("adam", "adamw"):  # which count the step, and correct their means by that
        torch.testing.assert_close(sick[1].weight, sound[1].weight, rtol=0, atol=0)


@pytest.mark.parametrize("clip", [1e-3, 1e9])
def test_the_norm_to_which_gradients_are_cut_bounds_what_muon_remembers_of_a_spike(clip):
    """A step of Muon is as long whatever the gradient, but a spike would point the way of all steps after it."""

    def second_step(spike):
        layers = kernels()
        optimizer = Optimizer(layers.parameters(), "muon")
        for seed, size in ((1, spike), (2, 1.0)):
            before = layers[1].weight.detach().clone()
            seen = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
            (size * layers(seen).square().mean()).backward()
            torch.nn.utils.clip_grad_norm_(layers.parameters(), clip)
            optimizer.step(1e-2, torch.tensor(True))
        return (layers[1].weight.detach() - before).flatten()

    likeness = torch.cosine_similarity(second_step(1.0), second_step(1e6), dim=0).item()
    assert (likeness > 0.99) == (clip == 1e-3)


@pytest.mark.parametrize("name", ["adamw", "rmsprop", "sgd"])
def test_two_steps_of_one_weight_are_those_of_the_papers(name):
    """With the gradients 3 and -1, a learning rate of 0.1 and a momentum of 0.5, by hand."""

    def adamw(w):
        m, v = 0.5 * 3, 0.01 * 9
        w = w - 0.1 * 0.01 * w - 0.1 * (m / 0.5) / (v / 0.01) ** 0.5
        m, v = 0.5 * m - 0.5 * 1, 0.99 * v + 0.01 * 1
        return w - 0.1 * 0.01 * w - 0.1 * (m / (1 - 0.5**2)) / (v / (1 - 0.99**2)) ** 0.5

    def rmsprop(w):
        v = 0.01 * 9
        w, v = w - 0.1 * 3 / v**0.5, 0.99 * v + 0.01 * 1
        return w + 0.1 * 1 / v**0.5

    def sgd(w):
        return w - 0.1 * 3 - 0.1 * (0.5 * 3 - 1)

    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = Optimizer([weight], name, momentum=0.5)
    for gradient in (3.0, -1.0):
        weight.grad = torch.tensor([gradient])
        optimizer.step(0.1, torch.tensor(True))

    assert weight.item() == pytest.approx({"adamw": adamw, "rmsprop": rmsprop, "sgd": sgd}[name](2.0), rel=1e-5)


def test_momentum_is_adams_first_beta():
    """Two opposite gradients: with no momentum the second step undoes the first, or the more so."""

    def moved(momentum):
        weight = nn.Parameter(torch.tensor([0.0]))
        optimizer = Optimizer([weight], "adam", momentum)
        for gradient in (1.0, -1.0):
            weight.grad = torch.tensor([gradient])
            optimizer.step(0.1, torch.tensor(True))
        return weight.item()

    assert moved(0.0) == pytest.approx(0.0, abs=1e-6)
    assert moved(0.5) == pytest.approx(-0.1 - 0.1 * (0.5 * 0.5 - 0.5) / (1 - 0.5**2), rel=1e-5)
