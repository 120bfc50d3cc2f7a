"""Scores the weights in `weights/` on bench folders and writes what ships with them: the scores into each file's own
metadata, then the checksums, then the tables of `weights/README.md` and `README.md` from the metadata.

    python scripts/release.py --bench BENCH [NAME=RUN/model.safetensors[@REALISM] ...]

BENCH holds the folders Set5 and Set14. A `NAME=FILE` puts the weights of a finished run there first, in half precision;
`NAME-vivid=FILE@REALISM` blends them with the faithful weights NAME, so that 1 on the dial is REALISM of that run.
"""

import argparse
from pathlib import Path

import srgan
from srgan.model import blend, load, save
from srgan.zoo import CHECKSUMS, sha256

ROOT = Path(__file__).resolve().parent.parent
WEIGHTS = ROOT / "weights"
BENCHES = ("Set5", "Set14")
METRICS = ("psnr", "ssim", "lpips", "spectrum", "colour_drift", "niqe")


def put(name: str, run: str) -> None:
    """Copies the weights of a run to where they ship, blended with the faithful ones where REALISM is given."""
    file, _, realism = run.partition("@")
    model = load(Path(file))
    if realism:
        faithful, trained = name.removesuffix("-vivid"), model
        model = blend(srgan.load(faithful), trained, float(realism))
        model.card = {**trained.card, "blend": {"with": faithful, "realism": float(realism)}}
    save(model, WEIGHTS / f"{name}.safetensors", half=True)


def score(path: Path, benches: list[Path]) -> None:
    """Measures a weights file as it is stored, and writes the means into its metadata."""
    model = load(path)
    scores = {bench.name: srgan.evaluate(model, bench, metrics=METRICS) for bench in benches}
    means = {
        name: {"count": r["count"], **r["mean"], "bicubic": r["baseline"]["bicubic"]} for name, r in scores.items()
    }
    if any(value is None for mean in means.values() for value in mean.values()):
        raise SystemExit(f"{path.name}: a score is missing (the warning above says why); nothing is released")
    save(model, path, card={**model.card, "scores": means}, half=True)
    print(path.name, means, flush=True)


def table(paths: list[Path]) -> str:
    """The scores of all files beside each other, from their own headers."""
    lines = ["| | " + " | ".join(BENCHES) + " | parameters | MB |", "|---|" + "---|" * (len(BENCHES) + 2)]
    for path in paths:
        scores = srgan.describe(path)["scores"]
        cells = [f"{scores[b]['psnr']:.2f} / {scores[b]['ssim']:.4f} / {scores[b]['lpips']:.4f}" for b in BENCHES]
        params = sum(p.numel() for p in load(path).parameters()) / 1e6
        lines.append(f"| `{path.stem}` | {' | '.join(cells)} | {params:.2f} M | {path.stat().st_size / 1e6:.1f} |")
    headers = [srgan.describe(path) for path in paths]
    for scale, scores in sorted({header["task"]["scale"]: header["scores"] for header in headers}.items()):
        cells = ["{psnr:.2f} / {ssim:.4f} / {lpips:.4f}".format(**scores[b]["bicubic"]) for b in BENCHES]
        lines.append(f"| bicubic x{scale} | {' | '.join(cells)} | | |")
    return "\n".join(lines) + "\n"


def readme(paths: list[Path]) -> str:
    """What ships: scores, networks, steps and licences, from the files' own headers."""
    lines = [
        "# Weights",
        "",
        "Made by `scripts/release.py` from the files' metadata; `srgan info NAME` tells more.",
        "",
    ]
    lines += ["PSNR and SSIM on BT.601 luma, `scale` px of border cut, 8 bit; LPIPS with SqueezeNet on RGB.", ""]
    lines += [table(paths)]
    for path in paths:
        header = srgan.describe(path)
        network = ", ".join(f"{key} {value}" for key, value in header["network"].items() if key != "name")
        lines.append(
            f"- `{path.stem}`: {header['network']['name']} ({network}), {header['training']['step']} steps "
            f"in its last run. Licence: {header.get('licence', 'none given')}."
        )
    return "\n".join(lines) + "\n"


def insert(page: Path, marker: str, text: str) -> None:
    """Puts `text` between <!-- marker --> and <!-- /marker -->."""
    before, rest = page.read_text(encoding="utf-8").split(f"<!-- {marker} -->\n")
    after = rest.split(f"<!-- /{marker} -->\n")[1]
    page.write_text(f"{before}<!-- {marker} -->\n{text}<!-- /{marker} -->\n{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="NAME=FILE")
    parser.add_argument("--bench", type=Path, required=True)
    arguments = parser.parse_args()
    new = dict(run.split("=", 1) for run in arguments.runs)
    for name, run in new.items():
        put(name, run)
    paths = sorted(WEIGHTS.glob("*.safetensors"), key=lambda path: path.stem)
    for path in paths:
        if not new or path.stem in new:
            score(path, [arguments.bench / name for name in BENCHES])
    (WEIGHTS / CHECKSUMS).write_text("".join(f"{sha256(path)}  {path.name}\n" for path in paths), encoding="utf-8")
    (WEIGHTS / "README.md").write_text(readme(paths), encoding="utf-8")
    insert(ROOT / "README.md", "scores", table(paths))


if __name__ == "__main__":
    main()
