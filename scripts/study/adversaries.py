"""The tables that the default game and discriminator were chosen from: equal steps, equal data, several seeds.

    python scripts/study/adversaries.py --data TRAIN --val VAL --features VGG19 --out runs/adversaries [--steps 150]

Prints docs/ADVERSARIES.md. Each run fine-tunes the faithful weights with one recipe; interventions are skipped steps
and rollbacks. A run that is there already is not run again.
"""

import argparse
import json
import statistics
from dataclasses import replace
from pathlib import Path

import srgan
from srgan.engines.memory import keep_freed_memory
from srgan.errors import TrainingError

RECIPE = {
    **{"batch": 4, "crop": 32, "rescale": 0.25, "learning_rate": 2e-4, "warmup": 20, "ema": 0.98, "precision": "bf16"},
    **{"l1": 0.5, "consistency": 1.0, "focal_frequency": 20.0, "checkerboard": 1.5, "perceptual": 0.3},
    **{"adversarial": 0.01, "discriminator_width": 32, "discriminator_learning_rate": 2e-4},
}
GAMES = ("relativistic", "non_saturating", "hinge")
DISCRIMINATORS = (
    {"discriminator": "patchgan"},
    {"discriminator": "patchgan", "conditional": True},
    {"discriminator": "unet", "discriminator_width": 16},
    {"discriminator": "unet", "discriminator_width": 16, "conditional": True},
)


def outcome(arguments: argparse.Namespace, config: srgan.TrainConfig, name: str) -> tuple[float, float, int]:
    """LPIPS and PSNR on the validation pictures after the run, and the interventions it needed."""
    out = arguments.out / f"{name}-seed{config.seed}"
    try:
        srgan.train(srgan.load(arguments.init), arguments.data, out, config, validation=arguments.val)
    except TrainingError as error:
        print(f"<!-- {name}, seed {config.seed}: {error} -->")
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    scores = next(line["validation"] for line in reversed(lines) if "validation" in line)
    return scores["lpips"], scores["psnr"], lines[-1]["skipped"] + lines[-1]["rollbacks"]


def table(arguments: argparse.Namespace, title: str, recipes: dict[str, dict[str, object]], seeds: range) -> None:
    print(f"## {title}\n\n| recipe | LPIPS, by seed | mean | PSNR, by seed | mean | interventions |")
    print("|---|---|---|---|---|---|")
    steps = arguments.steps
    for name, recipe in recipes.items():
        config = srgan.TrainConfig(
            **{**RECIPE, **recipe},
            steps=steps,
            features=str(arguments.features),
            log_every=50,
            checkpoint_every=steps,
            validate_every=steps,
        )
        runs = [outcome(arguments, replace(config, seed=seed), name.replace(" ", "-")) for seed in seeds]
        lpips, psnr, interventions = zip(*runs, strict=True)
        cells = [", ".join(f"{value:.4f}" for value in lpips), f"{statistics.mean(lpips):.4f}"]
        cells += [", ".join(f"{value:.2f}" for value in psnr), f"{statistics.mean(psnr):.2f}", str(sum(interventions))]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--features", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--init", default="upscale-x4")
    parser.add_argument("--steps", type=int, default=150)
    arguments = parser.parse_args()
    keep_freed_memory()
    print("# Adversaries\n")
    print(f"Made by `scripts/study/adversaries.py`: {arguments.steps} steps from `{arguments.init}`, x4,")
    print(f"on {Path(arguments.data).name}; scores are on pictures held out.")
    print("One seed does not tell discriminators apart.\n")
    table(arguments, "Games", {game: {"game": game} for game in GAMES}, range(3))
    described = {
        f"{recipe['discriminator']}{' conditional' if recipe.get('conditional') else ''}": recipe
        for recipe in DISCRIMINATORS
    }
    table(arguments, "Discriminators", described, range(1))


if __name__ == "__main__":
    main()
