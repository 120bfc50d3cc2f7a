"""Where a generator runs, and in which numbers."""

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
    # Matrix units (AMX) give eightfold; vector instructions alone twice, and a folder took 0.6 of the time.
    has = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(has.get("amx_bf16", False) or has.get("avx512_bf16", False))
