"""What ncnn cannot run is refused in words; what it has in common with others is in test_engines.py."""

import pytest
import torch

from srgan.engines import make_engine, ncnn_engine
from srgan.errors import ConfigError

pytestmark = pytest.mark.skipif(not ncnn_engine.available(), reason="needs the extra ncnn")


def test_a_network_whose_layers_it_has_not_is_refused(make_model):
    with pytest.raises(ConfigError, match="a Mlp cannot be written layer by layer"):
        make_engine(make_model("generate", network="mlp"), "ncnn")


def test_what_it_has_not_is_refused_in_words(tiny, monkeypatch):
    assert ncnn_engine.NcnnEngine.lacks(tiny.generator, torch.device("cuda")) == (
        "the engine ncnn runs on cpu or vulkan, not on cuda"
    )
    with pytest.raises(ConfigError, match=r"^precision 'fp16': ncnn on cpu does not compute in it; choose auto$"):
        make_engine(tiny.generator, "ncnn", "cpu", "fp16")
    monkeypatch.setattr(ncnn_engine, "available", lambda: False)
    with pytest.raises(ConfigError, match=r"^the engine ncnn is not installed: pip install 'srgan\[ncnn\]'$"):
        make_engine(tiny.generator, "ncnn", "cpu", "fp32")
