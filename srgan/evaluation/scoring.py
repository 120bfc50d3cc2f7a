"""How well a model does, always beside the trivial baseline, and with the protocol that the figures hang on."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from srgan.data.crops import check_pairs
from srgan.data.sources import Data, sources
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.evaluation.lpips import SMALLEST_SIDE, lpips
from srgan.evaluation.metrics import score, score_hole
from srgan.images.image import Image, white_of
from srgan.inference.picture import restore_batch
from srgan.models.model import Model, check_model
from srgan.types import Batch, Observed

log = logging.getLogger(__name__)

Scores = dict[str, float | None]


def evaluate(
    model: Model,
    data: Data,
    *,
    metrics: Sequence[str] = ("psnr", "ssim", "lpips"),
    baselines: bool = True,
    device: str = "auto",
    precision: str = "auto",
) -> dict[str, Any]:
    """Scores of a model on clean pictures or pairs: what `srgan eval --json` prints beside model and sha256.

    Each picture is cropped to a multiple of the scale, degraded by the model's task unless the observed one is given,
    restored, rounded to 8 bit and compared. A metric that is infinite or cannot be computed is None, with a warning.

    Raises:
        ConfigError: pairs do not tell the task enough.
        NoPicturesError: the folder holds no picture.
        ImageError: a picture cannot be read.
    """
    check_model(model)
    every = sorted(sources(data), key=lambda source: source.name)
    check_pairs(model.task, every)
    scale, protocol = model.task.scale, model.task.protocol()
    engine = make_engine(model.generator, device=device, precision=precision)
    restorers: dict[str, Callable[[Observed, Batch], Batch]] = {
        "model": lambda observed, clean: restore_batch(model, observed, engine=engine)
    }
    if baselines:
        restorers |= model.task.baselines()

    usable = [name for name in metrics if name != "lpips" or _has_lpips()]
    rows: dict[str, list[Scores]] = {name: [] for name in restorers}
    holes: dict[str, list[Scores]] = {name: [] for name in restorers}
    for number, source in enumerate(every):
        image, given = source.pair(scale)
        clean = _as_batch(image, scale)
        observed = model.task.observe(clean, number) if given is None else model.task.present(_as_batch(given, 1))
        hole = model.task.lost(observed)
        for restorer, restore in restorers.items():
            restored = restore(observed, clean)
            scores = score(restored, clean, protocol, usable, grey=image.grey)
            rows[restorer].append({**dict.fromkeys(metrics), **scores})
            if hole is not None:
                holes[restorer].append(score_hole(restored, clean, hole, protocol))

    return {
        "task": model.task.name,
        "scale": scale,
        "data": Path(data).resolve().name if isinstance(data, str | os.PathLike) else "",
        "count": len(every),
        "protocol": protocol.as_dict(),
        "mean": _mean(rows["model"], metrics),
        "baseline": {name: _mean(rows[name], metrics) for name in rows if name != "model"},
        **(_of_holes(holes) if holes["model"] else {}),
        "pictures": [
            {"name": source.name, **row, **({"hole": holes["model"][number]} if holes["model"] else {})}
            for number, (source, row) in enumerate(zip(every, rows["model"], strict=True))
        ],
    }


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


def _of_holes(holes: Mapping[str, Sequence[Scores]]) -> dict[str, object]:
    """The means of what was scored of holes alone."""
    means = {name: _mean(rows, ["psnr"]) for name, rows in holes.items()}
    return {"mean_hole": means.pop("model"), "baseline_hole": means}


def _mean(rows: Sequence[Scores], metrics: Sequence[str]) -> Scores:
    """The mean of each metric; None where a picture has none."""
    columns = {name: [row[name] for row in rows] for name in metrics}
    return {
        name: None if None in values else fmean(v for v in values if v is not None) for name, values in columns.items()
    }
