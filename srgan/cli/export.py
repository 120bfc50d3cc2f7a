"""`srgan export MODEL OUT`: a model for other programs, as ONNX, ncnn or OpenVINO."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("model", metavar="MODEL")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
def export(model: str, target: Path) -> int:
    """Write MODEL (a shipped name or a weights file) so that others run it without srgan.

    OUT ends in .onnx (onnxruntime, web pages), .param (ncnn and Upscayl; .bin comes beside it) or .xml (OpenVINO; the
    same). It takes pictures of any size in [0, 1], RGB, and has been run on photographs and compared with ours.
    """
    from srgan.models import zoo
    from srgan.models.export import export as write

    difference = write(zoo.load(model), target)
    click.echo(f"{target}: differs by {difference:.4f} of 255 levels at most, on photographs")
    return 0
