"""`translate IN OUT -m FILE`: a file or a folder of pictures, as another domain shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from srgan.cli.run import restoring, run
from srgan.cli.weights import Choice, own
from srgan.errors import ConfigError
from srgan.runner.urls import Url


@click.command()
@restoring
def translate(model: str | None, paths: tuple[Path | Url, ...], output: Path | Url | None, **common: Any) -> int:
    """Show pictures as another domain does, which -m was trained for: files, or folders with their sub-folders.

    Without OUT, photo.jpg becomes photo-translated.jpg and FOLDER goes into FOLDER-translated; several inputs go into
    -o OUT. Hidden files and links to folders are passed over.

    Formats, colour profiles, metadata and transparency are kept. The same command again continues an interrupted run.
    """
    if model is None:
        raise ConfigError("say from what to what: -m NAME|FILE; srgan train translate --paired FROM TO makes one")
    return run(Choice((own(model, 0.0, "translate"),)), "-translated", paths, output, **common)
