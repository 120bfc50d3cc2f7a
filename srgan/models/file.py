"""The weights file: written, read, and refused where it does not fit its own description.

It is a safetensors file whose metadata key `srgan` is one JSON object:

    {"format": 1, "task": {"name", ...options}, "network": {"name", ...options}, "training": {...}, "licence": ...}

`srgan.describe` reads that header alone, without torch (header.py); `load` needs nothing else and executes nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from srgan import options
from srgan.errors import ConfigError, WeightsError
from srgan.files import write_bytes
from srgan.models.header import NEWEST_FORMAT, read_header
from srgan.models.model import Model, check_model, check_ours
from srgan.tasks import TASKS


def save(
    model: Model, path: str | os.PathLike[str], *, card: Mapping[str, Any] | None = None, half: bool = False
) -> None:
    """Writes the weights file, whole or not at all.

    Args:
        card: what `srgan info` should tell besides task and network: "training", "licence", "scores".
        half: store float16 (loads as float32 all the same).
    """
    check_model(model)
    check_ours(model)
    header = {
        "format": NEWEST_FORMAT,
        "task": {"name": model.task.name, **options.record(model.task)},
        "network": model.network,
        **(model.card if card is None else card),
    }
    tensors = {
        name: tensor.detach().to("cpu", torch.float16 if half else torch.float32).contiguous()
        for name, tensor in model.generator.state_dict().items()
    }
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise WeightsError(f"{path}: weights that are not finite, or too large for float16, are not written")
    write_bytes(path, save_tensors(tensors, {"srgan": json.dumps(header, ensure_ascii=False)}))


def load(path: str | os.PathLike[str]) -> Model:
    """The model of a weights file.

    Raises:
        WeightsError: the file is missing, damaged, too new, or does not fit its own description.
    """
    header = read_header(path)
    try:
        task_options = dict(header["task"])
        task = options.build(TASKS[task_options.pop("name")], task_options)
        model = Model(task, header["network"])
    except (KeyError, TypeError, ValueError, RuntimeError, ConfigError) as error:
        raise WeightsError(f"{path}: describes no model this version knows ({error}); upgrade srgan") from error
    try:
        tensors = load_tensors(Path(path).read_bytes())
    except SafetensorError as error:
        raise WeightsError(f"{path}: damaged ({error}); fetch it again") from error
    _put(model.generator, tensors, str(path))
    model.fresh = False
    model.card = {key: value for key, value in header.items() if key not in ("format", "task", "network")}
    return model.eval()


def _put(generator: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
    """Puts tensors into a generator that must have exactly these, all finite."""
    wanted = generator.state_dict()
    missing, surplus = wanted.keys() - tensors.keys(), tensors.keys() - wanted.keys()
    if missing or surplus:
        raise WeightsError(f"{name}: missing {sorted(missing)[:3]}, unexpected {sorted(surplus)[:3]}")
    for key, tensor in tensors.items():
        if tensor.shape != wanted[key].shape:
            raise WeightsError(f"{name}: {key} is {tuple(tensor.shape)}, the network has {tuple(wanted[key].shape)}")
        if not torch.isfinite(tensor).all():
            raise WeightsError(f"{name}: {key} holds numbers that are not finite")
    generator.load_state_dict({key: tensor.float() for key, tensor in tensors.items()})
