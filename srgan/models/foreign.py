"""Weights that others have trained, of any architecture that spandrel knows (extra `spandrel`).

A pickle is read by spandrel's restricted reader, which knows tensors and nothing else: it cannot run anything.
"""

from __future__ import annotations

import logging
import pickle
import warnings
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from safetensors import SafetensorError
from torch import Tensor, nn

from srgan.errors import ConfigError, WeightsError
from srgan.models.header import outer_header
from srgan.models.model import Model
from srgan.networks.network import Network
from srgan.ops.resample import upsample
from srgan.tasks.upscale import Upscale

FARTHEST = 64
"""Tiles are cut exactly for networks that look so far at most [px]: beyond, most of the work would be context."""

OVERLAP = 32
"""By how much the tiles of others overlap to each side [px]."""

CUT = ("SwinIR", "SCUNet")
"""Of the architectures for which spandrel advises against tiles, those that others cut all the same, with overlap."""

CHANNELS = {(1, 1): "grey, each colour on its own", (3, 3): "RGB", (4, 4): "RGBA, of which RGB"}
"""Input and output channels that a picture can be given to, and how it is."""

_DAMAGED = (RuntimeError, ValueError, KeyError, TypeError, AttributeError, AssertionError, EOFError, OSError)

_log = logging.getLogger(__name__)


class _Foreign(Network):
    """Somebody else's network, which makes the picture itself: what it adds to our enlargement is what it generates.

    Attributes:
        exact: whether tiles of `context` give what the whole picture gives; else they overlap by it.
    """

    plain = False

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
            found = next(filter(self._looks_within, self._guesses()), None)
            self.context, self.exact = (OVERLAP, False) if found is None else (found, True)

    def forward(self, observed: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d sh sw"]:
        restored = self._restored(observed)
        return restored - upsample(observed.float(), self.scale)

    def _restored(self, observed: Tensor) -> Tensor:
        n, _, height, width = observed.shape
        given = observed.contiguous()  # their layers take views of pixels row by row
        taken = self.descriptor.input_channels
        if taken == 1:
            given = given.reshape(3 * n, 1, height, width)
        elif taken == 4:
            given = torch.cat([given, torch.ones_like(given[:, :1])], dim=1)
        made: Tensor = self.descriptor(given).float()
        return made.reshape(n, 3, *made.shape[2:]) if taken == 1 else made[:, :3]

    @property
    def tiling(self) -> str:
        """How pictures are cut, in words."""
        if self.context is None:
            return "each picture as a whole"
        if self.exact:
            return f"exact tiles, with {self.context} px around them"
        return f"tiles that overlap by {self.context} px, which is not exact"

    def _guesses(self) -> Iterator[int]:
        """How far it may look [px]: as its convolutions do one after the other, or farther where they see less."""
        layers = (layer for layer in self.network.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d))
        reach = sum(max(layer.kernel_size) // 2 * max(layer.dilation) for layer in layers)
        reach += self.multiple_of + 1  # what is folded is seen as a whole, and enlarging looks at neighbours
        return (times * reach for times in (1, 2, 4) if times * reach <= FARTHEST)

    @torch.inference_mode()
    def _looks_within(self, reach: int) -> bool:
        """Whether a tile with so much around it gives what a picture gives that is quite another beyond it."""
        step = self.multiple_of
        halo = -(-reach // step) * step
        first, inner = 17 * step, 2 * halo + step  # windows of attention lie elsewhere in the tile
        noise = torch.rand(1, 3, inner, inner, generator=torch.Generator().manual_seed(0))
        picture = torch.ones(1, 3, first + inner + 19 * step, first + inner + 19 * step)
        picture[..., first : first + inner, first : first + inner] = noise
        answers = []
        for given, middle in ((picture, first + halo), (noise, halo)):
            side = slice(middle * self.scale, (middle + step) * self.scale)
            answers.append(self._restored(given)[..., side, side])
        whole, tile = answers
        tells = bool(((whole > 0) & (whole < 1)).any())  # answers that are clipped are alike whatever is seen
        return tells and bool((whole - tile).abs().max() < 1e-5)


def load(path: Path) -> Model:
    """The model of somebody else's weights file; says what it is.

    Raises:
        WeightsError: it cannot be read, is of no architecture that spandrel knows, or restores no pictures.
    """
    said, network = describe(path), _network(path)
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
    described = network.descriptor
    channels = CHANNELS[described.input_channels, described.output_channels]
    return {
        "task": {"name": "upscale", "scale": network.scale},
        "network": {"name": described.architecture.name, "tags": " ".join(described.tags), "channels": channels},
        "licence": _licence(path),
        "tiling": network.tiling,
    }


def _network(path: Path) -> _Foreign:
    status = path.stat()
    return _kept(path, status.st_mtime_ns, status.st_size)


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
    try:
        Upscale(scale=descriptor.scale)
    except ConfigError as error:
        raise WeightsError(f"{path}: enlarges {descriptor.scale} times, which is not run") from error
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
