"""Runs a generator with ncnn (extra `ncnn`): on the CPU, or on any graphics chip that has Vulkan.

generator -> its layers -> ncnn's param and bin, written in some milliseconds -> loaded -> compared with torch
"""

from __future__ import annotations

import copy
import importlib.util
import threading

import torch
from torch import Tensor

from srgan.engines.agreement import agrees
from srgan.engines.precision import Precision
from srgan.engines.threads import forked
from srgan.errors import ConfigError, ImageError
from srgan.networks.graph import Graph, add_generator, unknown
from srgan.networks.ncnn_net import IsNcnn, NcnnNet
from srgan.networks.network import Network
from srgan.networks.to_ncnn import to_ncnn

VULKAN = "vulkan"
"""A kind of device that torch has a name for, and no more."""

_INPUT = "data"
_VULKAN = threading.Lock()


def available() -> bool:
    """Whether ncnn is installed."""
    return importlib.util.find_spec("ncnn") is not None


def vulkan_devices() -> list[str]:
    """The names of the graphics chips, the first of which is `vulkan:0`; none where ncnn or Vulkan is missing."""
    if not available():
        return []
    import ncnn

    if not hasattr(ncnn, "get_gpu_count"):  # built without Vulkan
        return []
    with _VULKAN:
        return [ncnn.get_gpu_info(index).device_name() for index in range(ncnn.get_gpu_count())]


class NcnnEngine:
    """A generator as ncnn's layers, on the CPU or a Vulkan device: `engine(observed) -> generated`.

    It is made from the weights as they are, and several threads may call it. On the CPU, a thread for which torch has
    one thread shares the cores with others that call at the same time; any other call has them all.
    """

    @staticmethod
    def lacks(generator: Network, device: torch.device) -> str:
        """Why it cannot run the generator on this device, in words; empty where it can."""
        if device.type not in ("cpu", VULKAN):
            return f"the engine ncnn runs on cpu or vulkan, not on {device.type}"
        if not available():
            return "the engine ncnn is not installed: pip install 'srgan[ncnn]'"
        if device.type == VULKAN and forked():
            return "Vulkan does not work in a process that was forked: start processes by 'spawn'"
        return "" if isinstance(generator, IsNcnn) else unknown(generator)

    @staticmethod
    def precisions(device: torch.device) -> list[str]:
        """What it computes in on this device, the most exact first."""
        return ["fp32"] if device.type == "cpu" else ["fp32", "fp16"]

    def __init__(self, generator: Network, device: torch.device, precision: Precision) -> None:
        chip = None if device.type == "cpu" else device.index or 0
        self.device = torch.device("cpu")
        self.batch = 1
        self.precision = precision
        own = copy.deepcopy(generator).eval().requires_grad_(False).float().cpu()
        self._own = own if isinstance(own, IsNcnn) else None
        self._net = _written(own) if self._own is None else self._own.net
        self._net = self._net.on(chip)
        if not agrees(self._infer, own, precision.dtype):
            raise ConfigError("ncnn does not compute what torch computes with this network; choose --engine torch")

    def __call__(self, observed: Tensor) -> Tensor:
        """What the generator makes of `observed`, in float32; redone in float32 throughout where not finite.

        Raises:
            ImageError: not even that is finite.
            ConfigError: this process was forked from one that computed with Vulkan.
            torch.OutOfMemoryError: the memory is too small.
        """
        if self._net.chip is not None and forked():
            raise ConfigError("Vulkan does not work in a process that was forked: start processes by 'spawn'")
        generated = self._infer(observed)
        if self.precision.dtype is not torch.float32 and not torch.isfinite(generated.sum()):
            generated = self._infer(observed, torch.float32)
        if not torch.isfinite(generated.sum()):
            raise ImageError("the network's answer is not finite; its weights may be damaged")
        return generated

    def _infer(self, observed: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        made = self._net(observed, dtype or self.precision.dtype)
        return made if self._own is None else self._own.residual(observed, made)


def _written(generator: Network) -> NcnnNet:
    graph = Graph(_INPUT)
    add_generator(graph, generator, _INPUT)
    return NcnnNet(*to_ncnn(graph), graph.given, graph.made)
