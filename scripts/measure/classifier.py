"""Trains a small classifier of labelled pictures, by which `srgan eval` judges what a generator makes of noise.

    python scripts/measure/classifier.py t10k-images-idx3-ubyte.gz digits.safetensors

A tenth of the pictures, chosen by their names, is held out, unless --held names others; the share of these that is
named rightly is printed, and kept in the file.
"""

import argparse
import logging
from pathlib import Path

from srgan.data.pictures import load_pictures
from srgan.data.sources import classes_of, sources, split
from srgan.evaluation.classifier import accuracy, learn, save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder with a sub-folder a class, labelled set, or its name")
    parser.add_argument("out", type=Path)
    parser.add_argument("--held", help="pictures to judge it by; all of the data are learnt from then")
    parser.add_argument("--epochs", type=int, default=4)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    every = sources(given.data)
    learnt, held_out = (every, sources(given.held)) if given.held else split(every)
    classifier = learn(load_pictures(learnt), classes_of(every), epochs=given.epochs)
    right = accuracy(classifier, load_pictures(held_out))
    save(classifier, given.out, {"accuracy": right, "learnt": len(learnt), "held out": len(held_out)})
    print(f"{given.out}: right on {right:.2%} of {len(held_out)} pictures held out")


if __name__ == "__main__":
    main()
