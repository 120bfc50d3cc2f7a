"""`srgan doctor` and `srgan cache`: what this machine has and keeps, what will be used, the fix for each problem."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--seconds", type=click.FloatRange(0), default=5.0, show_default=True, help="For the speed test; 0 omits it."
)
def doctor(seconds: float) -> int:
    """Tell what this machine has, what will be used and why, how fast it is, and how to fix what is wrong."""
    from srgan.cli.checks import examine

    problems = 0
    for finding in examine(seconds=seconds):
        click.echo(f"{finding.about:12}{finding.said}")
        if finding.fix:
            problems += 1
            click.echo(f"{'':12}-> {finding.fix}")
    click.echo(f"{problems} problems found" if problems else "no problems found")
    return 1 if problems else 0


@click.command()
@click.option(
    "--clear", is_flag=True, help="Empty it; what is needed is measured, and data sets are downloaded, again."
)
def cache(clear: bool) -> None:
    """Tell where is kept what was measured on this machine, and how much it is."""
    from srgan.engines import cache as kept

    if clear:
        kept.clear()
    click.echo(f"{kept.folder()}: {kept.size() / 1e6:.1f} MB")
