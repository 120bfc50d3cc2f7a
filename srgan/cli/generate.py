"""`srgan generate OUT -m FILE`: pictures of noise, a file a seed, or many on one sheet."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from srgan.errors import ConfigError, ImageError
from srgan.files import printable

if TYPE_CHECKING:
    from srgan.images.image import Image
    from srgan.models.model import Model


def _rows_and_columns(context: click.Context, option: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """What 8x8 says."""
    if value is None:
        return None
    rows, _, columns = value.lower().partition("x")
    if not (rows.isdigit() and columns.isdigit() and int(rows) and int(columns)):
        raise click.BadParameter(f"{value!r}: write rows and columns, as 8x8")
    return int(rows), int(columns)


def _ends(context: click.Context, option: click.Parameter, value: str) -> tuple[float, float]:
    """What -3..3 says."""
    try:
        first, last = map(float, value.split(".."))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: write both ends, as -3..3") from error
    return first, last


@click.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("-m", "--model", required=True, metavar="NAME|FILE", help="Weights that make pictures of noise.")
@click.option("--count", type=click.IntRange(min=0), help="How many pictures.  [default: 16; with a sheet 0]")
@click.option(
    "--seed", default=0, show_default=True, help="Of the first picture; each has the next one's and its name."
)
@click.option("--class", "label", default="", metavar="CLASS", help="Of which class.  [default: of each in turn]")
@click.option(
    "--grid",
    callback=_rows_and_columns,
    metavar="ROWSxCOLUMNS",
    help="Also write OUT/grid.png, of the pictures from the seed on.",
)
@click.option(
    "--interpolate", type=int, nargs=2, metavar="SEED SEED", help="Also write interpolate.png: the way between."
)
@click.option(
    "--directions", type=click.IntRange(min=1), help="Also write directions.png: the seed's, changed so many ways."
)
@click.option("--amount", callback=_ends, default="-3..3", show_default=True, help="How far along a direction.")
@click.option("--steps", type=click.IntRange(min=2), default=8, show_default=True, help="Pictures from end to end.")
@click.option(
    "--project", type=click.Path(path_type=Path), help="Also write project.png: a picture, and the nearest made."
)
@click.option("--truncation", default=1.0, show_default=True, help="Less is nearer to the middle, and less diverse.")
@click.option("-d", "--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
def generate(
    target: Path,
    model: str,
    count: int | None,
    seed: int,
    label: str,
    grid: tuple[int, int] | None,
    interpolate: tuple[int, int] | None,
    directions: int | None,
    amount: tuple[float, float],
    steps: int,
    project: Path | None,
    truncation: float,
    device: str,
) -> int:
    """Make pictures of noise, and write them into the folder OUT as PNG files named by their seeds.

    The same seed gives the same picture. What was generated before is written again, and no other file.
    --directions changes the picture of the seed, or the one that --project finds.
    """
    from srgan.inference.noise import pictures, sheet

    asked = of_noise(model).asked(label=label, truncation=truncation)
    others = {"grid": grid, "interpolate": interpolate, "project": project, "directions": directions}
    others = {name: value for name, value in others.items() if value is not None}
    seeds = range(seed, seed + ((0 if others else 16) if count is None else count))
    _check_ours(target, [*(f"{one:06d}" for one in seeds), *others])
    for one, image in zip(seeds, pictures(asked, seeds, device), strict=True):
        _write(target, f"{one:06d}", image)
    if grid is not None:
        _write(target, "grid", sheet(asked, seed, *grid, device))
    for name, image in _strips(asked, seed, interpolate, directions, amount, steps, project, device):
        _write(target, name, image)
    click.echo(str(target))
    return 0


_BY_US = ("Software", "srgan generate")
"""The text by which a file is known to be written again at will."""


def _write(folder: Path, name: str, image: Image) -> None:
    from srgan.images.writer import write

    write(folder / f"{name}.png", dataclasses.replace(image, texts=(*image.texts, _BY_US)))


def _check_ours(folder: Path, names: Iterable[str]) -> None:
    """Checks that no file is written over that was not generated.

    Raises:
        ConfigError: one would be.
    """
    from srgan.images.reader import read

    for path in (folder / f"{name}.png" for name in names):
        try:
            ours = not path.exists() or _BY_US in read(path).texts
        except ImageError:
            ours = False
        if not ours:
            raise ConfigError(f"{printable(path)}: is there already, and was not generated: choose another folder")


def of_noise(name: str) -> Model:
    """The model of a name or a file, which makes pictures of noise.

    Raises:
        ConfigError: it makes something else.
    """
    from srgan.models import zoo

    model = zoo.load(name)
    if model.task.has_truth:
        raise ConfigError(f"{name} is for the task {model.task.name}, which makes pictures of pictures, not of noise")
    return model


def _strips(
    model: Model,
    seed: int,
    interpolate: tuple[int, int] | None,
    directions: int | None,
    amount: tuple[float, float],
    steps: int,
    project: Path | None,
    device: str,
) -> Iterator[tuple[str, Image]]:
    """What is asked for beside pictures by seed, by name."""
    from srgan.cli.latents import changes, latent_of, projected, way

    if interpolate is not None:
        yield "interpolate", way(model, interpolate, steps, device)
    latent = latent_of(model, seed)
    if project is not None:
        latent, both, error = projected(model, project)
        click.echo(f"{project}: {255 * error**0.5:.1f} levels from the nearest picture that is made", err=True)
        yield "project", both
    if directions is not None:
        yield "directions", changes(model, latent, directions, amount, steps, device)
