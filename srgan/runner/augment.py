"""A labelled set, enlarged by pictures made of noise: a sub-folder a class, and a manifest that says which are real.

The manifest is written first, and tells of every file that is to be. So the same call continues one that was
interrupted, and a folder that holds something else is left alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from srgan.data.sources import Data, Source, classes_of, sources
from srgan.errors import ConfigError, MachineError
from srgan.files import write_bytes
from srgan.images.reader import decode
from srgan.images.writer import write
from srgan.inference.noise import classes_asked, pictures
from srgan.models.model import Model

MANIFEST = "manifest.jsonl"


def augment(
    model: Model,
    data: Data,
    out: str | os.PathLike[str],
    *,
    count: int,
    seed: int = 0,
    origin: Mapping[str, Any],
    device: str = "auto",
) -> None:
    """Writes the pictures of a labelled set, and so many of the model's, its classes in turn, into one folder.

    Each line of `manifest.jsonl` there is of a file: `file`, `class`, `synthetic`, and of a real one its `source`, of
    another the `seed` and what `origin` says.

    Args:
        origin: of which weights samples are, and how they were asked.

    Raises:
        ConfigError: model and set have not the same classes, or the folder holds something else.
        MachineError: it cannot be written.
    """
    real, seeds, folder = sources(data), range(seed, seed + count), Path(out)
    _check_classes(model.task.labels, classes_of(real))
    ours = list(_of_samples(seeds, classes_asked(model, seeds), origin))
    theirs = [_of_source(number, source) for number, source in enumerate(real)]
    _begin(folder, [*theirs, *ours])
    for source, line in zip(real, theirs, strict=True):
        if not (folder / line["file"]).exists():
            _copy(source, folder / line["file"])
    done = 0
    while done < count and (folder / ours[done]["file"]).exists():
        done += 1
    for image, line in zip(pictures(model, seeds[done:], device), ours[done:], strict=True):
        write(folder / line["file"], image)


def _check_classes(made: Sequence[str], there: Sequence[str]) -> None:
    if not made:
        raise ConfigError("the weights make pictures of no class in particular; train them with --condition label")
    if set(made) != set(there):
        raise ConfigError(f"the weights make the classes {', '.join(made)}, and there are {', '.join(there)}")


def _of_source(number: int, source: Source) -> dict[str, Any]:
    suffix = PurePath(source.name).suffix if source.read is decode else ".png"
    file = f"{source.label}/real-{number:06d}{suffix}"
    return {"file": file, "class": source.label, "synthetic": False, "source": source.name}


def _of_samples(seeds: range, labels: Sequence[str], origin: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for seed, label in zip(seeds, labels, strict=True):
        yield {"file": f"{label}/seed-{seed:06d}.png", "class": label, "synthetic": True, "seed": seed, **origin}


def _begin(folder: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """Writes the manifest, unless it is there already.

    Raises:
        ConfigError: there is another one, or other files.
        MachineError: what is there cannot be read.
    """
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    wanted = text.encode(errors="backslashreplace")  # of a name that is not UTF-8: \udcff is how JSON says \xff
    manifest = folder / MANIFEST
    try:
        there = manifest.read_bytes() if manifest.exists() else None
        strange = there is None and folder.exists() and any(folder.iterdir())
    except OSError as error:
        raise MachineError(f"{folder}: cannot be read ({error.strerror}); choose another output") from error
    if strange or there not in (None, wanted):
        raise ConfigError(f"{folder}: holds something else than this would make; choose an empty folder")
    if there is None:
        write_bytes(manifest, wanted)


def _copy(source: Source, path: Path) -> None:
    """A picture as it is in its file; one of a set as PNG."""
    if source.read is decode:
        write_bytes(path, source.clean_bytes())
    else:
        write(path, source.read(source.clean_bytes(), source.name))
