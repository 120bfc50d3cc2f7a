"""Side by side: what went in, what costs nothing, ours, and the truth, at 100 %.

    python scripts/publish/gallery.py OUT.png [--data DIR] [--models NAME ...] [--noise 25] [--source web phone]
                                      [--side 160] [--only PICTURE ...]

Without --data the pictures are scikit-image's photographs; of each that square is shown in which the simple way misses
most, once for each --noise or --source. For inpainting each photograph is shown twice, with two kinds of damage
(damage.py).
"""

import argparse
import itertools
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch
from damage import KINDS
from PIL import Image, ImageDraw

import srgan
from srgan.data.samples import write_samples
from srgan.engines import make_engine
from srgan.images.find import find
from srgan.inference.tiled import Run, restore_batch

Batch = torch.Tensor
HOLE = torch.tensor([0.9, 0.1, 0.6]).view(1, 3, 1, 1)
"""The colour that shows where a picture has holes."""


def observe(model: srgan.Model, path: Path, damage: str | None = None) -> tuple[Batch, Batch]:
    """What the model's task leaves of a photograph, and the photograph, both in [0, 1]."""
    rgb = srgan.read(path).rgb
    rgb = rgb if rgb.dtype == np.uint8 else (rgb // 257).astype(np.uint8)
    height, width = (size // model.task.scale * model.task.scale for size in rgb.shape[:2])
    clean = torch.from_numpy(rgb[:height, :width].copy()).permute(2, 0, 1)[None].float() / 255
    if damage is None:
        return model.task.observe(clean, 0), clean
    mask = KINDS[damage](height, width, np.random.default_rng(zlib.crc32(path.stem.encode())))
    return model.task.present(clean, torch.from_numpy(mask)[None, None].float()), clean


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


def ways(models: dict[str, srgan.Model], path: Path, damage: str | None) -> tuple[dict[str, Batch], Batch]:
    """A picture as it went in, by the baselines, by each model and in truth; and what the last baseline made of it."""
    task = next(iter(models.values())).task
    observed, clean = observe(next(iter(models.values())), path, damage)
    baselines = {name: restore(observed, clean) for name, restore in task.baselines().items()}
    hole = task.lost(observed)
    pixels = observed[:, :3] if hole is None else torch.lerp(clean, HOLE.expand_as(clean), hole)
    pixels = pixels.repeat_interleave(task.scale, 2).repeat_interleave(task.scale, 3)
    shown = {"input": pixels} if "noisy" not in baselines else {}
    shown |= baselines
    for name, model in models.items():
        shown[name] = restore_batch(Run(model=model, engine=make_engine(model.generator)), observed)
    return {**shown, "truth": clean}, list(baselines.values())[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--models", nargs="+", default=["upscale-x4", "upscale-x4-vivid"])
    parser.add_argument("--noise", nargs="*", default=["25"], help="for denoisers: levels, camera, raw, jpeg:QUALITY")
    parser.add_argument("--source", nargs="*", default=["clean"], help="for upscalers: clean, web, phone, old")
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--only", nargs="*", help="names of pictures, without their suffix")
    arguments = parser.parse_args()
    models = {name: srgan.load(name) for name in arguments.models}
    name = next(iter(models.values())).task.name
    asked = {"upscale": ("source", arguments.source), "denoise": ("noise", arguments.noise)}
    option, values = asked.get(name, ("", []))
    kinds = [{option: value} for value in values] or [{}, {}]
    strips = []
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data or Path(folder)
        if arguments.data is None:
            write_samples(data)
        paths = [data / name for name in find(data)]
        paths = [path for path in paths if not arguments.only or path.stem in arguments.only]
        damages = itertools.cycle(KINDS if name == "inpaint" else [None])
        for path, kind in itertools.product(paths, kinds):
            shown, rough = ways({key: model.asked(**kind) for key, model in models.items()}, path, next(damages))
            side = min(arguments.side, *rough.shape[2:])
            strips.append(strip(list(shown.values()), rough, shown["truth"], side))
    strips = [strip for strip in strips if strip.shape == strips[0].shape]
    titled(strips, list(shown)).save(arguments.out, quality=90)


if __name__ == "__main__":
    main()
