"""What the generator minimises: named terms whose sum is the loss, and which the log shows one by one."""

from collections.abc import Iterable
from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.training.adversary import Adversary
from srgan.training.augment import Roll
from srgan.training.config import TrainConfig
from srgan.training.losses import FEATURE_LOSSES, LOSSES, SCALED, Features, Loss, weighing
from srgan.training.vgg import Vgg19
from srgan.types import Batch, Mask


class Objective:
    """The terms of a configuration; it holds VGG19 where one of them needs it.

    Args:
        weights: of the generator, which may cost something for their size.

    Raises:
        ConfigError: VGG19's weights are needed and cannot be had.
    """

    def __init__(
        self,
        config: TrainConfig,
        scale: int,
        device: torch.device,
        dtype: torch.dtype,
        weights: Iterable[Tensor] = (),
    ) -> None:
        self._dtype = dtype
        self._weighing = partial(weighing, list(weights), config.weight_l1, config.weight_l2)
        losses: dict[str, Loss] = {**LOSSES, **{name: partial(loss, scale=scale) for name, loss in SCALED.items()}}
        self._losses = {name: (weight, losses[name]) for name, weight in config.objective.items() if name in losses}
        self._feature_losses = {
            name: (weight, FEATURE_LOSSES[name]) for name, weight in config.objective.items() if name in FEATURE_LOSSES
        }
        self._layers = config.layer_weights
        self._vgg19: Vgg19 | None = None
        if self._feature_losses:
            self._vgg19 = Vgg19(list(self._layers), config.features or None).to(device)

    def terms(
        self,
        restored: Batch,
        clean: Batch,
        condition: Float[Tensor, "n d _ _"] | None,
        adversary: Adversary | None,
        roll: Roll = lambda pictures: pictures,
        hole: Mask | None = None,
    ) -> dict[str, Float[Tensor, ""]]:
        """The terms, weighted: the loss is their sum.

        Args:
            roll: what is done to pictures before a network judges them.
            hole: where pixels were lost, if only some were.
        """
        terms = {name: weight * loss(restored, clean) for name, (weight, loss) in self._losses.items()}
        terms |= self._weighing()
        if self._vgg19 is None and adversary is None:
            return terms
        restored, clean = roll(restored), roll(clean)
        if self._vgg19 is not None:
            features = list(self._seen(self._vgg19, restored, clean))
            terms |= {name: weight * loss(features) for name, (weight, loss) in self._feature_losses.items()}
        if adversary is not None:
            terms |= adversary.terms(restored, clean, roll(condition), roll(hole))
        return terms

    def _seen(self, vgg19: Vgg19, restored: Batch, clean: Batch) -> Features:
        with torch.autocast(clean.device.type, self._dtype, enabled=self._dtype is not torch.float32):
            with torch.no_grad():
                wanted = vgg19(clean)
            seen = vgg19(restored)
        for name, weight in self._layers.items():
            yield weight, seen[name], wanted[name]
