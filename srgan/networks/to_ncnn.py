"""A graph as ncnn's own two files: the layers in words (param), and their weights (bin).

Format: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure. Nothing of ncnn is needed to write them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from srgan.networks.graph import Graph, Layer

MAGIC = 7767517

_SIDES = {"rows": 1, "columns": 2}
"""The sides of a picture, and which axis of (c, h, w) each is."""

_END = -233
"""What ncnn takes for the end of a side."""


class _Line(NamedTuple):
    """A layer of ncnn: its type, what it reads and makes, its parameters, and its weights as they lie in the file."""

    kind: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: str = ""
    weights: bytes = b""


def to_ncnn(graph: Graph) -> tuple[str, bytes]:
    """The text of the param file, and the bytes of the bin file."""
    lines = [_Line("Input", (), (graph.given,)), *(line for layer in graph.layers for line in _lines(layer))]
    lines = _split(lines)
    blobs = sum(len(line.outputs) for line in lines)
    text = [str(MAGIC), f"{len(lines)} {blobs}"]
    for number, line in enumerate(lines):
        ends = " ".join(["", *line.inputs, *line.outputs, *line.parameters.split()])
        text.append(f"{line.kind:24} {f'{line.kind}_{number}':28} {len(line.inputs)} {len(line.outputs)}{ends}")
    return "\n".join([*text, ""]), b"".join(line.weights for line in lines)


def _split(lines: list[_Line]) -> list[_Line]:
    """The lines, with a Split wherever several read the same: each of them must have its own."""
    readers = Counter(name for line in lines for name in line.inputs)
    given: Counter[str] = Counter()
    split = []
    for line in lines:
        inputs = []
        for name in line.inputs:
            inputs.append(f"{name}_{given[name]}" if readers[name] > 1 else name)
            given[name] += 1
        split.append(line._replace(inputs=tuple(inputs)))
        for name in line.outputs:
            if readers[name] > 1:
                split.append(_Line("Split", (name,), tuple(f"{name}_{number}" for number in range(readers[name]))))
    return split


def _lines(layer: Layer) -> Iterator[_Line]:
    made = (layer.output,)
    if layer.kind in ("conv", "transposed"):
        yield _convolution(layer)
    elif layer.kind == "prelu" and layer.weight is not None:
        yield _Line("PReLU", layer.inputs, made, f"0={layer.weight.numel()}", _raw(layer.weight))
    elif layer.kind == "shuffle":
        yield _Line("PixelShuffle", layer.inputs, made, f"0={layer.options['size']}")
    elif layer.kind == "mirror":
        yield from _mirrored(layer.inputs[0], layer.output, layer.options["margin"])
    elif layer.kind == "even":
        yield from _evened(layer.inputs[0], layer.output, layer.options["multiple"])
    else:
        kind, parameters = {
            "relu": ("ReLU", ""),
            "add": ("BinaryOp", "0=0"),
            "clip": ("Clip", "0=0 1=1"),
            "crop": ("Crop", ""),
        }[layer.kind]
        yield _Line(kind, layer.inputs, made, parameters)


def _convolution(layer: Layer) -> _Line:
    weight, options = layer.weight, layer.options
    assert weight is not None
    if layer.kind == "transposed":
        kind, weight = "Deconvolution", weight.transpose(0, 1)
    else:
        kind = "Convolution" if options["groups"] == 1 else "ConvolutionDepthWise"
    parameters = f"0={weight.shape[0]} 1={weight.shape[-1]} 3={options['stride']} 4={options.get('padding', 0)}"
    parameters += f" 5={int(layer.bias is not None)} 6={weight.numel()}"
    if kind == "ConvolutionDepthWise":
        parameters += f" 7={options['groups']}"
    weights = bytes(4) + _raw(weight) + (b"" if layer.bias is None else _raw(layer.bias))  # four zeros: in float32
    return _Line(kind, layer.inputs, (layer.output,), parameters, weights)


def _mirrored(x: str, output: str, margin: int) -> Iterator[_Line]:
    """More pixels at all borders, mirrored: those within, in reverse."""
    for side, axis in _SIDES.items():
        made = output if axis == 2 else f"{output}_{side}"
        before: list[str] = []
        behind: list[str] = []
        for place in range(margin):
            before.insert(0, f"{made}_before{place}")
            behind.append(f"{made}_behind{place}")
            end = -place if place else _END
            yield _Line("Crop", (x,), (before[0],), f"-23309=1,{place} -23310=1,{place + 1} -23311=1,{axis}")
            yield _Line("Crop", (x,), (behind[-1],), f"-23309=1,{-place - 1} -23310=1,{end} -23311=1,{axis}")
        yield _Line("Concat", (*before, x, *behind), (made,), f"0={axis}")
        x = made


def _evened(x: str, output: str, multiple: int) -> Iterator[_Line]:
    """Edge pixels repeated at the bottom and right, up to the next multiple: more than enough, less what is too much.

    How many there must be ncnn cannot calculate; but what is reduced so many times and enlarged again has that size.
    """
    more, small, size = (f"{output}_{part}" for part in ("more", "small", "size"))
    yield _Line("Padding", (x,), (more,), f"1={multiple - 1} 3={multiple - 1} 4=1")
    yield _Line("Pooling", (more,), (small,), f"1={multiple} 2={multiple} 5=1")
    yield _Line("Interp", (small,), (size,), f"0=1 1={multiple}.0 2={multiple}.0")
    yield _Line("Crop", (more, size), (output,))


def _raw(tensor: Tensor) -> bytes:
    data: bytes = tensor.contiguous().numpy().tobytes()
    return data
