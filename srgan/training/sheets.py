"""What a run looks like: a sheet of validation pictures at each checkpoint, and one picture of its curves."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from srgan.data.sources import Data, Source, sources
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.images.image import Image, white_of
from srgan.images.writer import write
from srgan.inference.tiled import Run, restore_batch
from srgan.models.model import Model
from srgan.types import Batch, Observed

Canvas = UInt8[np.ndarray, "h w 3"]

SHEET_PICTURES, SHEET_SIDE = 6, 192
PANEL = (720, 260)
"""Width and height of one panel of curves [px]."""

_COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189), (255, 127, 14), (23, 190, 207), (90, 90, 90))


@contextmanager
def board(folder: Path, start: int, *, wanted: bool) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """What writes lines of the log for TensorBoard, or nothing; what was there from step `start` on is taken back.

    Raises:
        ConfigError: tensorboard is not installed.
    """
    if not wanted:
        yield lambda line: None
        return
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ConfigError("tensorboard=true: needs tensorboard; pip install 'srgan[tensorboard]'") from error
    writer = SummaryWriter(str(folder), purge_step=start + 1)

    def add(line: Mapping[str, Any]) -> None:
        groups = {name: value for name, value in line.items() if isinstance(value, dict)}
        scalars = {name: value for name, value in line.items() if name not in groups}
        scalars |= {f"{group}/{name}": value for group, values in groups.items() for name, value in values.items()}
        for name, value in scalars.items():
            if value is not None:
                writer.add_scalar(name, value, line["step"])
        writer.flush()

    try:
        yield add
    finally:
        writer.close()


def write_sheet(
    model: Model, validation: Data | None, path: Path, device: str = "auto", precision: str = "auto"
) -> None:
    """Writes a PNG: what the task gives as examples, or a row for each of the first validation pictures.

    In a row its baseline, restored and clean are side by side. Without examples and pictures there is nothing to write.
    """
    examples = model.task.examples()
    if examples is None and validation is None:
        return
    run = Run(model=model, engine=make_engine(model.generator, device=device, precision=precision))
    if examples is not None:
        write(path, Image(_levels(restore_batch(run, examples))))
        return
    rows = []
    for source in sources(validation or ())[:SHEET_PICTURES]:
        clean, observed = _middle_of(source, model)
        baseline = next(iter(model.task.baselines().values()))
        shown = (baseline(observed, clean), restore_batch(run, observed), clean)
        rows.append(np.concatenate([_levels(picture) for picture in shown], axis=1))
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0))) for row in rows]
    write(path, Image(np.concatenate(padded)))


def write_curves(log: Path, path: Path) -> None:
    """Writes a PNG of what `log.jsonl` holds: terms of the loss, accuracies, scores, fine detail and colours."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    terms = sorted({name for line in lines for name in line.get("shares", {})})
    scores = sorted({name for line in lines for name in line.get("validation", {})})
    series = {name: _series(lines, name) for name in (*terms, "discriminator")}
    panels = [_panel("loss, by term", series, logarithmic=True)]
    if "accuracy_real" in (lines[-1] if lines else {}):
        names = ("accuracy_real", "accuracy_fake")
        panels.append(_panel("discriminator: right of 1", {name: _series(lines, name) for name in names}))
    validations = [{"step": line["step"], **line["validation"]} for line in lines if "validation" in line]
    panels += [_panel(f"validation: {name}", {name: _series(validations, name)}) for name in scores]
    panels.append(_panel("fine detail, of 1", {"spectrum": _series(lines, "spectrum")}))
    panels.append(_panel("colour drift [Lab]", {"colour_drift": _series(lines, "colour_drift")}))
    write(path, Image(np.concatenate(panels)))


Series = Sequence[tuple[float, float]]


def _series(lines: Sequence[Mapping[str, Any]], name: str) -> Series:
    return [(float(line["step"]), float(line[name])) for line in lines if line.get(name) is not None]


def _panel(title: str, series: Mapping[str, Series], *, logarithmic: bool = False) -> Canvas:
    """Lines over steps, with the ends of both axes written at them."""
    width, height = PANEL
    canvas: Canvas = np.full((height, width, 3), 255, np.uint8)
    drawn = {name: [(x, y) for x, y in points if y > 0 or not logarithmic] for name, points in series.items() if points}
    drawn = {name: points for name, points in drawn.items() if points}
    _write(canvas, title, (60, 18), (0, 0, 0))
    if not drawn:
        return canvas
    steps, values = zip(*(point for points in drawn.values() for point in points), strict=True)
    low, high = min(values), max(values)
    scaled = math.log if logarithmic else float
    left, right, top, bottom = 60, width - 150, 30, height - 30
    span = scaled(high) - scaled(low) or 1.0

    def place(x: float, y: float) -> tuple[int, int]:
        across = (x - min(steps)) / (max(steps) - min(steps) or 1)
        return round(left + across * (right - left)), round(bottom - (scaled(y) - scaled(low)) / span * (bottom - top))

    cv2.rectangle(canvas, (left, top), (right, bottom), (200, 200, 200))
    for text, where in ((f"{high:.4g}", (4, top + 5)), (f"{low:.4g}", (4, bottom))):
        _write(canvas, text, where, (0, 0, 0))
    for step, x in ((min(steps), left), (max(steps), right - 40)):
        _write(canvas, f"{step:.0f}", (x, height - 10), (0, 0, 0))
    for number, (name, points) in enumerate(drawn.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        line = np.array([place(*point) for point in points], np.int32)
        cv2.polylines(canvas, [line], isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA)
        _write(canvas, name, (right + 8, top + 12 + 18 * number), colour)
    return canvas


def _write(canvas: Canvas, text: str, where: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(canvas, text, where, cv2.FONT_HERSHEY_SIMPLEX, 0.42, colour, 1, cv2.LINE_AA)


def _middle_of(source: Source, model: Model) -> tuple[Batch, Observed]:
    """The middle of a clean picture, and what is observed of it."""
    scale = model.task.scale
    image, given = source.pair(scale)
    height, width = (min(side, SHEET_SIDE) // scale * scale for side in (image.height, image.width))
    top, left = (image.height - height) // 2 // scale * scale, (image.width - width) // 2 // scale * scale

    def cut(image: Image, times: int) -> Batch:
        levels = image.rgb[top // times : (top + height) // times, left // times : (left + width) // times]
        return torch.from_numpy(levels.astype(np.float32) / white_of(levels.dtype)).permute(2, 0, 1)[None]

    clean = cut(image, 1)
    if given is None:
        return clean, model.task.observe(clean, 0)
    return clean, model.task.present(cut(given, scale))


def _levels(picture: Batch) -> Canvas:
    levels: Canvas = picture[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).cpu().numpy()
    return levels
