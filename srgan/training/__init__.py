"""Training: `train` reads from top to bottom; `TrainConfig` is everything it can be told."""

from srgan.training.config import TrainConfig, configure, read_values
from srgan.training.finetuning import GENTLE, FineTuned, finetune
from srgan.training.loop import train

__all__ = ["GENTLE", "FineTuned", "TrainConfig", "configure", "finetune", "read_values", "train"]
