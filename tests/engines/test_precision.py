"""The most exact precision is taken that is not much slower, as measured once on this device."""

import json

import pytest
import torch

from srgan.engines import ENGINES, make_engine, precision
from srgan.engines.cache import keep, kept_json
from srgan.engines.precision import choose_precision, rates
from srgan.errors import ConfigError
from srgan.inference import config

CPU = torch.device("cpu")


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Sets what a measurement finds, and counts how often one is made."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls = []

    def find(**found):
        def measure(device):
            calls.append(device)
            return [(name.replace("_", " ", 1), rate) for name, rate in found.items()]

        monkeypatch.setattr(precision, "_measured", measure)
        dtypes = {precision.DTYPES[name.split("_")[0]] for name in found}
        monkeypatch.setattr(precision, "computes", lambda device, dtype: dtype in dtypes)
        return calls

    return find


@pytest.mark.parametrize(
    ("found", "chosen"),
    [
        ({"fp32_channels_last": 1.0, "bf16_channels_last": 2.0}, torch.bfloat16),
        ({"fp32_channels_last": 1.0, "bf16_channels_last": 1.1}, torch.float32),
        ({"fp32_channels_last": 1.0, "bf16_channels_last": 0.1}, torch.float32),
        ({"fp32_channels_last": 1.0, "bf16_channels_last": 8.0, "fp16_channels_last": 8.5}, torch.bfloat16),
        ({"fp32_channels_last": 1.0, "bf16_channels_last": 0.5, "fp16_channels_last": 4.0}, torch.float16),
        ({"fp32_channels_last": 1.0}, torch.float32),
    ],
)
def test_the_most_exact_precision_that_is_not_much_slower_is_taken(measured, found, chosen):
    measured(**found)

    assert choose_precision(CPU).dtype is chosen


def test_pixels_lie_channel_by_channel_only_where_that_is_much_faster(measured):
    measured(fp32_channels_last=1.0, fp32_channels_first=1.1, bf16_channels_last=2.0, bf16_channels_first=4.0)

    assert choose_precision(CPU, "fp32").memory_format is torch.channels_last
    assert choose_precision(CPU, "bf16").memory_format is torch.contiguous_format


def test_a_device_is_measured_once(measured):
    calls = measured(fp32_channels_last=1.0)

    first = rates(CPU)
    precision._kept_rates.cache_clear()  # as in the next process

    assert rates(CPU) == first == {"fp32 channels_last": 1.0}
    assert len(calls) == 1


def test_a_damaged_measurement_is_made_again(measured):
    measured(fp32_channels_last=1.0)
    rates(CPU)
    kept = kept_json(precision._FILE)
    keep(precision._FILE, json.dumps(dict.fromkeys(kept, 5)).encode())
    precision._kept_rates.cache_clear()  # as in the next process

    assert rates(CPU) == {"fp32 channels_last": 1.0}


def test_what_was_measured_is_read_once_a_process(measured, monkeypatch):
    measured(fp32_channels_last=1.0)
    rates(CPU)
    monkeypatch.setattr(precision, "kept_json", None)

    assert rates(CPU) == {"fp32 channels_last": 1.0}


def test_a_precision_that_a_device_cannot_compute_in_is_refused(measured):
    measured(fp32_channels_last=1.0)

    with pytest.raises(ConfigError, match=r"^precision 'fp16': cpu does not compute in it; choose auto$"):
        choose_precision(CPU, "fp16")


@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_takes_a_precision_whose_convolutions_fail_here(monkeypatch, tiny, engine):
    """As bf16 does on CPUs with AVX2 alone, whatever was measured before and lies in the cache."""
    rates(CPU)

    def lacking(layer, x):
        if x.dtype is torch.bfloat16:
            raise RuntimeError("mkldnn_convolution: bf16 path needs the cpu support avx_ne_convert or avx512bw")

    monkeypatch.setattr(precision, "_convolve", lacking)

    with pytest.raises(ConfigError, match=r"^precision 'bf16': cpu does not compute in it; choose auto$"):
        make_engine(tiny.generator, engine, "cpu", "bf16")
    assert choose_precision(CPU).dtype is torch.float32


def test_an_unknown_precision_is_refused():
    with pytest.raises(ConfigError, match=r"^precision 'half': choose auto, fp32, bf16 or fp16$"):
        choose_precision(CPU, "half")


def test_this_machine_is_measured():
    found = rates(CPU)

    assert found["fp32 channels_last"] > 0
    assert set(found) <= {f"{name} {format}" for name in precision.DTYPES for format in precision.FORMATS}


def test_a_folder_run_may_ask_for_all_there_is():
    assert ("auto", *ENGINES) == config.ENGINES
    assert ("auto", *precision.DTYPES) == config.PRECISIONS
