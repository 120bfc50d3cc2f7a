"""An old network and a modern one, `dcgan` and `r3gan` with their own recipes, on small pictures: a table.

    python scripts/study/modern.py LEARN HELD OUT [--steps 800]

LEARN and HELD are pictures of 32 px, such as CIFAR-10's. Each network is trained anew for a quarter of the steps, half
of them, and all; distances are over SqueezeNet's features. A run that is there already is not run again.
"""

import argparse
import json
import time
from pathlib import Path

import srgan
from srgan.evaluation.samples import judge
from srgan.quota import keep_within_quota
from srgan.training.config import configure

PLAYERS = {"scale": 32, "width": 16, "discriminator_width": 16, "batch": 32, "ema": 0.99}
NETWORKS = ("dcgan", "r3gan")


def outcome(given: argparse.Namespace, network: str, steps: int) -> dict[str, float]:
    """How what was learnt in so many steps compares with real pictures, and how long that took."""
    out = given.out / f"{network}-{steps}"
    told = out / "outcome.json"
    if not told.exists():
        every = {"steps": steps, "log_every": 50, "checkpoint_every": 200, "validate_every": 200}
        model, config = configure("generate", {**PLAYERS, **every, "network": network})
        began = time.process_time()
        trained = srgan.train(model, given.learn, out, config)
        taken = time.process_time() - began
        last = json.loads((out / "log.jsonl").read_text().splitlines()[-1])
        more = {"seconds": taken, "interventions": last["skipped"] + last["rollbacks"]}
        told.write_text(json.dumps(judge(trained, None, given.held) | more))
    return json.loads(told.read_text())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("learn", "held", "out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--steps", type=int, default=800)
    given = parser.parse_args()
    keep_within_quota()
    lengths = [given.steps // 4, given.steps // 2, given.steps]
    found = {(network, steps): outcome(given, network, steps) for steps in lengths for network in NETWORKS}
    print("| network | steps | time | distance | precision | recall | LPIPS between samples | interventions |")
    print("|---|---|---|---|---|---|---|---|")
    for network in NETWORKS:
        for steps in lengths:
            one = found[network, steps]
            cells = [
                f"`{network}` | {steps} | {one['seconds'] / found[NETWORKS[0], lengths[0]]['seconds']:.1f}",
                f"{one['distance']:.0f} | {one['precision']:.2f} | {one['recall']:.2f}",
                f"{one['diversity']:.2f} | {one['interventions']}",
            ]
            print(f"| {' | '.join(cells)} |")
    real = found[NETWORKS[0], lengths[0]]
    print(
        f"| two halves of the real ones | | | {real['distance_of_real']:.0f} | | | {real['diversity_of_real']:.2f} | |"
    )


if __name__ == "__main__":
    main()
