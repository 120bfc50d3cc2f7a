"""The doctor says what there is, and every problem comes with a fix."""

import builtins
import importlib.metadata

import pytest
import torch

from srgan import doctor
from srgan.doctor import examine


def findings():
    return {(finding.about, finding.said): finding.fix for finding in examine(seconds=0.0)}


def said_of(about):
    return [(said, fix) for (name, said), fix in findings().items() if name == about]


def test_what_matters_is_looked_at():
    assert {about for about, _ in findings()} == {"python", "torch", "torchvision", "memory", "codecs", "engine"}


@pytest.mark.parametrize("has, numbers", [({"amx_bf16": True}, "bf16"), ({}, "float32")])
def test_the_numbers_are_explained(monkeypatch, has, numbers):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    ((said, fix),) = said_of("engine")

    assert f"in {numbers}, for this CPU {'multiplies' if has else 'does not multiply'} bf16" in said and not fix


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
