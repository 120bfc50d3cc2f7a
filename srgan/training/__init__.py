"""Training: `train` reads from top to bottom; `TrainConfig` is everything it can be told."""

from srgan.training.config import TrainConfig, configure, read_values
from srgan.training.finetuning import FineTuned, finetune, gentle
from srgan.training.loop import train

__all__ = ["FineTuned", "TrainConfig", "configure", "finetune", "gentle", "read_values", "train"]
