"""How long training takes: said after its first steps, and turned into a number of steps where minutes are given."""

import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import Tensor

from srgan.errors import ConfigError
from srgan.training.config import TrainConfig

log = logging.getLogger(__name__)

FIRST, TIMED = 5, 20
"""Steps that fill caches and are not timed, and those after which the rest is estimated."""


class Pace:
    """Says after a few steps how long the others will take."""

    def __init__(self, start: int, steps: int) -> None:
        self._start, self._steps, self._clock = start, steps, 0.0

    def step(self, step: int, loss: Tensor) -> None:
        """After each step; two of them wait for the device."""
        done = step - self._start
        if done not in (FIRST, TIMED) or self._steps - self._start <= TIMED:
            return
        loss.item()
        if done == FIRST:
            self._clock = time.perf_counter()
            return
        rate = (TIMED - FIRST) / (time.perf_counter() - self._clock)
        left = self._steps - step
        log.info("%d steps are left, at %.3g a second: about %s, validation aside", left, rate, _words(left / rate))


def steps_within(
    minutes: float, config: TrainConfig, spent: float, trial: Callable[[TrainConfig, Path], object]
) -> int:
    """How many steps fit into so many minutes on this machine, as a trial run that changes nothing shows.

    Args:
        spent: seconds of them that are over.
        trial: trains with a configuration into a folder.

    Raises:
        ConfigError: not one does.
    """
    still: dict[str, Any] = dict.fromkeys(
        ("learning_rate", "final_learning_rate", "discriminator_learning_rate", "minutes"), 0.0
    )
    every: dict[str, Any] = {"log_every": TIMED, "checkpoint_every": 2 * TIMED, "validate_every": 2 * TIMED}
    began = time.perf_counter()
    with TemporaryDirectory(prefix="srgan-") as folder:
        trial(replace(config, **still, **every, steps=2 * TIMED, tensorboard=False), Path(folder))
        last = (Path(folder) / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1]
    rate = float(json.loads(last)["steps_per_second"])
    took = time.perf_counter() - began
    validation = max(0.0, took - 2 * TIMED / rate)  # and the other things that are not steps
    left = 60 * minutes - spent - took - validation
    a_step = 1 / rate + validation / config.validate_every
    steps = int(left / a_step)
    if steps < 1:
        enough = math.ceil((60 * minutes - left + 100 * a_step) / 60)
        raise ConfigError(f"minutes={minutes:g}: over before the first step; 100 steps take about {enough}")
    log.info("%d steps fit into %g minutes, at %.3g a second", steps, minutes, rate)
    return steps


def _words(seconds: float) -> str:
    """A length of time as one says it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
