"""How well a generator makes pictures of noise, as SqueezeNet sees it, or a classifier of such pictures.

There is no right picture to compare with, so nothing here is a PSNR.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.data.pictures import load_pictures
from srgan.data.sources import Data
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.evaluation.classifier import Classifier
from srgan.evaluation.distances import diversity, frechet, nearness, precision_and_recall
from srgan.evaluation.lpips import squeezenet
from srgan.inference.noise import classes_asked
from srgan.inference.restore import restore
from srgan.models.model import Model
from srgan.types import Batch

SURE = 0.9
"""The probability of its first class from which on a classifier is called sure."""

_AT_ONCE = 256


def judge(
    model: Model,
    classifier: Classifier | None,
    data: Data,
    *,
    count: int = 1000,
    device: str = "auto",
    precision: str = "auto",
) -> dict[str, Any]:
    """How far so many samples, by the seeds from 0 on, are from real pictures, by what a network sees of either.

    The network is the classifier, which then also says of which classes samples are; without one it is SqueezeNet,
    which also says how diverse they are. Of larger real pictures the middle counts.

    Raises:
        ConfigError: the classifier sees pictures of another size, or there are fewer than 4 real pictures.
        NoPicturesError: no real picture is large enough.
    """
    side = model.task.scale
    if classifier is not None and classifier.side != side:
        raise ConfigError(
            f"the classifier sees pictures of {classifier.side} px, and this model makes some of {side} px"
        )
    real, fake = _real(data, side), sampled(model, count, device, precision)
    with torch.no_grad():
        if classifier is None:
            features = "SqueezeNet 1.1"
            seen, wanted = (_in_parts(squeezenet, pictures) for pictures in (fake, real))
            more = {"diversity": diversity(fake), "diversity_of_real": diversity(real)}
        else:
            features = "classifier"
            seen, wanted = (_in_parts(classifier.features, pictures) for pictures in (fake, real))
            more = _named(model, classifier, classifier.tail(seen).softmax(dim=1))
        within, covered = precision_and_recall(seen, wanted)
        return {
            "task": model.task.name,
            "count": count,
            "real": len(real),
            "features": features,
            "distance": frechet(seen, wanted),
            "distance_of_real": frechet(wanted[::2], wanted[1::2]),
            "precision": within,
            "recall": covered,
            "nearest": nearness(fake, real),
            **more,
        }


def sampled(model: Model, count: int, device: str = "auto", precision: str = "auto") -> Batch:
    """The pictures of the seeds from 0 on, as they would be in files."""
    engine, side = make_engine(model, device=device, precision=precision), model.task.scale
    row = restore(model.asked(first=0), torch.zeros(3, 1, count), engine=engine)
    pictures = row.clamp(0, 1).mul(255).round().div(255).reshape(3, side, count, side)
    return pictures.permute(2, 0, 1, 3).contiguous()


def _real(data: Data, side: int) -> Batch:
    """The square of that side in the middle of each picture."""
    squares = []
    for picture in load_pictures(data, smallest=side).pictures:
        top, left = ((length - side) // 2 for length in picture.shape[1:])
        squares.append(picture[:, top : top + side, left : left + side])
    if len(squares) < 4:
        raise ConfigError(f"{len(squares)} real pictures are too few to compare samples with: give 4 or more")
    return torch.stack(squares) / 255


def _in_parts(see: Callable[[Batch], Float[Tensor, "n d"]], pictures: Batch) -> Float[Tensor, "m d"]:
    """What is seen of many pictures, some at a time."""
    return torch.cat([see(part) for part in torch.split(pictures, _AT_ONCE)])


def _named(model: Model, classifier: Classifier, chances: Float[Tensor, "n classes"]) -> dict[str, Any]:
    """Of which classes samples are, and how sure the classifier is of them."""
    named = chances.argmax(dim=1)
    shares = torch.bincount(named, minlength=len(classifier.classes)) / len(named)
    return {
        "shares": {name: share.item() for name, share in zip(classifier.classes, shares, strict=True)},
        "sure": (chances.amax(dim=1) > SURE).float().mean().item(),
        "as_asked": _as_asked(model, classifier, named),
    }


def _as_asked(model: Model, classifier: Classifier, named: Tensor) -> float | None:
    """The share of samples that are seen as the class that was asked for; None where none was."""
    asked = classes_asked(model, range(len(named)))
    seen = [classifier.classes[number] for number in named.tolist()]
    return sum(map(str.__eq__, asked, seen)) / len(asked) if asked else None
