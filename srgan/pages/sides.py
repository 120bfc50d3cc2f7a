"""What a report shows of one picture: its files as thumbnails and links, how much they differ, and their scores."""

from __future__ import annotations

import base64
import io
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.files import printable, write_bytes
from srgan.images.image import Image, eight_bits, white_of
from srgan.images.reader import probe, read
from srgan.images.writer import encode

SHOWN = {"png": "png", "jpeg": "jpeg", "webp": "webp", "gif": "gif", "avif": "avif", "bmp": "bmp"}
"""The formats that browsers show as they are, each with its media type; others are shown as PNG."""

THUMBNAIL = 192
"""The longer side of a thumbnail [px]."""


@dataclass(frozen=True)
class Side:
    """One file of a picture, as a page needs it; `source` is a relative address or holds the file itself."""

    source: str
    thumbnail: str
    format: str
    width: int
    height: int
    depth: int
    bytes: int
    alpha: bool


Looked = tuple[tuple[Side | None, ...], tuple[str, ...], float | None, tuple[dict[str, float], ...]]


def look(places: Sequence[Path | None], truth: Path | None, *, base: Path, shown: Path | None, number: int) -> Looked:
    """The sides of a picture, why some are missing, how much the last differs from the first, and scores.

    Args:
        base: the folder of the page, from which links start.
        shown: where what no browser shows is written as PNG; None holds every file in the page.
        number: of the picture, for the names in `shown`.
    """

    def opened(column: int, place: Path | None) -> tuple[Image | None, Side | None, str]:
        if place is None:
            return None, None, "there is no such picture"
        try:
            image = read(place)
            return image, _side(place, image, base, shown and shown / f"{number}-{column}.png"), ""
        except ImageError as error:
            return None, None, str(error)

    images, sides, whys = zip(*(opened(*each) for each in enumerate(places)), strict=True)
    errors = list(whys)
    before, after = images[0], images[-1]
    changed = None if before is None or after is None else _difference(before, after)
    try:
        scores = _scores(images, truth)
    except ImageError as error:
        scores = tuple({} for _ in images)
        errors[-1] = errors[-1] or str(error)
    return sides, tuple(errors), changed, scores


def _side(path: Path, image: Image, base: Path, shown: Path | None) -> Side:
    format = probe(path, pages=True).format
    alpha = image.alpha is not None
    source = _source(path, format, image, base, shown)
    size = path.stat().st_size
    return Side(source, _data(thumbnail(image), "webp"), format, image.width, image.height, image.depth, size, alpha)


def _source(path: Path, format: str, image: Image, base: Path, shown: Path | None) -> str:
    if format in SHOWN and shown is not None:
        return _address(path, base)
    data = path.read_bytes() if format in SHOWN else encode(image, "png")
    if shown is None:
        return _data(data, SHOWN.get(format, "png"))
    shown.parent.mkdir(exist_ok=True)
    write_bytes(shown, data)
    return _address(shown, base)


def _address(path: Path, base: Path) -> str:
    """The address of a file as seen from a folder; from another drive there is none but the whole."""
    try:
        relative = os.path.relpath(os.path.abspath(path), os.path.abspath(base))
    except ValueError:
        return Path(os.path.abspath(path)).as_uri()
    return "./" + quote(os.fsencode(relative.replace(os.sep, "/")))


def _data(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def thumbnail(image: Image) -> bytes:
    """A small WebP of a picture."""
    picture = Pillow.fromarray(eight_bits(image.rgb))
    if image.alpha is not None:
        picture.putalpha(Pillow.fromarray(eight_bits(image.alpha)))
    picture.thumbnail((THUMBNAIL, THUMBNAIL), Pillow.Resampling.BOX, reducing_gap=None)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=75, method=2, icc_profile=image.icc or b"")
    return file.getvalue()


def _difference(before: Image, after: Image) -> float:
    """The mean absolute difference on black, at the size of `before` [8-bit levels]."""
    size = before.width, before.height
    one, other = (np.asarray(_on_black(x).resize(size, Pillow.Resampling.BOX), np.int16) for x in (before, after))
    return round(float(np.abs(one - other).mean()), 3)


def _on_black(image: Image) -> Pillow.Image:
    """What is seen of a picture, in 8 bits: colour that full transparency hides counts nowhere."""
    picture = Pillow.fromarray(eight_bits(image.rgb))
    if image.alpha is None:
        return picture
    return Pillow.composite(picture, Pillow.new("RGB", picture.size), Pillow.fromarray(eight_bits(image.alpha)))


def _scores(images: Sequence[Image | None], truth: Path | None) -> tuple[dict[str, float], ...]:
    """PSNR and SSIM, on black, of each side that has the size of the true picture."""
    if truth is None:
        return tuple({} for _ in images)
    try:
        clean = read(truth)
    except ImageError as error:
        raise ImageError(f"{printable(truth)}: is given as the truth, but cannot be read ({error})") from error
    return tuple(
        {} if image is None or image.rgb.shape != clean.rgb.shape else _score(image, clean) for image in images
    )


def _score(image: Image, clean: Image) -> dict[str, float]:
    import torch

    from srgan.evaluation.metrics import psnr, ssim

    def seen(image: Image) -> torch.Tensor:
        rgb = image.rgb.astype(np.float32) / white_of(image.rgb.dtype)
        if image.alpha is not None:
            rgb *= (image.alpha.astype(np.float32) / white_of(image.alpha.dtype))[:, :, None]
        return torch.from_numpy(rgb).permute(2, 0, 1)[None]

    one, other = seen(image), seen(clean)
    scores = {"psnr": float(psnr(one, other))}
    if math.isinf(scores["psnr"]):
        scores["psnr"] = 99.0
    if min(image.width, image.height) >= 11:
        scores["ssim"] = float(ssim(one, other))
    return {name: round(value, 4) for name, value in scores.items()}
