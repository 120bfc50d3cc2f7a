"""A set becomes tar shards of crops: `train` reads a few large files faster than many small ones."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from srgan.data.sources import Data, Source, rank, sources
from srgan.errors import ConfigError, ImageError
from srgan.files import replacing, write_bytes
from srgan.images.formats import is_picture
from srgan.images.image import Image, eight_bits
from srgan.images.writer import encode
from srgan.pools import ahead
from srgan.types import Levels

ABOUT = "pack.json"
"""What a packed set was made of, beside its shards."""


def pack(
    data: Data,
    out: str | os.PathLike[str],
    *,
    side: int = 512,
    crops: int = 4,
    per_shard: int = 1000,
    pool: Executor | None = None,
    at_once: int = 8,
) -> Iterator[tuple[int, int, list[str]]]:
    """Writes shards of the pictures of a set; for each: its number, how many there will be, and what was unreadable.

    Pictures come in an order that a hash of their names gives, so that any shard is a fair sample. A picture keeps its
    folder and its class, which is the last folder. The same call continues one that was interrupted.

    Args:
        side: of the crops [px]; a picture with a shorter side is kept whole.
        crops: so many of each picture, those with the most detail.
        per_shard: pictures whose crops a shard holds.
        pool: does what is done to each picture; None is threads, one a core.
        at_once: pictures that it gets ahead.

    Raises:
        ConfigError: there is no such set, or the folder holds another.
        NoPicturesError: it holds no picture.
        MachineError: it cannot be written.
    """
    every, folder = sorted(sources(data), key=rank), Path(out)
    names = hashlib.sha256("\n".join(source.name for source in every).encode(errors="surrogateescape")).hexdigest()
    _begin(folder, {"pictures": len(every), "names": names, "side": side, "crops": crops, "per shard": per_shard})
    called = _names(every)
    starts = range(0, len(every), per_shard)
    cut = partial(_cut, side=side, most=crops)
    with ThreadPoolExecutor(os.cpu_count() or 1) as own:
        for number, start in enumerate(starts):
            path, these = folder / f"pictures-{number:05d}.tar", slice(start, start + per_shard)
            if path.exists():
                yield number, len(starts), []
            else:
                yield number, len(starts), _write(path, called[these], ahead(pool or own, cut, every[these], at_once))


def _begin(folder: Path, about: dict[str, object]) -> None:
    """Notes what the folder is to hold.

    Raises:
        ConfigError: it holds something else.
    """
    path = folder / ABOUT
    folder.mkdir(parents=True, exist_ok=True)
    if path.exists():
        if json.loads(path.read_text(encoding="utf-8")) != about:
            raise ConfigError(f"{folder}: holds another packed set, or one cut otherwise; choose another output")
    elif any(folder.iterdir()):
        raise ConfigError(f"{folder}: holds something else; choose another output")
    write_bytes(path, json.dumps(about).encode())


def _names(every: Sequence[Source]) -> list[str]:
    """What each picture is called in a shard, without suffix, no two alike: the last folder is its class.

    A colon, which parts the name of a shard from what it holds, ends no folder; and some systems have it in no name.
    """
    names: dict[str, None] = {}
    for source in every:
        path = PurePosixPath(source.name.replace(":", "-"))
        path = path.with_suffix("") if is_picture(source.name) else path  # what a labelled set holds has no suffix
        if source.label and path.parent.name != source.label:
            path = path.parent / source.label / path.name
        name = str(path)
        for number in count(2):
            if name not in names:
                break
            name = f"{path}-{number}"
        names[name] = None
    return list(names)


def _write(path: Path, names: Sequence[str], pictures: Iterator[list[bytes] | str]) -> list[str]:
    """Writes a shard, whole or not at all, and returns what was unreadable."""
    unreadable = []
    with replacing(path) as file, tarfile.open(fileobj=file, mode="w") as tar:
        for name, picture in zip(names, pictures, strict=True):
            if isinstance(picture, str):
                unreadable.append(picture)
                continue
            for number, data in enumerate(picture):
                member = tarfile.TarInfo(f"{name}-{number}.png")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    return unreadable


def _cut(source: Source, side: int, most: int) -> list[bytes] | str:
    """The files of a picture's crops; or what is wrong with it."""
    try:
        pixels = eight_bits(source.read(source.clean_bytes(), source.name).rgb)
    except (ImageError, OSError) as error:
        return str(error)
    return [encode(Image(crop), "png") for crop in _crops(pixels, side, most)]


def _crops(pixels: Levels, side: int, most: int) -> list[Levels]:
    """The squares of a grid in the middle of a picture that have the most detail, in its order."""
    height, width = pixels.shape[:2]
    rows, columns = height // side, width // side
    if not rows or not columns:
        return [pixels]
    top, left = (height - rows * side) // 2, (width - columns * side) // 2
    squares = [
        np.ascontiguousarray(pixels[top + row * side :, left + column * side :][:side, :side])
        for row in range(rows)
        for column in range(columns)
    ]
    detail = [cv2.Laplacian(square, cv2.CV_32F).std() for square in squares]
    best = sorted(range(len(squares)), key=detail.__getitem__, reverse=True)[:most]
    return [squares[number] for number in sorted(best)]
