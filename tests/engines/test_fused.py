"""Fused layers give what the plain ones give."""

import copy

import pytest
import torch

from srgan.engines.fused import fuse
from srgan.engines.precision import DTYPES
from srgan.networks import NETWORKS
from srgan.networks.network import ConvReLU, Residual
from tests.precisions import PRECISIONS

needs_the_operation = pytest.mark.skipif(
    not hasattr(torch.ops.mkldnn, "_convolution_pointwise"), reason="this torch has no fused convolution"
)


@needs_the_operation
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("network", NETWORKS)
def test_a_fused_generator_gives_the_pixels_of_the_plain_one(make_model, network, precision):
    dtype, apart = {"fp32": (torch.float32, 1e-5), "bf16": (torch.bfloat16, 0.02)}[precision]
    plain = make_model(network=network, scale=2).generator.to(dtype)
    fused = copy.deepcopy(plain)
    x = torch.rand(1, 3, 32, 48).to(dtype, memory_format=torch.channels_last)

    fuse(fused)

    assert not any(isinstance(module, (ConvReLU, Residual)) for module in fused.modules())
    with torch.inference_mode():
        torch.testing.assert_close(fused(x), plain(x), atol=apart, rtol=apart)


@needs_the_operation
@pytest.mark.parametrize("precision", PRECISIONS)
def test_fusing_leaves_nothing_negative(precision):
    dtype = DTYPES[precision]
    layers = torch.nn.Sequential(ConvReLU(4, 4, 3, padding=1)).to(dtype)
    fuse(layers)

    with torch.inference_mode():
        y = layers(torch.randn(1, 4, 8, 8).to(dtype, memory_format=torch.channels_last))

    assert y.min() == 0
    assert y.max() > 0


def test_without_the_operation_the_plain_layers_stay(monkeypatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    layers = torch.nn.Sequential(ConvReLU(4, 4, 3, padding=1))

    fuse(layers)

    assert isinstance(layers[0], ConvReLU)
