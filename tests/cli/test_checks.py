"""The doctor says what there is, and every problem comes with a fix."""

import builtins
import importlib.metadata

import numpy as np
import pytest
import torch

from srgan.cli import checks
from srgan.cli.checks import examine
from srgan.engines import openvino_engine
from srgan.engines.choice import Way, best
from srgan.images.image import Image


def findings():
    return {(finding.about, finding.said): finding.fix for finding in examine(seconds=0.0)}


def said_of(about):
    return [(said, fix) for (name, said), fix in findings().items() if name == about]


def test_what_matters_is_looked_at():
    assert {about for about, _ in findings()} == {
        *("python", "torch", "torchvision", "memory", "cache", "codecs", "engine", "CPU", "")
    }


@pytest.mark.parametrize(("bf16", "precision"), [(2.0, "bf16"), (0.1, "fp32")])
def test_the_engine_and_its_precision_are_explained(monkeypatch, tmp_path, bf16, precision):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(openvino_engine, "available", lambda: False)
    monkeypatch.setattr(checks, "vulkan_devices", lambda: ["Radeon"])
    rates = {Way("torch", "fp32"): 0.5, Way("ncnn", "bf16"): bf16}
    monkeypatch.setattr(checks, "compared", lambda *_: (best(rates), rates))

    engine = "ncnn" if precision == "bf16" else "torch"
    assert said_of("engine") == [
        (
            f"{engine} on cpu in {precision} for upscale-x4: the most exact that is not 1.2 times slower than others; "
            "measured once:",
            "",
        ),
        ("the engine openvino is not installed: pip install 'srgan[openvino]'", ""),
        ("--device vulkan:0 is Radeon", ""),
    ]
    assert sorted(said_of("")) == sorted(
        [
            ("torch fp32 channels_last        8.00 output megapixels a second, each core", ""),
            (f"{'ncnn bf16':28}{16 * bf16:8.2f} output megapixels a second, each core", ""),
        ]
    )


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
    version = importlib.metadata.version

    def missing(name):
        if name == "torchvision":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(checks.importlib.metadata, "version", missing)
    assert said_of("torchvision") == [("is missing: no LPIPS, no perceptual losses", "pip install torchvision")]


def test_too_little_memory_is_found(monkeypatch):
    monkeypatch.setattr(checks, "LEAST_MEMORY", 1e18)
    ((_, fix),) = said_of("memory")
    assert "--tile" in fix


def test_a_cache_that_cannot_be_written_is_found(monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))

    ((said, fix),) = said_of("cache")

    assert said == f"{tmp_path}/file/srgan cannot be written: Not a directory"
    assert "XDG_CACHE_HOME" in fix


@pytest.mark.parametrize(("pixels_a_second", "side"), [(1e3, 64), (1e5, 256), (1e8, 512)])
def test_the_speed_is_measured_in_the_time_given_on_machines_of_all_kinds(monkeypatch, pixels_a_second, side):
    now, sides = [0.0], []

    def restored(run, picture):
        sides.append(picture.width)
        now[0] += picture.width * picture.height / pixels_a_second
        return Image(np.zeros((4 * picture.height, 4 * picture.width, 3), np.uint8))

    monkeypatch.setattr(checks, "restore_image", restored)
    monkeypatch.setattr(checks.time, "perf_counter", lambda: now[0])

    finding = checks.speed(5.0)

    assert max(sides) == side
    assert now[0] < 5.0
    assert finding.said.startswith(f"upscale-x4: {16 * pixels_a_second / 1e6:.1f} output megapixels a second (")
