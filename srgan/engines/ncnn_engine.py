"""Runs a generator with ncnn (extra `ncnn`): on the CPU, or on any graphics chip that has Vulkan.

generator -> its layers -> ncnn's param and bin, written in some milliseconds -> loaded -> compared with torch
"""

from __future__ import annotations

import copy
import importlib.util
import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor

from srgan.engines.agreement import agrees
from srgan.engines.precision import Precision
from srgan.engines.threads import forked
from srgan.errors import ConfigError, ImageError
from srgan.networks.graph import Graph, add_generator, unknown
from srgan.networks.network import Network
from srgan.networks.to_ncnn import to_ncnn

VULKAN = "vulkan"
"""A kind of device that torch has a name for, and no more."""

IN_FLIGHT = 3
"""Tiles that are on a graphics chip at the same time: one is computed, while another is brought and one is fetched."""

_INPUT = "data"
_CPU = torch.device("cpu")
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
        return unknown(generator)

    @staticmethod
    def precisions(device: torch.device) -> list[str]:
        """What it computes in on this device, the most exact first."""
        return ["fp32"] if device.type == "cpu" else ["fp32", "fp16"]

    def __init__(self, generator: Network, device: torch.device, precision: Precision) -> None:
        self._chip = None if device.type == "cpu" else device.index or 0
        self.device = _CPU
        self.batch = 1
        self.precision = precision
        own = copy.deepcopy(generator).eval().requires_grad_(False).float().cpu()
        graph = Graph(_INPUT)
        add_generator(graph, own, _INPUT)
        self._made = graph.made
        self._text, self._weights = to_ncnn(graph)
        self._cores = torch.get_num_threads()
        self._nets: dict[tuple[torch.dtype, bool], Any] = {}
        self._lock = threading.Lock()
        self._room = threading.Semaphore(IN_FLIGHT)
        if not agrees(self._infer, own, precision.dtype):
            raise ConfigError("ncnn does not compute what torch computes with this network; choose --engine torch")

    def __call__(self, observed: Tensor) -> Tensor:
        """What the generator makes of `observed`, in float32; redone in float32 throughout where not finite.

        Raises:
            ImageError: not even that is finite.
            ConfigError: this process was forked from one that computed with Vulkan.
            torch.OutOfMemoryError: the memory is too small.
        """
        if self._chip is not None and forked():
            raise ConfigError("Vulkan does not work in a process that was forked: start processes by 'spawn'")
        generated = self._infer(observed)
        if self.precision.dtype is not torch.float32 and not torch.isfinite(generated.sum()):
            generated = self._infer(observed, torch.float32)
        if not torch.isfinite(generated.sum()):
            raise ImageError("the network's answer is not finite; its weights may be damaged")
        return generated

    def _infer(self, observed: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        import ncnn

        net, answers = self._net(dtype or self.precision.dtype), []
        for pixels in observed.float().numpy():
            with self._room:
                extractor = net.create_extractor()
                extractor.input(_INPUT, ncnn.Mat(np.ascontiguousarray(pixels)).clone())  # which aligns the channels
                failed, made = extractor.extract(self._made)
            if failed:
                high, wide = pixels.shape[1:]
                raise torch.OutOfMemoryError(f"ncnn has no memory for a tile of {wide}x{high} pixels ({failed})")
            answers.append(torch.from_numpy(np.array(made)))
        return torch.stack(answers)

    def _net(self, dtype: torch.dtype) -> Any:
        """ncnn's network for such a precision and for the threads that this one has."""
        alone = self._chip is not None or torch.get_num_threads() == 1
        with self._lock:
            if (dtype, alone) not in self._nets:
                self._nets[dtype, alone] = self._load(dtype, 1 if alone else self._cores)
            return self._nets[dtype, alone]

    def _load(self, dtype: torch.dtype, threads: int) -> Any:
        import ncnn

        net, half = ncnn.Net(), dtype is torch.float16
        net.opt.num_threads = threads
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = half
        if self._chip is not None:
            net.opt.use_vulkan_compute = True
            net.set_vulkan_device(self._chip)
        net.load_param_mem(self._text)
        net.load_model_mem(self._weights)  # whose bytes it goes on to use
        return net
