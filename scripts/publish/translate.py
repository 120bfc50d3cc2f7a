"""Judges what scripts/study/translate has learnt, on pairs that it has not seen, and shows it.

    python scripts/study/pairs.py KIND BENCH PAIRS
    srgan samples PHOTOS
    python scripts/study/pairs.py KIND PHOTOS SHOWN
    python scripts/publish/translate.py KIND PAIRS/GIVEN PAIRS/WANTED --show SHOWN/GIVEN SHOWN/WANTED --runs RUNS

KIND is night or edges; GIVEN and WANTED are the folders that pairs.py makes. Writes a table into docs/TRANSLATE.md, and
docs/KIND.jpg: of some photographs what is given, what L1 alone makes of it, what the game does, and what is wanted.
--ship NAME puts the weights of the game among those that ship, with their scores in their metadata.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from insert import insert
from release import ROOT, WEIGHTS, list_all

import srgan
from srgan.data.sources import Paired
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.file import load, save

METRICS = ("psnr", "lpips")
SHOWN = {"night": ("00004.png", "00002.png"), "edges": ("00000.png", "00003.png")}
"""Which of scikit-image's photographs: coffee and a cameraman; an astronaut and a cat."""

SIDE = 300
"""Of each their middle [px]."""


def table(scores: Mapping[str, Mapping[str, float]]) -> str:
    """A row for each way."""
    rows = [f"| {way} | {told['psnr']:.2f} | {told['lpips']:.4f} |" for way, told in scores.items()]
    return "\n".join(["| | PSNR [dB] | LPIPS |", "|---|---|---|", *rows]) + "\n"


def middle(pixels: np.ndarray) -> np.ndarray:
    top, left = ((length - SIDE) // 2 for length in pixels.shape[:2])
    return pixels[top : top + SIDE, left : left + SIDE]


def strip(name: str, folders: Sequence[Path], models: Sequence[srgan.Model]) -> np.ndarray:
    """What is given, what each model makes of it, and what is wanted, side by side."""
    given, wanted = (read(folder / name).rgb for folder in folders)
    return np.concatenate([middle(one) for one in (given, *(srgan.restore(m, given) for m in models), wanted)], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=list(SHOWN))
    parser.add_argument("given", type=Path)
    parser.add_argument("wanted", type=Path)
    parser.add_argument("--show", type=Path, nargs=2, required=True)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--ship", metavar="NAME")
    arguments = parser.parse_args()
    kind = arguments.kind
    paths = [arguments.runs / f"{kind}-{way}" / "model.safetensors" for way in ("l1", "game")]
    if arguments.ship:
        trained, paths[1] = load(paths[1]), WEIGHTS / f"{arguments.ship}.safetensors"
        save(trained, paths[1], half=True)
    models = [load(path) for path in paths]
    held = Paired(arguments.given, arguments.wanted)
    alone, game = (srgan.evaluate(model, held, metrics=METRICS) for model in models)
    if arguments.ship:
        scores = {f"Kodak24, {kind}": {"count": game["count"], **game["mean"], **game["baseline"]}}
        save(models[1], paths[1], card={**models[1].card, "scores": scores}, half=True)
        list_all()
    ways = {"as it is": game["baseline"]["identity"], "by L1 alone": alone["mean"], "by the game": game["mean"]}
    insert(ROOT / "docs" / "TRANSLATE.md", kind, table(ways))
    shown = np.concatenate([strip(name, arguments.show, models) for name in SHOWN[kind]])
    write(ROOT / "docs" / f"{kind}.jpg", Image(shown))
    print(table(ways))


if __name__ == "__main__":
    main()
