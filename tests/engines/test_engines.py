"""Each engine gives what torch gives, for pictures of any size, from any thread, and says what it cannot."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from srgan.engines import make_engine, ncnn_engine, openvino_engine
from srgan.errors import ConfigError, ImageError
from srgan.images.reader import read
from srgan.models.zoo import load
from srgan.runner.config import FolderConfig
from srgan.runner.run import restore_folder
from tests.precisions import needs_bf16

needs_openvino = pytest.mark.skipif(not openvino_engine.available(), reason="needs the extra openvino")
needs_ncnn = pytest.mark.skipif(not ncnn_engine.available(), reason="needs the extra ncnn")
needs_vulkan = pytest.mark.skipif(not ncnn_engine.vulkan_devices(), reason="needs a Vulkan driver, such as lavapipe")

OPENVINO = pytest.param("openvino", "cpu", marks=needs_openvino)
NCNN = pytest.param("ncnn", "cpu", marks=needs_ncnn)
VULKAN = pytest.param("ncnn", "vulkan", marks=needs_vulkan)
everywhere = pytest.mark.parametrize(("engine", "device"), [OPENVINO, NCNN, VULKAN])
on_the_cpu = pytest.mark.parametrize(("engine", "device"), [OPENVINO, NCNN])


def pictures(height, width, count=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


def check_all_sizes(generator, engine, device):
    ours, torchs = make_engine(generator, engine, device, "fp32"), make_engine(generator, "torch", "cpu", "fp32")
    step = generator.multiple_of

    for size in ((2 * step, 3 * step), (5 * step, step), (2 * step, 3 * step, 2)):
        observed = pictures(*size)
        torch.testing.assert_close(ours(observed), torchs(observed), atol=1e-4, rtol=1e-4)


@on_the_cpu
@pytest.mark.parametrize("network", ["compact", "srresnet", "unet"])
def test_it_gives_what_torch_gives_at_every_size(make_model, network, engine, device):
    check_all_sizes(make_model(network=network, scale=2).generator, engine, device)


@needs_vulkan
@pytest.mark.parametrize("network", ["compact", pytest.param("unet", marks=pytest.mark.slow)])
def test_vulkan_gives_what_torch_gives_at_every_size(make_model, network):
    check_all_sizes(make_model(network=network, scale=2).generator, "ncnn", "vulkan")


@on_the_cpu
def test_pixels_may_lie_in_memory_as_they_like(tiny, engine, device):
    made = make_engine(tiny.generator, engine, device, "fp32")
    observed = pictures(160, 192)

    strided = made(observed.to(memory_format=torch.channels_last))

    assert torch.equal(strided, made(observed))


@pytest.mark.parametrize(
    ("engine", "device", "precision"),
    [
        pytest.param("openvino", "cpu", "bf16", marks=[needs_openvino, needs_bf16]),
        pytest.param("ncnn", "vulkan", "fp16", marks=needs_vulkan),
    ],
)
def test_half_precision_is_near(make_model, engine, device, precision):
    generator = make_model(scale=2).generator
    observed = pictures(64, 96)

    near = make_engine(generator, engine, device, precision)(observed)

    exact = make_engine(generator, "torch", "cpu", "fp32")(observed)
    assert 0 < (near - exact).std() < 0.05 * exact.std()


@everywhere
def test_threads_share_it(tiny, engine, device):
    made = make_engine(tiny.generator, engine, device, "fp32")
    observed = [pictures(32, 32 + 32 * (number % 3)) for number in range(12)]

    with ThreadPoolExecutor(5) as threads:
        together = list(threads.map(made, observed))

    for one, alone in zip(together, observed, strict=True):
        assert torch.equal(one, made(alone))


@on_the_cpu
def test_one_call_may_have_all_the_cores(tiny, engine, device):
    alone = make_engine(tiny.generator, engine, device, "fp32")(pictures(32, 64))
    torch.set_num_threads(2)
    try:
        both = make_engine(tiny.generator, engine, device, "fp32")(pictures(32, 64))
    finally:
        torch.set_num_threads(1)

    torch.testing.assert_close(both, alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("engine", "device"),
    [OPENVINO, NCNN, pytest.param("ncnn", "vulkan", marks=[needs_vulkan, pytest.mark.slow])],
)
def test_a_folder_of_photographs_is_the_same_by_every_engine(photos, tmp_path, engine, device):
    model = load("upscale-x4")

    for by, on in (("torch", "cpu"), (engine, device)):
        config = FolderConfig(tile=48, engine=by, device=on, precision="fp32")
        outcomes = list(restore_folder(model, photos, tmp_path / by, config))
        assert [one.status for one in outcomes] == ["ok"] * 3
    assert outcomes[0].chosen["device"] == device

    for path in (tmp_path / "torch").glob("*.png"):
        one, other = (read(folder / path.name).rgb.astype(int) for folder in (path.parent, tmp_path / engine))
        assert np.abs(one - other).max() <= 1
        assert (one == other).mean() >= 0.999


@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param(openvino_engine, "OpenVINO", marks=needs_openvino),
        pytest.param(ncnn_engine, "ncnn", marks=needs_ncnn),
    ],
)
def test_layers_that_compute_something_else_are_refused(tiny, make_model, monkeypatch, module, name):
    other, add = make_model(scale=2, seed=1).generator, module.add_generator
    monkeypatch.setattr(module, "add_generator", lambda graph, _, given: add(graph, other, given))

    message = f"^{name} does not compute what torch computes with this network; choose --engine torch$"
    with pytest.raises(ConfigError, match=message):
        make_engine(tiny.generator, name.lower(), "cpu", "fp32")


@on_the_cpu
def test_weights_that_give_no_numbers_fail_the_picture(tiny, engine, device):
    made = make_engine(tiny.generator, engine, device, "fp32")

    with pytest.raises(ImageError, match="not finite"):
        made(torch.full((1, 3, 32, 32), torch.inf))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory")
@pytest.mark.parametrize(
    ("engine", "threads", "told"),
    [
        pytest.param("openvino", 1, "Failed to allocate ", marks=needs_openvino),
        pytest.param("openvino", 2, "Failed to allocate ", marks=needs_openvino),
        pytest.param("ncnn", 1, "ncnn has no memory for a tile of 3200x3200 pixels", marks=needs_ncnn),
    ],
)
def test_too_little_memory_is_told_and_smaller_tiles_still_work(engine, threads, told):
    program = """
import resource, sys, torch
from srgan import Model, Upscale
from srgan.engines import make_engine
torch.set_num_threads(int(sys.argv[2]))
engine = make_engine(Model(Upscale(scale=2)).generator, sys.argv[1], "cpu", "fp32")
engine(torch.rand(1, 3, 64, 64))
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 300_000_000,) * 2)
try:
    engine(torch.rand(1, 3, 3200, 3200))
except torch.OutOfMemoryError as error:
    print(error)
print(engine(torch.rand(1, 3, 64, 64)).shape)
"""
    ended = subprocess.run([sys.executable, "-c", program, engine, str(threads)], capture_output=True, text=True)

    said, shape = ended.stdout.splitlines()
    assert said.startswith(told), ended.stderr
    assert shape == "torch.Size([1, 3, 128, 128])"
