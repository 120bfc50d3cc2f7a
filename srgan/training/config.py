"""How to train: one flat frozen dataclass, and how TOML files and `--set` fill it."""

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srgan import options
from srgan.errors import ConfigError
from srgan.models.model import Model
from srgan.networks import NETWORKS, describe_network, network_options
from srgan.networks.discriminators import DISCRIMINATORS
from srgan.networks.network import Network
from srgan.options import documented, option
from srgan.tasks import TASKS
from srgan.training.games import GAMES
from srgan.training.losses import FEATURE_LOSSES, LOSSES
from srgan.training.optimizer import RULES

TERMS = (*LOSSES, *FEATURE_LOSSES, "adversarial", "feature_matching")
"""What a generator's loss may be made of."""

_RANGES: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (
        (
            *("steps", "batch", "crop", "log_every", "checkpoint_every", "validate_every"),
            *("discriminators", "discriminator_width", "discriminator_depth", "discriminator_steps"),
            *("r1_every", "off_grid"),
        ),
        lambda value: value >= 1,
        "be at least 1",
    ),
    (("rescale", "recolour", "ema"), lambda value: 0 <= value <= 1, "lie in [0, 1]"),
    (("momentum", "discriminator_momentum"), lambda value: 0 <= value < 1, "be at least 0 and less than 1"),
    (
        (
            *("minutes", "warmup", "seed", "rollbacks", "learning_rate", "discriminator_learning_rate"),
            *("r1", "r2", "weight_l1", "weight_l2"),
            *TERMS,
        ),
        lambda value: value >= 0,
        "not be negative",
    ),
    (("minutes",), math.isfinite, "be finite"),
    (("seed",), lambda value: value < 2**32, f"be below {2**32}"),
    (("clip", "discriminator_clip"), lambda value: value > 0, "be more than 0"),
)
"""Names of settings, what must be true of their values, and how that is said."""

_CHOICES = {
    "orientations": (8, 2, 1),
    "optimizer": tuple(RULES),
    "discriminator_optimizer": tuple(RULES),
    "precision": ("auto", "bf16", "fp32"),
    "game": tuple(GAMES),
    "discriminator": tuple(DISCRIMINATORS),
}
"""What settings may be that are one of a few."""


@documented
@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """Everything that decides a training run beside the data, the task and the network."""

    steps: int = option(50_000, "Generator updates in all.")
    minutes: float = option(0.0, "About how long to train, instead of a number of steps; 0: steps decides [min].")
    batch: int = option(16, "Crops in a batch.")
    crop: int = option(48, "Side of the square training crops [px of the input].")
    rescale: float = option(0.5, "Share of crops taken from a picture reduced at random, 1 to 2 times.")
    recolour: float = option(0.0, "Share of crops with channels exchanged and up to twice the saturation.")
    orientations: int = option(8, "In which crops come: 8 (mirrored and turned), 2 (mirrored) or 1 (as they lie).")
    optimizer: str = option("muon", f"{', '.join(RULES)}; muon leaves all but large kernels to adam.")
    momentum: float = option(0.9, "Share of its direction that a step of adam, adamw or sgd keeps.")
    learning_rate: float = option(5e-4, "The optimizer's step size after the warm-up.")
    final_learning_rate: float = option(1e-6, "The optimizer's step size at the end of the cosine.")
    warmup: int = option(400, "Steps over which the learning rate rises linearly.")
    clip: float = option(1.0, "Largest norm of the generator's gradient; of Muon's kernels, of what they remember.")
    weight_l1: float = option(0.0, "Weight of the absolute sum of either player's weights.")
    weight_l2: float = option(0.0, "Weight of half the sum of their squares.")
    ema: float = option(0.999, "Decay of the average of the weights, which is what is saved.")
    l1: float = option(1.0, "Weight of the mean absolute difference.")
    l2: float = option(0.0, "Weight of the mean squared difference.")
    psnr: float = option(0.0, "Weight of what PSNR lacks [dB], the mean over the pictures.")
    charbonnier: float = option(0.0, "Weight of the Charbonnier loss.")
    total_variation: float = option(0.0, "Weight of the variation beyond that of the clean pictures.")
    focal_frequency: float = option(0.0, "Weight of the difference of spectra.")
    detail: float = option(0.0, "Weight of the difference in how much fine detail there is.")
    consistency: float = option(0.0, "Weight of the difference once both pictures are reduced.")
    checkerboard: float = option(0.0, "Weight of the pattern with the period of the scale.")
    perceptual: float = option(0.0, "Weight of the difference of VGG19's features.")
    style: float = option(0.0, "Weight of the difference of their Gram matrices.")
    layers: str = option("conv1_2=0.1,conv2_2=0.1,conv3_4=1", "Layers of VGG19 and their weights.")
    features: str = option("", "File of VGG19's weights; empty: torchvision finds or downloads them.")
    adversarial: float = option(0.0, "Weight of the adversarial loss; more than 0 brings a discriminator.")
    feature_matching: float = option(0.0, "Weight of the difference of the discriminator's layers.")
    game: str = option("relativistic", f"{', '.join(GAMES)}.")
    discriminator: str = option("patchgan", f"{', '.join(DISCRIMINATORS)}.")
    discriminators: int = option(1, "How many, each at half the size of the one before; their verdicts are averaged.")
    discriminator_width: int = option(64, "Channels of the discriminator's first layer.")
    discriminator_depth: int = option(3, "Times the discriminator halves the picture.")
    conditional: bool = option(False, "Show the discriminator what was observed, too.")
    discriminator_optimizer: str = option("adam", f"{', '.join(RULES)}.")
    discriminator_momentum: float = option(0.5, "Its momentum: short, since what it must learn changes.")
    discriminator_learning_rate: float = option(1e-4, "The discriminator's step size; falls with learning_rate.")
    discriminator_clip: float = option(10.0, "Largest norm of the discriminator's gradient.")
    discriminator_steps: int = option(1, "Discriminator updates for each of the generator's.")
    r1: float = option(0.0, "Weight of the slope of the sum of logits at real pictures; 1e-3 is much.")
    r2: float = option(0.0, "Weight of the same slope at fake pictures.")
    r1_every: int = option(16, "Steps between two such penalties, each as many times as heavy.")
    off_grid: int = option(16, "Pixels by less than which pictures are rolled for networks that judge; 1: none.")
    augment: bool = option(False, "Show the discriminator real and fake in other colours, shifted, with holes.")
    rollbacks: int = option(3, "Returns to the last checkpoint, each at half the learning rates, before giving up.")
    seed: int = option(0, "Every random draw is a function of this and the step.")
    precision: str = option("auto", "auto, bf16 or fp32: what convolutions compute in; weights stay fp32.")
    device: str = option("auto", "auto, cpu, cuda or mps.")
    log_every: int = option(100, "Steps between two lines of log.jsonl.")
    checkpoint_every: int = option(500, "Steps between two checkpoints; a multiple of log_every.")
    validate_every: int = option(2000, "Steps between two validations; a multiple of log_every.")
    tensorboard: bool = option(False, "Write the log for TensorBoard, too (extra srgan[tensorboard]).")
    memory: float = option(8.0, "Decoded pictures held in memory at most [GB]; of more, a random sample.")

    def __post_init__(self) -> None:
        options.check_types(self)
        for names, holds, wanted in _RANGES:
            for name in names:
                if not holds(getattr(self, name)):
                    raise ConfigError(f"{name}={getattr(self, name)}: must {wanted}")
        for name in ("checkpoint_every", "validate_every"):
            if getattr(self, name) % self.log_every:
                raise ConfigError(f"{name}={getattr(self, name)}: must be a multiple of log_every={self.log_every}")
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                raise ConfigError(f"{name} {getattr(self, name)!r}: choose one of {', '.join(map(str, choices))}")
        _ = self.layer_weights
        if not self.objective:
            raise ConfigError("nothing to minimise: give a loss, such as l1, a weight")

    @property
    def objective(self) -> dict[str, float]:
        """The weight of each term of the generator's loss that has one."""
        return {name: getattr(self, name) for name in TERMS if getattr(self, name)}

    @property
    def playing(self) -> bool:
        """Whether there is a discriminator."""
        return bool(self.adversarial or self.feature_matching)

    def judging(self, generator: Network) -> dict[str, Any]:
        """The device and the precision in which the network is judged: those of training, as far as it bears them."""
        bears = self.precision in ("auto", *generator.precisions)
        return {"device": self.device, "precision": self.precision if bears else "auto"}

    def sampling(self) -> dict[str, Any]:
        """What `srgan.data.crops.pairs` is told: a batch for each update of the discriminator, where there is one."""
        turns = self.discriminator_steps if self.playing else 1
        names = ("crop", "batch", "rescale", "recolour", "orientations", "seed")
        return {"turns": turns} | {name: getattr(self, name) for name in names}

    @property
    def layer_weights(self) -> dict[str, float]:
        """The weight of each layer of VGG19 that a feature loss compares."""
        try:
            pairs = (layer.split("=") for layer in self.layers.split(","))
            return {name.strip(): float(weight) for name, weight in pairs}
        except ValueError as error:
            raise ConfigError(f"layers={self.layers}: write conv1_2=0.1,conv3_4=1") from error


def configure(task: str, values: Mapping[str, object]) -> tuple[Model, TrainConfig]:
    """A fresh model and its configuration from one flat set of values.

    `values` may hold fields of the task, `network` and that network's options, and fields of TrainConfig. They win over
    the recipe of the network, and that over the recipe of the task.

    Raises:
        ConfigError: a name is unknown, or a value makes no sense.
    """
    options.check_names([task], TASKS, "task")
    network = str(values.get("network", TASKS[task].recipe.get("network", "compact")))
    of_task, of_network = options.options_of(TASKS[task]), network_options(network)
    values = {**TASKS[task].recipe, **NETWORKS[network].recipe, **values}
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
