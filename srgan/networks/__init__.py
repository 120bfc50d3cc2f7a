"""Generators and discriminators by name; a generator is described by its name and its options, and built from those."""

import inspect
from collections.abc import Mapping

from srgan.errors import ConfigError
from srgan.networks.compact import Compact
from srgan.networks.dcgan import Dcgan
from srgan.networks.mlp import Mlp
from srgan.networks.network import Network
from srgan.networks.r3gan import R3gan
from srgan.networks.srresnet import SRResNet
from srgan.networks.unet import UNet
from srgan.networks.upsample import Upsample
from srgan.options import check_names, convert

NETWORKS: dict[str, type[Network]] = {
    "compact": Compact,
    "srresnet": SRResNet,
    "unet": UNet,
    "mlp": Mlp,
    "dcgan": Dcgan,
    "upsample": Upsample,
    "r3gan": R3gan,
}


def network_options(name: str) -> dict[str, int]:
    """The options of a network with their defaults.

    Raises:
        ConfigError: there is no such network.
    """
    if name not in NETWORKS:
        raise ConfigError(f"unknown network {name!r}: choose one of {', '.join(sorted(NETWORKS))}")
    parameters = inspect.signature(NETWORKS[name].__init__).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}


def describe_network(name: str, values: Mapping[str, object]) -> dict[str, str | int]:
    """The whole description of a network, defaults filled in: {"name": ..., option: value, ...}."""
    defaults = network_options(name)
    check_names(values, defaults, f"option of {name}")
    given = {key: convert(key, value, type(defaults[key])) for key, value in values.items()}
    for key, value in given.items():
        if isinstance(value, int) and value < 1:
            raise ConfigError(f"{key}={value}: must be at least 1")
    return {"name": name, **defaults, **given}  # type: ignore[dict-item]


def build_network(description: Mapping[str, str | int], in_channels: int, out_channels: int, scale: int) -> Network:
    """A fresh network from its description."""
    options = {key: value for key, value in description.items() if key != "name"}
    complete = describe_network(str(description["name"]), options)
    name = str(complete.pop("name"))
    return NETWORKS[name](in_channels, out_channels, scale, **complete)
