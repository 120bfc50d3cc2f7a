"""Which weights the flags ask for, told from the headers of their files: networks are loaded when all else is clear."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from srgan.errors import ConfigError, WeightsError
from srgan.inference.sizes import Size, outlook
from srgan.models import zoo

if TYPE_CHECKING:
    from srgan.inference.pipeline import Models
    from srgan.models.model import Model


@dataclass(frozen=True)
class Weights:
    """What one model is loaded from: a weights file, or two between which it lies.

    Attributes:
        name: of shipped weights, or a file.
        task: what its header says of the task.
        realism: how far the model is on the way to the vivid weights of that name.
    """

    name: str
    task: Mapping[str, Any]
    realism: float = 0.0

    @property
    def scale(self) -> int:
        return int(self.task.get("scale", 1))

    @property
    def ends(self) -> list[str]:
        """The weights files that it is made of."""
        return ([self.name] if self.realism < 1 else []) + ([f"{self.name}-vivid"] if self.realism else [])

    def record(self) -> tuple[float, dict[str, str]]:
        """What decides its numbers."""
        return self.realism, {end: zoo.sha256(zoo.locate(end)) for end in self.ends}

    def load(self) -> Model:
        """The model itself."""
        from srgan.models.blend import blend

        vivid = f"{self.name}-vivid"
        if self.realism in (0, 1):
            return zoo.load(vivid if self.realism else self.name)
        return blend(zoo.load(self.name), zoo.load(vivid), self.realism)


@dataclass(frozen=True)
class Choice:
    """The models of a run; where a size is asked for one for each scale, else one alone.

    Attributes:
        asked: the fields of the task that flags have set.
        photo: such for photographs as people have them, where each picture gets what suits it.
        asked_of_clean: the fields that are set for other pictures, where not those of `asked`.
        among: the traces by which a photograph is told, as `BySource` has them; None is all.
    """

    weights: tuple[Weights, ...]
    asked: Mapping[str, Any] = field(default_factory=dict)
    size: Size | None = None
    photo: tuple[Weights, ...] = ()
    asked_of_clean: Mapping[str, Any] | None = None
    among: tuple[str, ...] | None = None

    def load(self) -> Models:
        """The models themselves, as `srgan.restore_folder` takes them."""
        from srgan.inference.bysource import TRACES, BySource

        clean = self._loaded(self.weights, self.asked if self.asked_of_clean is None else self.asked_of_clean)
        if not self.photo:
            return clean
        realism = self.photo[0].realism
        said = f"realism {realism:g}" if realism else ""
        return BySource(clean, self._loaded(self.photo, self.asked), said, self.among or TRACES)

    def _loaded(self, weights: tuple[Weights, ...], asked: Mapping[str, Any]) -> Model | dict[int, Model]:
        models = {one.scale: one.load().asked(**asked) for one in weights}
        return models[weights[0].scale] if self.size is None else models

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]:
        """Width and height of an output, and the pixels of the largest picture on the way."""
        kinds = (self.weights, self.photo) if self.photo else (self.weights,)
        each = [outlook(width, height, [one.scale for one in some], self.size) for some in kinds]
        return each[0][0], max(largest for _, largest in each)

    def record(self) -> dict[str, Any]:
        """What decides by which models pictures are restored, and how large they become."""
        weights, photo = ([one.record() for one in some] for some in (self.weights, self.photo))
        asked = {"asked": dict(self.asked), "of clean": dict(self.asked_of_clean or {})}
        return {"weights": weights, "photo": photo, "among": self.among, **asked, "size": str(self.size)}

    @property
    def tasks(self) -> str:
        """The name of their task."""
        return str(self.weights[0].task["name"])

    @property
    def growth(self) -> float | None:
        """Output pixels / input pixels; None where that is another for each picture."""
        factor = self.weights[0].scale if self.size is None else self.size.scale
        return None if factor is None else float(factor) ** 2


@dataclass(frozen=True)
class Choices:
    """The models of a run one after the other, of which each takes what the one before has made."""

    links: tuple[Choice, ...]

    @property
    def size(self) -> Size | None:
        """What the last one makes."""
        return self.links[-1].size

    def load(self) -> list[Models]:
        """The models themselves, as `srgan.restore_folder` takes them."""
        return [link.load() for link in self.links]

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]:
        """Width and height of an output, and the pixels of the largest picture on the way."""
        largest = []
        for link in self.links:
            (width, height), most = link.sizes(width, height)
            largest.append(most)
        return (width, height), max(largest)

    def record(self) -> dict[str, Any]:
        """What decides by which models pictures are restored, and how large they become."""
        return {"steps": [link.record() for link in self.links]}

    @property
    def tasks(self) -> str:
        """The names of their tasks, one after the other, by commas."""
        return ", ".join(link.tasks for link in self.links)

    @property
    def growth(self) -> float | None:
        """Output pixels / input pixels; None where that is another for each picture."""
        each = [link.growth for link in self.links]
        return None if None in each else math.prod(growth for growth in each if growth is not None)


def dialled(name: str, realism: float) -> Weights:
    """The shipped weights of a name, so far on the way to the vivid ones of that name.

    Raises:
        ConfigError: there are no vivid ones.
    """
    vivid = f"{name}-vivid"
    if realism and vivid not in zoo.names():
        there = ", ".join(name for name in zoo.names() if name.endswith("-vivid")) or "none"
        raise ConfigError(f"--realism needs {vivid}, which does not ship; vivid weights that do: {there}")
    weights = Weights(name, _task(vivid if realism == 1 else name), realism)
    for end in weights.ends:
        zoo.checked(end)
    return weights


def own(model: str, realism: float, task: str) -> Weights:
    """The weights that --model names.

    Raises:
        ConfigError: they are for another task, or a place of the dial is asked for, too.
    """
    if realism:
        raise ConfigError("--realism blends shipped weights: leave out --model")
    zoo.checked(model)
    found = _task(model)
    if found["name"] != task:
        raise ConfigError(f"{model} is for the task {found['name']}, not for {task}")
    return Weights(model, found)


def _task(model: str) -> Mapping[str, Any]:
    """What the header of a weights file says of the task."""
    task = zoo.describe(model).get("task")
    if not isinstance(task, dict) or "name" not in task or not isinstance(task.get("scale", 1), int):
        raise WeightsError(f"{model}: describes no model this version knows; upgrade srgan")
    return task
