"""How well a generator makes pictures of noise, as a classifier sees it: which classes there are, and how sure it is.

There is no right picture to compare with, so nothing here is a PSNR.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.data.pictures import load_pictures
from srgan.data.sources import Data
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.evaluation.classifier import Classifier, stacked
from srgan.inference.restore import restore
from srgan.models.model import Model
from srgan.types import Batch

SURE = 0.9
"""The probability of its first class from which on a classifier is called sure."""


def judge(
    model: Model, classifier: Classifier, data: Data, *, count: int = 1000, device: str = "auto"
) -> dict[str, Any]:
    """What a classifier says of so many samples, by the seeds from 0 on, and how far they are from real pictures.

    Raises:
        ConfigError: the classifier sees pictures of another size.
    """
    if classifier.side != model.task.scale:
        raise ConfigError(
            f"the classifier sees pictures of {classifier.side} px, and this model makes some of {model.task.scale} px"
        )
    fake = sampled(model, count, device)
    real = stacked(load_pictures(data, smallest=classifier.side)) / 255
    with torch.inference_mode():
        chances, seen = classifier(fake).softmax(dim=1), classifier.features(fake)
        wanted = classifier.features(real)
    precision, recall = precision_and_recall(seen, wanted)
    named = chances.argmax(dim=1)
    shares = torch.bincount(named, minlength=len(classifier.classes)) / count
    return {
        "task": model.task.name,
        "count": count,
        "shares": {name: share.item() for name, share in zip(classifier.classes, shares, strict=True)},
        "sure": (chances.amax(dim=1) > SURE).float().mean().item(),
        "as_asked": _as_asked(model, classifier, named),
        "distance": frechet(seen, wanted),
        "precision": precision,
        "recall": recall,
        "nearest": nearness(fake, real),
    }


def sampled(model: Model, count: int, device: str = "auto") -> Batch:
    """The pictures of the seeds from 0 on, as they would be in files."""
    engine, side = make_engine(model, device=device), model.task.scale
    row = restore(model.asked(first=0), torch.zeros(3, 1, count), engine=engine)
    pictures = row.clamp(0, 1).mul(255).round().div(255).reshape(3, side, count, side)
    return pictures.permute(2, 0, 1, 3).contiguous()


def frechet(one: Float[Tensor, "n d"], other: Float[Tensor, "m d"]) -> float:
    """The Fréchet distance of two clouds of features, taken as normal distributions: 0 where they are alike.

    As FID, but over the features of the classifier at hand: Heusel et al. 2017, arXiv:1706.08500, Eq. 6.
    """
    one, other = one.double(), other.double()
    between = (one.mean(dim=0) - other.mean(dim=0)).square().sum()
    first, second = one.T.cov(), other.T.cov()
    # The trace of the root of a product is the sum of the roots of its eigenvalues, which are real and not negative.
    both = torch.linalg.eigvals(first @ second).real.clamp(min=0).sqrt().sum()
    return float(between + first.trace() + second.trace() - 2 * both)


def precision_and_recall(
    fake: Float[Tensor, "n d"], real: Float[Tensor, "m d"], neighbours: int = 3
) -> tuple[float, float]:
    """The share of fakes that lie among the real ones, and of real ones that lie among the fakes.

    To lie among others is to be no farther from one of them than that is from its third nearest neighbour:
    Kynkäänniemi et al. 2019, arXiv:1904.06991, Eq. 1 and 2.
    """

    def covered(some: Tensor, others: Tensor) -> float:
        nearest = torch.cdist(others, others).topk(min(neighbours + 1, len(others)), largest=False).values
        return (torch.cdist(some, others) <= nearest[:, -1]).any(dim=1).float().mean().item()

    return covered(fake, real), covered(real, fake)


def nearness(fake: Float[Tensor, "n 3 h w"], real: Float[Tensor, "m 3 h w"]) -> float:
    """How far fakes are from the nearest real picture, over how far real ones are from each other; 0 is a copy.

    Medians of distances between pixels. Where `real` was learnt from, much less than 1 means learnt by heart.
    """
    ours, theirs = fake.flatten(1), real.flatten(1)
    among = torch.cdist(theirs, theirs).fill_diagonal_(torch.inf).amin(dim=1).median()
    return float(torch.cdist(ours, theirs).amin(dim=1).median() / among)


def _as_asked(model: Model, classifier: Classifier, named: Tensor) -> float | None:
    """The share of samples that are seen as the class that was asked for; None where none was."""
    condition = model.task.condition(model.task.present(torch.zeros(1, 3, 1, len(named))))
    if condition is None:
        return None
    asked = [model.task.labels[number] for number in condition[0, :, 0].argmax(dim=0).tolist()]
    seen = [classifier.classes[number] for number in named.tolist()]
    return sum(map(str.__eq__, asked, seen)) / len(asked)
