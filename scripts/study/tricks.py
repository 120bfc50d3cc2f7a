"""What costs nothing when pictures are enlarged, each against the same short training without it, in equal time.

    python scripts/study/tricks.py --data TRAIN --val VAL --out runs/tricks [--steps 1000] [--late 700] |
        python scripts/publish/insert.py docs/NETWORKS.md tricks

begin (once, STEPS) -> each trick from there: time a step -> as many steps as LATE plain ones take -> merge -> score

What is tried from the very beginning in the papers is tried here from a common begin, so that rows differ by the trick
alone; three rows without any, with other draws, say what a difference is worth. A run that is there already is not run
again, so the same command continues. Prints the table, a row for each trick as it is done.
"""

import argparse
import copy
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

import srgan
from srgan.data.crops import pairs
from srgan.data.pack import pack
from srgan.data.pictures import Pictures, load_pictures
from srgan.data.sources import Data
from srgan.engines.memory import keep_freed_memory
from srgan.networks.compact import Compact
from srgan.training.run import Run

BEGIN = srgan.TrainConfig(learning_rate=1e-3, final_learning_rate=5e-4, warmup=200, rescale=0.25)
LATE = srgan.TrainConfig(learning_rate=5e-4, warmup=20, rescale=0.25)
TIMED = 8
"""Steps that are timed of each trick, in turn with as many plain ones."""

Change = Callable[[srgan.Model], None]


class Branches(nn.Module):
    """Beside a kernel a wider one behind mixed channels, and Sobel's and Laplace's masks: one kernel, once summed.

    Paper: ECBSR, Zhang et al. 2021, doi:10.1145/3474085.3475291, Sec. 3.2 (Eq. 2 to 9); summed before the convolution
    and not after it, as in OREPA, Hu et al. 2022, arXiv:2204.00826. At first the branches add nothing.
    """

    MASKS = (
        ((1, 0, -1), (2, 0, -2), (1, 0, -1)),
        ((1, 2, 1), (0, 0, 0), (-1, -2, -1)),
        ((0, 1, 0), (1, -4, 1), (0, 1, 0)),
    )

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("masks", torch.tensor(self.MASKS, dtype=torch.float32))
        self.share = nn.Parameter(torch.zeros(3, channels))
        self.mixed = nn.Parameter(torch.randn(3, channels, channels) / channels**0.5)
        self.inner = nn.Parameter(torch.randn(2 * channels, channels) / channels**0.5)
        self.outer = nn.Parameter(torch.zeros(channels, 2 * channels, 3, 3))

    def forward(self, kernel: Tensor) -> Tensor:
        edges = torch.einsum("eo,eoi,ehw->oihw", self.share, self.mixed, self.masks)
        return kernel + edges + torch.einsum("omhw,mi->oihw", self.outer, self.inner)


@dataclass(frozen=True)
class Trick:
    """What is different from the plain run: its settings, its pictures, what is done to the network; and how often."""

    settings: dict[str, Any] = field(default_factory=dict)
    change: Change = lambda model: None
    data: str = ""
    """Which of the data that are not the plain ones."""
    runs: int = 1
    """Which share the time, and whose mean is scored."""


def branched(model: srgan.Model) -> None:
    """Gives the kernels between hidden layers branches."""
    for conv in body(model):
        parametrize.register_parametrization(conv, "weight", Branches(conv.out_channels))


def body(model: srgan.Model) -> list[nn.Conv2d]:
    assert isinstance(model.generator, Compact)
    return [part for part in model.generator.body.modules() if isinstance(part, nn.Conv2d)]


def merged(model: srgan.Model) -> srgan.Model:
    """The same network without branches."""
    for part in [*model.generator.modules()]:
        if parametrize.is_parametrized(part):
            parametrize.remove_parametrizations(part, "weight")
    return model


TRICKS = {
    **{f"none, draws {seed}": Trick({"seed": seed}) for seed in (1, 2, 3)},
    "branches that are merged (ECB)": Trick(change=branched),
    "larger crops (4 of 96 px)": Trick({"batch": 4, "crop": 96}),
    "crops where detail is": Trick(data="detailed"),
    "spectra (focal frequency)": Trick({"focal_frequency": 5.0}),
    "squared differences (L2)": Trick({"l1": 0.0, "l2": 1.0}),
    "mean of PSNR": Trick({"l1": 0.0, "psnr": 0.01}),
    "mean of three shorter runs": Trick(runs=3),
}


def steps_in_equal_time(trick: Trick, begun: srgan.Model, pictures: Pictures, steps: int) -> int:
    """As many steps as take the processor as long as `steps` plain ones."""
    seconds: dict[bool, list[float]] = {True: [], False: []}
    for plain in (True, False) * 2:
        config = LATE if plain else replace(LATE, **trick.settings)
        model = copy.deepcopy(begun)
        if not plain:
            trick.change(model)
        run = Run(model, config)
        batches = pairs(pictures, model.task, **config.sampling(), device=run.device)
        for step in range(TIMED // 2 + 1):
            started = time.process_time()
            (pair,) = next(batches)
            lesson = run.lesson(pair)
            terms = run.objective.terms(run.restored(lesson.observed), lesson.clean, None, None)
            torch.stack(list(terms.values())).sum().backward()
            run.optimizer.step(1e-4, torch.tensor(True))
            if step:
                seconds[plain].append(time.process_time() - started)
    return round(steps * statistics.median(seconds[True]) / statistics.median(seconds[False]))


def mean_of(models: list[srgan.Model]) -> srgan.Model:
    """A model whose weights are the mean of others' (Wortsman et al. 2022, arXiv:2203.05482)."""
    every = [model.generator.state_dict() for model in models]
    models[0].generator.load_state_dict({name: sum(one[name] for one in every) / len(every) for name in every[0]})
    return models[0]


def outcome(
    name: str, trick: Trick, begun: srgan.Model, given: argparse.Namespace, pictures: Pictures, data: Data
) -> dict[str, float]:
    """How many steps the time was enough for, and the PSNR after them."""
    out = given.out / "".join(letter if letter.isalnum() else "-" for letter in name)
    told = out / "outcome.json"
    if not told.exists():
        steps = steps_in_equal_time(trick, begun, pictures, given.late) // trick.runs
        models = []
        for seed in range(trick.runs):
            model = copy.deepcopy(begun)
            trick.change(model)
            config = replace(LATE, steps=steps, **{"seed": seed + 1, **trick.settings})
            models.append(merged(srgan.train(model, data, out / str(seed), config)))
        scores = srgan.evaluate(mean_of(models), given.val, metrics=("psnr",), baselines=False)
        told.write_text(json.dumps({"steps": steps, "psnr": scores["mean"]["psnr"]}))
    found: dict[str, float] = json.loads(told.read_text())
    return found


def tell(
    tricks: dict[str, Trick],
    begun: srgan.Model,
    given: argparse.Namespace,
    pictures: Pictures,
    data: dict[str, Data],
    head: str = "trick",
) -> None:
    """Prints the table, a row for each trick as it is done; those without any come first."""
    print(f"| {head} | steps | PSNR [dB] | difference |\n|---|---|---|---|", flush=True)
    plain: list[float] = []
    for name, trick in tricks.items():
        found = outcome(name, trick, begun, given, pictures, data[trick.data])
        without = name.startswith("none")
        if without:
            plain.append(found["psnr"])
        runs = f"{trick.runs} x " if trick.runs > 1 else ""
        difference = "" if without else f"{found['psnr'] - statistics.mean(plain):+.3f}"
        print(f"| {name} | {runs}{found['steps']:.0f} | {found['psnr']:.3f} | {difference} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--val", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--late", type=int, default=700)
    given = parser.parse_args()
    keep_freed_memory()
    begin = replace(BEGIN, steps=given.steps)
    begun = srgan.train(srgan.Model(srgan.Upscale(scale=4)), given.data, given.out / "begin", begin)
    detailed = given.out / "detailed"
    for _, _, unreadable in pack(given.data, detailed, side=256, crops=2):  # half of each picture
        assert not unreadable, unreadable
    pictures = load_pictures(given.data, smallest=4 * LATE.crop)
    tell(TRICKS, begun, given, pictures, {"": given.data, "detailed": detailed})


if __name__ == "__main__":
    main()
