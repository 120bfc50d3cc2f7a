"""`srgan info [MODEL]`: what a weights file is, how it was made and how it scores, from its header alone."""

from __future__ import annotations

import json
from typing import Any

import click

from srgan import zoo


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--json", "as_json", is_flag=True, help="The header as JSON.")
def info(model: str | None, as_json: bool) -> int:
    """Tell what MODEL (a shipped name or a weights file) is; without one, list what ships."""
    if model is None:
        for name in zoo.names():
            click.echo(f"{name:24}{_scores(zoo.describe(name))}")
        return 0
    header = zoo.describe(model)
    click.echo(json.dumps(header, ensure_ascii=False) if as_json else _text(model, header))
    return 0


def _text(model: str, header: dict[str, Any]) -> str:
    path = zoo.locate(model)
    lines = [f"{model}: {path.stat().st_size / 1e6:.2f} MB, SHA-256 {zoo.sha256(path)}"]
    for part in ("task", "network"):
        options = ", ".join(f"{key} {value}" for key, value in header[part].items() if key != "name")
        lines.append(f"{part + ':':10}{header[part]['name']} ({options})")
    lines.append(f"scores:   {_scores(header)}")
    lines += [f"{key + ':':10}{_flat(value)}" for key, value in header.items() if key in ("training", "licence")]
    return "\n".join(lines)


def _scores(header: dict[str, Any]) -> str:
    """Each data set with its means: PSNR / SSIM / LPIPS."""
    scores = header.get("scores", {})
    said = [
        f"{data} " + " / ".join(f"{mean[metric]:.4g}" for metric in ("psnr", "ssim", "lpips") if mean.get(metric))
        for data, mean in scores.items()
    ]
    return ", ".join(said) or "none recorded"


def _flat(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
