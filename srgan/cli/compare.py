"""`srgan compare IN OUT...`: one page that shows folders before and after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from srgan.files import printable

if TYPE_CHECKING:
    from srgan.pages.report import Picture


@click.command()
@click.argument("folders", metavar="IN OUT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), default="report.html", help="The page.")
@click.option("--truth", type=click.Path(path_type=Path), help="Clean pictures of the same names: adds PSNR and SSIM.")
@click.option("--embed", is_flag=True, help="Hold the full pictures in the page: one file to send.")
@click.option("--quiet", is_flag=True, help="No progress.")
def compare(folders: tuple[Path, ...], output: Path, truth: Path | None, embed: bool, quiet: bool) -> int:
    """Make a page of the pictures in IN beside those in one OUT or several, to look at in a browser."""
    if len(folders) < 2:
        raise click.UsageError("compare needs at least two folders: before and after")
    from tqdm import tqdm

    from srgan.pages.report import report

    count = 0
    with tqdm(unit="picture", disable=True if quiet else None) as bar:

        def done(picture: Picture, total: int) -> None:
            nonlocal count
            count, bar.total = count + 1, total
            bar.update()

        wrong = report(folders, output, truth=truth, embed=embed, done=done)
    click.echo(f"{printable(output)}: {count} pictures, {wrong} with errors", err=True)
    return 0
