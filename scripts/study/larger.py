"""What a finished upscaler would still gain by more layers, or by a teacher, in equal time.

    python scripts/study/larger.py --data TRAIN --val VAL --out runs/larger [--late 600] |
        python scripts/publish/insert.py docs/NETWORKS.md larger

upscale-x4 as it ships -> larger, or taught -> time a step -> as many steps as LATE plain ones take -> score

What is added changes nothing at first: layers that start as the identity (after ReLU, that is exact), or a chain beside
some of the middle whose last kernel starts at zero. The teacher is the network itself, asked in all eight symmetries of
the square: its pictures take the place of the true ones. A run that is there already is not run again, so the same
command continues. Prints the table, a row for each as it is done.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn
from tricks import LATE, Trick, tell

import srgan
from srgan.data.pictures import Pictures, load_pictures
from srgan.data.sources import Paired
from srgan.engines.memory import keep_freed_memory
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.networks.compact import Compact
from srgan.networks.network import ConvReLU, started
from srgan.networks.unet import Doubled
from srgan.ops.resample import downsample

FIRST, LAST, DEPTH = 3, 8, 8
"""From which layer on and up to which there is a chain beside, and of how many."""


class Beside(nn.Module):
    """layers(x) + what `depth` layers make of x at half its size."""

    def __init__(self, layers: nn.Sequential, channels: int, depth: int) -> None:
        super().__init__()
        self.layers = layers
        further = (started(ConvReLU(channels, channels, 3, padding=1), gain=0.3, shortcut=1.0) for _ in range(depth))
        self.small = nn.Sequential(ConvReLU(channels, channels, 2, stride=2), *further)
        self.up = Doubled(channels, channels, phases=1, taps=4)
        nn.init.zeros_(self.up.weight)
        if self.up.bias is not None:
            nn.init.zeros_(self.up.bias)

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(self.layers(x), self.up(self.small(x)))


def deeper(model: srgan.Model) -> None:
    """Three more layers, spread over the chain, each of which is the identity."""
    layers: list[nn.Module] = [*chain(model)]
    channels, places = chain(model)[0].out_channels, [round(quarter * len(layers) / 4) for quarter in (1, 2, 3)]
    for place in reversed(places):
        layers.insert(place, started(ConvReLU(channels, channels, 3, padding=1), gain=0.0, shortcut=1.0))
    model.generator.body = nn.Sequential(*layers)
    enlarge_context(model, len(places))


def seen_farther(model: srgan.Model) -> None:
    """Eight layers at half the size beside the middle of the chain, which see twice as far."""
    layers = chain(model)
    beside = Beside(nn.Sequential(*layers[FIRST:LAST]), layers[0].out_channels, DEPTH)
    model.generator.body = nn.Sequential(*layers[:FIRST], beside, *layers[LAST:])
    enlarge_context(model, 2 * (DEPTH + 1) + 2)  # a pixel there is two here, and lies at an even place


def enlarge_context(model: srgan.Model, more: int) -> None:
    assert model.generator.context is not None
    model.generator.context += more


def chain(model: srgan.Model) -> list[ConvReLU]:
    assert isinstance(model.generator, Compact)
    return [layer for layer in model.generator.body if isinstance(layer, ConvReLU)]


TRICKS = {
    **{f"none, draws {seed}": Trick({"seed": seed}) for seed in (1, 2)},
    "three more layers (14, not 11)": Trick(change=deeper),
    "eight layers at half the size beside": Trick(change=seen_farther),
    "taught by its own eight answers (L2)": Trick({"l1": 0.0, "l2": 1.0}, data="taught"),
}


def teach(model: srgan.Model, pictures: Pictures, out: Path) -> Paired:
    """Each picture made small, and what the model makes of that in all eight symmetries: two folders."""
    small, answers, scale = out / "small", out / "answers", model.task.scale
    for number, picture in enumerate(pictures.pictures):
        name = f"{number:05d}.png"
        if (answers / name).exists():
            continue
        height, width = (side // scale * scale for side in picture.shape[1:])
        observed = downsample(picture[None, :, :height, :width] / 255, scale).clamp(0, 1)
        image = Image(observed[0].mul(255).round().byte().permute(1, 2, 0).numpy())
        write(small / name, image)
        write(answers / name, srgan.restore(model, image, ensemble=True))
    return Paired(small, answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--late", type=int, default=600)
    given = parser.parse_args()
    keep_freed_memory()
    shipped = srgan.load("upscale-x4")
    pictures = load_pictures(given.data, smallest=4 * LATE.crop)
    tell(TRICKS, shipped, given, pictures, {"": given.data, "taught": teach(shipped, pictures, given.out)})


if __name__ == "__main__":
    main()
