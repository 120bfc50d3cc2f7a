"""What changes over the steps of a run: learning rates, and how long the average of the weights remembers."""

import logging
import math

from srgan.training.config import TrainConfig

log = logging.getLogger(__name__)

REMEMBERED = 4.0
"""Times that the average of weights which were trained before forgets over a run, at least: exp(-4) of them stays."""


def _warmup_of(config: TrainConfig) -> int:
    """The steps of the warm-up: a tenth of all where as many as asked for would leave none after it."""
    return config.warmup if config.warmup < config.steps else config.steps // 10


def check_warmup(config: TrainConfig) -> None:
    """Says where the warm-up is shorter than asked for."""
    if _warmup_of(config) != config.warmup:
        log.warning(
            "warmup=%d is not below steps=%d: %d steps instead", config.warmup, config.steps, _warmup_of(config)
        )


def learning_rate_at(step: int, config: TrainConfig) -> float:
    """A linear warm-up, then half a cosine (Loshchilov and Hutter 2017, SGDR, arXiv:1608.03983, Eq. 5)."""
    warmup = _warmup_of(config)
    if step <= warmup:
        return config.learning_rate * step / warmup
    return _fallen(step, config, config.learning_rate, config.final_learning_rate)


def discriminator_rate_at(step: int, config: TrainConfig) -> float:
    """The same cosine without the warm-up, so that neither player outruns the other in the end."""
    start = config.discriminator_learning_rate
    return _fallen(max(step, _warmup_of(config)), config, start, min(start, config.final_learning_rate))


def averaging_at(step: int, config: TrainConfig, *, fresh: bool) -> float:
    """The decay of the average of the weights.

    Fresh weights are not worth remembering, so memory grows with the steps. Weights that were trained before are, but
    a run that is short against that memory would hardly show in the average.
    """
    if fresh:
        return min(config.ema, (1 + step) / (10 + step))
    return min(config.ema, max(0.0, 1 - REMEMBERED / config.steps))


def _fallen(step: int, config: TrainConfig, start: float, end: float) -> float:
    """From `start` after the warm-up to `end` along half a cosine."""
    warmup = _warmup_of(config)
    done = (step - warmup) / max(1, config.steps - warmup)
    return end + (start - end) * (1 + math.cos(math.pi * done)) / 2
