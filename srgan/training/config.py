"""How to train: one flat frozen dataclass, and how TOML files and `--set` fill it."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from srgan import options
from srgan.errors import ConfigError
from srgan.losses import LOSSES
from srgan.model import Model
from srgan.networks import describe_network, network_options
from srgan.options import option
from srgan.tasks import TASKS


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run beside the data, the task and the network."""

    steps: int = option(50_000, "Generator updates in all.")
    batch: int = option(16, "Crops in a batch.")
    crop: int = option(48, "Side of the square training crops [px of the input].")
    rescale: float = option(0.5, "Share of crops taken from a picture reduced at random, 1 to 2 times.")
    optimizer: str = option("muon", "muon (large kernels by Muon, the rest by Adam) or adam.")
    learning_rate: float = option(5e-4, "The optimizer's step size after the warm-up.")
    final_learning_rate: float = option(1e-6, "The optimizer's step size at the end of the cosine.")
    warmup: int = option(400, "Steps over which the learning rate rises linearly.")
    clip: float = option(1.0, "Largest norm of the gradient.")
    ema: float = option(0.999, "Decay of the average of the weights, which is what is saved.")
    l1: float = option(1.0, "Weight of the mean absolute difference.")
    l2: float = option(0.0, "Weight of the mean squared difference.")
    charbonnier: float = option(0.0, "Weight of the Charbonnier loss.")
    seed: int = option(0, "Every random draw is a function of this and the step.")
    precision: str = option("auto", "auto, bf16 or fp32: what convolutions compute in; weights stay fp32.")
    device: str = option("auto", "auto, cpu, cuda or mps.")
    log_every: int = option(100, "Steps between two lines of log.jsonl.")
    checkpoint_every: int = option(1000, "Steps between two checkpoints; a multiple of log_every.")
    validate_every: int = option(2000, "Steps between two validations; a multiple of log_every.")
    memory: float = option(8.0, "Decoded pictures held in memory at most [GB].")

    def __post_init__(self) -> None:
        for name in ("steps", "batch", "crop", "log_every", "checkpoint_every", "validate_every"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must be at least 1")
        for name in ("checkpoint_every", "validate_every"):
            if getattr(self, name) % self.log_every:
                raise ConfigError(f"{name}={getattr(self, name)}: must be a multiple of log_every={self.log_every}")
        for name in ("rescale", "ema"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name}={getattr(self, name)}: must lie in [0, 1]")
        if self.warmup < 0:
            raise ConfigError(f"warmup={self.warmup}: must not be negative")
        if self.optimizer not in ("muon", "adam"):
            raise ConfigError(f"optimizer {self.optimizer!r}: choose muon or adam")
        if self.precision not in ("auto", "bf16", "fp32"):
            raise ConfigError(f"precision {self.precision!r}: choose auto, bf16 or fp32")
        if not self.objective:
            raise ConfigError(f"nothing to minimise: give one of {', '.join(LOSSES)} a weight")

    @property
    def objective(self) -> dict[str, float]:
        """The weight of each loss that has one."""
        return {name: getattr(self, name) for name in LOSSES if getattr(self, name)}


def configure(task: str, values: Mapping[str, object]) -> tuple[Model, TrainConfig]:
    """A fresh model and its configuration from one flat set of values.

    `values` may hold fields of the task, `network` and that network's options, and fields of TrainConfig.

    Raises:
        ConfigError: a name is unknown, or a value makes no sense.
    """
    options.check_names([task], TASKS, "task")
    network = str(values.get("network", "compact"))
    of_task, of_network = options.options_of(TASKS[task]), network_options(network)
    known = {*of_task, *of_network, *options.options_of(TrainConfig), "network"}
    options.check_names(values, known)
    fields = options.build(TASKS[task], {k: v for k, v in values.items() if k in of_task})
    description = describe_network(network, {k: v for k, v in values.items() if k in of_network})
    config = options.build(TrainConfig, {k: v for k, v in values.items() if k in options.options_of(TrainConfig)})
    return Model(fields, description, seed=config.seed), config


def read_values(toml: Path | None, assignments: Iterable[str]) -> dict[str, object]:
    """The values of a TOML file, overridden by `key=value` assignments."""
    values: dict[str, object] = {}
    if toml is not None:
        try:
            values = tomllib.loads(toml.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{toml}: {error}") from error
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: write key=value")
        values[key.strip()] = value
    return values
