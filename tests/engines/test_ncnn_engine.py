"""ncnn gives what torch gives, for pictures of any size, from any thread, on the CPU and on Vulkan."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from srgan.engines import make_engine, ncnn_engine
from srgan.errors import ConfigError, ImageError
from srgan.images.reader import read
from srgan.models.zoo import load
from srgan.runner.config import FolderConfig
from srgan.runner.run import restore_folder

pytestmark = pytest.mark.skipif(not ncnn_engine.available(), reason="needs the extra ncnn")
needs_vulkan = pytest.mark.skipif(not ncnn_engine.vulkan_devices(), reason="needs a Vulkan driver, such as lavapipe")

DEVICES = ["cpu", pytest.param("vulkan", marks=needs_vulkan)]


def pictures(height, width, count=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("network", "device"),
    [
        ("compact", "cpu"),
        ("srresnet", "cpu"),
        ("unet", "cpu"),
        pytest.param("compact", "vulkan", marks=needs_vulkan),
        pytest.param("unet", "vulkan", marks=[needs_vulkan, pytest.mark.slow]),
    ],
)
def test_it_gives_what_torch_gives_at_every_size(make_model, network, device):
    generator = make_model(network=network, scale=2).generator
    ours = make_engine(generator, "ncnn", device, "fp32")
    torchs = make_engine(generator, "torch", "cpu", "fp32")
    step = generator.multiple_of

    for size in ((2 * step, 3 * step), (5 * step, step), (2 * step, 3 * step, 2)):
        observed = pictures(*size)
        torch.testing.assert_close(ours(observed), torchs(observed), atol=1e-4, rtol=1e-4)


def test_pixels_may_lie_in_memory_as_they_like(tiny):
    engine = make_engine(tiny.generator, "ncnn", "cpu", "fp32")
    observed = pictures(160, 192)

    strided = engine(observed.to(memory_format=torch.channels_last))

    assert torch.equal(strided, engine(observed))


@needs_vulkan
def test_half_precision_on_vulkan_is_near(make_model):
    generator = make_model(scale=2).generator
    observed = pictures(64, 96)

    near = make_engine(generator, "ncnn", "vulkan", "fp16")(observed)

    exact = make_engine(generator, "torch", "cpu", "fp32")(observed)
    assert 0 < (near - exact).std() < 0.05 * exact.std()


@pytest.mark.parametrize("device", DEVICES)
def test_threads_share_it(tiny, device):
    engine = make_engine(tiny.generator, "ncnn", device, "fp32")
    observed = [pictures(32, 32 + 32 * (number % 3)) for number in range(12)]

    with ThreadPoolExecutor(5) as threads:
        together = list(threads.map(engine, observed))

    for one, alone in zip(together, observed, strict=True):
        assert torch.equal(one, engine(alone))


def test_one_call_may_have_all_the_cores(tiny):
    engine = make_engine(tiny.generator, "ncnn", "cpu", "fp32")
    alone = engine(pictures(32, 64))
    torch.set_num_threads(2)
    try:
        both = make_engine(tiny.generator, "ncnn", "cpu", "fp32")(pictures(32, 64))
    finally:
        torch.set_num_threads(1)

    torch.testing.assert_close(both, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "chosen",
    [
        {"engine": "openvino", "precision": "fp32"},
        {"engine": "ncnn", "precision": "fp32"},
        pytest.param(
            {"engine": "ncnn", "precision": "fp32", "device": "vulkan"}, marks=[needs_vulkan, pytest.mark.slow]
        ),
    ],
)
def test_a_folder_of_photographs_is_the_same_by_every_engine(photos, tmp_path, chosen):
    model, exact = load("upscale-x4"), {"engine": "torch", "precision": "fp32", "device": "cpu"}

    for name, settings in (("torch", exact), ("other", chosen)):
        outcomes = list(restore_folder(model, photos, tmp_path / name, FolderConfig(tile=48, **settings)))
        assert [one.status for one in outcomes] == ["ok"] * 3
    assert outcomes[0].chosen["device"] == settings.get("device", "cpu")

    for path in (tmp_path / "torch").glob("*.png"):
        one, other = (read(folder / path.name).rgb.astype(int) for folder in (path.parent, tmp_path / "other"))
        assert np.abs(one - other).max() <= 1
        assert (one == other).mean() >= 0.999


def test_a_network_whose_layers_it_has_not_is_refused(make_model):
    with pytest.raises(ConfigError, match="a Mlp cannot be written layer by layer"):
        make_engine(make_model("generate", network="mlp"), "ncnn")


def test_layers_that_compute_something_else_are_refused(tiny, make_model, monkeypatch):
    other, add = make_model(scale=2, seed=1).generator, ncnn_engine.add_generator
    monkeypatch.setattr(ncnn_engine, "add_generator", lambda graph, _, name: add(graph, other, name))

    with pytest.raises(ConfigError, match="ncnn does not compute what torch computes with this network"):
        make_engine(tiny.generator, "ncnn", "cpu", "fp32")


def test_weights_that_give_no_numbers_fail_the_picture(tiny):
    engine = make_engine(tiny.generator, "ncnn", "cpu", "fp32")

    with pytest.raises(ImageError, match="not finite"):
        engine(torch.full((1, 3, 32, 32), torch.inf))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory")
def test_too_little_memory_is_told_and_smaller_tiles_still_work():
    program = """
import resource, torch
from srgan import Model, Upscale
from srgan.engines import make_engine
torch.set_num_threads(1)
engine = make_engine(Model(Upscale(scale=2)).generator, "ncnn", "cpu", "fp32")
engine(torch.rand(1, 3, 64, 64))
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 300_000_000,) * 2)
try:
    engine(torch.rand(1, 3, 3200, 3200))
except torch.OutOfMemoryError as error:
    print(error)
print(engine(torch.rand(1, 3, 64, 64)).shape)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    said, shape = ended.stdout.splitlines()
    assert said.startswith("ncnn has no memory for a tile of 3200x3200 pixels"), ended.stderr
    assert shape == "torch.Size([1, 3, 128, 128])"


def test_what_it_has_not_is_refused_in_words(tiny, monkeypatch):
    assert ncnn_engine.NcnnEngine.lacks(tiny.generator, torch.device("cuda")) == (
        "the engine ncnn runs on cpu or vulkan, not on cuda"
    )
    with pytest.raises(ConfigError, match=r"^precision 'fp16': ncnn on cpu does not compute in it; choose auto$"):
        make_engine(tiny.generator, "ncnn", "cpu", "fp16")
    monkeypatch.setattr(ncnn_engine, "available", lambda: False)
    with pytest.raises(ConfigError, match=r"^the engine ncnn is not installed: pip install 'srgan\[ncnn\]'$"):
        make_engine(tiny.generator, "ncnn", "cpu", "fp32")
