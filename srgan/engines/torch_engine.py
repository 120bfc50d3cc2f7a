"""Runs a generator with torch, in the precision and the memory format that the device multiplies fastest."""

import copy

import torch
from torch import Tensor

from srgan.engines.fused import fuse, fusing_helps
from srgan.engines.ncnn_engine import VULKAN
from srgan.engines.precision import DTYPES, Precision, computes
from srgan.errors import ConfigError, ImageError
from srgan.networks.network import Network


class TorchEngine:
    """A generator ready to run on one device: `engine(observed) -> generated`.

    It holds a copy of its own, so the model may be trained or moved meanwhile, and several threads may call it.
    """

    @staticmethod
    def lacks(generator: Network, device: torch.device) -> str:
        """Why it cannot run the generator on this device, in words; empty where it can."""
        return "torch does not run on Vulkan: choose the engine ncnn, or auto" if device.type == VULKAN else ""

    @staticmethod
    def precisions(device: torch.device) -> list[str]:
        """What it computes in on this device, the most exact first."""
        return [name for name, dtype in DTYPES.items() if computes(device, dtype)]

    def __init__(self, generator: Network, device: torch.device, precision: Precision) -> None:
        self.device = device
        # A core has enough to do with one tile; a GPU waits less between large batches than between small ones.
        self.batch = 1 if device.type == "cpu" else 4
        self.precision = precision
        own = copy.deepcopy(generator).eval().requires_grad_(False)
        self._exact = own.to(device, torch.float32).to(memory_format=precision.memory_format)
        self._fast = (
            copy.deepcopy(self._exact).to(precision.dtype) if precision.dtype is not torch.float32 else self._exact
        )
        if fusing_helps(device, precision.dtype):
            fuse(self._fast)

    @torch.inference_mode()
    def __call__(self, observed: Tensor) -> Tensor:
        """What the generator makes of `observed`, in the engine's precision; redone in float32 where not finite.

        Raises:
            ImageError: not even that is finite.
            ConfigError: what is observed has other channels than the generator takes.
            torch.OutOfMemoryError: the device's memory is too small, CPUs included.
        """
        try:
            return self._generate(observed)
        except RuntimeError as error:
            if "DefaultCPUAllocator" in str(error):  # torch has a kind of error of its own only for GPUs
                raise torch.OutOfMemoryError(str(error)) from error
            if "channels" in str(error):
                raise ConfigError(
                    f"the engine's network does not take {observed.shape[1]} channels, as this model's does: make "
                    "the engine of this model"
                ) from error
            raise

    def _generate(self, observed: Tensor) -> Tensor:
        observed = observed.to(self.device, self.precision.dtype, memory_format=self.precision.memory_format)
        generated: Tensor = self._fast(observed)
        if self._fast is not self._exact and not _finite(generated):
            generated = self._exact(observed.float())
        if not _finite(generated):
            raise ImageError("the network's answer is not finite; its weights may be damaged")
        return generated


def _finite(generated: Tensor) -> bool:
    # One number a batch is asked of the device; in float16 the sum would overflow at 65,504 long before a pixel does.
    return bool(torch.isfinite(generated.sum(dtype=torch.float32)))
