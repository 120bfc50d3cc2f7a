"""The weights file: written, read, and refused where it does not fit its own description.

It is a safetensors file whose metadata key `srgan` is one JSON object:

    {"format": 1, "task": {"name", ...options}, "optional": [...names of options], "network": {"name", ...options},
     "training": {...}, "licence": ...}

Optional are the options of the task that training and evaluation alone ask: without them the weights can be used.
`srgan.describe` reads that header alone, without torch (header.py); `load` needs nothing else and executes nothing.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection, Mapping
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
from srgan.options import SCORING, TRAINING, USE
from srgan.tasks import TASKS
from srgan.tasks.task import Task

log = logging.getLogger(__name__)

_DESCRIPTION = ("format", "task", "optional", "network")


def save(
    model: Model, path: str | os.PathLike[str], *, card: Mapping[str, Any] | None = None, half: bool = False
) -> None:
    """Writes the weights file, whole or not at all.

    Args:
        card: what `srgan info` should tell besides task and network: "training", "licence", "scores".
        half: store float16 (loads as float32 all the same).

    Raises:
        ConfigError: it is no model of ours, or the card cannot be written.
        WeightsError: the weights are not finite.
    """
    check_model(model)
    check_ours(model)
    beside = model.card if card is None else card
    check_card(beside, infinite=card is None)
    header = {
        "format": NEWEST_FORMAT,
        "task": {"name": model.task.name, **options.record(model.task)},
        "optional": sorted(_optional(type(model.task))),
        "network": model.network,
        **beside,
    }
    tensors = {
        name: tensor.detach().to("cpu", torch.float16 if half else torch.float32).contiguous()
        for name, tensor in model.generator.state_dict().items()
    }
    if not all(torch.isfinite(tensor).all() for tensor in tensors.values()):
        raise WeightsError(f"{path}: weights that are not finite, or too large for float16, are not written")
    write_bytes(path, save_tensors(tensors, {"srgan": json.dumps(header, ensure_ascii=False)}))


def check_card(card: Mapping[str, Any], *, infinite: bool = False) -> None:
    """Checks that a weights file can say this beside its own description.

    Args:
        infinite: let numbers pass that JSON has no word for: a run that was told clip=inf says so.

    Raises:
        ConfigError: it would say something else of task or network, or is not what JSON can hold.
    """
    own = [name for name in _DESCRIPTION if name in card]
    if own:
        raise ConfigError(f"card: the file itself says its {' and '.join(own)}: choose other names")
    try:
        json.dumps(card, allow_nan=infinite)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"card: {error}: give text, numbers, and lists and dicts of these") from error


def load(path: str | os.PathLike[str]) -> Model:
    """The model of a weights file.

    Raises:
        WeightsError: the file is missing, damaged, too new, or does not fit its own description.
    """
    header = read_header(path)
    try:
        model = Model(_task(header["task"], header.get("optional", []), str(path)), header["network"])
    except (KeyError, TypeError, ValueError, RuntimeError, ConfigError) as error:
        raise WeightsError(f"{path}: describes no model this version knows ({error}); upgrade srgan") from error
    try:
        tensors = load_tensors(Path(path).read_bytes())
    except SafetensorError as error:
        raise WeightsError(f"{path}: damaged ({error}); fetch it again") from error
    _put(model.generator, tensors, str(path))
    model.fresh = False
    model.card = {key: value for key, value in header.items() if key not in _DESCRIPTION}
    return model.eval()


def _optional(task: type[Task]) -> set[str]:
    """The options that say nothing of how the weights are used."""
    return options.asked(task, TRAINING, SCORING) - options.asked(task, USE)


def _task(described: Mapping[str, Any], optional: Collection[str], name: str) -> Task:
    """The task, without optional options that this version does not know; without any where it refuses a value."""
    given = dict(described)
    task = TASKS[given.pop("name")]
    unknown = {*optional} - options.options_of(task).keys()
    try:
        return options.build(task, _without(given, unknown, name))
    except ConfigError:
        return options.build(task, _without(given, optional, name))


def _without(given: Mapping[str, Any], names: Collection[str], file: str) -> dict[str, Any]:
    for name in given.keys() & {*names}:
        log.debug("%s: leaves out %s=%s: of training or evaluation in another version", file, name, given[name])
    return {name: value for name, value in given.items() if name not in names}


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
