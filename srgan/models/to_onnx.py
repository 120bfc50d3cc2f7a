"""A graph as an ONNX model, of the operations that onnxruntime has had on all its devices for years (opset 17)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from srgan.networks.graph import Graph, Layer

OPSET, IR_VERSION = 17, 8

_PLAIN = {"relu": "Relu", "add": "Add"}


def to_onnx(graph: Graph, facts: Mapping[str, str]) -> bytes:
    """The bytes of an .onnx file, for pictures of any number and size.

    Args:
        facts: what the file shall say of the model.
    """
    from onnx import TensorProto, checker, helper

    writer = _Writer()
    for layer in graph.layers:
        writer.add(layer)
    given, made = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, *sides])]
        for name, sides in ((graph.given, ["height", "width"]), (graph.made, ["large_height", "large_width"]))
    )
    whole = helper.make_graph(writer.nodes, "srgan", given, made, initializer=writer.constants)
    model = helper.make_model(
        whole, producer_name="srgan", ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(model, dict(facts))
    checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


class _Writer:
    """The nodes and the constants of an ONNX graph."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, layer: Layer) -> None:
        """A layer, under the name of what it makes."""
        if layer.kind in _PLAIN:
            self.node(_PLAIN[layer.kind], layer.inputs, layer.output)
        else:
            getattr(self, f"_{layer.kind}")(layer)

    def node(self, kind: str, inputs: tuple[str, ...], output: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))
        return output

    def constant(self, value: np.ndarray) -> str:
        from onnx import numpy_helper

        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def whole(self, *numbers: int) -> str:
        return self.constant(np.array(numbers, np.int64))

    def _conv(self, layer: Layer) -> None:
        assert layer.weight is not None
        tensors = [tensor for tensor in (layer.weight, layer.bias) if tensor is not None]
        names = [self.constant(tensor.numpy()) for tensor in tensors]
        padding, stride = layer.options.get("padding", 0), layer.options["stride"]
        self.node(
            "Conv" if layer.kind == "conv" else "ConvTranspose",
            (*layer.inputs, *names),
            layer.output,
            kernel_shape=list(layer.weight.shape[2:]),
            strides=[stride, stride],
            pads=[padding] * 4,
            group=layer.options.get("groups", 1),
        )

    _transposed = _conv

    def _prelu(self, layer: Layer) -> None:
        assert layer.weight is not None
        self.node("PRelu", (*layer.inputs, self.constant(layer.weight.reshape(-1, 1, 1).numpy())), layer.output)

    def _shuffle(self, layer: Layer) -> None:
        self.node("DepthToSpace", layer.inputs, layer.output, mode="CRD", blocksize=layer.options["size"])

    def _clip(self, layer: Layer) -> None:
        limits = (self.constant(np.array(limit, np.float32)) for limit in (0, 1))
        self.node("Clip", (*layer.inputs, *limits), layer.output)

    def _mirror(self, layer: Layer) -> None:
        (x,), margin = layer.inputs, layer.options["margin"]
        for axis in (2, 3):
            made = layer.output if axis == 3 else f"{layer.output}_rows"
            before = [self._slice(x, place, place + 1, axis, f"{made}_before{place}") for place in range(margin)]
            behind = [
                self._slice(x, -place - 1, -place if place else np.iinfo(np.int64).max, axis, f"{made}_behind{place}")
                for place in range(margin)
            ]
            x = self.node("Concat", (*reversed(before), x, *behind), made, axis=axis)

    def _slice(self, x: str, first: int, last: int, axis: int, name: str) -> str:
        return self.node("Slice", (x, self.whole(first), self.whole(last), self.whole(axis)), name)

    def _sides(self, x: str, name: str) -> str:
        """Height and width, as a tensor."""
        return self._slice(self.node("Shape", (x,), f"{name}_shape"), 2, 4, 0, f"{name}_sides")

    def _even(self, layer: Layer) -> None:
        name = layer.output
        less = self.node("Neg", (self._sides(layer.inputs[0], name),), f"{name}_less")
        lacking = self.node("Mod", (less, self.whole(layer.options["multiple"])), f"{name}_lacking")
        pads = self.node("Concat", (self.whole(0, 0, 0, 0, 0, 0), lacking), f"{name}_pads", axis=0)
        self.node("Pad", (layer.inputs[0], pads), name, mode="edge")

    def _crop(self, layer: Layer) -> None:
        x, like = layer.inputs
        sides = self._sides(like, layer.output)
        self.node("Slice", (x, self.whole(0, 0), sides, self.whole(2, 3)), layer.output)
