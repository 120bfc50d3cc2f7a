"""Weights that others have trained: of any architecture that spandrel knows (extra `spandrel`), or as ncnn's files.

A pickle is read by spandrel's restricted reader, which knows tensors and nothing else: it cannot run anything.
"""

from __future__ import annotations

import copy
import logging
import pickle
import warnings
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from srgan.errors import ConfigError, WeightsError
from srgan.models.foreign_ncnn import network as ncnn_network
from srgan.models.header import outer_header
from srgan.models.model import Model
from srgan.models.others import Foreign
from srgan.tasks.upscale import Upscale

CUT = ("SwinIR", "SCUNet")
"""Of the architectures for which spandrel advises against tiles, those that others cut all the same, with overlap."""

CHANNELS = {(1, 1): "grey, each colour on its own", (3, 3): "RGB", (4, 4): "RGBA, of which RGB"}
"""Input and output channels that a picture can be given to, and how it is."""

_DAMAGED = (RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError, EOFError, OSError)

_log = logging.getLogger(__name__)


class _Foreign(Foreign):
    """A network that spandrel knows."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.in_channels, self.scale = 3, int(descriptor.scale)
        self.network: nn.Module = descriptor.model.eval()
        self.descriptor = descriptor
        self.precisions = ("fp32", "fp16") if descriptor.supports_half else ("fp32",)
        needs = descriptor.size_requirements
        self.multiple_of = int(needs.multiple_of)
        self.context, self.exact = None, True
        cut = descriptor.tiling.name == "SUPPORTED" or descriptor.architecture.id in CUT
        if cut and not needs.square:
            layers = [layer for layer in self.network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)]
            self.find_context(sum(max(layer.kernel_size) // 2 * max(layer.dilation) for layer in layers))

    def restored(self, observed: Tensor) -> Tensor:
        n, _, height, width = observed.shape
        given = observed.contiguous()  # their layers take views of pixels row by row
        taken = self.descriptor.input_channels
        if taken == 1:
            given = given.reshape(3 * n, 1, height, width)
        elif taken == 4:
            given = torch.cat([given, torch.ones_like(given[:, :1])], dim=1)
        made: Tensor = self.descriptor(given).float()
        return made.reshape(n, 3, *made.shape[2:]) if taken == 1 else made[:, :3]


def load(path: Path) -> Model:
    """The model of somebody else's weights file; says what it is.

    Raises:
        WeightsError: it cannot be read, is of no architecture that spandrel knows, or restores no pictures.
    """
    said, network = describe(path), copy.deepcopy(_network(path))  # the one that is kept stays as its file is
    _log.warning(
        "%s: %s, %d times, %s; licence %s; %s",
        path,
        said["network"]["name"],
        network.scale,
        said["network"]["channels"],
        said["licence"] or "not told",
        network.tiling,
    )
    model = Model.around(Upscale(scale=network.scale), network, said["network"])
    model.card = {"licence": said["licence"], "tiling": network.tiling}
    return model


def describe(path: Path) -> dict[str, Any]:
    """What can be told of the file, in the form of our own header."""
    network = _network(path)
    said: dict[str, str] = {"name": "ncnn", "channels": "RGB"}
    if isinstance(network, _Foreign):
        described = network.descriptor
        channels = CHANNELS[described.input_channels, described.output_channels]
        said = {"name": described.architecture.name, "tags": " ".join(described.tags), "channels": channels}
    return {
        "task": {"name": "upscale", "scale": network.scale},
        "network": said,
        "licence": _licence(path),
        "tiling": network.tiling,
    }


def _network(path: Path) -> Foreign:
    if path.suffix.lower() == ".param":
        network: Foreign = ncnn_network(path)
    else:
        status = path.stat()
        network = _kept(path, status.st_mtime_ns, status.st_size)
    try:
        Upscale(scale=network.scale)
    except ConfigError as error:
        raise WeightsError(f"{path}: enlarges {network.scale} times, which is not run") from error
    return network


@lru_cache(maxsize=2)
def _kept(path: Path, changed: int, size: int) -> _Foreign:
    """The network of a file as it is now: that it can be told of and run, it is read once."""
    _check_pickle(path)
    try:
        import spandrel
    except ImportError as error:
        raise WeightsError(
            f"{path}: not a weights file that srgan wrote; those of others need: pip install 'srgan[spandrel]'"
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, on how the authors of an architecture use it
            descriptor = spandrel.ModelLoader().load_from_file(path)
    except pickle.UnpicklingError as error:
        raise WeightsError(f"{path}: refused: it holds more than tensors ({error}); nothing of it was run") from error
    except spandrel.UnsupportedModelError as error:
        raise WeightsError(
            f"{path}: not a weights file that srgan wrote, nor of an architecture that spandrel "
            f"{spandrel.__version__} knows"
        ) from error
    except (*_DAMAGED, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read ({str(error).partition(chr(10))[0]})") from error
    channels = descriptor.input_channels, descriptor.output_channels
    if descriptor.purpose not in ("SR", "Restoration") or channels not in CHANNELS:
        raise WeightsError(
            f"{path}: made for {descriptor.purpose}, with {channels[0]} to {channels[1]} channels; it is not run"
        )
    return _Foreign(descriptor)


def _check_pickle(path: Path) -> None:
    """Checks that the file holds no program: torch would run TorchScript, whatever reads the pickles."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith(("constants.pkl", ".py")) for name in archive.namelist()):
                raise WeightsError(f"{path}: refused: it is a program (TorchScript); save its state_dict alone")
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise WeightsError(f"{path}: refused: it is compressed, which torch never does")


def _licence(path: Path) -> str:
    """What the file itself says of its licence; mostly nothing."""
    if path.suffix.lower() != ".safetensors":
        return ""
    facts = outer_header(path).get("__metadata__", {})
    return next((str(facts[key]) for key in ("modelspec.license", "license", "licence") if facts.get(key)), "")
