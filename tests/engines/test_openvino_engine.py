"""OpenVINO reports nothing to its makers; what it has in common with others is in test_engines.py."""

import logging
import subprocess
import sys

import pytest

from srgan.engines import make_engine, openvino_engine
from srgan.errors import ConfigError

# Not importorskip: a bare import reports to OpenVINO's makers.
pytestmark = pytest.mark.skipif(not openvino_engine.available(), reason="needs the extra openvino")


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
