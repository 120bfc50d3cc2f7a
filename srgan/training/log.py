"""What a run says of itself: the account in its weights file, and the lines of `log.jsonl`."""

import json
import math
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from torch import Tensor
from tqdm import tqdm

from srgan import options
from srgan.data.pictures import Pictures
from srgan.files import write_bytes
from srgan.training.config import TrainConfig
from srgan.training.pace import Pace
from srgan.training.sheets import board


def account(
    config: TrainConfig, step: int, pictures: Pictures, scores: Mapping[str, float | None], before: object
) -> dict[str, object]:
    """What the weights file says of how it was made; `before` is the same of the weights it started from, or None."""
    data = {"pictures": len(pictures.pictures), "megapixels": round(pictures.megapixels, 1), "bad": len(pictures.bad)}
    settings = options.record(config) | {"features": Path(config.features).name}  # whose folder is nobody's business
    account = {"step": step, "config": settings, "data": data, "validation": dict(scores)}
    return account if before is None else {**account, "before": before}


class Log:
    """The lines of `log.jsonl`, which TensorBoard may show, too; a bar on stderr; and how fast a run goes.

    Lines that a killed run wrote after its last checkpoint are dropped.

    Args:
        writes: whether this process writes; others of the same run only keep the pace.
    """

    def __init__(self, folder: Path, config: TrainConfig, start: int, *, progress: bool, writes: bool = True) -> None:
        self.path = folder / "log.jsonl"
        self._folder, self._config, self._start = folder, config, start
        self._progress, self._writes = progress and writes, writes
        self._pace = Pace(start, config.steps)
        self._open = ExitStack()
        if writes and self.path.exists():
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [line for line in lines if _step_of(line) <= start]
            write_bytes(self.path, "".join(kept).encode())

    def __enter__(self) -> "Log":
        config, start = self._config, self._start
        self._bar = self._open.enter_context(
            tqdm(total=config.steps, initial=start, unit="step", disable=not self._progress, smoothing=0.05)
        )
        self._show = self._open.enter_context(
            board(self._folder / "tensorboard", start, wanted=config.tensorboard and self._writes)
        )
        self.resume(start)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def tick(self, step: int, loss: Tensor) -> None:
        """After each step; two of them wait for the device."""
        self._bar.update()
        if self._writes:
            self._pace.step(step, loss)

    def rate(self, step: int) -> float:
        """Steps a second since `resume`."""
        return (step - self._resumed) / (time.perf_counter() - self._clock)

    def resume(self, step: int) -> None:
        """After what is no step: so that validations and checkpoints make a run no slower."""
        self._resumed, self._clock = step, time.perf_counter()

    def write(self, line: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        self._show(line)
        if "validation" in line:
            self._bar.set_postfix(line["validation"])


def _step_of(line: str) -> float:
    """The step of a line of the log; beyond all steps where it is torn."""
    try:
        return float(json.loads(line)["step"]) if line.endswith("\n") else math.inf
    except (ValueError, LookupError, TypeError):
        return math.inf
