"""A graph as a model of OpenVINO's (extra `openvino`), for pictures of any number and size."""

from __future__ import annotations

from typing import Any

import numpy as np

from srgan.errors import ConfigError
from srgan.networks.graph import Graph, Layer


def to_openvino(graph: Graph, channels: int, openvino: Any) -> Any:
    """The model, not yet compiled.

    Args:
        channels: of what is given.
        openvino: the package.

    Raises:
        ConfigError: a layer is of a kind that only whole models have.
    """
    ops = openvino.opset13
    given = ops.parameter([-1, channels, -1, -1], np.float32, name=graph.given)
    made = {graph.given: given}
    for layer in graph.layers:
        made[layer.output] = _node(ops, layer, [made[name] for name in layer.inputs])
    return openvino.Model([made[graph.made]], [given], "generator")


def _node(ops: Any, layer: Layer, inputs: list[Any]) -> Any:
    options = layer.options
    if layer.kind in ("conv", "transposed") and layer.weight is not None and options.get("groups", 1) == 1:
        strides, pads, ones = [options["stride"]] * 2, [options.get("padding", 0)] * 2, [1, 1]
        weight = ops.constant(layer.weight.numpy())
        if layer.kind == "conv":
            made = ops.convolution(*inputs, weight, strides, pads, pads, ones)
        else:
            made = ops.convolution_backprop_data(
                *inputs, weight, strides, pads_begin=pads, pads_end=pads, dilations=ones
            )
        return made if layer.bias is None else ops.add(made, layer.bias.reshape(1, -1, 1, 1).numpy())
    if layer.kind == "prelu" and layer.weight is not None:
        return ops.prelu(*inputs, layer.weight.numpy())
    if layer.kind == "shuffle":
        return ops.depth_to_space(*inputs, "depth_first", options["size"])
    if layer.kind in ("relu", "add"):
        return getattr(ops, layer.kind)(*inputs)
    raise ConfigError(f"a layer {layer.kind} cannot be written: srgan/networks/to_openvino.py does not know it")
