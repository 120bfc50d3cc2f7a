"""Scores the weights in `weights/` on bench folders and writes what ships with them: the scores into each file's own
metadata, then the checksums, then `weights/README.md` from the metadata.

    python scripts/release.py --bench BENCH/Set5 --bench BENCH/Set14 [NAME=RUN/model.safetensors ...]

A `NAME=FILE` puts the weights of a finished run there first, in half precision.
"""

import argparse
from pathlib import Path

import srgan
from srgan.model import load, save
from srgan.zoo import CHECKSUMS, sha256

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"


def score(path: Path, benches: list[Path]) -> None:
    """Measures a weights file as it is stored, and writes the means into its metadata."""
    model = load(path)
    scores = {bench.name: srgan.evaluate(model, bench) for bench in benches}
    means = {name: {"count": result["count"], **result["mean"]} for name, result in scores.items()}
    save(model, path, card={**model.card, "scores": means}, half=True)
    print(path.name, means, flush=True)


def readme(paths: list[Path]) -> str:
    """What ships, as a table, from the files' own headers."""
    lines = [
        "# Weights",
        "",
        "Made by `scripts/release.py` from the metadata of the files; `srgan info NAME` tells more.",
        "",
    ]
    lines += ["| name | network | parameters | MB | PSNR / SSIM / LPIPS | steps |", "|---|---|---|---|---|---|"]
    for path in paths:
        header = srgan.describe(path)
        network = ", ".join(f"{key} {value}" for key, value in header["network"].items() if key != "name")
        scores = "; ".join(
            f"{bench} {mean['psnr']:.2f} / {mean['ssim']:.4f} / {mean['lpips']:.4f}"
            for bench, mean in header["scores"].items()
        )
        params = sum(p.numel() for p in load(path).parameters()) / 1e6
        size = path.stat().st_size / 1e6
        steps = header["training"]["step"]
        lines.append(
            f"| `{path.stem}` | {header['network']['name']} ({network}) | {params:.2f} M | {size:.1f} "
            f"| {scores} | {steps} |"
        )
    lines += ["", "PSNR and SSIM on BT.601 luma, `scale` px of border cut, 8 bit; LPIPS with SqueezeNet on RGB.", ""]
    lines += sorted({f"Licence: {srgan.describe(path).get('licence', 'none given')}" for path in paths})
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="NAME=FILE")
    parser.add_argument("--bench", action="append", type=Path, required=True)
    arguments = parser.parse_args()
    new = dict(run.split("=", 1) for run in arguments.runs)
    for name, file in new.items():
        save(load(file), WEIGHTS / f"{name}.safetensors", half=True)
    paths = sorted(WEIGHTS.glob("*.safetensors"))
    for path in paths:
        if not new or path.stem in new:
            score(path, arguments.bench)
    (WEIGHTS / CHECKSUMS).write_text("".join(f"{sha256(path)}  {path.name}\n" for path in paths), encoding="utf-8")
    (WEIGHTS / "README.md").write_text(readme(paths), encoding="utf-8")


if __name__ == "__main__":
    main()
