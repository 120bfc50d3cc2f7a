"""Where a generator runs, and in which precision: what the device multiplies fastest, measured once and then kept.

Instruction sets and compute capabilities say what a device can do, not how fast: bf16 is emulated here, fp16 slow
there, and some like the channels of a pixel side by side and others do not. Half a second of convolutions tells.
"""

import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from platformdirs import user_cache_path
from torch import Tensor, nn

from srgan.engines.cache import keep, kept_json
from srgan.engines.fused import fuse, fusing_helps
from srgan.errors import ConfigError
from srgan.networks.network import ConvReLU

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""What each precision is to torch, the most exact first."""

FORMATS = {"channels_last": torch.channels_last, "channels_first": torch.contiguous_format}
"""How the values of a picture lie in memory: pixel by pixel, or channel by channel."""

MUCH_FASTER = 1.2
"""A precision is given up for a less exact one, and a format for another, only where that is so much faster."""

_FILE = "rates-2.json"


@dataclass(frozen=True)
class Precision:
    """What a generator computes in."""

    dtype: torch.dtype
    memory_format: torch.memory_format = torch.channels_last


def choose_precision(device: torch.device, precision: str = "auto", among: Sequence[str] = tuple(DTYPES)) -> Precision:
    """The precision of that name; `auto` takes the most exact one that is not much slower than others.

    Raises:
        ConfigError: there is no such precision, or the device cannot compute in it.
    """
    if precision not in ("auto", *among):
        raise ConfigError(f"precision {precision!r}: choose auto, {', '.join(among[:-1])} or {among[-1]}")
    among = [name for name in among if computes(device, DTYPES[name])]
    if not among:
        raise ConfigError(f"nothing but the engine ncnn computes on {device.type}; choose another device")
    if precision != "auto" and precision not in among:
        raise ConfigError(f"precision {precision!r}: {device.type} does not compute in it; choose auto")
    measured = rates(device)
    fastest = {name: max(measured.get(f"{name} {format}", 0) for format in FORMATS) for name in among}
    chosen = precision
    if precision == "auto":
        chosen, *others = among
        for other in others:
            if fastest[other] > MUCH_FASTER * fastest[chosen]:
                chosen = other
    last, first = (measured.get(f"{chosen} {format}", 0) for format in FORMATS)
    return Precision(DTYPES[chosen], torch.contiguous_format if first > MUCH_FASTER * last else torch.channels_last)


def computes(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether the device does convolutions in such a precision as engines do them, found by trying one."""
    try:
        _convolve(_layer(device, dtype), torch.full((1, 64, 8, 8), 0.5, device=device).to(dtype))
    except RuntimeError:  # the device, or this build of torch, has no such convolution
        return False
    return True


def rates(device: torch.device) -> dict[str, float]:
    """TFLOP/s of 3x3 convolutions with 64 channels, for each "precision format" that works on the device."""
    return dict(_kept_rates(device, os.fspath(user_cache_path("srgan"))))


@lru_cache(maxsize=64)
def _kept_rates(device: torch.device, cache: str) -> dict[str, float]:
    """The same, read or measured once a process and cache folder."""
    key = f"{_name(device)}, torch {torch.__version__}"
    known = kept_json(_FILE)
    if not isinstance(known.get(key), dict):
        known[key] = dict(_measured(device))
        keep(_FILE, json.dumps(known, indent=1).encode())
    found: dict[str, float] = known[key]
    return found


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    has = torch.cpu.get_capabilities()
    name = has.get("cpu_name", platform.machine())
    return f"{device.type} {name} ({' '.join(sorted(what for what, there in has.items() if there is True))})"


def _measured(device: torch.device) -> Iterator[tuple[str, float]]:
    side, best = (128, 0.0) if device.type == "cpu" else (1024, 0.0)
    for precision, dtype in DTYPES.items():
        for name, format in FORMATS.items():
            if not computes(device, dtype):
                continue
            rate = _rate(device, dtype, format, side // 8, repeats=8)  # the best: others may be at work here
            if rate > best / 4:  # else it is emulated, and would take seconds
                rate = _rate(device, dtype, format, side, repeats=5)
            best = max(best, rate)
            yield f"{precision} {name}", rate


def _layer(device: torch.device, dtype: torch.dtype) -> nn.Sequential:
    """A convolution as an engine runs it."""
    layer = nn.Sequential(ConvReLU(64, 64, 3, padding=1)).to(device, dtype)
    if fusing_helps(device, dtype):
        fuse(layer)
    return layer


@torch.inference_mode()
def _convolve(layer: nn.Sequential, x: Tensor) -> None:
    layer(x)[0, 0, 0, 0].item()  # waits for a GPU


@torch.inference_mode()
def _rate(device: torch.device, dtype: torch.dtype, format: torch.memory_format, side: int, repeats: int) -> float:
    layer = _layer(device, dtype).to(memory_format=format)
    x = torch.full((1, 64, side, side), 0.5, device=device).to(dtype, memory_format=format)
    seconds: list[float] = []
    for _ in range(1 + repeats):
        started = time.perf_counter()
        _convolve(layer, x)
        seconds.append(time.perf_counter() - started)
    return 2 * 64 * 64 * 9 * side**2 / min(seconds[1:]) / 1e12  # others may be at work on this machine
