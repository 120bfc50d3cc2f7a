"""A small classifier of labelled pictures, by which what a generator makes is judged.

It learns from real pictures alone; `scripts/measure/classifier.py` trains one, and says how often it is right.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from srgan.data.pictures import Pictures
from srgan.errors import ConfigError, WeightsError
from srgan.files import write_bytes
from srgan.networks.seeded import Seeded
from srgan.types import Batch

_KEY = "srgan classifier"

Features = Float[Tensor, "n 64"]
"""What the last layer but one makes of pictures."""


class Classifier(nn.Module):
    """Of which class a picture of `side` x `side` pixels is: three convolutions, each but the last halved, two layers.

    Paper: LeCun et al. 1998, "Gradient-Based Learning Applied to Document Recognition", doi:10.1109/5.726791, Sec. II;
    with ReLU, and the largest of four instead of their mean.
    """

    def __init__(self, classes: Sequence[str], side: int, *, width: int = 16) -> None:
        super().__init__()
        self.classes, self.side = tuple(classes), side
        self.body = nn.Sequential(
            *(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(2 * width * (side // 4) ** 2, 64), nn.ReLU()),
        )
        self.tail = nn.Linear(64, len(self.classes))

    def features(self, pictures: Batch) -> Features:
        """What it sees of pictures in [0, 1]."""
        seen: Features = self.body(pictures * 2 - 1)
        return seen

    def forward(self, pictures: Batch) -> Float[Tensor, "n classes"]:
        """The logit of each class."""
        logits: Tensor = self.tail(self.features(pictures))
        return logits


def learn(pictures: Pictures, classes: Sequence[str], *, epochs: int = 4, seed: int = 0) -> Classifier:
    """A classifier that has seen each picture, all of one size, so many times, shifted by up to 2 px.

    Raises:
        ConfigError: the pictures are not all squares of one size.
    """
    real, labels = _stacked(pictures), _numbered(pictures, classes)
    with Seeded(seed):
        classifier = Classifier(classes, real.shape[-1])
    steps = epochs * -(-len(real) // 64)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=2e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    draw = np.random.default_rng(seed)
    for _ in range(steps):
        which = torch.from_numpy(draw.integers(len(real), size=64))
        down, right = draw.integers(-2, 3, size=2).tolist()
        loss = F.cross_entropy(classifier(real[which].roll((down, right), dims=(2, 3)) / 255), labels[which])
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        schedule.step()
    return classifier.eval()


def accuracy(classifier: Classifier, pictures: Pictures) -> float:
    """The share of pictures whose class it names."""
    with torch.inference_mode():
        named = torch.cat([classifier(part / 255).argmax(dim=1) for part in torch.split(_stacked(pictures), 256)])
    return (named == _numbered(pictures, classifier.classes)).float().mean().item()


def _stacked(pictures: Pictures) -> Batch:
    """The pictures, all squares of one size, in levels of 0 to 255.

    Raises:
        ConfigError: they are not.
    """
    sizes = {tuple(picture.shape[1:]) for picture in pictures.pictures}
    if len(sizes) != 1 or len(set(*sizes)) != 1:
        raise ConfigError(f"a classifier sees squares of one size, and there are {len(sizes)} sizes of pictures")
    return torch.stack(pictures.pictures).float()


def _numbered(pictures: Pictures, classes: Sequence[str]) -> Int[Tensor, n]:
    """The number of the class of each picture.

    Raises:
        ConfigError: a picture is of none of them.
    """
    if unknown := sorted(set(pictures.labels) - set(classes)):
        raise ConfigError(f"the classifier knows no class {unknown[0]!r}, but {', '.join(classes)}")
    return torch.tensor([classes.index(label) for label in pictures.labels])


def save(classifier: Classifier, path: str | os.PathLike[str], facts: dict[str, object]) -> None:
    """Writes it with its classes and what else is known of it, such as how often it is right."""
    header = {"classes": classifier.classes, "side": classifier.side, **facts}
    write_bytes(path, save_tensors(dict(classifier.state_dict()), {_KEY: json.dumps(header)}))


def load(path: str | os.PathLike[str]) -> Classifier:
    """The classifier of a file.

    Raises:
        WeightsError: there is none in it.
    """
    try:
        with safe_open(path, "pt") as file:
            header = json.loads(file.metadata()[_KEY])
            classifier = Classifier(header["classes"], header["side"])
            classifier.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{path}: holds no classifier ({error}); scripts/measure/classifier.py makes one") from error
    return classifier.eval()
