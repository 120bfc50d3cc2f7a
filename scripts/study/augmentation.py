"""Whether digits made of noise help a classifier that has few real ones: held-out accuracy, with and without them.

    python scripts/study/augmentation.py LEARN HELD OUT

LEARN and HELD are labelled sets, as `scripts/reproduce/idx.py` cuts them of MNIST. For each number of digits a class
and each seed, so many are drawn of LEARN; a conditional generator learns from these alone, and so does a classifier.
Another learns from as many made digits beside them, for as many steps. The generator sees no digit that the classifier
does not see, so that nothing is gained but what it makes of them. Prints a table; runs in OUT are not run again.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import torch

from srgan.data.pictures import Pictures, load_pictures
from srgan.data.sources import Source, classes_of, sources
from srgan.evaluation.classifier import accuracy, learn
from srgan.evaluation.samples import sampled
from srgan.inference.noise import classes_asked
from srgan.training.config import configure
from srgan.training.loop import train

STEPS = 400
GENERATOR = {"grey": True, "steps": 1000, "validate_every": 1000, "checkpoint_every": 1000, "ema": 0.99}


def drawn(every: list[Source], count: int, seed: int) -> list[Source]:
    """So many of each class."""
    shuffled = [every[number] for number in np.random.default_rng(seed).permutation(len(every))]
    return [
        source
        for label in classes_of(every)
        for source in [source for source in shuffled if source.label == label][:count]
    ]


def made(few: list[Source], out: Path, seed: int) -> Pictures:
    """As many digits, by a generator that has seen these alone."""
    model, config = configure("generate", {**GENERATOR, "classes": ",".join(classes_of(few)), "seed": seed})
    model = train(model, few, out, config)
    levels = sampled(model, len(few), "cpu").mul(255).round().byte()
    return Pictures(list(levels), labels=tuple(classes_asked(model, range(len(few)))))


def right(pictures: Pictures, held: Pictures, seed: int) -> float:
    """The share of held-out digits that a classifier names which learns from the pictures."""
    classes = sorted(set(pictures.labels))
    epochs = max(1, round(STEPS * 64 / len(pictures.pictures)))
    return accuracy(learn(pictures, classes, epochs=epochs, seed=seed), held)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("learn", type=Path)
    parser.add_argument("held", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[20, 100, 500], help="real digits a class")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    torch.set_num_threads(1)
    every, held = sources(given.learn), load_pictures(given.held)
    print("| real digits a class | right without | with as many made | difference, by seed |\n|---|---|---|---|")
    for count in given.counts:
        pairs = []
        for seed in range(given.seeds):
            few = drawn(every, count, seed)
            real, more = load_pictures(few), made(few, given.out / f"{count}-{seed}", seed)
            both = Pictures([*real.pictures, *more.pictures], labels=(*real.labels, *more.labels))
            pairs.append((right(real, held, seed), right(both, held, seed)))
        cells = [f"{mean(values):.1%} ± {stdev(values):.1%}" for values in zip(*pairs, strict=True)]
        differences = ", ".join(f"{100 * (after - before):+.1f}" for before, after in pairs)
        print(f"| {count} | {cells[0]} | {cells[1]} | {differences} |", flush=True)


if __name__ == "__main__":
    main()
