"""A model: a task, the description of a network, and the generator built from it; and the file that holds all three.

The weights file is a safetensors file whose metadata key `srgan` is one JSON object:

    {"format": 1, "task": {"name", ...options}, "network": {"name", ...options}, "training": {...}, "licence": ...}

`srgan.describe` reads that header alone, without torch (header.py); `load` needs nothing else and executes nothing.
"""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from srgan import options
from srgan.engines import survive_fork
from srgan.errors import ConfigError, WeightsError
from srgan.header import NEWEST_FORMAT, read_header
from srgan.images import write_bytes
from srgan.networks import build_network, describe_network
from srgan.tasks import TASKS, Task
from srgan.tiling import padded
from srgan.types import Batch, Observed


class Model(nn.Module):
    """A task and a generator for it: what is trained, averaged, saved, exported and run.

    Attributes:
        task: what was lost, and how the generator's answer becomes a picture.
        network: the description the generator was built from.
        card: what else the weights file said: training, licence, scores; empty for a fresh model.
        fresh: whether some of the weights have not been trained.

    Args:
        seed: of the fresh weights.
    """

    def __init__(self, task: Task, network: Mapping[str, str | int] | str = "compact", *, seed: int = 0) -> None:
        super().__init__()
        survive_fork()
        if not isinstance(task, Task):
            raise ConfigError(f"{task!r} is no task: give srgan.Upscale(), srgan.Denoise() or srgan.Inpaint()")
        given = {"name": network} if isinstance(network, str) else dict(network)
        name = str(given.pop("name", "compact"))
        self.task = task
        self.network = describe_network(name, given)
        self.card: dict[str, Any] = {}
        self.fresh = True
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            self.generator = build_network(self.network, task.in_channels, task.out_channels, task.scale)
        self.generator.to(memory_format=torch.channels_last)

    def asked(self, **fields: Any) -> Model:
        """The same weights, shared with this model, for a task asked otherwise: `model.asked(strength="30")`.

        Raises:
            ConfigError: the task has no such field, or not such a value.
        """
        options.check_names(fields, options.options_of(type(self.task)))
        other = copy.copy(self)
        other.task = dataclasses.replace(self.task, **fields)
        return other

    def forward(self, observed: Observed) -> Batch:
        """The restored pictures, in float32 and not clipped."""
        generated = self.generate(observed)
        with torch.autocast(observed.device.type, enabled=False):
            return self.task.compose(observed.float(), generated.float())

    def generate(self, observed: Observed) -> Float[Tensor, "n d sh sw"]:
        """The generator's own answer to pictures of any size, before it is composed."""
        return padded(self.generator, observed, self.generator.multiple_of, self.task.scale)

    def digest(self) -> str:
        """A fingerprint of the weights themselves, wherever they came from."""
        digest = hashlib.sha256()
        for name, tensor in self.generator.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


def check_model(given: object) -> None:
    """Nothing, where it is a Model.

    Raises:
        ConfigError: it is something else, such as a model's name.
    """
    if isinstance(given, (str, os.PathLike)):
        raise ConfigError(f"{os.fspath(given)!r} is a name, no model: srgan.load({os.fspath(given)!r}) gives the model")
    if not isinstance(given, Model):
        raise ConfigError(f"a {type(given).__name__} is no model: srgan.load gives one")


def save(
    model: Model, path: str | os.PathLike[str], *, card: Mapping[str, Any] | None = None, half: bool = False
) -> None:
    """Writes the weights file, whole or not at all.

    Args:
        card: what `srgan info` should tell besides task and network: "training", "licence", "scores".
        half: store float16 (loads as float32 all the same).
    """
    check_model(model)
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
    fill(model.generator, tensors, str(path))
    model.fresh = False
    model.card = {key: value for key, value in header.items() if key not in ("format", "task", "network")}
    return model.eval()


@torch.no_grad()
def multiply_adds(model: Model) -> float:
    """The multiply-adds of the convolutions for each input pixel, counted on a picture that needs no padding."""
    side = 3 * model.generator.multiple_of
    with FlopCounterMode(display=False) as counter:
        model.generate(torch.zeros(1, model.task.in_channels, side, side, device=next(model.parameters()).device))
    return float(counter.get_total_flops()) / 2 / side**2


def start_from(model: Model, other: Model) -> int:
    """Copies from `other` every tensor that fits `model` by name and shape (a trunk, say), and returns how many did.

    The card comes along: what is trained from here says what it was trained from.

    Raises:
        WeightsError: none fits.
    """
    wanted = model.generator.state_dict()
    given = other.generator.state_dict()
    fitting = {key: value for key, value in given.items() if key in wanted and value.shape == wanted[key].shape}
    if not fitting:
        raise WeightsError(f"no tensor of the {other.network['name']} fits this {model.network['name']}")
    model.generator.load_state_dict(wanted | fitting)
    model.card = dict(other.card)
    model.fresh = other.fresh or len(fitting) < len(wanted)
    return len(fitting)


@torch.no_grad()
def blend(faithful: Model, vivid: Model, realism: float) -> Model:
    """A model between two of the same network, the second fine-tuned from the first: 0 is `faithful`, 1 is `vivid`.

    Paper: ESRGAN, Wang et al. 2018, arXiv:1809.00219, Sec. 3.4 (Eq. 5, network interpolation), in float32.

    Raises:
        ConfigError: they are not of one task, scale and network, or `realism` is not in [0, 1].
    """
    if not 0 <= realism <= 1:
        raise ConfigError(f"realism={realism}: must lie in [0, 1]")
    alike = [(model.task.name, model.task.scale, model.network) for model in (faithful, vivid)]
    if alike[0] != alike[1]:
        raise ConfigError("only models of one task and one network can be blended")
    blended = Model(faithful.task, faithful.network)
    blended.card = {key: value for key, value in vivid.card.items() if key == "licence"}
    ours, theirs = faithful.generator.state_dict(), vivid.generator.state_dict()
    # torch.lerp gives both ends exactly, but for the sign of zeros.
    mixed = {name: torch.lerp(ours[name], theirs[name], realism) for name in ours}
    blended.generator.load_state_dict(theirs if realism == 1 else mixed)
    blended.fresh = faithful.fresh or vivid.fresh
    return blended.eval()


def fill(generator: nn.Module, tensors: Mapping[str, Tensor], name: str) -> None:
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
