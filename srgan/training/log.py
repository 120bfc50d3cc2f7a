"""What a run says of itself: the account in its weights file, and the lines of `log.jsonl`."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

from srgan import options
from srgan.data.pictures import Pictures
from srgan.files import write_bytes
from srgan.training.config import TrainConfig


def account(
    config: TrainConfig, step: int, pictures: Pictures, scores: Mapping[str, float | None], before: object
) -> dict[str, object]:
    """What the weights file says of how it was made; `before` is the same of the weights it started from, or None."""
    data = {"pictures": len(pictures.pictures), "megapixels": round(pictures.megapixels, 1), "bad": len(pictures.bad)}
    settings = options.record(config) | {"features": Path(config.features).name}  # whose folder is nobody's business
    account = {"step": step, "config": settings, "data": data, "validation": dict(scores)}
    return account if before is None else {**account, "before": before}


def keep_until(path: Path, step: int) -> None:
    """Drops the lines that a killed run wrote after its last checkpoint."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if _step_of(line) <= step]
        write_bytes(path, "".join(kept).encode())


def _step_of(line: str) -> float:
    """The step of a line of the log; beyond all steps where it is torn."""
    try:
        return float(json.loads(line)["step"]) if line.endswith("\n") else math.inf
    except (ValueError, LookupError, TypeError):
        return math.inf
