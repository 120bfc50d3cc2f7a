"""Moves fine-tuned weights along with what they were tuned from, where that has learnt more: NEW + (TUNED - OLD).

    python scripts/reproduce/move.py OLD TUNED NEW OUT

Paper: Ilharco et al. 2023, "Editing Models with Task Arithmetic", arXiv:2212.04089 (Sec. 2).
"""

import argparse
from pathlib import Path

from srgan.models.file import load, save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("old", "tuned", "new", "out"):
        parser.add_argument(name, type=Path)
    arguments = parser.parse_args()
    tuned = load(arguments.tuned)
    old, moved, new = (load(path).generator.state_dict() for path in (arguments.old, arguments.tuned, arguments.new))
    tuned.generator.load_state_dict({name: new[name] + (moved[name] - old[name]) for name in new})
    save(tuned, arguments.out)


if __name__ == "__main__":
    main()
