"""The most exact way that is not much slower is taken, as measured once with this network on this machine."""

import json
import time

import pytest
import torch

from srgan.engines import choice, make_engine, ncnn_engine, openvino_engine
from srgan.engines.cache import keep, kept_json
from srgan.engines.choice import ENGINES, Way, best, choose, compared, lacking, ways
from srgan.engines.precision import DTYPES
from srgan.engines.torch_engine import TorchEngine
from srgan.errors import ConfigError
from srgan.inference import config

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.fixture
def torch_alone(monkeypatch):
    """A machine on which nothing else is installed, and torch computes in three precisions."""
    monkeypatch.setattr(openvino_engine, "available", lambda: False)
    monkeypatch.setattr(ncnn_engine, "available", lambda: False)
    monkeypatch.setattr(ENGINES["torch"], "precisions", staticmethod(lambda device: [*DTYPES]))


@pytest.fixture
def seconds(monkeypatch, torch_alone):
    """Sets how long an engine takes for a pixel in a precision, and counts the looks at each."""
    looks = {}

    def take(**each):
        now = [0.0]

        class Slow(TorchEngine):
            device, batch = CPU, 1

            def __init__(self, way):
                self.way = way

            def __call__(self, observed):
                looks[self.way] = looks.get(self.way, 0) + 1
                now[0] += each[f"{self.way.precision}_{self.way.format}"] * observed[0, 0].numel() * 1e-6

        monkeypatch.setattr(Way, "make", lambda way, generator, device: Slow(way))
        monkeypatch.setattr(choice, "_clock", lambda device: lambda: now[0])
        return looks

    return take


def taking(fp32, bf16, fp16=100.0, first=1.0):
    each = {"fp32": fp32, "bf16": bf16, "fp16": fp16}
    return {f"{name}_channels_last": took for name, took in each.items()} | {
        f"{name}_channels_first": first * took for name, took in each.items()
    }


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        (taking(1.0, 0.5), "bf16"),
        (taking(1.0, 0.9), "fp32"),
        (taking(1.0, 8.0), "fp32"),
        (taking(1.0, 0.125, 0.12), "bf16"),
        (taking(1.0, 2.0, 0.25), "fp16"),
    ],
)
def test_the_most_exact_precision_that_is_not_much_slower_is_taken(seconds, tiny, found, chosen):
    seconds(**found)

    assert choose(tiny.generator, CPU).precision == chosen


@pytest.mark.parametrize(("first", "chosen"), [(0.9, "channels_first"), (1.1, "channels_last")])
def test_the_faster_memory_format_is_taken(seconds, tiny, first, chosen):
    seconds(**taking(1.0, 1.0, first=first))

    assert choose(tiny.generator, CPU, precision="fp32").format == chosen


def test_the_fastest_engine_is_taken_in_the_precision_that_is():
    rates = {Way("torch", "fp32"): 1.0, Way("openvino", "fp32"): 1.1, Way("ncnn", "fp32"): 1.5}

    assert best(rates).engine == "ncnn"
    assert best(rates | {Way("torch", "bf16"): 1.7}) == Way("ncnn", "fp32")
    assert best(rates | {Way("torch", "bf16"): 2.0}) == Way("torch", "bf16")


def test_what_is_emulated_is_looked_at_once(seconds, tiny):
    looks = seconds(**taking(1.0, 1.0, 1e5))

    choose(tiny.generator, CPU)

    assert {count for way, count in looks.items() if way.precision == "fp16"} == {1}
    assert all(count > 2 * choice.LOOKS for way, count in looks.items() if way.precision == "fp32")


def test_what_others_compute_meanwhile_does_not_count():
    clock = choice._clock(CPU)
    if clock is time.perf_counter:
        pytest.skip("this system counts a process's time in large steps")
    started = clock()

    time.sleep(0.1)

    assert clock() - started < 0.05


def test_a_network_is_measured_once_on_a_machine_and_others_anew(seconds, tiny, make_model):
    looks = seconds(**taking(1.0, 0.5))
    first = choose(tiny.generator, CPU)
    count = sum(looks.values())

    assert choose(make_model(scale=2, seed=1).generator, CPU) == first
    assert sum(looks.values()) == count, "the same layers, with other weights"
    choose(make_model(scale=2, network="srresnet").generator, CPU)
    assert sum(looks.values()) > count


@pytest.mark.parametrize("damage", [5, [], ["torch fp8", {}], [3, 4]])
def test_a_damaged_measurement_is_made_again(seconds, tiny, damage):
    seconds(**taking(1.0, 0.5))
    chosen = choose(tiny.generator, CPU)
    keep(choice._FILE, json.dumps(dict.fromkeys(kept_json(choice._FILE), damage)).encode())

    assert choose(tiny.generator, CPU) == chosen


def test_an_engine_that_computes_something_else_is_left_out(seconds, tiny, monkeypatch):
    seconds(**taking(1.0, 0.5))
    make = Way.make

    def refusing(way, generator, device):
        if way.precision == "bf16":
            raise ConfigError("it does not compute what torch computes")
        return make(way, generator, device)

    monkeypatch.setattr(Way, "make", refusing)

    assert choose(tiny.generator, CPU).precision == "fp32"


def test_this_machine_is_measured(tiny):
    every = ways(tiny.generator, CPU)
    before = torch.get_rng_state()

    chosen, rates = compared(tiny.generator, CPU, every)

    assert torch.equal(torch.get_rng_state(), before)  # those are the caller's
    assert chosen in every
    assert set(rates) == set(every) and all(rate > 0 for rate in rates.values())
    assert compared(tiny.generator, CPU, every)[0] == chosen


def test_one_way_is_not_measured(tiny, monkeypatch):
    monkeypatch.setattr(choice, "_compared", None)

    assert choose(tiny.generator, CPU, "ncnn", "fp32") == Way("ncnn", "fp32")


def test_what_there_is_not_is_refused(tiny, torch_alone):
    with pytest.raises(ConfigError, match=r"^precision 'half': choose auto, fp32, bf16 or fp16$"):
        choose(tiny.generator, CPU, precision="half")
    with pytest.raises(ConfigError, match=r"^unknown engine 'tensorrt': choose auto or one of ncnn, openvino, torch$"):
        choose(tiny.generator, CPU, "tensorrt")
    assert set(lacking(tiny.generator, CPU)) == {"openvino", "ncnn"}


def test_a_network_that_bears_one_precision_alone_says_so(make_model):
    with pytest.raises(ConfigError, match=r"^precision 'bf16': choose auto or fp32$"):
        choose(make_model("generate", network="mlp").generator, CPU, precision="bf16")


def test_a_network_whose_layers_nobody_has_told_is_left_to_torch(make_model):
    assert choose(make_model("generate", network="mlp").generator, CPU) == Way("torch", "fp32", "channels_first")


def test_a_folder_run_may_ask_for_all_there_is():
    assert ("auto", *ENGINES) == config.ENGINES
    assert ("auto", *DTYPES) == config.PRECISIONS


def test_what_was_chosen_is_made(tiny):
    assert make_engine(tiny, "ncnn", "cpu").precision.dtype is torch.float32
