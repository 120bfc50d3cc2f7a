"""Side by side: what went in, bicubic, ours, and the truth, at 100 %.

    python scripts/gallery.py OUT.png [--data DIR] [--models NAME ...] [--side 160] [--only PICTURE ...]

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

Batch = torch.Tensor


def observe(model: srgan.Model, path: Path) -> tuple[Batch, Batch]:
    """What the model's task leaves of a photograph, and the photograph, both in [0, 1]."""
    rgb = srgan.read(path).rgb
    rgb = rgb if rgb.dtype == np.uint8 else (rgb // 257).astype(np.uint8)
    height, width = (size // model.task.scale * model.task.scale for size in rgb.shape[:2])
    clean = torch.from_numpy(rgb[:height, :width].copy()).permute(2, 0, 1)[None].float() / 255
    return model.task.degrade(clean, torch.Generator()), clean


def strip(ways: list[Batch], rough: Batch, clean: Batch, side: int) -> np.ndarray:
    """One square of each way beside each other: the one that `rough` misses most of, which has the most detail."""
    detail = torch.nn.functional.avg_pool2d((rough - clean).abs().sum(dim=1), side, stride=8)
    best = int(detail.argmax())
    top, left = best // detail.shape[2] * 8, best % detail.shape[2] * 8
    squares = torch.cat([way[0, :, top : top + side, left : left + side] for way in ways], dim=2)
    levels: np.ndarray = squares.clamp(0, 1).mul(255).round().permute(1, 2, 0).to(torch.uint8).numpy()
    return levels


def titled(strips: list[np.ndarray], titles: list[str]) -> Image.Image:
    """The strips below each other, and above each column its title."""
    sheet = Image.fromarray(np.concatenate(strips, axis=0))
    canvas = Image.new("RGB", (sheet.width, sheet.height + 16), "white")
    canvas.paste(sheet, (0, 16))
    for i, title in enumerate(titles):
        ImageDraw.Draw(canvas).text((i * sheet.width // len(titles) + 4, 2), title, fill="black")
    return canvas


def rows(models: list[srgan.Model], path: Path, side: int) -> np.ndarray:
    """The most detailed square of a picture: its pixels as they are, bicubic, each model, truth."""
    lr, clean = observe(models[0], path)
    scale = models[0].task.scale
    pixels, bicubic = lr.repeat_interleave(scale, 2).repeat_interleave(scale, 3), upsample(lr, scale)
    side = min(side, *clean.shape[2:])
    return strip([pixels, bicubic, *(srgan.restore(model, lr) for model in models), clean], bicubic, clean, side)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", nargs="+", default=["upscale-x4", "upscale-x4-vivid"])
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--only", nargs="*", help="names of pictures, without their suffix")
    arguments = parser.parse_args()
    models = [srgan.load(name) for name in arguments.models]
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder)
        if arguments.data is None:
            write_samples(data)
        paths = [data / name for name in find(data)]
        paths = [path for path in paths if not arguments.only or path.stem in arguments.only]
        strips = [rows(models, path, arguments.side) for path in paths]
    strips = [strip for strip in strips if strip.shape == strips[0].shape]
    titled(strips, ["input", "bicubic", *arguments.models, "truth"]).save(arguments.out, quality=90)


if __name__ == "__main__":
    main()
