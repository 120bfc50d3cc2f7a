"""What `srgan cluster` costs beside the same command alone, on this machine, in one run.

    python scripts/measure/cluster.py --data DIR [--workers 2] [--cores-each 1] [--rounds 3]

Rounds are interleaved; printed are the medians of the seconds of both commands from start to end, of their ratio, and
the CPU time that the process which hands out pictures takes for each (its inverse is how many pictures a second one
such process can hand out), and what it writes into the journal.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import srgan
from srgan.runner.cluster import restore_on_cluster
from srgan.runner.config import ClusterConfig
from srgan.runner.connection import connected
from srgan.runner.plan import plan
from srgan.runner.worker import Recipe


def seconds(data: Path, *words: str) -> float:
    """That a command takes from start to end."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "srgan", *words, "upscale", data, Path(folder) / "out", "--quiet"], check=True
        )
        return time.perf_counter() - started


def handing_out(data: Path, config: ClusterConfig) -> tuple[float, float]:
    """Of each picture that workers make: seconds of CPU of this process, once they have begun, and bytes of journal."""
    with tempfile.TemporaryDirectory() as folder, connected("") as ray:
        out, recipe = Path(folder) / "out", Recipe(lambda: srgan.load("upscale-x4"), srgan.FolderConfig())
        outcomes = restore_on_cluster(ray, config, recipe, data, out, jobs=plan(data, out))
        next(outcomes)
        started = time.process_time()
        count = sum(outcome.status == "ok" for outcome in outcomes)
        used = time.process_time() - started
        return used / count, (out / ".srgan" / "journal.jsonl").stat().st_size / (count + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores-each", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    words = ["cluster", "--workers", str(given.workers), "--cores-each", str(given.cores_each)]
    rounds = [(seconds(given.data), seconds(given.data, *words)) for _ in range(given.rounds)]
    alone, together = (statistics.median(each) for each in zip(*rounds, strict=True))
    ratio = statistics.median(together / alone for alone, together in rounds)
    print(f"alone {alone:.1f} s, cluster {together:.1f} s, ratio {ratio:.2f} (rounds {given.rounds})")
    config = ClusterConfig(workers=given.workers, cores_each=given.cores_each)
    each, size = handing_out(given.data, config)
    print(f"handing out: {1000 * each:.2f} ms of CPU a picture, {size:.0f} bytes of journal")


if __name__ == "__main__":
    main()
