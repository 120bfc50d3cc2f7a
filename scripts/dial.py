"""The dial `upscale --realism`: what each step of it scores, as a table in README.md, and how it looks, docs/dial.jpg.

    python scripts/dial.py --bench BENCH [--scale 4] [--sample chelsea] [--side 144]

BENCH holds the folders Set5 and Set14; the picture is one of scikit-image's photographs.
"""

import argparse
import tempfile
from pathlib import Path

from gallery import observe, strip, titled
from release import BENCHES, ROOT, insert

import srgan
from srgan.model import blend
from srgan.resample import upsample
from srgan.samples import write_samples

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
METRICS = ("psnr", "lpips", "niqe", "spectrum", "colour_drift")


def table(models: dict[float, srgan.Model], bench: Path) -> str:
    """Scores on both sets, a row for each step of the dial."""
    sets = list(BENCHES["upscale"])
    lines = ["| `--realism` | " + " | ".join(sets) + " |", "|---|" + "---|" * len(sets)]
    for realism, model in models.items():
        means = (srgan.evaluate(model, bench / name, metrics=METRICS, baselines=False)["mean"] for name in sets)
        cell = "{psnr:.2f} / {lpips:.4f} / {niqe:.2f} / {spectrum:.2f} / {colour_drift:.2f}"
        lines.append(f"| {realism:g} | {' | '.join(cell.format(**mean) for mean in means)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--scale", type=int, default=4)
    parser.add_argument("--sample", default="chelsea")
    parser.add_argument("--side", type=int, default=144)
    arguments = parser.parse_args()
    faithful, vivid = (srgan.load(f"upscale-x{arguments.scale}{flavour}") for flavour in ("", "-vivid"))
    models = {realism: blend(faithful, vivid, realism) for realism in STEPS}
    with tempfile.TemporaryDirectory() as folder:
        (sample,) = (path for path in write_samples(Path(folder)) if path.stem == arguments.sample)
        lr, clean = observe(faithful, sample)
    ways = [*(srgan.restore(model, lr) for model in models.values()), clean]
    squares = strip(ways, upsample(lr, arguments.scale), clean, arguments.side)
    titled([squares], [*(f"{realism:g}" for realism in STEPS), "truth"]).save(ROOT / "docs" / "dial.jpg", quality=90)
    insert(ROOT / "README.md", "dial", table(models, arguments.bench))


if __name__ == "__main__":
    main()
