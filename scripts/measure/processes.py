"""How many steps a second a training does by several processes, against one that has all the cores, in one run.

    python scripts/measure/processes.py --data DIR [--processes 1 2] [--steps 40] [--rounds 3] [--set KEY=VALUE ...]

Each is `srgan train upscale --processes N` of its own: the same steps, the same whole batches, the cores shared by the
processes. Rounds are interleaved; printed are the medians of the rates that the log tells once all is warm, and their
ratios to the first.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path


def rate(data: Path, processes: int, steps: int, settings: list[str]) -> float:
    """Steps a second of the second half of a run."""
    asked = {"steps": 2 * steps, "log_every": steps, "checkpoint_every": 2 * steps, "validate_every": 2 * steps}
    words = [word for name, value in asked.items() for word in ("--set", f"{name}={value}")]
    words += [word for one in settings for word in ("--set", one)]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "srgan", "train", "upscale", "--data", data, "--out", out, "--quiet"]
        subprocess.run([*command, "--processes", str(processes), *words], check=True)
        lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines()
        return float(next(line for line in map(json.loads, lines) if line["step"] == 2 * steps)["steps_per_second"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE")
    arguments = parser.parse_args()
    rounds = [
        [rate(arguments.data, count, arguments.steps, arguments.settings) for count in arguments.processes]
        for _ in range(arguments.rounds)
    ]
    for number, count in enumerate(arguments.processes):
        each = statistics.median(one[number] for one in rounds)
        ratio = statistics.median(one[number] / one[0] for one in rounds)
        print(f"{count} processes {each:8.2f} steps/s {ratio:6.2f} of the first")


if __name__ == "__main__":
    main()
