"""Every game on the same digits, with equal steps and several seeds: a table, and what became of the same latents.

    python scripts/study/games.py LEARN HELD CLASSIFIER OUT [--steps 1000] [--seeds 3]

LEARN and HELD are digits to learn from and to judge by, as `scripts/reproduce/idx.py` cuts them, and CLASSIFIER is by
`scripts/measure/classifier.py`. Players, optimizers and learning rates are the same in all games, small, and without
classes; each game has only what belongs to it. A run that is there already is not run again, so the same command
continues. Prints the table; --picture FILE --show RUN RUN ... draws the same latents at each checkpoint of some runs.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

import srgan
from srgan.errors import TrainingError
from srgan.evaluation.classifier import Classifier, load
from srgan.evaluation.samples import judge
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.quota import keep_within_quota
from srgan.training.config import configure

PLAYERS = {
    **{"network": "dcgan", "width": 16, "discriminator_width": 16, "grey": True, "batch": 16, "ema": 0.99},
    **{"learning_rate": 1e-3, "discriminator_learning_rate": 2e-4, "r1": 0.0, "r1_every": 1},
}
FAST_DISCRIMINATOR = {"discriminator_learning_rate": 1e-3}
FAST_GENERATOR = {"learning_rate": 1e-2}
LINES, CHECKPOINTS = 20, 10
"""How many lines of its log, by which it is watched, and checkpoints a run has."""

GAMES: dict[str, dict[str, object]] = {
    **{game: {"game": game} for game in ("minimax", "non_saturating", "smoothed", "least_squares", "hinge")},
    **{game: {"game": game} for game in ("wasserstein_clipped", "wasserstein", "relativistic", "relativistic_paired")},
    "non_saturating, R1": {"game": "non_saturating", "r1": 0.05},
    "relativistic_paired, R1 and R2": {"game": "relativistic_paired", "r1": 0.05, "r2": 0.05},
    "minimax, fast discriminator": {"game": "minimax", **FAST_DISCRIMINATOR},
    "non_saturating, fast discriminator": {"game": "non_saturating", **FAST_DISCRIMINATOR},
    "minimax, fast generator": {"game": "minimax", **FAST_GENERATOR},
}
COVERED = 0.01
"""Share of the samples from which on a class counts as covered: a tenth of what it should have."""

SIDE, LATENTS, LARGER = 28, 3, 2
"""Side of a digit [px], how many latents of each run are drawn, and how many times as large."""

Outcome = Mapping[str, float | Mapping[str, float]]


def outcome(given: argparse.Namespace, classifier: Classifier, settings: Mapping[str, object], out: Path) -> Outcome:
    """What became of a run: how its samples compare, and how often the watch intervened."""
    told = out / "outcome.json"
    if not told.exists():
        every = {"log_every": given.steps // LINES, "checkpoint_every": given.steps // CHECKPOINTS}
        values = {**PLAYERS, **every, "steps": given.steps, "validate_every": given.steps, **settings}
        model, config = configure("generate", values)
        interventions = 0
        try:
            srgan.train(model, given.learn, out, config)
        except TrainingError as error:
            print(f"<!-- {error} -->", flush=True)
            interventions = 1  # the last, which gave up
        last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
        judged = judge(srgan.load(out / "model.safetensors"), classifier, given.held)
        interventions += last["skipped"] + last["rollbacks"]
        told.write_text(json.dumps(judged | {"interventions": interventions}))
    return json.loads(told.read_text())


def row(name: str, outcomes: Sequence[Outcome]) -> str:
    """A line of the table: every seed, in order."""
    distances = [one["distance"] for one in outcomes]
    shares = [one["shares"].values() for one in outcomes]
    cells = [
        f"{', '.join(f'{distance:.0f}' for distance in distances)} | {median(distances):.0f}",
        ", ".join(str(sum(share >= COVERED for share in one)) for one in shares),
        ", ".join(f"{100 * min(one):.1f}" for one in shares),
        ", ".join(str(one["interventions"]) for one in outcomes),
    ]
    return f"| {name} | {' | '.join(cells)} |"


def over_training(runs: Sequence[Path]) -> Image:
    """The first latents of the sheets of each run, below each other; checkpoints from left to right; 16 greys."""
    blocks = []
    for run in runs:
        sheets = [read(path).rgb[: LATENTS * SIDE, :SIDE] for path in sorted((run / "sheets").iterdir())]
        row = np.concatenate(sheets, axis=1)
        around = ((0, SIDE // 4), (0, CHECKPOINTS * SIDE - row.shape[1]), (0, 0))  # a run that was stopped is shorter
        blocks.append(np.pad(row, around, constant_values=255))
    drawn = np.concatenate(blocks)[: -SIDE // 4] // 17 * 17
    return Image(drawn.repeat(LARGER, axis=0).repeat(LARGER, axis=1), grey=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("learn", "held", "classifier", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--show", nargs="+", default=[], metavar="RUN", help="folders in OUT")
    given = parser.parse_args()
    keep_within_quota()
    classifier = load(given.classifier)
    found: dict[str, list[Outcome]] = {name: [] for name in GAMES}
    for seed in range(given.seeds):
        for name, settings in GAMES.items():
            out = given.out / f"{name.replace(',', '').replace(' ', '-')}-{seed}"
            found[name].append(outcome(given, classifier, {**settings, "seed": seed}, out))
    print("| game | distance, by seed | median | classes | smallest share [%] | interventions |")
    print("|---|---|---|---|---|---|")
    print("\n".join(row(name, outcomes) for name, outcomes in found.items()))
    if given.picture:
        write(given.picture, over_training([given.out / name for name in given.show]))


if __name__ == "__main__":
    main()
