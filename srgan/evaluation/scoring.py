"""How well a model does, always beside the trivial baseline, and with the protocol that the figures hang on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from srgan.data.crops import check_comparable
from srgan.data.sources import Data, Source, sources
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.evaluation.lpips import SMALLEST_SIDE, lpips
from srgan.evaluation.metrics import score, score_hole
from srgan.images.image import Image, white_of
from srgan.inference.tiled import Run, restore_batch
from srgan.models.model import Model, check_model
from srgan.tasks.task import Task
from srgan.types import Batch, Observed

log = logging.getLogger(__name__)

Way = Callable[[Observed, Batch], Batch]
"""What restores what was observed; a baseline may look at the clean picture, too."""

Scores = dict[str, float | None]
Row = dict[str, Any]
"""The scores of one picture by one way; "hole" has those of its hole, where there is one."""


def evaluate(
    model: Model,
    data: Data,
    *,
    metrics: str | Sequence[str] = ("psnr", "ssim", "lpips"),
    baselines: bool = True,
    device: str = "auto",
    precision: str = "auto",
    ensemble: bool = False,
) -> dict[str, Any]:
    """Scores of a model on clean pictures or pairs: what `srgan eval --json` prints beside model and sha256.

    Each picture is cropped to a multiple of the scale, degraded by the model's task unless the observed one is given,
    restored (with `ensemble` as `srgan.restore` does), rounded to 8 bit and compared. A metric that is infinite or
    cannot be computed is None, with a warning.

    Raises:
        ConfigError: pairs do not tell the task enough, or nothing it makes is right or wrong.
        NoPicturesError: the folder holds no picture.
        ImageError: a picture cannot be read.
    """
    check_model(model)
    metrics = [metrics] if isinstance(metrics, str) else metrics
    every = sorted(sources(data), key=lambda source: source.name)
    check_comparable(model.task, every)
    engine = make_engine(model.generator, device=device, precision=precision)
    run = Run(model=model, engine=engine, ensemble=ensemble)
    ways: dict[str, Way] = {"model": lambda observed, clean: restore_batch(run, observed)}
    if baselines:
        ways |= model.task.baselines()
    usable = [name for name in metrics if name != "lpips" or _has_lpips()]
    rows: dict[str, list[Row]] = {way: [] for way in ways}
    for number, source in enumerate(every):
        for way, row in _compared(model.task, source, number, ways, usable):
            rows[way].append(dict.fromkeys(metrics) | row)
    return {
        "task": model.task.name,
        "scale": model.task.scale,
        "data": Path(data).resolve().name if isinstance(data, str | os.PathLike) else "",
        "count": len(every),
        "protocol": model.task.protocol().as_dict() | ({"ensemble": True} if ensemble else {}),
        **_means(rows, metrics),
        "pictures": [{"name": source.name, **row} for source, row in zip(every, rows["model"], strict=True)],
    }


def _compared(
    task: Task, source: Source, number: int, ways: Mapping[str, Way], usable: Sequence[str]
) -> Iterator[tuple[str, Row]]:
    """Each way with the scores of what it makes of a picture."""
    image, given = source.pair(task.scale)
    clean = _as_batch(image, task.scale)
    observed = task.observe(clean, number) if given is None else task.present(_as_batch(given, 1))
    hole, protocol = task.lost(observed), task.protocol()
    for way, restore in ways.items():
        restored = restore(observed, clean)
        row: Row = dict(score(restored, clean, protocol, usable, grey=image.grey))
        if hole is not None:
            row["hole"] = score_hole(restored, clean, hole, protocol)
        yield way, row


def _has_lpips() -> bool:
    """Whether LPIPS can be computed here; tried once, not for each picture, and said if not."""
    blank = torch.zeros(1, 3, SMALLEST_SIDE, SMALLEST_SIDE)
    try:
        lpips(blank, blank)
    except ConfigError as error:
        log.warning("no lpips: %s", error)
        return False
    return True


def _as_batch(image: Image, multiple: int) -> Batch:
    """A picture as a batch of one, cropped at the right and bottom to a multiple."""
    if min(image.width, image.height) < multiple:
        raise ConfigError(f"a picture of {image.width}x{image.height} px cannot be reduced {multiple} times")
    picture: Batch = torch.from_numpy(image.rgb.astype("float32")).permute(2, 0, 1)[None] / white_of(image.rgb.dtype)
    height, width = (side // multiple * multiple for side in picture.shape[2:])
    cropped: Batch = picture[:, :, :height, :width].contiguous()
    return cropped


def _means(rows: Mapping[str, Sequence[Row]], metrics: Sequence[str]) -> dict[str, object]:
    """The means of each way over all pictures, and over their holes alone."""
    means = {way: _mean(those, metrics) for way, those in rows.items()}
    told: dict[str, object] = {"mean": means.pop("model"), "baseline": means}
    if any("hole" in row for row in rows["model"]):
        of_holes = {way: _mean([row["hole"] for row in those], ["psnr"]) for way, those in rows.items()}
        told |= {"mean_hole": of_holes.pop("model"), "baseline_hole": of_holes}
    return told


def _mean(rows: Sequence[Row], metrics: Sequence[str]) -> Scores:
    """The mean of each metric; None where a picture has none."""
    columns = {name: [row[name] for row in rows] for name in metrics}
    return {
        name: None if None in values else fmean(v for v in values if v is not None) for name, values in columns.items()
    }
