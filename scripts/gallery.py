"""Side by side: what went in, bicubic, ours, and the truth, at 100 %.

    python scripts/gallery.py OUT.png [--data DIR] [--model upscale-x4] [--side 160] [--crops 4]

Without --data the pictures are scikit-image's photographs; from each the squares with the most detail are shown.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

import srgan
from srgan.images import find
from srgan.resample import upsample
from srgan.samples import write_samples


def as_pixels(batch: torch.Tensor) -> np.ndarray:
    levels: np.ndarray = batch[0].clamp(0, 1).mul(255).round().permute(1, 2, 0).to(torch.uint8).numpy()
    return levels


def rows(model: srgan.Model, path: Path, side: int) -> np.ndarray:
    """The most detailed square of a picture four ways: nearest neighbour, bicubic, ours, truth."""
    scale = model.task.scale
    rgb = srgan.read(path).rgb
    rgb = rgb if rgb.dtype == np.uint8 else (rgb // 257).astype(np.uint8)
    height, width = (size // scale * scale for size in rgb.shape[:2])
    clean = torch.from_numpy(rgb[:height, :width].copy()).permute(2, 0, 1)[None].float() / 255
    lr = model.task.degrade(clean, torch.Generator())
    ways = [
        lr.repeat_interleave(scale, 2).repeat_interleave(scale, 3),
        upsample(lr, scale),
        srgan.restore(model, lr),
        clean,
    ]
    missing = (ways[1] - clean).abs().sum(dim=1)
    detail = torch.nn.functional.avg_pool2d(missing, side, stride=8)
    best = int(detail.argmax())
    top, left = best // detail.shape[2] * 8, best % detail.shape[2] * 8
    return np.concatenate([as_pixels(way[:, :, top : top + side, left : left + side]) for way in ways], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--model", default="upscale-x4")
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--only", nargs="*", help="names of pictures, without their suffix")
    arguments = parser.parse_args()
    model = srgan.load(arguments.model)
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder)
        if arguments.data is None:
            write_samples(data)
        paths = [data / name for name in find(data)]
        paths = [path for path in paths if not arguments.only or path.stem in arguments.only]
        strips = [rows(model, path, min(arguments.side, *srgan.read(path).rgb.shape[:2])) for path in paths]
    strips = [strip for strip in strips if strip.shape == strips[0].shape]
    sheet = Image.fromarray(np.concatenate(strips, axis=0))
    canvas = Image.new("RGB", (sheet.width, sheet.height + 16), "white")
    canvas.paste(sheet, (0, 16))
    for i, title in enumerate(("input", "bicubic", arguments.model, "truth")):
        ImageDraw.Draw(canvas).text((i * sheet.width // 4 + 4, 2), title, fill="black")
    canvas.save(arguments.out, quality=90)


if __name__ == "__main__":
    main()
