"""Models of others as ncnn's two files, NAME.param beside NAME.bin (extra `ncnn`): Upscayl's, realesrgan-ncnn-vulkan's.

The files say which layers there are, and nothing of what they are for: the scale is found by running them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from srgan.engines.ncnn_engine import available
from srgan.errors import WeightsError
from srgan.models.others import Foreign
from srgan.networks.ncnn_net import NcnnNet
from srgan.networks.to_ncnn import MAGIC

MULTIPLES = (1, 2, 4, 8, 16)
"""Of which of these the sides of a picture must be multiples is found by trying."""

_CONVOLUTIONS = ("Convolution", "ConvolutionDepthWise", "Deconvolution")
_GLOBAL = {"Reduction", "InstanceNorm", "GroupNorm", "MatMul", "MultiHeadAttention", "Softmax"}


class NcnnForeign(Foreign):
    """Somebody else's network in ncnn's files: RGB in [0, 1] to RGB."""

    precisions = ("fp32", "fp16")
    in_channels = 3

    def __init__(self, net: NcnnNet) -> None:
        super().__init__()
        self.net = net
        self.register_buffer("weights", torch.frombuffer(bytearray(net.weights), dtype=torch.uint8))
        self.multiple_of, self.scale = self._sizes()
        self.context, self.exact = None, True
        if not _looks_everywhere(net.text):
            self.find_context(sum(_reaches(net.text)))

    def restored(self, observed: Tensor) -> Tensor:
        return self.net(observed)

    @torch.inference_mode()
    def _sizes(self) -> tuple[int, int]:
        """The multiple that sides must be of, and the scale."""
        for multiple in MULTIPLES:
            high, wide = 5 * multiple, 7 * multiple
            made = self.net(torch.full((1, 3, high, wide), 0.5))
            scale = made.shape[2] // high
            if made.shape[1:] == (3, high * scale, wide * scale) and made.isfinite().all():
                return multiple, scale
        raise WeightsError("it makes no RGB picture of a whole multiple of the size; it is not run")


def network(path: Path) -> NcnnForeign:
    """The network of a param file and the bin file beside it.

    Raises:
        WeightsError: they cannot be read, or make no picture.
    """
    weights = path.with_suffix(".bin")
    stamps = [(one.stat().st_mtime_ns, one.stat().st_size) for one in (path, weights) if one.exists()]
    return _kept(path, tuple(stamps))


@lru_cache(maxsize=2)
def _kept(path: Path, stamps: tuple[tuple[int, int], ...]) -> NcnnForeign:
    if not available():
        raise WeightsError(f"{path}: ncnn's files need: pip install 'srgan[ncnn]'")
    import ncnn

    try:
        text = path.read_text(encoding="utf-8")
        if text.split()[:1] != [str(MAGIC)]:
            raise WeightsError(f"{path}: not ncnn's param file, which begins with {MAGIC}")
        weights = path.with_suffix(".bin").read_bytes()
    except FileNotFoundError as error:
        raise WeightsError(f"{error.filename}: is not there; ncnn's models are a .param and a .bin") from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{path}: cannot be read ({error})") from error
    tried = ncnn.Net()
    failed = tried.load_param_mem(text) or tried.load_model(os.fspath(path.with_suffix(".bin")))
    if failed or len(tried.input_names()) != 1 or len(tried.output_names()) != 1:
        raise WeightsError(f"{path}: ncnn {ncnn.__version__} cannot load it, or it has several inputs or outputs")
    try:
        return NcnnForeign(NcnnNet(text, weights, tried.input_names()[0], tried.output_names()[0]))
    except (WeightsError, torch.OutOfMemoryError) as error:
        raise WeightsError(f"{path}: {error}") from error


def _layers(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The kind of each layer, and its parameters by their numbers."""
    for line in text.splitlines()[2:]:
        words = line.split()
        if len(words) > 3:
            yield words[0], dict(word.split("=", 1) for word in words[4:] if "=" in word)


def _reaches(text: str) -> Iterator[int]:
    """How far each convolution looks [px of its input]."""
    for kind, parameters in _layers(text):
        if kind in _CONVOLUTIONS:
            yield int(parameters.get("1", 1)) // 2 * int(parameters.get("2", 1))


def _looks_everywhere(text: str) -> bool:
    """Whether some layer sees the whole picture."""
    pooled = any(kind == "Pooling" and parameters.get("4") == "1" for kind, parameters in _layers(text))
    return pooled or any(kind in _GLOBAL for kind, _ in _layers(text))
