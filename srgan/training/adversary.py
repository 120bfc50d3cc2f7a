"""The second player: a discriminator that learns to tell real pictures from restored ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.networks.discriminators import build_discriminator
from srgan.training.augment import augment
from srgan.training.config import TrainConfig
from srgan.training.games import GAMES, Mean, accuracy, gradient_penalty, mean, mean_of, r1, r2
from srgan.training.losses import perceptual, weighing
from srgan.training.optimizer import Optimizer
from srgan.training.schedule import discriminator_rate_at
from srgan.training.together import Together
from srgan.types import Batch, Logits, Mask

Shown = Float[Tensor, "n c h w"]
"""Pictures in [-1, 1], the condition behind them."""

Condition = Float[Tensor, "n d _ _"]
"""What is shown beside pictures: of their size, or smaller and said of the whole."""


class Adversary:
    """A discriminator, its optimizer, and the rules of the game; what is drawn for its share of a batch is its own.

    Args:
        channels: of a picture and, where the discriminator sees one, its condition.
        side: of the pictures it is shown [px].

    Raises:
        ConfigError: the discriminator cannot see pictures of that side.
    """

    def __init__(self, config: TrainConfig, channels: int, side: int, device: torch.device, dtype: torch.dtype) -> None:
        self.config, self.game, self._dtype, self._together = config, GAMES[config.game], dtype, Together()
        self.discriminator = build_discriminator(
            config.discriminator,
            channels,
            side,
            width=config.discriminator_width,
            depth=config.discriminator_depth,
            count=config.discriminators,
            seed=config.seed,
        ).to(device)
        if side < self.discriminator.smallest or side % self.discriminator.multiple_of:
            raise ConfigError(
                f"a {config.discriminator} of depth {config.discriminator_depth} cannot see crops of {side} px: choose "
                f"at least {self.discriminator.smallest} px, and a multiple of {self.discriminator.multiple_of}"
            )
        self._weights = list(self.discriminator.parameters())
        self._bind()
        self.optimizer = Optimizer(self._weights, config.discriminator_optimizer, config.discriminator_momentum)
        self._rng = torch.Generator(device)

    def learn(
        self,
        real: Batch,
        fake: Batch,
        condition: Condition | None,
        hole: Mask | None,
        step: int,
        turn: int = 0,
        pace: float = 1.0,
    ) -> dict[str, Tensor]:
        """What the log says of one update of the discriminator, at `pace` times its rate; `fake` is detached.

        Args:
            hole: where `fake` is not what it is said to be restored from; patches without a hole count as real.
            turn: which of the updates of this step it is.
        """
        config = self.config
        self._rng.manual_seed((config.seed * 1_000_003 + step) * 1009 + turn + 131 * self._together.rank)
        self.discriminator.train().requires_grad_(True)
        shown_real, shown_fake = self._show(real, condition), self._show(fake, condition)
        real_logits, fake_logits = self._layers(torch.cat([shown_real, shown_fake]))[-1].chunk(2)
        real_logits, fake_logits, *means = self._sides(real_logits, fake_logits, hole)
        loss = self.game.discriminator(real_logits, fake_logits, *means)
        for penalty in self._penalties(shown_real, shown_fake, step):
            loss = loss + penalty
        torch.autograd.backward(loss)
        loss = self._together.average(self._weights, loss)
        norm = torch.nn.utils.clip_grad_norm_(self._weights, config.discriminator_clip)
        finite = torch.isfinite(norm)
        self.optimizer.step(pace * discriminator_rate_at(step, config), finite)
        self._bind()
        right_real, right_fake = accuracy(self.game, real_logits.detach(), fake_logits.detach(), *means)
        return {
            "discriminator": loss.detach(),
            "discriminator_gradient": norm.detach(),
            "accuracy_real": right_real,
            "accuracy_fake": right_fake,
            "skipped": (~finite).float(),
        }

    def _penalties(self, real: Shown, fake: Shown, step: int) -> Iterator[Float[Tensor, ""]]:
        """What steep slopes cost, those of the game and, every so many steps, R1's and R2's; and large weights."""
        # Slopes are differentiated twice, in float32, of the same discriminator: in training its norms would move.
        self.discriminator.eval()
        config = self.config
        if self.game.penalty:
            yield self.game.penalty * gradient_penalty(self.discriminator, real, fake, self._rng)
        if step % config.r1_every == 0:
            for weight, penalty, shown in ((config.r1, r1, real), (config.r2, r2, fake)):
                if weight:
                    yield weight * config.r1_every * penalty(self.discriminator, shown)
        yield from weighing(self._weights, config.weight_l1, config.weight_l2).values()

    def terms(
        self, restored: Batch, clean: Batch, condition: Condition | None, hole: Mask | None = None
    ) -> dict[str, Float[Tensor, ""]]:
        """The generator's terms, weighted: to be taken for real, and to look like it to each layer."""
        # The generator's gradient must pass through the discriminator, not into it; and its norms, which move at each
        # look in training, must be the same for fake and real.
        self.discriminator.requires_grad_(False).eval()
        draws = self._rng.get_state()
        fake = self._layers(self._show(restored, condition))
        real = fake  # whose logits a game that is not relative does not look at
        if self.game.relative or self.config.feature_matching:
            self._rng.set_state(draws)  # matched features are those of equally augmented pictures
            with torch.no_grad():
                real = self._layers(self._show(clean, condition))
        terms = {}
        if self.config.adversarial:
            as_real, filled, *means = self._sides(real[-1], fake[-1], hole)
            # A relative game wants real logits down: not those of what was restored around a hole.
            terms["adversarial"] = self.config.adversarial * self.game.generator(as_real.detach(), filled, *means)
        if self.config.feature_matching:
            share = 1 / (len(real) - 1)
            layers = [(share, seen, wanted) for seen, wanted in zip(fake[:-1], real[:-1], strict=True)]
            terms["feature_matching"] = self.config.feature_matching * perceptual(layers)
        return terms

    def state_dict(self) -> dict[str, Any]:
        return {"discriminator": self.discriminator.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])

    @torch.no_grad()
    def _bind(self) -> None:
        """Cuts the weights to the game's bound, where it has one."""
        if self.game.bound:
            for weight in self._weights:
                weight.clamp_(-self.game.bound, self.game.bound)

    def _show(self, pictures: Batch, condition: Condition | None) -> Shown:
        """What the discriminator sees of pictures in [0, 1]: in [-1, 1], the condition behind them, augmented."""
        beside = [] if condition is None else [condition]
        said = [] if condition is None or condition.shape[2:] == pictures.shape[2:] else [beside.pop()]
        shown = torch.cat([pictures, *beside], dim=1) * 2 - 1
        if self.config.augment:
            shown = augment(shown, self._rng)
        shown = torch.cat([shown, *(F.interpolate(one * 2 - 1, shown.shape[2:]) for one in said)], dim=1)
        return shown.contiguous(memory_format=torch.channels_last)

    def _sides(self, real: Logits, fake: Logits, hole: Mask | None) -> tuple[Logits, Logits, Mean, Mean]:
        """What a game is played with: logits of the whole batch on either side, and the means over those that count."""
        whole = self._together.gathered
        return _sides(whole(real), whole(fake), None if hole is None else whole(hole))

    def _layers(self, shown: Shown) -> list[Tensor]:
        """What each layer of the discriminator makes of what it is shown, in float32."""
        with torch.autocast(shown.device.type, self._dtype, enabled=self._dtype is not torch.float32):
            return [layer.float() for layer in self.discriminator.layers(shown)]


def _sides(real: Logits, fake: Logits, hole: Mask | None) -> tuple[Logits, Logits, Mean, Mean]:
    """What a game is played with: the logits of real patches and of fake ones, and the means over those that count.

    Fake are those patches that have a hole: the others are as real as any. Without any hole, all that is restored is.

    Paper: Suvorov et al. 2022, LaMa, arXiv:2109.07161 (Sec. 2.2.2).
    """
    if hole is None:
        return real, fake, mean, mean
    filled = F.adaptive_max_pool2d(hole, (fake.shape[2], fake.shape[3])) > 0
    filled = filled | ~filled.any()
    as_real = torch.cat([torch.ones_like(filled), ~filled], dim=2)
    return torch.cat([real, fake], dim=2), fake, mean_of(as_real), mean_of(filled)
