"""How a generator is run. An engine is a callable: `engine(observed) -> generated`, with a `device`."""

from typing import Protocol, runtime_checkable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from srgan.engines import openvino_engine
from srgan.engines.devices import choose_device
from srgan.engines.ncnn_engine import VULKAN, NcnnEngine
from srgan.engines.openvino_engine import OpenVinoEngine
from srgan.engines.precision import DTYPES, Precision, choose_precision
from srgan.engines.threads import forked
from srgan.engines.torch_engine import TorchEngine
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


ENGINES: dict[str, type[TorchEngine] | type[OpenVinoEngine] | type[NcnnEngine]] = {
    "torch": TorchEngine,
    "openvino": OpenVinoEngine,
    "ncnn": NcnnEngine,
}


def choose_engine(device: torch.device, precision: Precision, engine: str = "auto") -> str:
    """The engine of that name; `auto` takes OpenVINO where it is installed and can compute so, else torch.

    Vulkan is reached by ncnn alone.

    Raises:
        ConfigError: there is no such engine.
    """
    if engine == "auto" and device.type == VULKAN:
        return "ncnn"
    if engine == "auto":
        fits = device.type == "cpu" and not forked() and precision.dtype in openvino_engine.PRECISIONS
        return "openvino" if fits and openvino_engine.available() else "torch"
    if engine not in ENGINES:
        raise ConfigError(f"unknown engine {engine!r}: choose auto or one of {', '.join(sorted(ENGINES))}")
    return engine


@runtime_checkable
class HasGenerator(Protocol):
    """A Model, which knows engines while they do not know it."""

    generator: Network


def make_engine(
    model: HasGenerator | Network, engine: str = "torch", device: str = "auto", precision: str = "auto"
) -> Engine:
    """The engine of that name for a model, or for its generator: what `restore` takes as `engine`.

    "openvino", and "auto" where that is installed, take a second to make, for which one picture need not wait: so the
    default is not that of `FolderConfig`.

    Raises:
        ConfigError: there is no such engine, device or precision here, or it is neither a model nor a generator.
    """
    generator = model.generator if isinstance(model, HasGenerator) else model
    if not isinstance(generator, Network):
        raise ConfigError(f"a {type(model).__name__} is no model to make an engine of: srgan.load gives one")
    where = choose_device(device)
    if where.type == VULKAN and precision in ("auto", "fp32", "fp16"):
        chosen = Precision(DTYPES.get(precision, torch.float32))
    else:
        chosen = choose_precision(where, precision, generator.precisions)
    if not generator.plain:
        chosen = Precision(chosen.dtype, torch.contiguous_format)
        engine = "torch" if engine == "auto" else engine
    return ENGINES[choose_engine(where, chosen, engine)](generator, where, chosen)


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
