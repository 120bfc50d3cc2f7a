"""How a generator is run. An engine is a callable: `engine(observed) -> generated`, with a `device`."""

from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from srgan.engines.memory import keep_freed_memory
from srgan.engines.precision import choose_device, choose_dtype
from srgan.engines.torch_engine import TorchEngine
from srgan.errors import ConfigError
from srgan.networks import Network


@runtime_checkable
class Engine(Protocol):
    """Runs a generator on a batch; owns precision and memory format."""

    device: torch.device

    def __call__(self, observed: Tensor) -> Tensor:
        """What the generator makes of `observed`, on `device`; floats of any kind."""
        ...


ENGINES = {"torch": TorchEngine}


def make_engine(generator: Network, engine: str = "auto", device: str = "auto", precision: str = "auto") -> Engine:
    """The engine of that name (auto: torch) for a generator.

    Raises:
        ConfigError: there is no such engine, device or precision here.
    """
    name = "torch" if engine == "auto" else engine
    if name not in ENGINES:
        raise ConfigError(f"unknown engine {engine!r}: choose auto or one of {', '.join(sorted(ENGINES))}")
    where = choose_device(device)
    return ENGINES[name](generator, where, choose_dtype(where, precision))


__all__ = ["ENGINES", "Engine", "TorchEngine", "choose_device", "choose_dtype", "keep_freed_memory", "make_engine"]
