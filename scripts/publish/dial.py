"""The dial `--realism`: what each step of it scores, as a table in docs/QUALITY.md; of upscaling also how it looks.

    python scripts/publish/dial.py --bench BENCH [--model upscale-x4] [--columns Set5 Set14] [--sample chelsea]
                                   [--side 144]

BENCH holds the bench folders; columns are those of that page's tables of scores. The picture, docs/dial.jpg, is one of
scikit-image's photographs.
"""

import argparse
import dataclasses
import tempfile
from pathlib import Path

from gallery import observe, strip, titled
from insert import insert
from release import BENCHES, QUALITY, ROOT

import srgan
from srgan.data.samples import write_samples
from srgan.models.blend import blend
from srgan.ops.resample import upsample

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
METRICS = ("psnr", "lpips", "niqe", "spectrum", "colour_drift")


def table(models: dict[float, srgan.Model], bench: Path, columns: list[str]) -> str:
    """Scores in each column, a row for each step of the dial."""
    lines = ["| `--realism` | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for realism, model in models.items():
        cells = []
        for folder, options in (BENCHES[model.task.name][column] for column in columns):
            model.task = dataclasses.replace(model.task, **options)
            mean = srgan.evaluate(model, bench / folder, metrics=METRICS, baselines=False)["mean"]
            cells.append("{psnr:.2f} / {lpips:.4f} / {niqe:.2f} / {spectrum:.2f} / {colour_drift:.2f}".format(**mean))
        lines.append(f"| {realism:g} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def picture(models: dict[float, srgan.Model], name: str, side: int) -> None:
    """Writes docs/dial.jpg: the square of a sample with the most detail, at each step."""
    scale = models[0].task.scale
    with tempfile.TemporaryDirectory() as folder:
        (sample,) = (path for path in write_samples(Path(folder)) if path.stem == name)
        lr, clean = observe(models[0], sample)
    ways = [*(srgan.restore(model, lr) for model in models.values()), clean]
    squares = strip(ways, upsample(lr, scale), clean, side)
    titled([squares], [*(f"{realism:g}" for realism in STEPS), "truth"]).save(ROOT / "docs" / "dial.jpg", quality=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True)
    parser.add_argument("--model", default="upscale-x4", help="the faithful weights")
    parser.add_argument("--columns", nargs="+")
    parser.add_argument("--sample", default="chelsea")
    parser.add_argument("--side", type=int, default=144)
    arguments = parser.parse_args()
    faithful, vivid = (srgan.load(f"{arguments.model}{flavour}") for flavour in ("", "-vivid"))
    models = {realism: blend(faithful, vivid, realism) for realism in STEPS}
    task = faithful.task.name
    if task == "upscale":
        picture(models, arguments.sample, arguments.side)
    insert(QUALITY, f"dial {task}", table(models, arguments.bench, arguments.columns or list(BENCHES[task])))


if __name__ == "__main__":
    main()
