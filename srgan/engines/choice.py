"""Which engine runs a generator, in which precision: of all that are here the fastest, measured once and then kept.

Instruction sets and compute capabilities say what a device can do, not how fast: bf16 is emulated here, fp16 slow
there, Winograd's scheme beats both elsewhere. A second of the very network tells.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch

from srgan.engines.cache import keep, kept_json
from srgan.engines.ncnn_engine import VULKAN, NcnnEngine, vulkan_devices
from srgan.engines.openvino_engine import OpenVinoEngine
from srgan.engines.precision import DTYPES, FORMATS, Precision
from srgan.engines.threads import work_alone
from srgan.engines.torch_engine import TorchEngine
from srgan.errors import ConfigError, ImageError
from srgan.networks.network import Network
from srgan.ops.tiles import AUTO_TILE

AnyEngine = TorchEngine | OpenVinoEngine | NcnnEngine

ENGINES: dict[str, type[AnyEngine]] = {
    "torch": TorchEngine,
    "openvino": OpenVinoEngine,
    "ncnn": NcnnEngine,
}

MUCH_FASTER = 1.2
"""A precision is given up for a less exact one only where that is so much faster."""

FIRST, SECOND = 8, 64
"""The sides of the tiles that are measured first [px of the input]; then as large as a run cuts them."""

EMULATED = 6.0
"""What is so many times slower than the fastest, with the smallest tiles, is not looked at again."""

SECONDS = 1.0
"""How long the ways that are left are looked at in the end: as large as the tiles may be for that."""

LOOKS = 3
"""So often each way is looked at, of which the best counts: others may be at work on this machine."""

_FILE = "ways-1.json"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Way:
    """A way to run a generator: by which engine, in which precision, and with which memory format."""

    engine: str
    precision: str
    format: str = "channels_last"

    def __str__(self) -> str:
        return f"{self.engine} {self.precision}" + (f" {self.format}" if self.engine == "torch" else "")

    def make(self, generator: Network, device: torch.device) -> AnyEngine:
        """The engine.

        Raises:
            ConfigError: it does not compute what torch computes with this generator.
        """
        return ENGINES[self.engine](generator, device, Precision(DTYPES[self.precision], FORMATS[self.format]))


def choose(
    generator: Network,
    device: torch.device,
    engine: str = "auto",
    precision: str = "auto",
    among: Sequence[str] | None = None,
) -> Way:
    """The most exact way that is not much slower than others, of those with this engine and precision.

    Args:
        among: precisions; None is those that suit the generator.

    Raises:
        ConfigError: there is no such engine or precision, or the device has it not.
    """
    found = ways(generator, device, engine, precision, among)
    return found[0] if len(found) == 1 else compared(generator, device, found)[0]


def best(rates: dict[Way, float]) -> Way:
    """The fastest in the most exact precision that is not much slower than less exact ones."""
    chosen: list[Way] = []
    for precision in DTYPES:
        fastest = max((way for way in rates if way.precision == precision), key=rates.__getitem__, default=None)
        if fastest and (not chosen or rates[fastest] > MUCH_FASTER * rates[chosen[-1]]):
            chosen.append(fastest)
    return chosen[-1]


def lacking(generator: Network, device: torch.device) -> dict[str, str]:
    """Why engines cannot run the generator on this device; those that can are left out."""
    reasons = {name: kind.lacks(generator, device) for name, kind in ENGINES.items()}
    return {name: reason for name, reason in reasons.items() if reason}


def ways(
    generator: Network,
    device: torch.device,
    engine: str = "auto",
    precision: str = "auto",
    among: Sequence[str] | None = None,
) -> list[Way]:
    """All ways to choose from, as `choose` says; at least one."""
    if engine != "auto" and engine not in ENGINES:
        raise ConfigError(f"unknown engine {engine!r}: choose auto or one of {', '.join(sorted(ENGINES))}")
    among = among or generator.precisions
    if precision not in ("auto", *among):
        raise ConfigError(f"precision {precision!r}: choose {', '.join(('auto', *among[:-1]))} or {among[-1]}")
    engines = [name for name in ENGINES if engine in ("auto", name)]
    reasons = lacking(generator, device)
    if all(name in reasons for name in engines):
        raise ConfigError("; ".join(reasons[name] for name in engines))
    found = [
        Way(name, each, format)
        for name in engines
        if name not in reasons
        for each in ENGINES[name].precisions(device)
        if each in among and precision in ("auto", each)
        for format in (_formats(generator) if name == "torch" else ["channels_last"])
    ]
    if not found:
        by = device.type if engine == "auto" else f"{engine} on {device.type}"
        raise ConfigError(f"precision {precision!r}: {by} does not compute in it; choose auto")
    return found


def _formats(generator: Network) -> list[str]:
    return [*FORMATS] if generator.plain else ["channels_first"]


def compared(generator: Network, device: torch.device, among: Sequence[Way]) -> tuple[Way, dict[Way, float]]:
    """The way to take, and the megapixels of the input that each takes in a second, on one core of a CPU.

    It is measured once for a kind of network, and kept.
    """
    names = {str(way): way for way in among}
    engines = sorted({way.engine for way in among})
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in engines)
    layers = hashlib.sha256(repr(generator).encode()).hexdigest()[:16]
    key = f"{_name(device)}; {versions}; {type(generator).__name__} {layers}; {', '.join(names)}"
    known = kept_json(_FILE)
    try:
        chosen, rates = known[key]
        return names[chosen], {names[name]: float(rate) for name, rate in rates.items()}
    except (KeyError, TypeError, ValueError, AttributeError):  # never measured, or damaged
        pass
    with ThreadPoolExecutor(1, "look", work_alone, (torch.get_num_threads(),)) as alone:
        way, measured = alone.submit(_compared, generator, device, among).result()
    known[key] = [str(way), {str(one): round(rate, 4) for one, rate in measured.items()}]
    keep(_FILE, json.dumps(known, indent=1).encode())
    return way, measured


def known_ways() -> dict[str, Any]:
    """What was measured on this machine, for another of the same kind to take the same ways."""
    return kept_json(_FILE)


def take_ways(known: Mapping[str, Any]) -> None:
    """Takes what another machine has measured for this one's, where they are of the same kind."""
    before = kept_json(_FILE)
    if before | dict(known) != before:
        keep(_FILE, json.dumps(before | dict(known), indent=1).encode())


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == VULKAN:
        return vulkan_devices()[device.index or 0]
    has = torch.cpu.get_capabilities()
    name = has.get("cpu_name", platform.machine())
    return f"{device.type} {name} ({' '.join(sorted(what for what, there in has.items() if there is True))})"


def _compared(generator: Network, device: torch.device, among: Sequence[Way]) -> tuple[Way, dict[Way, float]]:
    left: dict[Way, AnyEngine] = {}
    for way in among:
        try:
            left[way] = way.make(generator, device)
        except ConfigError as error:  # it computes something else
            _log.info("%s: %s", way, error)
    if not left:
        raise ConfigError(f"nothing runs this network on {device.type}")
    found = _looked(left, generator, device, FIRST)
    left = {way: engine for way, engine in left.items() if EMULATED * found[way] > max(found.values())}
    if generator.plain and len(left) > 1:
        found |= _looked(left, generator, device, SECOND)
        fastest = {way.precision: max(found[one] for one in left if one.precision == way.precision) for way in left}
        left = {way: engine for way, engine in left.items() if MUCH_FASTER * found[way] > fastest[way.precision]}
        pixels = 1e6 * SECONDS / LOOKS / sum(1 / found[way] for way in left)
        if len(left) > 1:
            with suppress(torch.OutOfMemoryError):  # then the smaller tiles tell
                found |= _looked(left, generator, device, min(AUTO_TILE, int(pixels**0.5)))
    return best({way: found[way] for way in left}), found


def _looked(made: dict[Way, AnyEngine], generator: Network, device: torch.device, side: int) -> dict[Way, float]:
    """Megapixels a second with tiles of about this side."""
    side = generator.multiple_of * max(1, side // generator.multiple_of)
    clock = _clock(device)
    rng = torch.Generator().manual_seed(0)  # not the one that belongs to the caller
    seconds = dict.fromkeys(made, float("inf"))
    for _ in range(LOOKS):
        for way, engine in made.items():
            if SECONDS / LOOKS < seconds[way] < float("inf"):  # emulated: once was enough
                continue
            observed = torch.rand(engine.batch, generator.in_channels, side, side, generator=rng).to(engine.device)
            started = clock()
            with suppress(ImageError):  # not all is finite: the first picture will say so
                engine(observed)  # which waits for a GPU, to see that
            seconds[way] = min(seconds[way], clock() - started)
    return {way: made[way].batch * side**2 / 1e6 / max(took, 1e-9) for way, took in seconds.items()}


def _clock(device: torch.device) -> Callable[[], float]:
    """Seconds that this process computes, where that can be told finely: what others do then does not count."""
    fine = time.get_clock_info("process_time").resolution < 1e-4  # Windows counts in steps of 16 ms
    return time.process_time if device.type == "cpu" and fine else time.perf_counter
