"""`srgan samples OUT`: scikit-image's own photographs, to try things on."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
def samples(target: Path) -> int:
    """Write scikit-image's own photographs into a folder, to try things on."""
    from srgan.data.samples import write_samples

    for path in write_samples(target):
        click.echo(str(path))
    return 0
