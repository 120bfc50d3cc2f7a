"""Fine-tuning: a model learns from someone's own pictures, and is kept only if it got better on some it never saw."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from srgan.errors import ImageError, TrainingError
from srgan.evaluation import evaluate
from srgan.images import write_bytes
from srgan.model import Model, load, save
from srgan.sources import Data, Source, sources, split
from srgan.training.config import TrainConfig
from srgan.training.loop import train

log = logging.getLogger(__name__)

SMALLEST = 32
"""Shortest side of a picture that can judge [px]."""

GENTLE = {
    "steps": 2000,
    "optimizer": "adam",
    "learning_rate": 1e-4,
    "warmup": 100,
    "log_every": 50,
    "checkpoint_every": 250,
    "validate_every": 500,
}
"""What is not the default of TrainConfig where weights are already good."""


@dataclass(frozen=True)
class FineTuned:
    """What came of it.

    Attributes:
        model: the better one, as it lies in `model.safetensors`.
        improved: whether that is the fine-tuned one.
        metric: what decided, "psnr" or, where a discriminator played, "lpips".
        before, after: mean scores on the pictures held out.
        held_out: their names.
    """

    model: Model
    improved: bool
    metric: str
    before: dict[str, float | None]
    after: dict[str, float | None]
    held_out: tuple[str, ...]


def finetune(
    start: Model,
    data: Data,
    out: str | os.PathLike[str],
    config: TrainConfig | None = None,
    *,
    progress: bool = False,
) -> FineTuned:
    """Fine-tunes a model on pictures, a tenth of them held out by name, and judges it on those beside the start.

    Writes `model.safetensors` into `out`: the fine-tuned weights, or those of the start where they are not worse. The
    run itself, with its own weights, is in `out/training`; the same call continues it.

    Raises:
        NoPicturesError: there are fewer than two pictures, or none is large enough.
        TrainingError: no picture held out has a score.
    """
    config = config or replace(TrainConfig(), **GENTLE)  # type: ignore[arg-type]
    out = Path(out)
    learn, held_out = split(_usable(sources(data), start.task.scale))
    run = out / "training"
    train(start, learn, run, config, validation=held_out, progress=progress)
    trained = load(run / "model.safetensors")

    metrics = ("psnr", "ssim", "lpips") if config.playing else ("psnr", "ssim")
    metric = "lpips" if config.playing else "psnr"
    where = {"device": config.device, "precision": config.precision}
    before, after = (evaluate(model, held_out, metrics=metrics, baselines=False, **where) for model in (start, trained))
    gains = [
        new[metric] - old[metric]
        for old, new in zip(before["pictures"], after["pictures"], strict=True)
        if None not in (old[metric], new[metric])
    ]
    if not gains:
        raise TrainingError(f"{run}: no picture held out has a {metric} to judge by; the warnings above say why")
    improved = sum(gains) < 0 if metric == "lpips" else sum(gains) > 0
    if improved:
        write_bytes(out / "model.safetensors", (run / "model.safetensors").read_bytes())
    else:
        save(start, out / "model.safetensors")
    names = tuple(source.name for source in held_out)
    return FineTuned(trained if improved else start, improved, metric, before["mean"], after["mean"], names)


def _usable(every: Sequence[Source], scale: int) -> list[Source]:
    """Those that can be learnt from and scored: what cannot be read, or is smaller than SSIM's window, is left out."""
    usable = []
    for source in every:
        try:
            clean, _ = source.pair(scale)
        except (ImageError, OSError) as error:
            log.warning("left out: %s", error)
            continue
        if min(clean.width, clean.height) < SMALLEST:
            log.warning("left out: %s: smaller than %d px", source.name, SMALLEST)
            continue
        usable.append(source)
    return usable
