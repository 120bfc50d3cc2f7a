"""A device is found by its name, or refused with what there is."""

import pytest
import torch

from srgan.engines import devices, make_engine, ncnn_engine
from srgan.engines.devices import choose_device, choose_devices
from srgan.errors import ConfigError

CPU = torch.device("cpu")


def test_several_devices_are_told_apart_by_commas():
    assert choose_devices("cpu, cpu") == [CPU, CPU]
    with pytest.raises(ConfigError, match="device 'gpu9' is not usable here"):
        choose_devices("cpu,gpu9")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        (["Radeon", "Arc"], r"vulkan:2' is not usable here \(ncnn sees: vulkan:0 Radeon, vulkan:1 Arc\); try cpu$"),
        ([], r"vulkan:2' is not usable here \(ncnn sees: none; is a driver there\?\); try cpu$"),
    ],
)
def test_a_vulkan_device_that_is_not_there_is_refused_with_those_that_are(monkeypatch, there, said):
    monkeypatch.setattr(devices, "available", lambda: True)
    monkeypatch.setattr(devices, "vulkan_devices", lambda: there)

    with pytest.raises(ConfigError, match=said):
        choose_device("vulkan:2")


def test_vulkan_without_ncnn_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(ncnn_engine, "available", lambda: False)
    monkeypatch.setattr(devices, "available", lambda: False)

    assert ncnn_engine.vulkan_devices() == []
    with pytest.raises(ConfigError, match=r"Vulkan needs the engine ncnn: pip install 'srgan\[ncnn\]'$"):
        choose_device("vulkan")


def test_torch_is_refused_on_vulkan_in_words(monkeypatch, tiny):
    monkeypatch.setattr(devices, "available", lambda: True)
    monkeypatch.setattr(devices, "vulkan_devices", lambda: ["Radeon"])

    with pytest.raises(ConfigError, match=r"^torch does not run on Vulkan: choose the engine ncnn, or auto$"):
        make_engine(tiny, "torch", "vulkan")
