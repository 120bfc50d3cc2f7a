"""ncnn's two files, loaded and run on the CPU or on a graphics chip that has Vulkan (extra `ncnn`)."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

IN_FLIGHT = 3
"""Tiles that are on a graphics chip at the same time: one is computed, while another is brought and one is fetched."""


class NcnnNet:
    """Runs pictures through ncnn; several threads may call it.

    On the CPU, a thread for which torch has one thread computes alone; any other call has as many as torch.

    Args:
        text, weights: what is in the param and in the bin file.
        given, made: the names of what it is given and of what it makes.
        chip: the number of the Vulkan device; None is the CPU.
    """

    def __init__(self, text: str, weights: bytes, given: str, made: str, chip: int | None = None) -> None:
        self.text, self.weights, self.given, self.made, self.chip = text, weights, given, made, chip
        self._cores = torch.get_num_threads()
        self._nets: dict[tuple[torch.dtype, bool], Any] = {}
        self._lock = threading.Lock()
        self._room: AbstractContextManager[Any] = nullcontext() if chip is None else threading.Semaphore(IN_FLIGHT)

    def on(self, chip: int | None) -> NcnnNet:
        """The same on another device."""
        return NcnnNet(self.text, self.weights, self.given, self.made, chip)

    def __deepcopy__(self, memo: dict[int, Any]) -> NcnnNet:
        return self.on(self.chip)

    def __call__(self, observed: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """What it makes of pictures, in float32.

        Args:
            dtype: what it computes in: float32, and on a chip float16.

        Raises:
            torch.OutOfMemoryError: the memory is too small.
        """
        import ncnn

        net, answers = self._net(dtype), []
        for pixels in observed.float().contiguous().numpy():  # a Mat holds no array alive: no copy may be made for it
            with self._room:
                extractor = net.create_extractor()
                extractor.input(self.given, ncnn.Mat(pixels).clone())  # which aligns the channels
                failed, made = extractor.extract(self.made)
            if failed:
                high, wide = pixels.shape[1:]
                raise torch.OutOfMemoryError(f"ncnn has no memory for a tile of {wide}x{high} pixels ({failed})")
            answers.append(torch.from_numpy(np.array(made)))
        return torch.stack(answers)

    def _net(self, dtype: torch.dtype) -> Any:
        """ncnn's network for such a precision and for the threads that this one has."""
        alone = self.chip is not None or torch.get_num_threads() == 1
        with self._lock:
            if (dtype, alone) not in self._nets:
                self._nets[dtype, alone] = self._load(dtype, 1 if alone else self._cores)
            return self._nets[dtype, alone]

    def _load(self, dtype: torch.dtype, threads: int) -> Any:
        import ncnn

        net, half = ncnn.Net(), dtype is torch.float16
        net.opt.num_threads = threads
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = half
        if self.chip is not None:
            net.opt.use_vulkan_compute = True
            net.set_vulkan_device(self.chip)
        net.load_param_mem(self.text)
        net.load_model_mem(self.weights)  # whose bytes it goes on to use
        return net


@runtime_checkable
class IsNcnn(Protocol):
    """A network that exists as ncnn's files alone, and makes pictures."""

    net: NcnnNet

    def residual(self, observed: Tensor, restored: Tensor) -> Tensor:
        """What the picture that it makes adds to the enlargement of what was observed."""
        ...
