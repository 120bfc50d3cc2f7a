"""`srgan data`: what to know of a set of pictures before one learns from it, and how to pack it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from srgan.cli.cluster import pool
from srgan.files import printable


@click.group(name="data")
def sets() -> None:
    """Look at a set of pictures to learn from, or pack it."""


@sets.command(name="check")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--smallest", default=128, show_default=True, help="What the shorter side should have [px].")
@click.option("--json", "as_json", is_flag=True, help="A JSON line for each picture.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def _check(data: Path, smallest: int, as_json: bool, quiet: bool) -> int:
    """Name the pictures of DATA that teach little: unreadable, small, coarse JPEG, soft or enlarged, copies.

    DATA is a folder, of tar shards, too, or a tar file. Nothing is changed; the exit code is 1 where one is named.
    """
    from tqdm import tqdm

    from srgan.training.suitable import look

    count = bad = 0
    with pool() as where:
        for looked in tqdm(look(data, smallest=smallest, **where), unit="picture", disable=True if quiet else None):
            count, bad = count + 1, bad + bool(looked.problems)
            if as_json:
                told = {"name": printable(looked.name), "size": looked.size, "problems": looked.problems}
                click.echo(json.dumps(told))
            elif looked.problems:
                click.echo(f"{printable(looked.name)}: {'; '.join(looked.problems)}")
    click.echo(f"{count} pictures, {bad} of them with problems", err=True)
    return int(bad > 0)


@sets.command(name="pack")
@click.argument("data", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option("--side", default=512, show_default=True, type=click.IntRange(min=16), help="Of the crops [px].")
@click.option("--crops", default=4, show_default=True, type=click.IntRange(min=1), help="Of each picture, at most.")
@click.option("--per-shard", default=1000, show_default=True, type=click.IntRange(min=1), help="Pictures in a shard.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def _pack(data: Path, target: Path, side: int, crops: int, per_shard: int, quiet: bool) -> int:
    """Write tar shards of the crops of DATA that have the most detail into the folder OUT, for train --data OUT.

    The same command again continues. Pictures that cannot be read are named, and the exit code is then 1.
    """
    from tqdm import tqdm

    from srgan.data.pack import pack

    bad = 0
    with pool() as where, tqdm(unit="shard", disable=True if quiet else None) as bar:
        for _, bar.total, unreadable in pack(data, target, side=side, crops=crops, per_shard=per_shard, **where):
            bar.update()
            bad += len(unreadable)
            for said in unreadable:
                click.echo(said, err=True)
    click.echo(str(target))
    return int(bad > 0)
