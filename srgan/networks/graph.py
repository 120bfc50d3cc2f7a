"""The layers of a generator one by one, for those who write them in another language: ONNX, ncnn.

    graph = Graph("data")
    generated = add_generator(graph, generator, "data")

A layer reads what earlier ones made, by name; `graph.layers` are in the order in which they can be computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from srgan.errors import ConfigError
from srgan.networks.compact import Compact
from srgan.networks.network import ConvReLU, Network, Residual
from srgan.networks.srresnet import SRResNet
from srgan.networks.unet import Doubled, UNet


@dataclass(frozen=True)
class Layer:
    """One operation.

    Attributes:
        kind: conv, transposed, relu, prelu, add, shuffle (channels become pixels), clip to [0, 1], mirror (at the
            borders, the edge pixel repeated), even (more edge pixels at the bottom and right, up to a multiple), or
            crop (to the size of the second input).
        weight, bias: of what has them, as torch has them.
        options: stride, padding, groups; the size of a shuffle, the margin of a mirror, the multiple.
    """

    kind: str
    inputs: tuple[str, ...]
    output: str
    weight: Tensor | None = None
    bias: Tensor | None = None
    options: dict[str, int] = field(default_factory=dict)


class Graph:
    """Layers, and the name of what they are given: pictures (n, 3, h, w) of any size."""

    def __init__(self, given: str) -> None:
        self.given = given
        self.layers: list[Layer] = []

    def add(
        self,
        kind: str,
        *inputs: str,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        options: dict[str, int] | None = None,
        name: str = "",
    ) -> str:
        """The name of what a further layer makes."""
        output = name or f"{kind}{len(self.layers)}"
        self.layers.append(Layer(kind, inputs, output, _own(weight), _own(bias), options or {}))
        return output

    @property
    def made(self) -> str:
        """The name of what the last layer makes."""
        return self.layers[-1].output


def add_generator(graph: Graph, generator: Network, observed: str) -> str:
    """The name of what the generator makes of `observed`, whose sides are multiples of `multiple_of`.

    Raises:
        ConfigError: nobody has said which layers such a generator has.
    """
    for kind, walk in _WALKS.items():
        if isinstance(generator, kind):
            return walk(graph, generator, observed)
    raise ConfigError(unknown(generator))


def unknown(generator: Network) -> str:
    """Why a generator's layers cannot be told, in words; empty where they can."""
    if isinstance(generator, tuple(_WALKS)):
        return ""
    return f"a {type(generator).__name__} cannot be written layer by layer: srgan/networks/graph.py does not know it"


def _compact(graph: Graph, network: Compact, observed: str) -> str:
    shallow = _folded(graph, network.head, network.fold, observed)
    deep = _chain(graph, network.body, shallow)
    tail = _layer(graph, network.tail, graph.add("add", deep, shallow))
    return _shuffled(graph, tail, network.fold * network.scale)


def _unet(graph: Graph, network: UNet, observed: str) -> str:
    x = _folded(graph, network.head, network.fold, observed)
    seen = []
    for blocks, halve in zip(network.fine, network.down, strict=True):
        seen.append(_layer(graph, blocks, x))
        x = _layer(graph, halve, seen[-1])
    x = _layer(graph, network.coarsest, x)
    for blocks, double, beside in zip(reversed(network.merged), reversed(network.up), reversed(seen), strict=True):
        x = _layer(graph, blocks, graph.add("add", _layer(graph, double, x), beside))
    return _shuffled(graph, _layer(graph, network.tail, x), network.fold * network.scale)


def _srresnet(graph: Graph, network: SRResNet, observed: str) -> str:
    shallow = _layer(graph, network.head, observed)
    x = shallow
    for block in list(network.body)[:-1]:
        x = graph.add("add", x, _chain(graph, block.children(), x))
    deep = graph.add("add", shallow, _layer(graph, network.body[-1], x))
    return _layer(graph, network.tail, _layer(graph, network.enlarge, deep))


_WALKS: dict[type[Network], Callable[[Graph, Any, str], str]] = {Compact: _compact, UNet: _unet, SRResNet: _srresnet}


def _layer(graph: Graph, layer: nn.Module, x: str) -> str:
    if isinstance(layer, nn.Sequential):
        return _chain(graph, layer, x)
    if isinstance(layer, Residual):
        return graph.add("add", x, _layer(graph, layer.second, _layer(graph, layer.first, x)))
    if isinstance(layer, nn.PixelShuffle):
        return _shuffled(graph, x, layer.upscale_factor)
    if isinstance(layer, nn.PReLU):
        return graph.add("prelu", x, weight=layer.weight)
    if isinstance(layer, Doubled):
        size = {"stride": layer.stride[0], "padding": layer.taps // 2 - 1}
        return graph.add("transposed", x, weight=layer.kernel, bias=layer.bias, options=size)
    if isinstance(layer, nn.Conv2d):
        made = _convolved(graph, layer, x)
        return graph.add("relu", made) if isinstance(layer, ConvReLU) else made
    raise ConfigError(
        f"a layer {type(layer).__name__} cannot be written layer by layer: srgan/networks/graph.py does not know it"
    )


def _chain(graph: Graph, layers: Iterable[nn.Module], x: str) -> str:
    for layer in layers:
        x = _layer(graph, layer, x)
    return x


def _convolved(graph: Graph, layer: nn.Conv2d, x: str) -> str:
    padding = 0 if isinstance(layer.padding, str) else layer.padding[0]
    size = {"stride": layer.stride[0], "padding": padding, "groups": layer.groups}
    return graph.add("conv", x, weight=layer.weight, bias=layer.bias, options=size)


def _folded(graph: Graph, head: nn.Conv2d, fold: int, observed: str) -> str:
    """The head on folded pixels: the same as a larger kernel, `fold` pixels at a time, on the pixels themselves."""
    if fold == 1:
        return _layer(graph, head, observed)
    width, channels, side, _ = head.weight.shape
    split = head.weight.reshape(width, channels // fold**2, fold, fold, side, side)
    kernel = split.permute(0, 1, 4, 2, 5, 3).reshape(width, channels // fold**2, fold * side, fold * side)
    size = {"stride": fold, "padding": fold * (side // 2), "groups": 1}
    return graph.add("conv", observed, weight=kernel, bias=head.bias, options=size)


def _shuffled(graph: Graph, x: str, size: int) -> str:
    return x if size == 1 else graph.add("shuffle", x, options={"size": size})


def _own(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.detach().float().cpu().clone()


def eye(channels: int, more: list[float]) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution that keeps all channels and adds some of constant values."""
    weight = torch.zeros(channels + len(more), channels, 1, 1)
    weight[:channels, :, 0, 0] = torch.eye(channels)
    return weight, torch.tensor([0.0] * channels + more)
