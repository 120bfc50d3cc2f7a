"""A connection to Ray: to a cluster that runs, or to one begun for a while on this machine."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from srgan.errors import ConfigError, MachineError
from srgan.quota import allowed
from srgan.runner.config import ClusterConfig

CORES = 4
"""A worker's, unless told: with more, what Python does by itself of small pictures is the limit."""

_OBJECTS = 100_000_000
"""Memory for what travels [bytes]: names and facts."""


@contextmanager
def connected(address: str) -> Iterator[ModuleType]:
    """The module `ray`, connected to the cluster of that address; to one of this machine's cores where it is empty.

    Raises:
        MachineError: there is no Ray here, or no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS_SKIP_REGEX", ".")  # else its daemons write to our stdout
    try:
        import ray
    except ImportError as error:
        raise MachineError("a cluster needs Ray: pip install 'srgan[ray]'") from error
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if not address:
        cores = allowed(os.cpu_count() or 1)
        options |= {"num_cpus": cores, "object_store_memory": _OBJECTS, "include_dashboard": False}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _reach(address)
        with ThreadPoolExecutor(1) as beside:
            beside.submit(import_module, "srgan.runner.worker")  # this takes seconds, in which Ray mostly waits
            ray.init(address or "local", **options)
    except (OSError, ValueError) as error:
        raise MachineError(f"no Ray cluster at {address}: {error}") from error
    finally:
        signal.signal(signal.SIGTERM, handler)  # which Ray has replaced
    try:
        yield ray
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raises OSError where nobody listens at HOST:PORT: Ray itself would try for minutes, and say so."""
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), timeout=10).close()


@dataclass(frozen=True)
class Shape:
    """How many workers there are, what each takes, and how many machines like the largest hold them."""

    workers: int
    cores: int
    gpus: int
    machines: int


def shape(ray: ModuleType, config: ClusterConfig) -> Shape:
    """What the configuration comes to on this cluster.

    Raises:
        ConfigError: it has no room for one worker.
    """
    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    per_worker = [(int(one.get("CPU", 0)), int(one.get("GPU", 0))) for one in machines]
    most = max((cores // max(gpus, 1) if config.gpus else cores for cores, gpus in per_worker), default=0)
    cores = config.cores_each or min(CORES, most or CORES)
    rooms = [min(own // cores, gpus) if config.gpus else own // cores for own, gpus in per_worker]
    room = sum(rooms)
    if not room and not config.workers:  # who names a number may wait for machines that come
        gpu = ", GPU 1" if config.gpus else ""
        raise ConfigError(f"no machine of the cluster has what a worker takes: cores {cores}{gpu}")
    workers = config.workers or room
    return Shape(workers, cores, int(config.gpus), math.ceil(workers / max(*rooms, 1)))


def go_to(folder: str) -> None:
    """Makes relative paths start from that folder, as they do where the command was given.

    Raises:
        MachineError: this machine has it not.
    """
    try:
        os.chdir(folder)
    except OSError as error:
        where = f"{folder}: not there on {socket.gethostname()} ({error.strerror})"
        raise MachineError(f"{where}; all machines of a cluster need the same folders") from error
