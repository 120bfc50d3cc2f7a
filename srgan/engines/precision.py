"""Where a generator runs, and in which numbers."""

import time
from functools import lru_cache

import torch

from srgan.errors import ConfigError


def choose_device(name: str = "auto") -> torch.device:
    """The device of that name; `auto` takes a GPU where there is one.

    Raises:
        ConfigError: this machine has no such device.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"device {name!r} is not usable here ({str(error).splitlines()[0]}); try cpu") from error
    return device


def choose_dtype(device: torch.device, precision: str = "auto") -> torch.dtype:
    """What convolutions compute in: bf16 where the hardware multiplies it fast, else fp32."""
    if precision not in ("auto", "bf16", "fp32"):
        raise ConfigError(f"precision {precision!r}: choose auto, bf16 or fp32")
    if precision == "auto":
        precision = "bf16" if _multiplies_bf16(device) else "fp32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


def _multiplies_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # Ampere and later have bf16 tensor cores
    return device.type == "cpu" and _speed_up_on_the_cpu() > 3


@lru_cache(maxsize=1)
@torch.inference_mode()
def _speed_up_on_the_cpu() -> float:
    """How many times as fast as fp32 a bf16 convolution is here, by the best of a few short runs.

    Matrix units (AMX) give about eight, bf16 vector instructions at most two, emulation less than one: the decision is
    never close, and the same each time.
    """
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        x = torch.ones(1, 64, 64, 64).to(dtype, memory_format=torch.channels_last)
        kernel = torch.ones(64, 64, 3, 3).to(dtype, memory_format=torch.channels_last)
        runs = []
        for _ in range(6):
            started = time.perf_counter()
            torch.nn.functional.conv2d(x, kernel, padding=1)
            runs.append(time.perf_counter() - started)
        seconds[dtype] = min(runs)
    return seconds[torch.float32] / seconds[torch.bfloat16]
