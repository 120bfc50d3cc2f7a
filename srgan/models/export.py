"""A model as a file that others run without any code of ours: ONNX, ncnn, OpenVINO.

Input `data`: pictures in [0, 1], RGB, (n, 3, height, width), of any size from 2 x 2 on. Output `output`: the restored
pictures, in [0, 1]. The base of the residual is in the graph, and what is written has been run and compared with ours.
"""

from __future__ import annotations

import importlib.util
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from srgan.engines.openvino_engine import imported as openvino_module
from srgan.errors import ConfigError, MachineError
from srgan.files import write_bytes
from srgan.models.model import Model, check_model, check_ours
from srgan.models.to_onnx import to_onnx
from srgan.networks.graph import Graph, add_generator, eye
from srgan.networks.to_ncnn import to_ncnn
from srgan.ops.resample import UPSAMPLE_CONTEXT, phase_kernels
from srgan.tasks.denoise import Denoise
from srgan.tasks.upscale import Upscale

INPUT, OUTPUT = "data", "output"

SUFFIXES = {".onnx": ("onnx", "onnxruntime"), ".param": ("ncnn",), ".xml": ("onnx", "openvino")}
"""What is written, and the packages that writing and checking it takes."""

MOST = 1.0
"""Levels of 255 by which what is written may differ from ours."""


def export(model: Model, path: str | os.PathLike[str]) -> float:
    """Writes the model as `.onnx`, `.param` (and `.bin`) or `.xml` (and `.bin`); whole or not at all.

    Returns:
        The largest difference from ours on photographs, run by what the file is for [levels of 255].

    Raises:
        ConfigError: such a model, or such a file, is not written, or what it takes is not installed.
        MachineError: what is written does not give what ours gives.
    """
    check_model(model)
    check_ours(model)
    path = Path(path)
    _check_name(path, model)
    graph = graph_of(model)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        _write(graph, draft, {"scale": str(model.task.scale), "licence": str(model.card.get("licence", "not told"))})
        difference = _difference(model, _RUNS[path.suffix](draft))
        if not difference <= MOST:
            raise MachineError(
                f"{path}: not written: {', '.join(SUFFIXES[path.suffix])} gives a picture {difference:.1f} levels off"
            )
        for made in sorted(Path(folder).iterdir()):
            write_bytes(path.with_suffix(made.suffix), made.read_bytes())
    return difference


def graph_of(model: Model) -> Graph:
    """All that the model does with a picture, as layers; their weights are those that the model has now.

    Raises:
        ConfigError: its task is not written.
    """
    task, graph = model.task, Graph(INPUT)
    if isinstance(task, Upscale) and not task.rounds and not task.keep_grain:
        generated = _generated(graph, model, [])
        kernels = phase_kernels(task.scale, torch.device("cpu")).repeat(3, 1, 1, 1)
        mirrored = graph.add("mirror", INPUT, options={"margin": UPSAMPLE_CONTEXT})
        phases = graph.add("conv", mirrored, weight=kernels, options={"stride": 1, "groups": 3})
        base = graph.add("shuffle", phases, options={"size": task.scale})
    elif isinstance(task, Denoise) and not task.idle and not task.keep_grain:
        generated, base = _generated(graph, model, [task.level / 255]), INPUT
    else:
        raise ConfigError(
            f"{task} cannot be exported: upscaling and denoising can, without rounds or kept grain; inpainting fills "
            "large holes coarse to fine, which is more than one pass of a network"
        )
    if model.generator.multiple_of > 1:
        generated = graph.add("crop", generated, base)
    graph.add("clip", graph.add("add", generated, base), name=OUTPUT)
    return graph


def _generated(graph: Graph, model: Model, maps: list[float]) -> str:
    """What the generator makes of the picture with constant maps beside it, padded as we pad."""
    multiple = model.generator.multiple_of
    observed = graph.add("even", INPUT, options={"multiple": multiple}) if multiple > 1 else INPUT
    if maps:
        weight, bias = eye(3, maps)
        observed = graph.add("conv", observed, weight=weight, bias=bias, options={"stride": 1, "groups": 1})
    return add_generator(graph, model.generator, observed)


def _check_name(path: Path, model: Model) -> None:
    needed = SUFFIXES.get(path.suffix)
    if path.suffix == ".safetensors":
        raise ConfigError(
            f"{path}: no network of ours is one that spandrel knows: those start from the nearest pixel instead of the "
            "bicubic enlargement, and have no sum around their chain; write .onnx or .param"
        )
    if needed is None:
        raise ConfigError(f"{path}: choose a name that ends in {', '.join(SUFFIXES)}")
    lacking = [name for name in needed if importlib.util.find_spec(name) is None]
    if lacking:
        raise ConfigError(f"{path}: needs {', '.join(lacking)}: pip install 'srgan[export]'")
    other = {".param": ".xml", ".xml": ".param"}.get(path.suffix)
    if other and path.with_suffix(other).exists():
        taken, owner = path.with_suffix(".bin").name, path.with_suffix(other).name
        raise ConfigError(f"{path}: {taken}, which goes with it, is that of {owner}: choose another name")
    scale = model.task.scale
    told = re.findall(r"x(\d)|(\d)x", path.stem.lower())
    if path.suffix == ".param" and scale > 1 and {"".join(pair) for pair in told} != {str(scale)}:
        raise ConfigError(f"{path}: Upscayl reads the scale from the name: call it {path.stem}-x{scale}.param")


def _write(graph: Graph, path: Path, facts: dict[str, str]) -> None:
    if path.suffix == ".param":
        text, weights = to_ncnn(graph)
        path.write_text(text)
        path.with_suffix(".bin").write_bytes(weights)
    elif path.suffix == ".onnx":
        path.write_bytes(to_onnx(graph, facts))
    else:
        openvino = openvino_module()
        openvino.save_model(openvino.Core().read_model(to_onnx(graph, facts)), path, compress_to_fp16=False)


Run = Callable[[np.ndarray], np.ndarray]


def _run_onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(os.fspath(path), providers=["CPUExecutionProvider"])
    return lambda picture: np.asarray(session.run([OUTPUT], {INPUT: picture})[0])


def _run_ncnn(path: Path) -> Run:
    import ncnn

    net = ncnn.Net()
    net.load_param(os.fspath(path))
    net.load_model(os.fspath(path.with_suffix(".bin")))

    def run(picture: np.ndarray) -> np.ndarray:
        extractor = net.create_extractor()
        extractor.input(INPUT, ncnn.Mat(picture[0]).clone())  # else rows of odd sizes are not where ncnn looks
        return np.array(extractor.extract(OUTPUT)[1])[None]

    return run


def _run_openvino(path: Path) -> Run:
    compiled: Any = openvino_module().Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda picture: np.asarray(compiled([picture])[0])


_RUNS: dict[str, Callable[[Path], Run]] = {".onnx": _run_onnx, ".param": _run_ncnn, ".xml": _run_openvino}


@torch.inference_mode()
def _difference(model: Model, run: Run) -> float:
    """The largest difference from ours [levels of 255]; infinite where its size is another or a pixel is no number."""
    largest = 0.0
    for picture in _photographs():
        ours = model(model.task.present(picture)).clamp(0, 1).numpy()
        theirs = run(picture.numpy())
        if theirs.shape != ours.shape or not np.isfinite(theirs).all():
            return float("inf")
        largest = max(largest, 255 * float(np.abs(ours - theirs).max()))
    return largest


def _photographs() -> Iterator[torch.Tensor]:
    """Parts of scikit-image's photographs, of even and odd sizes."""
    from skimage import data

    for name, height, width in (("astronaut", 160, 192), ("chelsea", 97, 131), ("coffee", 150, 101)):
        part = np.ascontiguousarray(getattr(data, name)()[-height:, -width:].transpose(2, 0, 1)[None])
        yield torch.from_numpy(part).float().div(255)
