"""Cases 52 to 58: weights that are none, and training that is cut short."""

import json
import logging
import pickle
import resource
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from srgan.errors import WeightsError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.file import load
from srgan.models.model import Model
from srgan.models.zoo import load as load_named
from srgan.tasks.upscale import Upscale
from srgan.training.config import TrainConfig
from srgan.training.loop import train

QUICK = {"batch": 4, "crop": 16, "precision": "fp32", "device": "cpu", "log_every": 10, "validate_every": 1000}


class _Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def _refusal(path):
    with pytest.raises(WeightsError) as caught:
        load_named(str(path))
    assert caught.value.exit_code == 4
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.pth", "a.ckpt", "a.pt", "a.safetensors"])
@pytest.mark.parametrize("zipped", [True, False])
def test_52_a_malicious_pickle(tmp_path, name, zipped):
    marker, path = tmp_path / "PWNED", tmp_path / name
    if zipped:
        torch.save(_Malicious(marker), path)
    else:
        path.write_bytes(pickle.dumps(_Malicious(marker)))

    _refusal(path)

    assert not marker.exists()


def test_53_a_zip_bomb_a_truncated_file_a_web_page_and_a_foreign_one(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "bomb.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", bytes(50_000_000))
    (tmp_path / "page.safetensors").write_bytes(b"<!DOCTYPE html><html>404</html>")
    whole = folder.weights.read_bytes()
    (tmp_path / "short.safetensors").write_bytes(whole[:-10])
    save_file({"conv_first.weight": torch.zeros(64, 3, 3, 3)}, tmp_path / "foreign.safetensors")
    tensors = load_file(folder.weights)
    tensors["head.bias"][0] = torch.nan
    header = json.loads(whole[8 : 8 + int.from_bytes(whole[:8], "little")])["__metadata__"]
    save_file(tensors, tmp_path / "nan.safetensors", header)

    reasons = {"foreign.safetensors": _refusal(tmp_path / "foreign.safetensors")}  # imports spandrel, where that is
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    reasons |= {name: _refusal(tmp_path / name) for name in ("bomb.pth", "page.safetensors", "short.safetensors")}
    reasons["nan.safetensors"] = _refusal(tmp_path / "nan.safetensors")

    assert "not a weights file that srgan wrote" in reasons["foreign.safetensors"]
    assert "not finite" in reasons["nan.safetensors"]
    assert "damaged" in reasons["short.safetensors"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # kB


def _abused(path, header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_54_abuse_of_safetensors(tmp_path):
    def tensor(start, stop, shape=(4,)):
        return {"dtype": "F32", "shape": shape, "data_offsets": [start, stop]}

    files = {
        "overlap": _abused(tmp_path / "1.safetensors", {"a": tensor(0, 16), "b": tensor(8, 24)}, bytes(24)),
        "hole": _abused(tmp_path / "2.safetensors", {"a": tensor(0, 16), "b": tensor(32, 48)}, bytes(48)),
        "shape": _abused(tmp_path / "3.safetensors", {"a": tensor(0, 16, (1 << 40,))}, bytes(16)),
        "trailing": _abused(tmp_path / "4.safetensors", {"a": tensor(0, 16)}, bytes(99)),
        "header": tmp_path / "5.safetensors",
    }
    files["header"].write_bytes((1 << 62).to_bytes(8, "little") + b"{}")

    for path in files.values():
        assert _refusal(path).startswith(f"{path}: ")


def _program(photos, out, **settings):
    words = [word for key, value in {**QUICK, **settings}.items() for word in ("--set", f"{key}={value}")]
    program = [sys.executable, "-c", "from srgan.cli import main; main()"]
    return [*program, "train", "upscale", "--data", photos, "--out", out, "--quiet", "--set", "scale=2", *words]


@pytest.mark.slow  # tests/training/test_loop.py kills one, too
@pytest.mark.parametrize("step", [20, 40])
def test_55_the_trainer_is_killed_and_continued(photos, tmp_path, step):
    settings = {"steps": 60, "batch": 16, "crop": 24, "width": 16, "depth": 3, "checkpoint_every": 20}
    subprocess.run(_program(photos, tmp_path / "whole", **settings), check=True)
    _killed(_program(photos, tmp_path / "cut", **settings), tmp_path / "cut", step)
    subprocess.run(_program(photos, tmp_path / "cut", **settings), check=True)

    whole, cut = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "cut"))
    assert all(torch.equal(whole[name], cut[name]) for name in whole)


def _step(run):
    """The last step that a run has logged, once it has a checkpoint."""
    try:
        last = (run / "log.jsonl").read_text().splitlines()[-1]
        return json.loads(last)["step"] if (run / "state.pt").exists() else 0
    except (OSError, ValueError, IndexError):
        return 0


def _killed(command, run, step):
    """Runs a command until it has logged that step, and kills it."""
    with subprocess.Popen(command) as process:
        while process.poll() is None and _step(run) < step:
            time.sleep(0.001)
        process.kill()
    assert process.returncode == -signal.SIGKILL


def _fresh():
    return Model(Upscale(scale=2), {"name": "compact", "width": 8, "depth": 1, "fold": 1})


def test_56_a_corrupt_training_picture(tmp_path, pixels, caplog):
    for number in range(120):
        write(tmp_path / "in" / f"{number:03}.png", Image(pixels(40, 40, seed=number)))
    (tmp_path / "in" / "bad.png").write_bytes((tmp_path / "in" / "000.png").read_bytes()[:100])
    config = TrainConfig(**QUICK, steps=10, checkpoint_every=10)

    with caplog.at_level(logging.WARNING):
        trained = train(_fresh(), tmp_path / "in", tmp_path / "run", config)

    assert "bad.png" in caplog.text
    assert trained.card["training"]["data"]["bad"] == 1
    again = train(_fresh(), tmp_path / "in", tmp_path / "again", config)
    assert all(torch.equal(a, b) for a, b in zip(trained.parameters(), again.parameters(), strict=True))


def test_57_a_full_disk_at_a_checkpoint(photos, tmp_path):
    command = _program(photos, tmp_path / "run", steps=60, width=48, depth=4, checkpoint_every=20)
    _killed(command, tmp_path / "run", 20)
    kept = (tmp_path / "run" / "model.safetensors").read_bytes()

    limit = (len(kept) // 2, len(kept) // 2)
    full = subprocess.run(
        command,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
        stderr=subprocess.PIPE,
        text=True,
    )

    assert full.returncode == 5, full.stderr
    assert "Traceback" not in full.stderr
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == kept
    load(tmp_path / "run" / "model.safetensors")


def test_57_a_loss_that_is_not_a_number_is_a_step_that_is_skipped(photos, tmp_path, monkeypatch):
    degrade, calls = Upscale.degrade, []

    def poisoned(task, clean, rng):
        calls.append(1)
        return degrade(task, clean, rng) * (np.nan if len(calls) == 3 else 1)

    monkeypatch.setattr(Upscale, "degrade", poisoned)

    trained = train(_fresh(), photos, tmp_path, TrainConfig(**QUICK, steps=10, checkpoint_every=10))

    assert all(torch.isfinite(parameter).all() for parameter in trained.parameters())
    assert json.loads((tmp_path / "log.jsonl").read_text())["skipped"] == 1


@pytest.mark.slow
def test_58_a_trainer_that_dies_while_it_writes_a_checkpoint(photos, tmp_path):
    """Training is one process: what dies is all of it, and the same command continues."""
    settings = {"steps": 40, "batch": 2, "crop": 12, "width": 64, "depth": 6, "checkpoint_every": 10}
    subprocess.run(_program(photos, tmp_path / "whole", **settings), check=True)
    run = tmp_path / "cut"
    with subprocess.Popen(_program(photos, run, **settings)) as process:
        while process.poll() is None and not list(run.glob(".srgan-*")):
            pass
        process.kill()
    assert process.returncode == -signal.SIGKILL
    subprocess.run(_program(photos, run, **settings), check=True)

    whole, cut = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "cut"))
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
