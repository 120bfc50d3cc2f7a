"""Fresh weights are what their seed says, whatever else the process draws, which sees nothing of it."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from srgan.networks import NETWORKS, build_network, network_options
from srgan.networks.discriminators import DISCRIMINATORS, build_discriminator
from srgan.networks.seeded import Seeded

SMALL = {"width": 8, "depth": 2}


def generator(name):
    small = {key: value for key, value in SMALL.items() if key in network_options(name)}
    return build_network({"name": name, **small}, 3, 3, 4)


def discriminator(name):
    return build_discriminator(name, 3, 32, **SMALL, seed=5)


@pytest.mark.parametrize(
    "make, name", [*((generator, name) for name in NETWORKS), *((discriminator, name) for name in DISCRIMINATORS)]
)
def test_weights_are_those_of_the_processes_generator_with_that_seed_which_stays_as_it_was(make, name, monkeypatch):
    before = torch.get_rng_state()

    with Seeded(5 if make is generator else 6):  # a discriminator has a seed of its own
        seeded = make(name).state_dict()

    assert torch.equal(torch.get_rng_state(), before)
    monkeypatch.setattr("srgan.networks.seeded._DRAWING", set())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        expected = make(name).state_dict()
    assert all(torch.equal(seeded[key], expected[key]) for key in expected)


@pytest.fixture
def switching_often():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("switching_often")
def test_threads_that_make_networks_at_once_make_the_same():
    def weights(_):
        with Seeded(1):
            return generator("compact").state_dict()

    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(weights, range(40))

    assert all(torch.equal(other[key], first[key]) for other in others for key in first)
