"""Puts what vivid weights have learnt on faithful ones that have learnt more since: NEW + SHARE x (TUNED - OLD) + ...

    python scripts/reproduce/move.py NEW OUT OLD TUNED SHARE [OLD TUNED SHARE ...]

TUNED was fine-tuned from OLD. Of several such games the mean is better than each: what one has made up on
its own the others have not. Papers: Ilharco et al. 2023, "Editing Models with Task Arithmetic", arXiv:2212.04089
(Sec. 2); Wortsman et al. 2022, "Model Soups", arXiv:2203.05482.
"""

import argparse
from pathlib import Path

from srgan.models.file import load, save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("learnt", nargs="+", metavar="OLD TUNED SHARE")
    arguments = parser.parse_args()
    if len(arguments.learnt) % 3:
        parser.error("give OLD, TUNED and SHARE of each")
    moved = load(arguments.new).generator.state_dict()
    for before, after, share in zip(*(arguments.learnt[place::3] for place in range(3)), strict=True):
        old, tuned = load(Path(before)).generator.state_dict(), load(Path(after))
        moved = {
            name: weights + float(share) * (tuned.generator.state_dict()[name] - old[name])
            for name, weights in moved.items()
        }
    tuned.generator.load_state_dict(moved)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save(tuned, arguments.out)


if __name__ == "__main__":
    main()
