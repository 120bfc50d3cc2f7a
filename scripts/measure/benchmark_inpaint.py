"""How fast holes in 12-megapixel photographs are filled, with texture and without, beside OpenCV's Telea, in one run.

    python scripts/measure/benchmark_inpaint.py --data DIR [--model inpaint] [--pictures 3] [--rounds 3]

The photographs are the first of DIR, enlarged to 4000 x 3000 px; strokes and boxes cover 1, 10 and 40 % of each.
Medians of the rounds, in megapixels of the whole picture a second; reading and writing files is left out.
"""

import argparse
import dataclasses
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch

import srgan
from srgan.engines import make_engine
from srgan.engines.memory import keep_freed_memory
from srgan.images.find import find
from srgan.inference.picture import restore_image
from srgan.inference.tiled import Run
from srgan.tasks.degrade.holes import HOLES, draw

WIDTH, HEIGHT = 4000, 3000
SHARES = (0.01, 0.10, 0.40)


def megapixels_a_second(fill: Callable[[np.ndarray, np.ndarray], object], photos: list, masks: list) -> float:
    started = time.perf_counter()
    for photo, mask in zip(photos, masks, strict=True):
        fill(photo, mask)
    return len(photos) * WIDTH * HEIGHT / 1e6 / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--model", default="inpaint")
    parser.add_argument("--pictures", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    keep_freed_memory()
    model = srgan.load(arguments.model)
    engine = make_engine(model.generator)
    cores = torch.get_num_threads()
    paths = [arguments.data / name for name in find(arguments.data)][: arguments.pictures]
    photos = [cv2.resize(srgan.read(path).rgb, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC) for path in paths]
    with ThreadPoolExecutor(cores, "tile", torch.set_num_threads, (1,)) as workers:
        run = Run(model=model, engine=engine, workers=workers)
        alone = dataclasses.replace(run, model=model.asked(texture=0.0))
        ways: dict[str, Callable[[np.ndarray, np.ndarray], object]] = {
            model.task.name: lambda photo, mask: restore_image(run, srgan.Image(photo), mask),
            "--texture 0": lambda photo, mask: restore_image(alone, srgan.Image(photo), mask),
            "telea": lambda photo, mask: cv2.inpaint(photo, mask, 3, cv2.INPAINT_TELEA),
        }
        print("| masked | " + " | ".join(ways) + " | ratio |\n|---|" + "---|" * (len(ways) + 1))
        for share in SHARES:
            holes = dataclasses.replace(HOLES["medium"], coverage=share, stroke=(0.01, 0.03), box=(0.02, 0.08))
            masks = [draw(holes, HEIGHT, WIDTH, np.random.default_rng([0, i])) for i in range(len(photos))]
            rates = [
                [megapixels_a_second(way, photos, masks) for way in ways.values()] for _ in range(arguments.rounds)
            ]
            medians = [statistics.median(column) for column in zip(*rates, strict=True)]
            cells = " | ".join(f"{median:.2f}" for median in medians)
            print(f"| {np.mean(masks):.0%} | {cells} | {medians[0] / medians[-1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
