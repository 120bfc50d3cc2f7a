"""Scores the weights in `weights/` on bench folders and writes what ships with them: the scores into each file's own
metadata, then the checksums, then from the metadata the tables of `weights/README.md`, `docs/QUALITY.md`, `README.md`.

    python scripts/publish/release.py --bench BENCH [NAME=RUN/model.safetensors[@REALISM] ...]

BENCH holds the folders Set5, Set14 and Kodak24. A `NAME=FILE` puts the weights of a finished run there first, in half
precision; `NAME-vivid=FILE@REALISM` what lies REALISM of the way from the faithful weights NAME to them, or beyond.
"""

import argparse
import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from insert import insert

import srgan
from srgan.models.file import load, save
from srgan.models.zoo import CHECKSUMS, sha256

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = ROOT / "weights"
BENCHES = {
    "upscale": {name: (name, {"source": "clean"}) for name in ("Set5", "Set14")},
    "photo": {f"Kodak24, {kind}": ("Kodak24", {"source": kind}) for kind in ("clean", "web", "phone", "old")},
    "denoise": {
        **{f"Kodak24, noise {noise}": ("Kodak24", {"noise": noise}) for noise in ("15", "25", "50", "camera", "raw")},
        **{f"Kodak24, JPEG {quality}": ("Kodak24", {"noise": f"jpeg:{quality}"}) for quality in (10, 20, 30, 40)},
    },
    "inpaint": {f"Kodak24, {holes} holes": ("Kodak24", {"holes": holes}) for holes in ("thin", "medium", "thick")},
}
"""Of each group of weights: what its scores are called, the folder they are measured on, and how."""

QUALITY = ROOT / "docs" / "QUALITY.md"
FRONT = [
    ("upscale-x4", "Set14", "bicubic"),
    ("upscale-x4-vivid", "Set14", "bicubic"),
    ("upscale-x4-photo", "Kodak24, web", "bicubic"),
    ("denoise", "Kodak24, noise 25", "nlm"),
    ("inpaint", "Kodak24, medium holes", "navier_stokes"),
]
"""What the front page tells: of which weights, on what, beside which baseline."""

METRICS = ("psnr", "ssim", "lpips", "spectrum", "colour_drift", "niqe")


def group(task: Mapping[str, object]) -> str:
    """The group of weights of a task: its name, or photo where it enlarges photographs as people have them."""
    return "photo" if task.get("source") == "photo" else str(task["name"])


def put(name: str, run: str) -> None:
    """Copies the weights of a run to where they ship, on a line with the faithful ones where REALISM is given."""
    file, _, realism = run.partition("@")
    model = load(Path(file))
    if realism:
        faithful, share = name.removesuffix("-vivid"), float(realism)
        ours, theirs = srgan.load(faithful).generator.state_dict(), model.generator.state_dict()
        model.generator.load_state_dict({key: torch.lerp(ours[key], theirs[key], share) for key in ours})
        model.card["blend"] = {"with": faithful, "realism": share}
    save(model, WEIGHTS / f"{name}.safetensors", half=True)


def score(path: Path, bench: Path, baselines: dict[tuple[str, int], dict]) -> None:
    """Measures a weights file as it is stored, and writes the means into its metadata.

    Args:
        baselines: what those scored that were measured before, by bench and scale; the others are added.
    """
    model = load(path)
    task, means = model.task, {}
    for name, (folder, options) in BENCHES[group(srgan.describe(path)["task"])].items():
        model.task = dataclasses.replace(task, **options)
        which = (name, task.scale)
        scores = srgan.evaluate(model, bench / folder, metrics=METRICS, baselines=which not in baselines)
        baselines.setdefault(which, scores["baseline"])
        means[name] = {"count": scores["count"], **scores["mean"], **baselines[which]}
    if any(value is None for mean in means.values() for value in mean.values()):
        raise SystemExit(f"{path.name}: a score is missing (the warning above says why); nothing is released")
    model.task = task
    save(model, path, card={**model.card, "scores": means}, half=True)
    print(path.name, means, flush=True)


def known(paths: Iterable[Path]) -> dict[tuple[str, int], dict]:
    """What baselines scored, by bench and scale, as files that were released before say: they depend on no weights."""
    found = {}
    for path in paths:
        header = srgan.describe(path)
        for name, mean in header["scores"].items():
            scores = {key: value for key, value in mean.items() if isinstance(value, dict)}
            found[name, header["task"].get("scale", 1)] = scores
    return found


def table(paths: list[Path], which: str) -> str:
    """The scores of all files of a group beside each other, from their own headers."""
    columns = list(BENCHES[which])
    lines = ["| | " + " | ".join(columns) + " | parameters | MB |", "|---|" + "---|" * (len(columns) + 2)]
    baselines = {}
    for path in paths:
        header = srgan.describe(path)
        if group(header["task"]) != which:
            continue
        params = sum(p.numel() for p in load(path).parameters()) / 1e6
        size = path.stat().st_size / 1e6
        scores, scale = header["scores"], header["task"].get("scale")
        lines.append(f"| `{path.stem}` | {_cells(scores, columns)} | {params:.2f} M | {size:.1f} |")
        for name in [key for key, value in scores[columns[0]].items() if isinstance(value, dict)]:
            baselines[f"{name} x{scale}" if scale else name] = _cells(scores, columns, name)
    return "\n".join([*lines, *(f"| {name} | {cells} | | |" for name, cells in sorted(baselines.items()))]) + "\n"


def _cells(scores: Mapping[str, Mapping[str, Any]], columns: Iterable[str], baseline: str = "") -> str:
    """What was scored on each bench, or by a baseline there; a dash where it was released before that bench was."""
    means = [
        scores[column].get(baseline) if baseline and column in scores else scores.get(column) for column in columns
    ]
    return " | ".join("{psnr:.2f} / {ssim:.4f} / {lpips:.4f}".format(**mean) if mean else "–" for mean in means)


def front() -> str:
    """The few scores of the front page, from the same headers as all others."""
    lines = ["| | measured on | PSNR [dB] / LPIPS | beside it | PSNR [dB] / LPIPS |", "|---|---|---|---|---|"]
    for name, column, baseline in FRONT:
        mean = srgan.describe(name)["scores"][column]
        ours, theirs = ("{psnr:.2f} / {lpips:.4f}".format(**scores) for scores in (mean, mean[baseline]))
        lines.append(f"| `{name}` | {column} | {ours} | {baseline} | {theirs} |")
    return "\n".join(lines) + "\n"


def readme(paths: list[Path]) -> str:
    """What ships: scores, networks, steps and licences, from the files' own headers."""
    lines = [
        "# Weights",
        "",
        "Made by `scripts/publish/release.py` from the files' metadata; `srgan info NAME` tells more.",
        "",
        "PSNR [dB] / SSIM / LPIPS with SqueezeNet on RGB, of 8-bit results. Upscaling: PSNR and SSIM on BT.601 luma,",
        "`scale` px of border cut; photographs are made small by `srgan/tasks/degrade/snapshots.py`, and LPIPS is of",
        "the whole. Denoising: on RGB; noise is Gaussian of that level, a camera's (`srgan/tasks/degrade/noise.py`),",
        "or raw, which comes through a mosaic and JPEG (`srgan/tasks/degrade/snapshots.py`). Inpainting: on RGB, of",
        "whole pictures, of which about 10, 20 or 35 % are missing (`srgan/tasks/degrade/holes.py`).",
        "",
        *(table(paths, which) for which in BENCHES),
    ]
    for path in paths:
        header = srgan.describe(path)
        network = ", ".join(f"{key} {value}" for key, value in header["network"].items() if key != "name")
        lines.append(
            f"- `{path.stem}`: {header['network']['name']} ({network}), {header['training']['step']} steps "
            f"in its last run. Licence: {header.get('licence', 'none given')}."
        )
    return "\n".join(lines) + "\n"


def list_all() -> None:
    """Writes what lies beside the weights: their checksums, and what is known of them."""
    paths = sorted(WEIGHTS.glob("*.safetensors"), key=lambda path: path.stem)
    (WEIGHTS / CHECKSUMS).write_text("".join(f"{sha256(path)}  {path.name}\n" for path in paths), encoding="utf-8")
    (WEIGHTS / "README.md").write_text(readme(paths), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="NAME=FILE")
    parser.add_argument("--bench", type=Path, required=True)
    arguments = parser.parse_args()
    new = dict(run.split("=", 1) for run in arguments.runs)
    baselines = known(WEIGHTS.glob("*.safetensors")) if new else {}
    for name, run in new.items():
        put(name, run)
    paths = sorted(WEIGHTS.glob("*.safetensors"), key=lambda path: path.stem)
    for path in paths:
        judged = group(srgan.describe(path)["task"]) in BENCHES  # but for what is made of noise: digits.py judges that
        if judged and (not new or path.stem in new):
            score(path, arguments.bench, baselines)
    list_all()
    for which in BENCHES:
        insert(QUALITY, which, table(paths, which))
    insert(ROOT / "README.md", "scores", front())


if __name__ == "__main__":
    main()
