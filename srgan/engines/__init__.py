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
    not give another machine's pixels to the last bit: so the default is not that of `FolderConfig`. When the weights
    change, make another.

    Raises:
        ConfigError: there is no such engine, device or precision here, or it is neither a model nor a generator.
    """
    generator = model.generator if isinstance(model, HasGenerator) else model
    if not isinstance(generator, Network):
        raise ConfigError(f"a {type(model).__name__} is no model to make an engine of: srgan.load gives one")
    where = choose_device(device)
    made = choose(generator, where, engine, precision).make(generator, where)
    _WEIGHTS[made] = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    return made


_WEIGHTS: WeakKeyDictionary[Engine, dict[str, Tensor]] = WeakKeyDictionary()
_MADE: WeakKeyDictionary[Network, Engine] = WeakKeyDictionary()


def engine_of(generator: Network) -> Engine:
    """The engine for whoever names none: made once for a generator, and again when its weights have changed."""
    made = _MADE.get(generator)
    if made is None or not serves(made, generator):
        made = _MADE[generator] = make_engine(generator)
    return made


def serves(engine: Engine, generator: Network) -> bool:
    """Whether an engine has the generator's weights as they are now, where that is known: of another's it is not."""
    weights, known = generator.state_dict(), _WEIGHTS.get(engine)
    return known is None or (
        weights.keys() == known.keys() and all(_same(tensor, known[name]) for name, tensor in weights.items())
    )


def _same(one: Tensor, other: Tensor) -> bool:
    return (one.device, one.dtype) == (other.device, other.dtype) and torch.equal(one, other)
