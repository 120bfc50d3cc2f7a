"""`srgan finetune MODEL`: weights learn from one's own pictures, and are kept if they got better on some held out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from srgan.cli.data import chosen_data, data_options
from srgan.cli.train import chosen_values, print_settings, ready_to_train, run_options

if TYPE_CHECKING:
    from srgan.training.finetuning import FineTuned


@click.command()
@click.argument("model", metavar="MODEL")
@data_options
@run_options
def finetune(
    model: str,
    data: Path | None,
    paired: tuple[Path, Path] | None,
    out: Path,
    minutes: float | None,
    config: Path | None,
    assignments: tuple[str, ...],
    dry_run: bool,
    quiet: bool,
) -> int:
    """Fine-tune MODEL (a shipped name or a weights file) on pictures of your own.

    A tenth of the pictures is held out and judges: OUT/model.safetensors is the better of MODEL and what became of it.
    """
    from srgan.models import zoo

    zoo.checked(model)
    chosen = None if dry_run else chosen_data(data, paired)

    from srgan import options
    from srgan.training import finetuning
    from srgan.training.config import TrainConfig

    ready_to_train()
    start = zoo.load(model)
    values = finetuning.gentle(start) | chosen_values(config, assignments, minutes)
    settings = options.build(TrainConfig, values)
    if chosen is None:
        print_settings(settings)
        return 0
    _tell(finetuning.finetune(start, chosen, out, settings, progress=not quiet), model)
    click.echo(str(out / "model.safetensors"))
    return 0


def _tell(result: FineTuned, model: str) -> None:
    """Prints the scores before and after, and whether they are better."""
    click.echo(f"on {len(result.held_out)} pictures held out ({', '.join(result.held_out[:3])}, ...):", err=True)
    for name in result.before:
        before, after = (
            "-" if value is None else f"{value:.4f}" for value in (result.before[name], result.after[name])
        )
        click.echo(f"  {name:6}{before:>10} -> {after}", err=True)
    if not result.improved:
        click.echo(
            f"not better by {result.metric}: kept {model} as it was; try more pictures, or fewer steps", err=True
        )
