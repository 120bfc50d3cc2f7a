"""What patches of a picture give to holes that a generator has filled.

    python scripts/study/texture.py --data FOLDER |
        python scripts/publish/insert.py docs/QUALITY.md texture

Scores the shipped weights `inpaint` as `srgan eval` does, at several values of `--texture`. Prints the table.
"""

import argparse
import dataclasses
from pathlib import Path

import srgan
from srgan.tasks.degrade.holes import HOLES

SHARES = (0.0, 0.5, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    data = parser.parse_args().data
    model = srgan.load("inpaint")
    print("| `--texture` | " + " | ".join(f"{holes} holes" for holes in HOLES) + " |\n|---|" + "---|" * len(HOLES))
    for share in SHARES:
        cells = []
        for holes in HOLES:
            model.task = dataclasses.replace(model.task, texture=share, holes=holes)
            mean = srgan.evaluate(model, data, metrics=["psnr", "ssim", "lpips"])["mean"]
            cells.append(f"{mean['psnr']:.2f} / {mean['ssim']:.4f} / {mean['lpips']:.4f}")
        print(f"| {share:g} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
