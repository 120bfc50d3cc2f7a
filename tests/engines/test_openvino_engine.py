"""OpenVINO gives what torch gives, for pictures of any size and from any thread."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from srgan.engines import make_engine, openvino_engine
from srgan.errors import ConfigError, ImageError
from tests.precisions import needs_bf16

# Not importorskip: a bare import reports to OpenVINO's makers.
pytestmark = pytest.mark.skipif(not openvino_engine.available(), reason="needs the extra openvino")


def pictures(height, width, count=1):
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("network", ["compact", "srresnet", "unet"])
def test_it_gives_what_torch_gives_at_every_size(make_model, network):
    generator = make_model(network=network, scale=2).generator
    ours = make_engine(generator, "openvino", "cpu", "fp32")
    torchs = make_engine(generator, "torch", "cpu", "fp32")
    step = generator.multiple_of

    for size in ((2 * step, 3 * step), (5 * step, step), (2 * step, 3 * step, 2)):
        observed = pictures(*size)
        torch.testing.assert_close(ours(observed), torchs(observed), atol=1e-4, rtol=1e-4)


@needs_bf16
def test_bf16_is_near(make_model):
    generator = make_model(scale=2).generator
    observed = pictures(64, 96)

    near = make_engine(generator, "openvino", "cpu", "bf16")(observed)

    exact = make_engine(generator, "torch", "cpu", "fp32")(observed)
    assert (near - exact).std() < 0.05 * exact.std()


def test_threads_share_it(tiny):
    engine = make_engine(tiny.generator, "openvino", "cpu", "fp32")
    observed = [pictures(32, 32 + 32 * (number % 3)) for number in range(12)]

    with ThreadPoolExecutor(3) as threads:
        together = list(threads.map(engine, observed))

    for one, alone in zip(together, observed, strict=True):
        assert torch.equal(one, engine(alone))


def test_a_graph_that_computes_something_else_is_refused(tiny, make_model, monkeypatch):
    add, other = openvino_engine.add_generator, make_model(scale=2, seed=1).generator
    monkeypatch.setattr(openvino_engine, "add_generator", lambda graph, _, name: add(graph, other, name))

    with pytest.raises(ConfigError, match="does not compute what torch computes with this network; choose --engine"):
        make_engine(tiny.generator, "openvino", "cpu", "fp32")


def test_weights_that_give_no_numbers_fail_the_picture(tiny):
    engine = make_engine(tiny.generator, "openvino", "cpu", "fp32")

    with pytest.raises(ImageError, match="not finite"):
        engine(torch.full((1, 3, 32, 32), torch.inf))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on memory")
@pytest.mark.parametrize("threads", [1, 2])
def test_too_little_memory_is_told_and_smaller_tiles_still_work(threads):
    program = """
import resource, sys, torch
from srgan import Model, Upscale
from srgan.engines import make_engine
torch.set_num_threads(int(sys.argv[1]))
engine = make_engine(Model(Upscale(scale=2)).generator, "openvino", "cpu", "fp32")
engine(torch.rand(1, 3, 64, 64))
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + 300_000_000,) * 2)
try:
    engine(torch.rand(1, 3, 3200, 3200))
except torch.OutOfMemoryError as error:
    print(error)
print(engine(torch.rand(1, 3, 64, 64)).shape)
"""
    ended = subprocess.run([sys.executable, "-c", program, str(threads)], capture_output=True, text=True)

    said, shape = ended.stdout.splitlines()
    assert said.startswith("Failed to allocate "), ended.stderr
    assert shape == "torch.Size([1, 3, 128, 128])"


def test_nothing_is_reported_to_anyone_and_nothing_is_said(tiny, caplog):
    with caplog.at_level(logging.WARNING):
        make_engine(tiny.generator, "openvino", "cpu", "fp32")

    assert not caplog.records
    program = "from srgan.engines import openvino_engine; openvino_engine.imported(); import openvino_telemetry"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "import of openvino_telemetry halted" in ended.stderr


def test_where_it_is_missing_the_message_says_how_to_get_it(tiny, monkeypatch):
    monkeypatch.setattr(openvino_engine, "available", lambda: False)

    with pytest.raises(ConfigError, match=r"^the engine openvino is not installed: pip install 'srgan\[openvino\]'$"):
        make_engine(tiny.generator, "openvino", "cpu", "fp32")
