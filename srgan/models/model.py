"""A model: a task, the description of a network, and the generator built from it."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import os
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from srgan import options
from srgan.engines.threads import survive_fork
from srgan.errors import ConfigError
from srgan.networks import NETWORKS, build_network, describe_network
from srgan.networks.network import Network
from srgan.networks.seeded import Seeded
from srgan.ops.tiles import padded
from srgan.tasks.task import Task
from srgan.types import Batch, Observed


class Model(nn.Module):
    """A task and a generator for it: what is trained, averaged, saved, exported and run.

    Attributes:
        task: what was lost, and how the generator's answer becomes a picture.
        network: the description the generator was built from.
        card: what else the weights file said: training, licence, scores; empty for a fresh model.
        fresh: whether some of the weights have not been trained.
        name: of the weights that were loaded; "" is none.
        realism: how far they are on the way to the vivid ones of that name; None where there are none such.

    Args:
        seed: of the fresh weights.
    """

    def __init__(self, task: Task, network: Mapping[str, str | int] | str = "compact", *, seed: int = 0) -> None:
        super().__init__()
        survive_fork()
        if not isinstance(task, Task):
            raise ConfigError(f"{task!r} is no task: give srgan.Upscale(), srgan.Denoise() or srgan.Inpaint()")
        given = {"name": network} if isinstance(network, str) else dict(network)
        name = str(given.pop("name", "compact"))
        self.task = task
        self.network = describe_network(name, given)
        self.card: dict[str, Any] = {}
        self.fresh = True
        self.name = ""
        self.realism: float | None = None
        with Seeded(seed):
            self.generator = build_network(self.network, task.in_channels, task.out_channels, task.scale)
        self.generator.to(memory_format=torch.channels_last)

    @classmethod
    def around(cls, task: Task, generator: Network, network: Mapping[str, str | int]) -> Model:
        """A model of a generator that somebody else has made and trained, and how that is called."""
        model = cls.__new__(cls)
        nn.Module.__init__(model)
        survive_fork()
        model.task, model.network, model.card = task, dict(network), {}
        model.name, model.realism = "", None
        model.generator, model.fresh = generator, False
        return model.eval()

    def asked(self, **fields: Any) -> Model:
        """The same weights, shared with this model, for a task asked otherwise: `model.asked(strength="30")`.

        Raises:
            ConfigError: the task has no such field, or not such a value.
        """
        options.check_names(fields, options.options_of(type(self.task)))
        other = copy.copy(self)
        other.task = dataclasses.replace(self.task, **fields)
        return other

    def forward(self, observed: Observed) -> Batch:
        """The restored pictures, in float32 and not clipped."""
        generated = self.generate(observed)
        with torch.autocast(observed.device.type, enabled=False):
            return self.task.compose(observed.float(), generated.float())

    def generate(self, observed: Observed) -> Float[Tensor, "n d sh sw"]:
        """The generator's own answer to pictures of any size, before it is composed."""
        return padded(self.generator, observed, self.generator.multiple_of, self.task.scale)

    def numbers(self) -> list[Tensor]:
        """The weights, and the statistics that norms keep: all that an average of models is made of."""
        return [tensor for tensor in self.generator.state_dict().values() if tensor.is_floating_point()]

    def __repr__(self) -> str:
        """Task and network in one line; `repr(model.generator)` has the layers."""
        weights = sum(tensor.numel() for tensor in self.generator.parameters())
        return f"Model({self.task}, {self.network}, {weights:,} weights)"

    def called(self) -> dict[str, str | float]:
        """Name and realism, as far as they are known."""
        name = self.name or str(self.network["name"])
        return {"name": name} | ({} if self.realism is None else {"realism": self.realism})

    def digest(self) -> str:
        """A fingerprint of the weights themselves, wherever they came from."""
        digest = hashlib.sha256()
        for name, tensor in self.generator.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def check_model(given: object) -> None:
    """Checks that it is a Model.

    Raises:
        ConfigError: it is something else, such as a model's name.
    """
    if isinstance(given, (str, os.PathLike)):
        raise ConfigError(f"{os.fspath(given)!r} is a name, no model: srgan.load({os.fspath(given)!r}) gives the model")
    if not isinstance(given, Model):
        raise ConfigError(f"a {type(given).__name__} is no model: srgan.load gives one")


def check_ours(model: Model) -> None:
    """Checks that the model can be built from its description.

    Raises:
        ConfigError: somebody else has made its generator.
    """
    if model.network["name"] not in NETWORKS:
        raise ConfigError(
            f"the {model.network['name']} is somebody else's: it is run, and not trained, saved or exported"
        )
