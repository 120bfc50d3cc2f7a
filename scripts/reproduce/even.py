"""Gives a U-Net of two phases one, the mean of its own, from which to train on.

    python scripts/reproduce/even.py WEIGHTS OUT

What a hole is filled with then repeats no more with the periods of the levels (`srgan/networks/unet.py`).
"""

import argparse
from pathlib import Path

from srgan.models.file import load, save
from srgan.models.model import Model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    trained = load(arguments.weights)
    even = Model(trained.task, {**trained.network, "phases": 1})
    even.card, even.fresh = trained.card, False
    even.generator.load_state_dict(
        {
            name: weight.mean(dim=(2, 3), keepdim=True) if name.startswith("up.") and weight.ndim > 1 else weight
            for name, weight in trained.generator.state_dict().items()
        }
    )
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save(even, arguments.out)


if __name__ == "__main__":
    main()
