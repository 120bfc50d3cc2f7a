"""The curve that a task's network was chosen from: PSNR after equal training against pixels a second.

    python scripts/study/networks.py upscale --data TRAIN --val VAL --out runs/networks [--steps 500] |
        python scripts/publish/insert.py docs/NETWORKS.md upscale

Prints the task's table, a row for each network as it is done.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import candidates
import torch

import srgan
from srgan.engines import make_engine
from srgan.engines.memory import keep_freed_memory
from srgan.evaluation.cost import multiply_adds
from srgan.inference.tiled import Run, restore_batch
from srgan.networks import NETWORKS
from srgan.tasks import TASKS

CANDIDATES = {
    "upscale": (
        {"name": "compact", "width": 64, "depth": 11, "fold": 1},
        {"name": "compact", "width": 128, "depth": 10, "fold": 2},
        {"name": "compact", "width": 96, "depth": 19, "fold": 2},
        {"name": "compact", "width": 128, "depth": 5, "fold": 2},
    ),
    "inpaint": (
        {"name": "unet", "width": 32, "depth": 1, "levels": 4, "fold": 1},
        {"name": "unet", "width": 32, "depth": 1, "levels": 5, "fold": 1},
        {"name": "unet", "width": 32, "depth": 2, "levels": 5, "fold": 1},
        {"name": "unet", "width": 48, "depth": 2, "levels": 4, "fold": 2},
        {"name": "unet", "width": 64, "depth": 2, "levels": 4, "fold": 2},
        {"name": "gated", "width": 32, "depth": 1, "levels": 5, "fold": 1},
        {"name": "dilated", "width": 32, "depth": 1, "levels": 4, "fold": 1},
        {"name": "fourier", "width": 32, "depth": 1, "levels": 4, "fold": 1},
        {"name": "attention", "width": 32, "depth": 1, "levels": 4, "fold": 1},
    ),
    "denoise": (
        {"name": "compact", "width": 64, "depth": 15, "fold": 1},  # DnCNN's 17 layers
        {"name": "compact", "width": 96, "depth": 10, "fold": 2},  # FFDNet's 12
        {"name": "unet", "width": 64, "depth": 2, "levels": 3, "fold": 2},
        {"name": "unet", "width": 32, "depth": 2, "levels": 4, "fold": 1},
    ),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "upscale": {"batch": 16, "crop": 48},
    "denoise": {"batch": 8, "crop": 128, "learning_rate": 2e-3},
    "inpaint": {"batch": 8, "crop": 128, "learning_rate": 2e-3, "ema": 0.99},
}


def megapixels_a_second(model: srgan.Model) -> float:
    """Output pixels a second of the engine with its tiles on a 768x512 picture, median of 7."""
    engine = make_engine(model.generator)
    observed = model.task.observe(torch.rand(1, 3, 512 * model.task.scale, 768 * model.task.scale), 0)
    seconds = []
    for _ in range(8):
        started = time.perf_counter()
        restore_batch(Run(model=model, engine=engine), observed)
        seconds.append(time.perf_counter() - started)
    return observed[0, 0].numel() * model.task.scale**2 / statistics.median(seconds[1:]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=CANDIDATES)
    parser.add_argument("--data", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=500)
    arguments = parser.parse_args()
    keep_freed_memory()
    NETWORKS.update(candidates.NETWORKS)
    steps, task = arguments.steps, arguments.task
    config = srgan.TrainConfig(
        **SETTINGS[task],
        steps=steps,
        warmup=100,
        log_every=100,
        checkpoint_every=steps,
        validate_every=steps,
    )
    scored = f"PSNR{' of holes' * (task == 'inpaint')} after {steps} steps [dB]"
    print(f"| network | params | multiply-adds / input pixel | {scored} | output MP/s |\n|---|---|---|---|---|")
    for network in CANDIDATES[task]:
        model = srgan.Model(TASKS[task](), network)
        options = ", ".join(f"{key} {value}" for key, value in network.items() if key != "name")
        run = arguments.out / f"{network['name']}-{options.replace(', ', '-').replace(' ', '')}"
        trained = srgan.train(model, arguments.data, run, config)
        alone = trained.asked(texture=0.0) if task == "inpaint" else trained
        scores = srgan.evaluate(alone, arguments.val, metrics=("psnr",), baselines=False)
        psnr = scores.get("mean_hole", scores["mean"])["psnr"]
        params = sum(p.numel() for p in trained.parameters())
        speed = megapixels_a_second(trained)
        row = f"{params / 1e6:.2f} M | {multiply_adds(trained) / 1e6:.3f} M | {psnr:.3f} | {speed:.1f}"
        print(f"| {network['name']} ({options}) | {row} |", flush=True)


if __name__ == "__main__":
    main()
