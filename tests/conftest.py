"""Tiny models and small pictures, all made from fixed seeds."""

import logging
import math
import os
import tempfile

import numpy as np
import pytest
import skimage.data
import torch

from srgan.data.sources import Paired
from srgan.engines import make_engine
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.model import Model
from srgan.networks import network_options
from srgan.tasks import TASKS

if "PYTEST_XDIST_WORKER" not in os.environ:  # workers have that of the one who starts them: each speed is measured once
    _CACHE = tempfile.TemporaryDirectory(prefix="srgan-cache-")
    os.environ["XDG_CACHE_HOME"] = _CACHE.name  # for the programs that tests start, too
torch.set_num_threads(1)  # on pictures this small, more threads only wait for each other

SMALL = {"width": 8, "depth": 2, "fold": 2}
SMALL_TASKS = {"generate": {"scale": 4, "latent": 6}}
"""Of which there are several sizes, so small that every network has it."""


def shown(task, photos):
    """What a task learns from: the photographs, or where it wants pairs each with itself."""
    return Paired(photos, photos) if TASKS[task].only_pairs else photos


@pytest.fixture(autouse=True)
def as_loud_as_before():
    """What a command has set, such as --quiet, is for that command alone."""
    level = logging.getLogger("srgan").level
    yield
    logging.getLogger("srgan").setLevel(level)


@pytest.fixture
def make_model():
    """Makes a small model of a task and a network, its weights random, so that no part of it is silent."""

    def make(task="upscale", network="compact", *, seed=0, std=0.3, options=None, **fields):
        small = {name: value for name, value in SMALL.items() if name in network_options(network)}
        fields = {**SMALL_TASKS.get(task, {}), **fields}
        model = Model(TASKS[task](**fields), {"name": network, **small, **(options or {})}).eval()
        rng = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.normal_(0, std / math.sqrt(parameter[0].numel()), generator=rng)
        return model

    return make


@pytest.fixture
def tiny(make_model):
    """A tiny model that enlarges twice."""
    return make_model(scale=2)


@pytest.fixture
def engine(tiny):
    """What runs `tiny`, exactly."""
    return make_engine(tiny.generator, device="cpu", precision="fp32")


@pytest.fixture(scope="session")
def photos(tmp_path_factory):
    """A folder of three small photographs."""
    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut", "chelsea", "coffee"):
        pixels = getattr(skimage.data, name)()[100:164, 140:220]
        write(folder / f"{name}.png", Image(np.ascontiguousarray(pixels)))
    return folder


@pytest.fixture(scope="session")
def pixels():
    """Makes the smooth random pixels of a picture: (h, w, channels), uint8 unless told otherwise."""

    def make(height, width, channels=3, *, seed=0, dtype=np.uint8):
        coarse = np.random.default_rng(seed).random((height // 4 + 2, width // 4 + 2, channels))
        smooth = coarse.repeat(4, 0).repeat(4, 1)[:height, :width]
        return np.rint(smooth * np.iinfo(dtype).max).astype(dtype)

    return make


@pytest.fixture(scope="module")
def running_store():
    from tests.objects import Store  # not above: few tests need it, and it takes a second

    store = Store()
    yield store
    store.close()


@pytest.fixture
def bare_store(running_store, monkeypatch):
    """An object store without buckets, which this machine's configuration names."""
    for name, value in running_store.environment.items():
        monkeypatch.setenv(name, value)
    running_store.reset()
    return running_store
