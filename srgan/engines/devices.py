"""The devices that a generator can run on: torch's, and graphics chips that ncnn reaches by Vulkan."""

import torch

from srgan.engines.ncnn_engine import VULKAN, available, vulkan_devices
from srgan.errors import ConfigError


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` takes a GPU that torch can use where there is one.

    Raises:
        ConfigError: this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        if device.type != VULKAN:
            torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device {name!r} is not usable here ({str(error).splitlines()[0]}); try cpu") from error
    if device.type == VULKAN:
        _check_vulkan(name, device.index or 0)
    return device


def choose_devices(names: str = "auto") -> list[torch.device]:
    """The devices of these names, separated by commas; `auto` takes every CUDA device, or else the one there is.

    Raises:
        ConfigError: this machine has no such device.
    """
    if names == "auto" and torch.cuda.is_available():
        return [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
    return [choose_device(name.strip()) for name in names.split(",")]


def _check_vulkan(name: str, index: int) -> None:
    if not available():
        raise ConfigError(f"device {name!r}: Vulkan needs the engine ncnn: pip install 'srgan[ncnn]'")
    there = vulkan_devices()
    if index >= len(there):
        found = ", ".join(f"vulkan:{number} {chip}" for number, chip in enumerate(there)) or "none; is a driver there?"
        raise ConfigError(f"device {name!r} is not usable here (ncnn sees: {found}); try cpu")
