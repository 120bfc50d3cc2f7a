"""Several processes make the steps of one that learns from the same whole batches."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from srgan.data.samples import write_samples
from srgan.errors import ConfigError
from srgan.training.together import Together

ADVERSARY = {"adversarial": 0.1, "game": "relativistic", "r1": 0.01, "r1_every": 2, "discriminator_width": 8}
PLAIN = {"optimizer": "sgd", "discriminator_optimizer": "sgd"}
"""Adam's first steps are as long for what is only rounded as for what matters."""

SMALL = {
    **{"width": 8, "depth": 2, "steps": 20, "crop": 16, "batch": 4, "warmup": 2, "learning_rate": 1e-2},
    **{"log_every": 10, "checkpoint_every": 10, "precision": "fp32", "device": "cpu"},
}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    write_samples(folder)
    return folder


def command(task, photos, out, processes, settings):
    words = [f"--set={name}={value}" for name, value in {**SMALL, **settings}.items()]
    return [
        *(sys.executable, "-P", "-m", "srgan", "train", task, "--data", str(photos), "--out", str(out), "--quiet"),
        *(*words, "--processes", str(processes)),
    ]


def trained(task, photos, out, processes, settings):
    done = subprocess.run(command(task, photos, out, processes, settings), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return load_file(out / "model.safetensors"), json.loads((out / "log.jsonl").read_text().splitlines()[-1])


def apart(one, other):
    return max((one[name] - other[name]).abs().max().item() for name in one)


@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("upscale", {"scale": 2, **ADVERSARY}),
        pytest.param("upscale", {"scale": 2}, marks=pytest.mark.slow),
        pytest.param(
            "inpaint",
            {"network": "unet", "levels": 2, "fold": 1, "crop": 32, **ADVERSARY, "game": "hinge", **PLAIN},
            marks=pytest.mark.slow,
        ),
        pytest.param("generate", {"network": "mlp", "scale": 8, "depth": 3}, marks=pytest.mark.slow),
    ],
    ids=["with an adversary", "without", "with holes", "of noise"],
)
def test_two_processes_make_the_steps_of_one(task, settings, photos, tmp_path):
    (alone, line), (both, told) = (trained(task, photos, tmp_path / str(n), n, settings) for n in (1, 2))

    assert apart(alone, both) < 1e-5
    for name in ("steps_per_second", "shares", "spread"):  # how far pictures differ is seen within each share
        line.pop(name, None), told.pop(name, None)
    assert told == pytest.approx(line, rel=1e-3, abs=1e-6)


@pytest.mark.slow
def test_58_a_process_that_dies_is_begun_again_from_the_last_checkpoint(photos, tmp_path):
    settings = {"scale": 2, **ADVERSARY, "steps": 400}
    whole, _ = trained("upscale", photos, tmp_path / "whole", 2, settings)

    out = tmp_path / "killed"
    process = subprocess.Popen(command("upscale", photos, out, 2, settings), stderr=subprocess.PIPE, text=True)
    while not (out / "state.pt").exists():
        assert process.poll() is None
    os.kill(_of_rank(1, out), signal.SIGKILL)
    _, said = process.communicate()

    assert process.returncode == 0, said
    assert "continues at step" in said
    assert apart(whole, load_file(out / "model.safetensors")) == 0


def _of_rank(rank: int, out: Path) -> int:
    """The process of that rank that trains into a folder."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            about, words = (folder / "environ").read_bytes().split(b"\0"), (folder / "cmdline").read_bytes()
        except OSError:  # it has ended, or is nobody's business
            continue
        if f"RANK={rank}".encode() in about and bytes(out) in words:
            return int(folder.name)
    raise AssertionError(f"no process of rank {rank}")


def test_a_batch_that_cannot_be_shared_is_refused():
    processes = Together()
    processes.check(3, 5.0)
    processes.count = 2
    with pytest.raises(ConfigError, match=r"^batch=3: 2 processes share each batch equally: give a multiple$"):
        processes.check(3, 0.0)
    with pytest.raises(ConfigError, match=r"^minutes: each of several processes would measure another number of steps"):
        processes.check(4, 5.0)


def test_one_process_alone_has_the_whole_batch():
    alone, batch = Together(), torch.rand(3, 1, 2, 2)

    assert alone.first
    assert alone.share(batch) is batch and alone.gathered(batch) is batch and alone.mean(batch) is batch
