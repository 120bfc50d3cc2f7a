"""The health of a run: what the log shows of it, and when it has gone wrong.

A step whose loss or gradient is not finite is skipped and counted. A run is unhealthy when

1. more than half of the steps between two lines of the log were skipped,
2. the restored pictures, where there is a right one, are twice as far from it as they have been, and by more than 5
   levels of 255, in the mean over so many lines that 512 crops were seen: what a few crops show is chance,
3. the discriminator knows real from fake (more than 99 % of either) in 10 lines on end: it teaches nothing any more,
4. fine detail has 3 times its power in 3 lines on end, and once had not: patterns, or noise,
5. pictures made of noise differ less than a fifth as much as real ones in 5 lines on end, and once did not: the
   generator makes one, or few, of them (mode collapse: Goodfellow 2016, arXiv:1701.00160, Sec. 5.1.1).

It then returns to its last checkpoint, with half the learning rates; none is written while a rule is broken.
"""

import math
from collections import deque
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from srgan.errors import TrainingError
from srgan.evaluation.metrics import colour_drift
from srgan.ops.colour import fine_power
from srgan.training.together import Together
from srgan.types import Batch

FAR, FARTHER, CROPS = 5 / 255, 2.0, 512
SURE, SURE_LINES = 0.99, 10
NOISY, NOISY_LINES = 3.0, 3
ALIKE, ALIKE_LINES = 0.2, 5


class UnhealthyError(TrainingError):
    """What was seen, and what to try."""


class Watch:
    """The counters of one run; `add` never waits for the device, `line` does, and for all processes of the run."""

    def __init__(self) -> None:
        self._together = Together()
        self._sums: dict[str, Tensor] = {}
        self._steps = 0
        self._skipped = 0
        self._nearest = float("inf")
        self._distances: deque[tuple[float, int]] = deque()  # of each line, and how many crops it saw
        self._sure: deque[bool] = deque(maxlen=SURE_LINES)
        self._noisy: deque[bool] = deque(maxlen=NOISY_LINES)
        self._was_calm = False
        self._alike: deque[bool] = deque(maxlen=ALIKE_LINES)
        self._was_diverse = False

    def add(self, terms: Mapping[str, Tensor], measured: Mapping[str, Tensor]) -> None:
        """One step: the terms of the loss and what else was measured, all scalars on the device."""
        self._steps += 1
        for name, value in {**terms, **measured}.items():
            value = value.detach()
            counted = torch.stack([value.nan_to_num(0.0, 0.0, 0.0), torch.isfinite(value).to(value.dtype)])
            self._sums[name] = self._sums[name] + counted if name in self._sums else counted

    def line(self, terms: Mapping[str, Tensor], restored: Batch, clean: Batch) -> dict[str, Any]:
        """What the log says since the last line: means over the finite steps, each term's share, a batch's look."""
        sums = self._together.mean(torch.stack(list(self._sums.values()))).tolist()
        looks = fine_power(restored).sum(), fine_power(clean).sum(), colour_drift(restored, clean).mean()
        fine, wanted, drift = self._together.mean(torch.stack(looks))
        line: dict[str, Any] = {
            name: total / count if count else None for name, (total, count) in zip(self._sums, sums, strict=True)
        }
        skipped, steps = round(sums[list(self._sums).index("skipped")][0]), self._steps
        del line["skipped"]
        self._skipped += skipped
        self._sums, self._steps = {}, 0
        sizes = {name: abs(line[name] or 0.0) for name in terms}
        line["shares"] = {name: size / (sum(sizes.values()) or 1.0) for name, size in sizes.items()}
        line["spectrum"], line["colour_drift"] = _number(fine / wanted), _number(drift)
        line["skipped"] = self._skipped
        if line.get("distance") is not None:
            self._distances.append((line["distance"], steps * len(clean) * self._together.count))
        self._check(line, skipped, steps)
        return line

    def state_dict(self) -> dict[str, Any]:
        return {
            "skipped": self._skipped,
            "nearest": self._nearest,
            "distances": [list(seen) for seen in self._distances],
            "sure": list(self._sure),
            "noisy": list(self._noisy),
            "was_calm": self._was_calm,
            "alike": list(self._alike),
            "was_diverse": self._was_diverse,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._skipped, self._nearest, self._was_calm = state["skipped"], state["nearest"], state["was_calm"]
        self._distances.extend((distance, crops) for distance, crops in state.get("distances", ()))
        self._sure.extend(state["sure"])
        self._noisy.extend(state["noisy"])
        self._alike.extend(state.get("alike", ()))
        self._was_diverse = state.get("was_diverse", False)

    def be_patient(self) -> None:
        """After a rollback, the run gets the whole of each rule's patience again."""
        self._distances.clear()
        self._sure.clear()
        self._noisy.clear()
        self._alike.clear()

    def _check(self, line: Mapping[str, Any], skipped: int, steps: int) -> None:
        """Raises UnhealthyError where one of the rules is broken."""
        self._sure.append(min(line.get("accuracy_real") or 0.0, line.get("accuracy_fake") or 0.0) > SURE)
        noisy = line["spectrum"] is None or line["spectrum"] > NOISY
        self._was_calm = self._was_calm or not noisy
        self._noisy.append(noisy and self._was_calm)
        if skipped > steps / 2:
            raise UnhealthyError(
                f"{skipped} of {steps} steps had losses or gradients that were not finite; "
                "try a lower learning_rate, or precision=fp32"
            )
        self._check_distance()
        if len(self._sure) == SURE_LINES and all(self._sure):
            raise UnhealthyError(
                "the discriminator knows every picture; "
                "try a lower discriminator_learning_rate, r1=1e-3, or augment=true"
            )
        if len(self._noisy) == NOISY_LINES and all(self._noisy):
            raise UnhealthyError(
                f"fine detail has {line['spectrum'] or float('nan'):.1f} times its power; "
                "try less adversarial, or more l1"
            )
        self._check_spread(line.get("spread", 1.0))

    def _check_distance(self) -> None:
        """Raises UnhealthyError where the pictures of the last lines are much farther from the clean ones."""
        seen = sum(crops for _, crops in self._distances)
        while self._distances and seen - self._distances[0][1] >= CROPS:
            seen -= self._distances.popleft()[1]
        if seen < CROPS:
            return
        distance = sum(distance * crops for distance, crops in self._distances) / seen
        if distance > FARTHER * self._nearest and distance > self._nearest + FAR:
            raise UnhealthyError(
                f"the restored pictures are {distance * 255:.1f} levels from the clean ones, and were "
                f"{self._nearest * 255:.1f}; try a lower learning_rate, or more l1"
            )
        self._nearest = min(self._nearest, distance)

    def _check_spread(self, spread: float) -> None:
        """Raises UnhealthyError where pictures made of noise have become alike."""
        self._was_diverse = self._was_diverse or spread >= ALIKE
        self._alike.append(spread < ALIKE and self._was_diverse)
        if len(self._alike) == ALIKE_LINES and all(self._alike):
            raise UnhealthyError(
                f"the pictures that are made differ {spread:.2f} times as much as real ones: the generator collapses; "
                "try another game, r1=0.1, or a lower learning_rate"
            )


def _number(value: Tensor) -> float | None:
    """The value, or None where it is not a number: JSON has no other word for it."""
    number = value.item()
    return number if math.isfinite(number) else None
