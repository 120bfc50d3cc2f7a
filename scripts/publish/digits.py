"""Judges the weights that make digits, writes what the classifier says into their metadata, and ships them.

    python scripts/publish/digits.py RUN/model.safetensors CLASSIFIER HELD

HELD are digits that neither has learnt from. `scripts/reproduce/digits-dcgan` makes all three.
"""

import argparse
from pathlib import Path

from insert import insert
from release import QUALITY, WEIGHTS, list_all

import srgan
from srgan.data.pictures import load_pictures
from srgan.evaluation.classifier import accuracy
from srgan.evaluation.classifier import load as load_classifier
from srgan.evaluation.samples import judge
from srgan.models.file import load, save

NAME, BENCH = "digits-dcgan", "MNIST, 1,000 held out"


def table() -> str:
    """What the classifier said of the samples, from the weights' own header."""
    told = srgan.describe(NAME)["scores"][BENCH]
    return (
        "| | classifier right on real digits | rarest class | sure | as asked | distance |\n|---|---|---|---|---|---|\n"
        f"| `{NAME}` | {told['classifier']:.1%} | {told['rarest']:.1%} | {told['sure']:.1%} | {told['as_asked']:.1%} "
        f"| {told['distance']:.1f} |\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("classifier", type=Path)
    parser.add_argument("held", type=Path)
    given = parser.parse_args()
    path, classifier = WEIGHTS / f"{NAME}.safetensors", load_classifier(given.classifier)
    save(load(given.model), path, half=True)
    model = load(path)
    told = judge(model, classifier, given.held)
    scores = {name: told[name] for name in ("count", "sure", "as_asked", "distance")}
    scores |= {"rarest": min(told["shares"].values()), "classifier": accuracy(classifier, load_pictures(given.held))}
    save(model, path, card={**model.card, "scores": {BENCH: scores}}, half=True)
    list_all()
    insert(QUALITY, "generate", table())
    print(scores)


if __name__ == "__main__":
    main()
