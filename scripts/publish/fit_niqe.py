"""Fits NIQE's picture of naturalness to sharp photographs.

    python scripts/publish/fit_niqe.py --data TRAIN [--pictures 500]

Writes srgan/evaluation/niqe.npz. As in the paper, of each photograph the blocks at least three quarters as sharp as
the sharpest.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from srgan.data.sources import sources
from srgan.evaluation.niqe import block_features, fit_natural
from srgan.ops.colour import luma

SHARP = 0.75


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--pictures", type=int, default=500)
    arguments = parser.parse_args()
    kept = []
    for source in sources(arguments.data)[: arguments.pictures]:
        rgb = torch.from_numpy(source.pair(1)[0].rgb.astype(np.float32) / 255).permute(2, 0, 1)[None]
        features, sharpness = block_features(luma(rgb))
        kept.append(features[sharpness > SHARP * sharpness.max(initial=0)])
    mean, covariance = fit_natural(np.concatenate(kept))
    path = Path(__file__).resolve().parents[2] / "srgan" / "evaluation" / "niqe.npz"
    np.savez(path, mean=mean, covariance=covariance)
    print(f"{path}: {sum(map(len, kept))} sharp blocks of {len(kept)} photographs")


if __name__ == "__main__":
    main()
