"""How a generator is run. An engine is a callable: `engine(observed) -> generated`, with a `device`."""

from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from srgan.engines.choice import choose
from srgan.engines.devices import choose_device
from srgan.engines.precision import Precision
from srgan.errors import ConfigError
from srgan.networks.network import Network


@runtime_checkable
class Engine(Protocol):
    """Runs a generator on a batch; owns precision and memory format.

    Attributes:
        batch: how many tiles of a picture are best given at once.
    """

    device: torch.device
    precision: Precision
    batch: int

    def __call__(self, observed: Tensor) -> Tensor:
        """What the generator makes of `observed`, on `device`; floats of any kind."""
        ...


@runtime_checkable
class HasGenerator(Protocol):
    """A Model, which knows engines while they do not know it."""

    generator: Network


def make_engine(
    model: HasGenerator | Network, engine: str = "torch", device: str = "auto", precision: str = "auto"
) -> Engine:
    """The engine of that name for a model, or for its generator: what `restore` takes as `engine`.

    "auto" takes the fastest that is installed, which is measured for a second, once for a kind of network, and may
    not give another machine's pixels to the last bit: so the default is not that of `FolderConfig`.

    Raises:
        ConfigError: there is no such engine, device or precision here, or it is neither a model nor a generator.
    """
    generator = model.generator if isinstance(model, HasGenerator) else model
    if not isinstance(generator, Network):
        raise ConfigError(f"a {type(model).__name__} is no model to make an engine of: srgan.load gives one")
    where = choose_device(device)
    return choose(generator, where, engine, precision).make(generator, where)


_MADE: WeakKeyDictionary[Network, tuple[dict[str, Tensor], Engine]] = WeakKeyDictionary()


def engine_of(generator: Network) -> Engine:
    """The engine for whoever names none: made once for a generator, and again when its weights have changed."""
    weights, made = generator.state_dict(), _MADE.get(generator)
    if made is not None and all(_same(tensor, made[0][name]) for name, tensor in weights.items()):
        return made[1]
    engine = make_engine(generator)
    _MADE[generator] = {name: tensor.clone() for name, tensor in weights.items()}, engine
    return engine


def _same(one: Tensor, other: Tensor) -> bool:
    return one.device == other.device and torch.equal(one, other)
