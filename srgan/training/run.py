"""What changes from step to step: both players, the average that is kept, and what is known of their health."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from srgan import options
from srgan.data.crops import Pair
from srgan.engines.choice import choose
from srgan.engines.devices import choose_device
from srgan.engines.precision import DTYPES
from srgan.models.model import Model
from srgan.training.adversary import Adversary
from srgan.training.config import TrainConfig
from srgan.training.objective import Objective
from srgan.training.optimizer import Optimizer
from srgan.training.together import Together
from srgan.training.watch import Watch
from srgan.types import Batch, Mask, Observed


class Lesson(NamedTuple):
    """What is observed, what should become of it, what a discriminator sees beside, and where pixels were lost."""

    observed: Observed
    clean: Batch
    condition: Float[Tensor, "n d _ _"] | None
    hole: Mask | None


class Run:
    """A run at some step, on its device.

    Attributes:
        step: the last one that was made.
        model: whose generator learns, with the options of use at their defaults: it would learn to undo others.
        average: of the weights of `model` over the steps, which is scored and saved, and asked for what the start was.
        adversary: the second player, or None where only pictures are compared.
        scores: of the last validation.
        together: this process among those that make the run.

    Args:
        start: what to begin from; it stays as it is.
    """

    def __init__(self, start: Model, config: TrainConfig) -> None:
        self.together = Together()
        self.device = choose_device(config.device)
        way = choose(start.generator, self.device, "torch", config.precision, among=("fp32", "bf16"))
        self._dtype = DTYPES[way.precision]
        self._conditional = config.conditional
        task = start.task
        self.step = 0
        fields = options.options_of(type(task))
        unasked = {name: fields[name].default for name in options.asked(type(task), options.USE)}
        self.model = copy.deepcopy(start.asked(**unasked)).to(self.device).requires_grad_(True).train()
        self.average = copy.deepcopy(self.model).requires_grad_(False).eval()
        self._teacher = self.average.asked()
        self.average.task = task
        self.average.fresh = False  # as in its file: what is returned is trained, and may be trained on
        self.average.name, self.average.realism = "", None  # nor is it what was loaded
        self.optimizer = Optimizer(self.model.parameters(), config.optimizer, config.momentum)
        self.objective = Objective(config, task.scale, self.device, self._dtype, self.model.parameters())
        self.adversary: Adversary | None = None
        if config.playing:
            channels = 3 + (task.condition_channels if config.conditional else 0)
            self.adversary = Adversary(config, channels, config.crop * task.scale, self.device, self._dtype)
        self.watch = Watch()
        self.scores: dict[str, float | None] = {}

    def restored(self, observed: Observed, by: Model | None = None) -> Batch:
        """What the model makes of what is observed, or another one does."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._dtype is torch.bfloat16):
            restored: Batch = (by or self.model)(observed)
        return restored

    def lesson(self, pair: Pair) -> Lesson:
        """This process' share of a batch, as both players learn from it.

        What only the model so far can say is wanted, its average says.
        """
        observed, clean, pseudo = pair
        if pseudo is not None:
            with torch.no_grad():
                clean[pseudo.which] = self.restored(pseudo.observed, by=self._teacher)
        task = self.model.task
        condition, hole = task.condition(observed) if self._conditional else None, task.lost(observed)
        share = self.together.share
        beside = (None if one is None else share(one) for one in (condition, hole))
        return Lesson(share(observed), share(clean), *beside)

    def state_dict(self) -> dict[str, Any]:
        parts = {name: part.state_dict() for name, part in self._parts().items()}
        return {"step": self.step, "card": json.dumps(self.average.card), **parts}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.step, self.average.card = state["step"], json.loads(state["card"])
        self.scores = self.average.card["training"]["validation"]

    def _parts(self) -> dict[str, Any]:
        parts: dict[str, Any] = {
            "generator": self.model.generator,
            "average": self.average.generator,
            "optimizer": self.optimizer,
            "watch": self.watch,
        }
        return parts if self.adversary is None else {**parts, "adversary": self.adversary}
