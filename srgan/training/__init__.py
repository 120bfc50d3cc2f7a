"""Training: `train` reads from top to bottom; `TrainConfig` is everything it can be told."""

from srgan.training.config import TrainConfig, configure, read_values
from srgan.training.loop import train

__all__ = ["TrainConfig", "configure", "read_values", "train"]
