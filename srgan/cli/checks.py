"""What this machine has, which engine and precision will be used and why, how fast that is, and what is wrong.

Each function looks at one thing and returns findings; a problem comes with its fix.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import math
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import features

from srgan.engines import cache, make_engine
from srgan.engines.choice import MUCH_FASTER, compared, lacking, ways
from srgan.engines.devices import choose_devices
from srgan.engines.ncnn_engine import vulkan_devices
from srgan.evaluation.cost import multiply_adds
from srgan.images.image import Image
from srgan.inference.picture import restore_image
from srgan.inference.tiled import Run
from srgan.models.zoo import load
from srgan.quota import quota

LEAST_MEMORY = 2e9
"""Below this much free memory, large pictures will not fit [bytes]."""

SMALLEST, LARGEST = 64, 512
"""Sides of the pictures that are enlarged to see how fast that is [px]."""

_INSTRUCTIONS = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16", "amx_tile")
_SUFFIX_EXTRAS = {"pillow_heif": ("HEIC", "heif")}


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        fix: what to do; empty where nothing is wrong.
    """

    about: str
    said: str
    fix: str = ""


def examine(*, seconds: float = 5.0) -> Iterator[Finding]:
    """The findings, the speed test of so many seconds last."""
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield _torch()
    yield _torchvision()
    yield _memory()
    yield _cache()
    yield from _codecs()
    yield from _engine()
    if seconds:
        yield speed(seconds)


def _torch() -> Finding:
    built, there = torch.version.cuda, torch.cuda.is_available()
    said = f"{torch.__version__}, {torch.get_num_threads()} threads on {os.cpu_count()} cores{_limited()}"
    if there:
        return Finding("torch", f"{said}, {torch.cuda.get_device_name()}")
    if built and _has_nvidia():
        return Finding("torch", f"{said}; an NVIDIA card is here, but CUDA {built} does not start", "update its driver")
    return Finding("torch", f"{said}, no GPU")


def _limited() -> str:
    limit = quota()
    return "" if limit == math.inf else f", of whose time a quota leaves {limit:g}"


def _has_nvidia() -> bool:
    return os.path.exists("/proc/driver/nvidia/version") or os.path.exists("/dev/nvidia0")


def _torchvision() -> Finding:
    """Whether torchvision fits torch; only training and LPIPS need it, so it is not imported before."""
    try:
        version = importlib.metadata.version("torchvision")
        import torchvision  # noqa: F401
    except importlib.metadata.PackageNotFoundError:
        return Finding("torchvision", "is missing: no LPIPS, no perceptual losses", "pip install torchvision")
    except (ImportError, RuntimeError, AttributeError) as error:
        fix = "install torch and torchvision together, of one kind (both for CUDA or both for CPUs)"
        return Finding("torchvision", f"{version} does not fit torch {torch.__version__} ({error})", fix)
    return Finding("torchvision", f"{version}, fits")


def _memory() -> Finding:
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            sizes = dict(line.split(":") for line in file)
        total, free = (1024 * int(sizes[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
    except (OSError, KeyError, ValueError):
        return Finding("memory", "cannot be told on this system")
    fix = (
        "end other programs, or restore large pictures with a small --tile, such as 128" if free < LEAST_MEMORY else ""
    )
    return Finding("memory", f"{free / 1e9:.1f} of {total / 1e9:.1f} GB free", fix)


def _cache() -> Finding:
    """Where is kept what was measured, and whether anything can be."""
    trouble = cache.trouble()
    if trouble:
        fix = "make it writable, or name another with XDG_CACHE_HOME: until then each run measures anew"
        return Finding("cache", f"{cache.folder()} cannot be written: {trouble}", fix)
    return Finding("cache", f"{cache.folder()}, {cache.size() / 1e6:.1f} MB; `srgan cache --clear` empties it")


def _codecs() -> Iterator[Finding]:
    lacking = [name for name in ("jpg", "zlib", "webp", "avif", "libtiff") if not features.check(name)]
    said = f"without {', '.join(lacking)}" if lacking else "PNG, JPEG, WebP, TIFF, BMP, GIF, AVIF"
    yield Finding("codecs", said, "pip install --force-reinstall pillow" if lacking else "")
    for module, (format, extra) in _SUFFIX_EXTRAS.items():
        there = importlib.util.find_spec(module) is not None
        yield Finding("codecs", f"{format} {'is read' if there else f'needs srgan[{extra}]'}")


def _engine() -> Iterator[Finding]:
    model = load("upscale-x4")
    generator = model.generator
    for device in choose_devices():
        chosen, measured = compared(generator, device, ways(generator, device))
        why = f"the most exact that is not {MUCH_FASTER} times slower than others"
        yield Finding(
            "engine", f"{chosen.engine} on {device} in {chosen.precision} for upscale-x4: {why}; measured once:"
        )
        each = "each core" if device.type == "cpu" else "all of it"
        for way, rate in sorted(measured.items(), key=lambda one: -one[1]):
            yield Finding("", f"{way!s:28}{rate * model.task.scale**2:8.2f} output megapixels a second, {each}")
        for reason in lacking(generator, device).values():
            yield Finding("engine", reason)
        if device.type == "cpu":
            has = torch.cpu.get_capabilities()
            known = ", ".join(name for name in _INSTRUCTIONS if has.get(name)) or f"none of {', '.join(_INSTRUCTIONS)}"
            yield Finding("CPU", f"{has.get('cpu_name', platform.machine())}: {known}")
    for number, chip in enumerate(vulkan_devices()):
        yield Finding("engine", f"--device vulkan:{number} is {chip}")


def speed(seconds: float) -> Finding:
    """How fast a picture is enlarged, and what that is in multiplications; so large a picture as there is time for."""
    model = load("upscale-x4")
    run = Run(model=model, engine=make_engine(model.generator, "auto"))
    rng, side, fastest = np.random.default_rng(0), SMALLEST, 0.0
    end = time.perf_counter() + seconds
    while True:
        picture = Image(rng.integers(0, 256, (side, side, 3), np.uint8))
        started = time.perf_counter()
        restored = restore_image(run, picture)
        took, left = time.perf_counter() - started, end - time.perf_counter()
        fastest = max(fastest, restored.width * restored.height / 1e6 / took)  # others may be at work on this machine
        if took > left:
            break
        if side < LARGEST and 10 * took < left:
            side *= 2
    operations = 2 * multiply_adds(model) * fastest * 1e6 / model.task.scale**2
    return Finding("speed", f"upscale-x4: {fastest:.1f} output megapixels a second ({operations / 1e12:.2f} TFLOP/s)")
