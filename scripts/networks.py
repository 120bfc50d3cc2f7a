"""The curve that the default network was chosen from: PSNR after equal training against pixels a second.

python scripts/networks.py --data TRAIN --val VAL --out runs/networks [--steps 500] > docs/NETWORKS.md
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

import srgan
from srgan.engines import keep_freed_memory, make_engine
from srgan.model import multiply_adds
from srgan.restoration import restore_batch

CANDIDATES = (
    {"name": "compact", "width": 64, "depth": 11, "fold": 1},
    {"name": "compact", "width": 128, "depth": 10, "fold": 2},
    {"name": "compact", "width": 96, "depth": 19, "fold": 2},
    {"name": "compact", "width": 128, "depth": 5, "fold": 2},
)


def megapixels_a_second(model: srgan.Model) -> float:
    """Output pixels a second of the engine with its tiles on a 768x512 picture, median of 7."""
    engine = make_engine(model.generator)
    picture = torch.rand(1, 3, 512, 768)
    seconds = []
    for _ in range(8):
        started = time.perf_counter()
        restore_batch(model, picture, engine=engine)
        seconds.append(time.perf_counter() - started)
    return picture[0, 0].numel() * model.task.scale**2 / statistics.median(seconds[1:]) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--scale", type=int, default=4)
    arguments = parser.parse_args()
    keep_freed_memory()
    steps = arguments.steps
    config = srgan.TrainConfig(
        steps=steps,
        optimizer="adam",
        learning_rate=1e-3,
        warmup=100,
        log_every=100,
        checkpoint_every=steps,
        validate_every=steps,
    )
    print("# Networks\n\nMade by `scripts/networks.py`: equal steps, equal data, one machine, one run.\n")
    print(f"| network | params | multiply-adds / input pixel | PSNR after {steps} steps [dB] | output MP/s |")
    print("|---|---|---|---|---|")
    for network in CANDIDATES:
        model = srgan.Model(srgan.Upscale(scale=arguments.scale), network)
        options = ", ".join(f"{key} {value}" for key, value in network.items() if key != "name")
        run = arguments.out / options.replace(", ", "-").replace(" ", "")
        trained = srgan.train(model, arguments.data, run, config)
        psnr = srgan.evaluate(trained, arguments.val, metrics=("psnr",), baselines=False)["mean"]["psnr"]
        params = sum(p.numel() for p in trained.parameters())
        speed = megapixels_a_second(trained)
        row = f"{params / 1e6:.2f} M | {multiply_adds(trained) / 1e6:.3f} M | {psnr:.3f} | {speed:.1f}"
        print(f"| {network['name']} ({options}) | {row} |", flush=True)


if __name__ == "__main__":
    main()
