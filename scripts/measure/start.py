"""What a command costs before it does anything: seconds and memory for one small photograph, for --help and for -n.

    python scripts/measure/start.py [--engines torch openvino ncnn] [--rounds 3]

Each command runs in a process of its own, the first time with an empty cache folder ("cold": engines are timed then)
and `--rounds` times more. Printed are the least seconds by the clock, the least seconds that the process computed,
which other programs on the machine hardly change, and the peak of its memory.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PICTURE = """
import sys
from PIL import Image
from skimage import data
Image.fromarray(data.astronaut()[:160, :200]).save(sys.argv[1])
"""
"""Made in a process of its own: what this one holds would be counted as that of those that it starts."""


def cost(words: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Seconds by the clock, seconds computed, and megabytes at the peak, of a command that must succeed."""
    started = time.perf_counter()
    child = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "srgan", *words],
        {**os.environ, **environment},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, used = os.wait4(child, 0)
    assert status == 0, words
    return time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engines", nargs="+", default=["auto", "torch", "openvino", "ncnn"])
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run([sys.executable, "-c", PICTURE, folder / "small.jpg"], check=True)
        picture = ["upscale", str(folder / "small.jpg"), str(folder / "out.png"), "--quiet", "--existing", "overwrite"]
        commands = {"--help": ["upscale", "--help"], "--dry-run": [*picture, "-n"]}
        commands |= {f"--engine {engine}": [*picture, "--engine", engine] for engine in arguments.engines}
        for said, words in commands.items():
            environment = {"XDG_CACHE_HOME": str(folder / said), "SRGAN_SUPERVISED": "0"}
            cold = cost(words, environment)
            warm = [
                min(each) for each in zip(*(cost(words, environment) for _ in range(arguments.rounds)), strict=True)
            ]
            for when, (seconds, computed, memory) in (("cold", cold), ("warm", warm)):
                print(f"{said:20}{when:6}{seconds:6.2f} s {computed:6.2f} s computed {memory:6.0f} MB", flush=True)


if __name__ == "__main__":
    main()
