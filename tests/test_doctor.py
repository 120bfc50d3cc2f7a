"""The doctor says what there is, and every problem comes with a fix."""

import builtins
import importlib.metadata

import pytest
import torch

from srgan import doctor, engines
from srgan.doctor import examine
from srgan.engines import openvino_engine


def findings():
    return {(finding.about, finding.said): finding.fix for finding in examine(seconds=0.0)}


def said_of(about):
    return [(said, fix) for (name, said), fix in findings().items() if name == about]


def test_what_matters_is_looked_at():
    assert {about for about, _ in findings()} == {"python", "torch", "torchvision", "memory", "codecs", "engine", "CPU"}


@pytest.mark.parametrize(("bf16", "numbers"), [(2.0, "bf16"), (0.1, "fp32")])
def test_the_engine_and_its_numbers_are_explained(monkeypatch, tmp_path, bf16, numbers):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(openvino_engine, "available", lambda: False)
    found = {"fp32 channels_last": 0.5, "bf16 channels_last": bf16}
    monkeypatch.setattr(engines.numbers, "_measured", lambda device: found.items())
    monkeypatch.setattr(engines.numbers, "computes", lambda device, dtype: dtype is not torch.float16)

    assert said_of("engine") == [
        (f"torch on cpu in {numbers}; measured once, in TFLOP/s: fp32 0.5, bf16 {bf16:g}", ""),
        ("openvino would be faster on many CPUs: pip install 'srgan[openvino]'", ""),
    ]


def test_a_torchvision_that_does_not_fit_is_found(monkeypatch):
    importing = builtins.__import__

    def broken(name, *rest):
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    ((said, fix),) = said_of("torchvision")
    assert "does not fit torch" in said and fix.startswith("install torch and torchvision together")


def test_a_missing_torchvision_is_found(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", missing)
    assert said_of("torchvision") == [("is missing: no LPIPS, no perceptual losses", "pip install torchvision")]


def test_too_little_memory_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_MEMORY", 1e18)
    ((_, fix),) = said_of("memory")
    assert "--tile" in fix


def test_the_speed_is_measured():
    finding = doctor.speed(0.1)
    assert finding.about == "speed" and float(finding.said.split()[1]) > 0
