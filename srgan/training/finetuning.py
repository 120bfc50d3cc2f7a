"""Fine-tuning: a model learns from someone's own pictures, and is kept only if it got better on some it never saw."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srgan import options
from srgan.data.crops import check_comparable
from srgan.data.sources import Data, Source, sources, split, usable
from srgan.errors import TrainingError
from srgan.evaluation.scoring import evaluate
from srgan.files import write_bytes
from srgan.models.file import load, save
from srgan.models.model import Model, check_model
from srgan.training.config import TrainConfig
from srgan.training.loop import train
from srgan.training.state import WEIGHTS, check_apart, folder_of

SMALLEST = 32
"""Shortest side of a picture that can judge [px]."""

RUN = "training"
"""The folder of the run itself, in that of what comes of it."""

_GENTLE = {
    "steps": 2000,
    "optimizer": "adam",
    "learning_rate": 1e-4,
    "warmup": 100,
    "log_every": 50,
    "checkpoint_every": 250,
    "validate_every": 500,
}

_OF_THE_RUN = {
    *_GENTLE,
    "minutes",
    "final_learning_rate",
    "seed",
    "precision",
    "device",
    "features",
    "tensorboard",
    "memory",
}


def gentle(start: Model) -> dict[str, object]:
    """Settings for weights that are already good, where they are not the defaults of TrainConfig: small steps.

    What was trained against a discriminator goes on with the losses, the game and the crops that its file tells of, or
    else it would only unlearn its vividness.
    """
    training = start.card.get("training")
    taught = training.get("config", {}) if isinstance(training, dict) else {}
    if not taught.get("adversarial"):
        return dict(_GENTLE)
    known = options.options_of(TrainConfig).keys() - _OF_THE_RUN
    if "discriminator_clip" not in taught:  # r1 weighed the mean of the logits then: hardly anything, and now too much
        known -= {"r1"}
    return {name: value for name, value in taught.items() if name in known} | _GENTLE


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
    run itself, with its own weights, is in `out/training`; the same call continues it. Without a `config` the settings
    are those of `gentle`.

    Raises:
        ConfigError: pairs do not tell the task enough, or `out` is where the pictures are.
        NoPicturesError: there are fewer than two pictures, or none is large enough.
        TrainingError: `out` holds weights that were made otherwise, or no picture held out has a score.
    """
    check_model(start)
    config = options.checked(config or options.build(TrainConfig, gentle(start)), TrainConfig)
    out = Path(out)
    check_apart(out, data)
    run = out / RUN
    if run.is_dir():  # begun before runs were marked, whose sheets would be found
        folder_of(run, data)
    every = sources(data)
    check_comparable(start.task, every)
    learn, held_out = split(_usable(every, start.task.scale))
    if (out / WEIGHTS).exists() and not run.exists():
        raise TrainingError(f"{out}: holds weights that no fine-tuning there made; choose another output")
    before = _scores(start, held_out, config)
    train(start, learn, run, config, validation=held_out, progress=progress)
    result = _judged(start, before, run, held_out, config)
    if result.improved:
        write_bytes(out / WEIGHTS, (run / WEIGHTS).read_bytes())
    else:
        save(start, out / WEIGHTS)
    return result


def _metric(config: TrainConfig) -> str:
    """What decides which weights are better."""
    return "lpips" if config.playing else "psnr"


def _scores(model: Model, held_out: Sequence[Source], config: TrainConfig) -> dict[str, Any]:
    """What `evaluate` says of a model on the pictures held out.

    Raises:
        TrainingError: none of them has a score to judge by.
    """
    metrics = ("psnr", "ssim", "lpips") if config.playing else ("psnr", "ssim")
    found = evaluate(model, held_out, metrics=metrics, baselines=False, **config.judging(model.generator))
    if all(picture[_metric(config)] is None for picture in found["pictures"]):
        why = "the warnings above say why"
        raise TrainingError(f"no picture held out has a {_metric(config)} to judge by; {why}")
    return found


def _judged(
    start: Model, before: dict[str, Any], run: Path, held_out: Sequence[Source], config: TrainConfig
) -> FineTuned:
    """What a run made of the start, whose scores are given, and which of the two is better on pictures held out."""
    trained, metric = load(run / WEIGHTS), _metric(config)
    after = _scores(trained, held_out, config)
    gains = [
        new[metric] - old[metric]
        for old, new in zip(before["pictures"], after["pictures"], strict=True)
        if None not in (old[metric], new[metric])
    ]
    improved = sum(gains) < 0 if metric == "lpips" else sum(gains) > 0
    names = tuple(source.name for source in held_out)
    return FineTuned(trained if improved else start, improved, metric, before["mean"], after["mean"], names)


def _usable(every: Sequence[Source], scale: int) -> list[Source]:
    """Those that can be learnt from and scored: what cannot be read, or is smaller than SSIM's window, is left out."""
    return usable(every, scale, SMALLEST)
