"""`srgan augment DATA OUT -m FILE`: a labelled set, enlarged by pictures made of noise."""

from __future__ import annotations

from pathlib import Path

import click

from srgan.cli.generate import of_noise


@click.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("-m", "--model", required=True, metavar="NAME|FILE", help="Weights that make pictures of its classes.")
@click.option("--count", required=True, type=click.IntRange(min=1), help="How many pictures are made.")
@click.option(
    "--seed", default=0, show_default=True, help="Of the first picture; each has the next one's and its name."
)
@click.option("--truncation", default=1.0, show_default=True, help="Less is nearer to the middle, and less diverse.")
@click.option("-d", "--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
def augment(data: Path, target: Path, model: str, count: int, seed: int, truncation: float, device: str) -> int:
    """Write a labelled set into the folder OUT, and beside it pictures made of noise, its classes in turn.

    DATA is a folder with a sub-folder a class, or what --data takes of labelled sets; so is OUT. Its manifest.jsonl
    tells of each file whether it is real, and of which weights and seed it is else. The same command again continues.
    """
    from srgan.models import zoo
    from srgan.runner.augment import augment as run

    asked = of_noise(model).asked(truncation=truncation)
    path = zoo.locate(model)
    origin = {"model": path.name, "sha256": zoo.sha256(path), "truncation": truncation}
    run(asked, data, target, count=count, seed=seed, origin=origin, device=device)
    click.echo(str(target))
    return 0
