"""`srgan eval MODEL`: scores on a folder of clean pictures, beside the trivial baseline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from srgan.cli.data import chosen_data, data_options
from srgan.errors import ConfigError
from srgan.options import SCORING, asked

if TYPE_CHECKING:
    from srgan.data.sources import Data
    from srgan.models.model import Model


@click.command("eval")
@click.argument("model", metavar="MODEL")
@data_options
@click.option(
    "--noise", default=None, metavar="LEVEL|camera|raw|jpeg:QUALITY", help="For denoise: what is added.  [default: 25]"
)
@click.option(
    "--source",
    default=None,
    metavar="KIND",
    help="For upscale: clean, web, phone or old.  [default: what MODEL learnt from]",
)
@click.option("--holes", default=None, metavar="KIND", help="For inpaint: thin, medium or thick.  [default: medium]")
@click.option("--classifier", type=click.Path(path_type=Path), help="For what is made of noise: what judges it.")
@click.option("-d", "--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--precision", default="auto", show_default=True, help="auto, bf16 or fp32.")
@click.option("--ensemble", is_flag=True, help="Ask eight times, turned and mirrored, and average.")
@click.option(
    "--metrics",
    default=None,
    metavar="NAMES",
    help="With commas; also spectrum, colour_drift, niqe.  [default: psnr,ssim,lpips]",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def evaluate(
    model: str,
    data: Path | None,
    paired: tuple[Path, Path] | None,
    noise: str | None,
    source: str | None,
    holes: str | None,
    classifier: Path | None,
    device: str,
    precision: str,
    ensemble: bool,
    metrics: str | None,
    as_json: bool,
) -> int:
    """Score MODEL (a shipped name or a weights file) on the clean pictures of a folder.

    Of what makes pictures of noise, 1,000 samples are compared with the folder's pictures as sets, by what SqueezeNet
    sees of either, or a classifier of such pictures, which also tells of which classes they are.
    """
    from srgan.models import zoo

    zoo.checked(model)
    chosen = chosen_data(data, paired)

    from srgan.engines.memory import keep_freed_memory
    from srgan.evaluation.scoring import evaluate as run
    from srgan.quota import keep_within_quota

    keep_freed_memory()
    keep_within_quota()
    loaded = _asked(zoo.load(model), model, noise, source, holes)
    if loaded.task.has_truth and classifier is None:
        names = (metrics or "psnr,ssim,lpips").split(",")
        scores = run(loaded, chosen, metrics=names, device=device, precision=precision, ensemble=ensemble)
    elif ensemble:
        raise ConfigError("--ensemble turns pictures, and what this makes is judged as a set: leave it out")
    else:
        scores = _judged(loaded, classifier, chosen, metrics, device, precision)
    result = {"model": model, "sha256": zoo.sha256(zoo.locate(model)), **scores}
    if as_json:
        click.echo(json.dumps(result, allow_nan=False))
    else:
        click.echo(_table(result) if loaded.task.has_truth else _verdict(result))
    return 0


def _asked(loaded: Model, model: str, noise: str | None, source: str | None, holes: str | None) -> Model:
    """The model, for what a flag of its task asks.

    Raises:
        ConfigError: the flag is of another task.
    """
    fields = {"noise": noise, "source": source, "holes": holes}
    given = {name: value for name, value in fields.items() if value is not None}
    known = asked(type(loaded.task), SCORING)
    for name in given.keys() - known:
        takes = f"takes {', '.join(f'--{one}' for one in sorted(known))}" if known else "takes none"
        raise ConfigError(f"--{name}: {model} is for the task {loaded.task.name}, which {takes}")
    return loaded.asked(**given)


def _judged(
    loaded: Model, classifier: Path | None, data: Data, metrics: str | None, device: str, precision: str
) -> dict[str, Any]:
    """What samples are beside real pictures.

    Raises:
        ConfigError: the model makes pictures of pictures, or a score of single ones is wanted.
    """
    from srgan.evaluation.classifier import load
    from srgan.evaluation.samples import judge

    if loaded.task.has_truth:
        raise ConfigError(f"--classifier judges what is made of noise, and this is for the task {loaded.task.name}")
    if metrics is not None:
        raise ConfigError("--metrics: what is made of noise is compared as a set, and no picture of it is scored")
    return judge(loaded, None if classifier is None else load(classifier), data, device=device, precision=precision)


def _verdict(result: dict[str, Any]) -> str:
    """What samples are beside real pictures, as text."""
    lines = [f"{result['model']}: {result['count']:,} samples beside {result['real']:,} real pictures"]
    lines += [f"{name:>12} {share:8.1%}" for name, share in result.get("shares", {}).items()]
    lines.append(
        f"by the features of {result['features']}: distance {result['distance']:.2f} "
        f"(between halves of the real ones {result['distance_of_real']:.2f}), "
        f"precision {result['precision']:.1%}, recall {result['recall']:.1%}"
    )
    lines.append(f"{result['nearest']:.2f} times as far from the nearest real picture as those are from each other")
    if "diversity" in result:
        both = result["diversity"], result["diversity_of_real"]
        lines.append("LPIPS of two samples {:.3f}, of two real ones {:.3f}".format(*both))
    if "sure" in result:
        lines.append(f"the classifier is sure of {result['sure']:.1%}")
    if result.get("as_asked") is not None:
        lines.append(f"of the class that was asked for: {result['as_asked']:.1%}")
    return "\n".join(lines)


def _table(result: dict[str, Any]) -> str:
    """The scores as text, a picture a line; where holes were filled, their own PSNR beside the picture's."""
    metrics = list(result["mean"])
    rows = [(one["name"], one) for one in result["pictures"]]
    rows.append(("mean", {**result["mean"], "hole": result.get("mean_hole")}))
    holes = result.get("baseline_hole", {})
    rows += [(name, {**row, "hole": holes.get(name)}) for name, row in result["baseline"].items()]
    widest = max(len(name) for name, _ in rows)
    protocol = ", ".join(f"{key} {value}" for key, value in result["protocol"].items())
    lines = [f"{result['model']} on {result['data']} ({result['count']} pictures; {protocol})"]
    with_holes = "mean_hole" in result
    lines.append(" " * widest + "".join(f"{name:>13}" for name in [*metrics, *["psnr of hole"] * with_holes]))
    for name, row in rows:
        values = [row[metric] for metric in metrics] + [row["hole"]["psnr"] for _ in range(with_holes)]
        lines.append(f"{name:<{widest}}" + "".join(map(_number, values)))
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return f"{'-':>13}" if value is None else f"{value:13.4f}"
