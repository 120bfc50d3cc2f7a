"""A precision whose convolutions fail on a machine is taken for one that it has not."""

import pytest
import torch

from srgan.engines import make_engine, precision
from srgan.engines.choice import ENGINES, choose
from srgan.engines.precision import computes
from srgan.errors import ConfigError

CPU = torch.device("cpu")


@pytest.mark.parametrize("engine", ["torch", "openvino"])
def test_no_engine_takes_a_precision_whose_convolutions_fail_here(monkeypatch, tiny, engine):
    """As bf16 does on CPUs with AVX2 alone, whatever was measured before and lies in the cache."""
    pytest.importorskip(engine)

    def lacking(layer, x):
        if x.dtype is torch.bfloat16:
            raise RuntimeError("mkldnn_convolution: bf16 path needs the cpu support avx_ne_convert or avx512bw")

    monkeypatch.setattr(precision, "_convolve", lacking)

    with pytest.raises(ConfigError, match=rf"^precision 'bf16': {engine} on cpu does not compute in it; choose auto$"):
        make_engine(tiny.generator, engine, "cpu", "bf16")
    assert choose(tiny.generator, CPU, engine).precision != "bf16"
    assert "bf16" not in ENGINES[engine].precisions(CPU)


def test_every_cpu_computes_in_float32():
    assert computes(CPU, torch.float32)
