"""Puts what vivid weights have learnt on faithful ones that have learnt more since: NEW + SHARE x (TUNED - OLD) + ...

    python scripts/reproduce/move.py NEW OUT OLD TUNED SHARE [OLD TUNED SHARE ...]

TUNED was fine-tuned from OLD. Of several such games the mean is better than each: what one has made up on its own the
others have not. Between scales the last convolution has another shape, and stays as it is in NEW.
Papers: Ilharco et al. 2023, "Editing Models with Task Arithmetic", arXiv:2212.04089 (Sec. 2); Wortsman et al. 2022,
"Model Soups", arXiv:2203.05482.
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
    model = load(arguments.new)
    moved = model.generator.state_dict()
    for before, after, share in zip(*(arguments.learnt[place::3] for place in range(3)), strict=True):
        game = load(Path(after))
        model.card = {name: game.card[name] for name in ("training", "licence") if name in game.card}
        model.card["moved"] = arguments.learnt[2::3]
        old, tuned = load(Path(before)).generator.state_dict(), game.generator.state_dict()
        for name in moved:
            if old[name].shape == moved[name].shape:
                moved[name] = moved[name] + float(share) * (tuned[name] - old[name])
    model.generator.load_state_dict(moved)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    save(model, arguments.out)


if __name__ == "__main__":
    main()
