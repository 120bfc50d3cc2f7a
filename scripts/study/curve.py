"""What validation said along the way of training runs, and what they took: the table of docs/NETWORKS.md.

    python scripts/study/curve.py RUN[@CORES] [RUN[@CORES] ...] |
        python scripts/publish/insert.py docs/NETWORKS.md curves

A run's log.jsonl and model.safetensors -> a row of the table: steps, hours, scores at equal distances

CORES are what the run had for itself, 2 if nothing is said. Hours are those of its median speed: where it stood still
or shared its machine does not count.
"""

import argparse
import json
import statistics
from pathlib import Path

from srgan.models.header import read_header


def row(run: Path, cores: int) -> str:
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    config = read_header(run / "model.safetensors")["training"]["config"]
    hours = entries[-1]["step"] / statistics.median(entry["steps_per_second"] for entry in entries) / 3600
    scored = [(entry["step"], entry["validation"]) for entry in entries if entry.get("validation")]
    metrics = ("psnr", "lpips") if config["adversarial"] else ("psnr",)
    scores = "<br>".join(", ".join(f"{score[metric]:.3f}" for _, score in scored) for metric in metrics)
    losses = ", ".join(name.upper() for name in ("l1", "l2", "psnr") if config[name])
    game = ", a game" if config["adversarial"] else ""
    settings = f"{losses}{game}, {config['learning_rate']:g}, {config['batch']} of {config['crop']} px"
    return f"| {run.name} | {settings} | {entries[-1]['step']:,} | {hours * cores:.1f} | {scores} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", nargs="+", metavar="RUN[@CORES]")
    given = parser.parse_args()
    print("| run | loss, learning rate, crops | steps | core hours | validation [dB], LPIPS of games |")
    print("|---|---|---|---|---|")
    for run, _, cores in (name.partition("@") for name in given.run):
        print(row(Path(run), int(cores or 2)))


if __name__ == "__main__":
    main()
