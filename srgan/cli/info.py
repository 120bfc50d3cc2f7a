"""`srgan info [MODEL]`: what a weights file is, how it was made and how it scores, from its header alone."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeGuard

import click

from srgan.models import zoo

COLUMNS = {"psnr": ("PSNR [dB]", 2), "ssim": ("SSIM", 4), "lpips": ("LPIPS", 4)}
"""The metrics that are shown, each with its heading and its digits."""

_OF_SAMPLES = {
    "count": "{:,}",
    "classifier": "by a classifier that knows {:.1%} of real ones",
    "sure": "sure of {:.1%}",
    "as_asked": "as asked {:.1%}",
    "rarest": "rarest class {:.1%}",
    "distance": "distance {:.1f}",
}
"""What is told of pictures made of noise, where nothing is right or wrong."""

_INDENT, _WIDTH = 10, 11


@click.command()
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--json", "as_json", is_flag=True, help="All that the header says, as one JSON object.")
def info(model: str | None, as_json: bool) -> int:
    """Tell what MODEL (a shipped name or a weights file) is; without one, list what ships.

    PSNR and SSIM are better when they are higher, LPIPS when it is lower.
    """
    if as_json:
        said = zoo.describe(model) if model is not None else {name: zoo.describe(name) for name in zoo.names()}
        click.echo(json.dumps(said, ensure_ascii=False))
    elif model is not None:
        click.echo(_card(model, zoo.describe(model)))
    else:
        rows = [
            (name if number == 0 else "", *row)
            for name in zoo.names()
            for number, row in enumerate(_rows(zoo.describe(name), references=False) or [("", {})])
        ]
        click.echo("\n".join(_table(rows)))
    return 0


def _card(model: str, header: Mapping[str, Any]) -> str:
    path = zoo.locate(model)
    said = {
        **{part: _named(header.get(part)) for part in ("task", "network")},
        "training": _training(header.get("training")),
        "licence": str(header.get("licence") or "not told"),
        **({"tiles": str(header["tiling"])} if "tiling" in header else {}),
    }
    lines = [
        model,
        f"{'file':{_INDENT}}{path}, {path.stat().st_size / 1e6:.2f} MB",
        f"{'SHA-256':{_INDENT}}{zoo.sha256(path)}",
    ]
    for key, text in said.items():
        lines += _wrapped(key, text)
    for data, mean in header.get("scores", {}).items():
        if "psnr" not in mean:
            told = (text.format(mean[name]) for name, text in _OF_SAMPLES.items() if mean.get(name) is not None)
            lines += _wrapped("samples", f"{', '.join(told)} ({data})")
    rows = _rows(header, references=True)
    if not rows and header.get("scores"):
        return "\n".join(lines)
    return "\n".join(
        [*lines, "", *_table([("", *row) for row in rows])] if rows else [*lines, "scores    none recorded"]
    )


def _wrapped(key: str, text: str) -> list[str]:
    return textwrap.wrap(f"{key:{_INDENT}}{text}", 110, subsequent_indent=" " * _INDENT)


def _named(part: object) -> str:
    """A task or a network, with its options that say something."""
    if not isinstance(part, dict):
        return "not told"
    options = ", ".join(f"{key} {value}" for key, value in part.items() if key != "name" and value != "")
    return f"{part.get('name')}{': ' * bool(options)}{options}"


def _training(last: object) -> str:
    """The runs by which weights became what they are, and what they saw."""
    runs = list(_runs(last))
    if not runs:
        return "not told"
    steps = ", then ".join(_steps(run) for run in reversed(runs))
    data = runs[0].get("data")
    seen = (
        f", on {data['pictures']} pictures of {data['megapixels']:g} MP" if _has(data, "pictures", "megapixels") else ""
    )
    return steps + seen


def _runs(last: object) -> Iterator[Mapping[str, Any]]:
    """A training, and those it started from."""
    while isinstance(last, dict):
        yield last
        last = last.get("before")


def _steps(run: Mapping[str, Any]) -> str:
    config = run.get("config")
    said = f"{run.get('step')} steps"
    if _has(config, "batch", "crop"):
        said += f" of {config['batch']} crops of {config['crop']} px"
    return f"{said} against a discriminator" if _has(config, "adversarial") and config["adversarial"] else said


def _has(part: object, *keys: str) -> TypeGuard[dict[str, Any]]:
    return isinstance(part, dict) and all(key in part for key in keys)


def _rows(header: Mapping[str, Any], *, references: bool) -> list[tuple[str, Mapping[str, Any]]]:
    """Each data set with its means, and what it was measured beside where that is wanted."""
    rows = []
    for data, mean in header.get("scores", {}).items():
        if "psnr" not in mean:
            continue
        rows.append((data, mean))
        others = [(f"  {name}", other) for name, other in mean.items() if isinstance(other, dict)]
        rows += others if references else []
    return rows


def _table(rows: list[tuple[str, str, Mapping[str, Any]]]) -> list[str]:
    """Lines with a heading; the names are left out where there are none."""
    names, data = (max((len(row[column]) for row in rows), default=0) for column in (0, 1))

    def line(name: str, said: str, cells: Iterable[str]) -> str:
        return (f"{name:{names}}  " if names else "") + f"{said:{max(data, len('scores'))}}" + "".join(cells)

    heading = line("", "scores", (f"{heading:>{_WIDTH}}" for heading, _ in COLUMNS.values()))
    return [heading, *(line(name, said, _cells(mean)) for name, said, mean in rows)]


def _cells(mean: Mapping[str, Any]) -> Iterator[str]:
    for metric, (_, digits) in COLUMNS.items():
        value = mean.get(metric)
        yield f"{value:{_WIDTH}.{digits}f}" if isinstance(value, int | float) else f"{'-':>{_WIDTH}}"
