"""Whether another network learns more than `compact` from nothing, in equal time.

    python scripts/study/from_nothing.py --data TRAIN --val VAL --out runs/from-nothing [--late 1500] |
        python scripts/publish/insert.py docs/NETWORKS.md nothing

each network, untrained -> time a step -> as many steps as LATE ones of `compact` take -> score

The others have about as many weights as `compact`, and won contests of efficient super-resolution; here without the
branches that they merge after training. A run that is there already is not run again, so the same command continues.
Prints the table, a row for each network as it is done.
"""

import argparse
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tricks import Trick, tell

import srgan
from srgan.data.pictures import load_pictures
from srgan.engines.memory import keep_freed_memory
from srgan.networks.compact import Compact
from srgan.networks.network import ConvReLU, Network, started
from srgan.ops.resample import pixel_shuffle

BEGIN = {"learning_rate": 1e-3, "warmup": 100}


class Chain(Network):
    """Blocks between a first convolution and a last one, that shuffles; what the first one saw is added."""

    multiple_of = 16

    def __init__(self, blocks: nn.Module, width: int, scale: int, context: int | None) -> None:
        super().__init__()
        self.in_channels, self.scale, self.context = 3, scale, context
        self.head = started(nn.Conv2d(3, width, 3, padding=1))
        self.blocks = blocks
        self.tail = started(nn.Conv2d(width, 3 * scale**2, 3, padding=1), gain=0.1)

    def forward(self, observed: Tensor) -> Tensor:
        shallow = self.head(observed)
        return pixel_shuffle(self.tail(self.blocks(shallow) + shallow), self.scale)


class Local(nn.Module):
    """RLFN's block: three layers, and a mask from a far smaller map (Kong et al. 2022, arXiv:2205.07514, Fig. 2)."""

    def __init__(self, width: int, masked: int = 16) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(started(ConvReLU(width, width, 3, padding=1), gain=0.5) for _ in range(3)))
        self.mix = started(nn.Conv2d(width, width, 1))
        nn.init.eye_(self.mix.weight[:, :, 0, 0])
        self.narrow = nn.Conv2d(width, masked, 1)
        self.beside = nn.Conv2d(masked, masked, 1)
        self.smaller = nn.Conv2d(masked, masked, 3, stride=2)
        self.seen = nn.Conv2d(masked, masked, 3, padding=1)
        self.wide = nn.Conv2d(masked, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mix(torch.add(x, self.layers(x)))
        narrow = self.narrow(x)
        small = self.seen(F.max_pool2d(self.smaller(narrow), 7, 3))
        far = F.interpolate(small, size=x.shape[2:], mode="bilinear", align_corners=False)
        return x * torch.sigmoid(self.wide(far + self.beside(narrow)))


class Symmetric(nn.Module):
    """SPAN's block: three layers, whose outcome is its own mask (Wan et al. 2024, arXiv:2311.12770, Eq. 3 to 5)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second, self.third = (started(nn.Conv2d(width, width, 3, padding=1)) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        seen = self.third(F.silu(self.second(F.silu(self.first(x)))))
        return torch.add(x, seen) * (torch.sigmoid(seen) - 0.5)


class Span(nn.Module):
    """Six of SPAN's blocks; what the first, the fifth and the last made is mixed with what went in (Fig. 2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Symmetric(width) for _ in range(6))
        self.last = started(nn.Conv2d(width, width, 3, padding=1))
        self.mix = started(nn.Conv2d(4 * width, width, 1))

    def forward(self, x: Tensor) -> Tensor:
        made = [x]
        for block in self.blocks:
            made.append(block(made[-1]))
        return self.mix(torch.cat([x, self.last(made[-1]), made[1], made[5]], dim=1))


def local(model: srgan.Model, width: int = 48, blocks: int = 6) -> None:
    last = started(nn.Conv2d(width, width, 3, padding=1))
    model.generator = Chain(nn.Sequential(*(Local(width) for _ in range(blocks)), last), width, model.task.scale, None)


def span(model: srgan.Model, width: int = 48) -> None:
    model.generator = Chain(Span(width), width, model.task.scale, 2 + 18 + 1)


def compact(model: srgan.Model, width: int, depth: int) -> None:
    model.generator = Compact(3, 3, model.task.scale, width=width, depth=depth)


NETWORKS = {
    "none other: compact, 64 channels, 11 layers": Trick(BEGIN),
    "compact, 48 channels, 19 layers": Trick(BEGIN, partial(compact, width=48, depth=19)),
    "SPAN, 48 channels, 6 blocks": Trick(BEGIN, span),
    "RLFN, 48 channels, 6 blocks": Trick(BEGIN, local),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--late", type=int, default=1500)
    given = parser.parse_args()
    keep_freed_memory()
    torch.manual_seed(0)
    pictures = load_pictures(given.data, smallest=4 * 48)
    tell(NETWORKS, srgan.Model(srgan.Upscale(scale=4)), given, pictures, {"": given.data}, head="network")


if __name__ == "__main__":
    main()
