"""How many cores a process may use: a container may have 64, and the time of one and a half."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")
"""Where Linux tells what a group of processes may use."""

OWN = Path("/proc/self/cgroup")
"""Which groups this process is in: `number:controllers:/path`, a line each."""


def quota() -> float:
    """The cores' time that this process may use, in cores; infinite where nothing limits it.

    Format: https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.max), and of version 1 cpu.cfs_quota_us.
    """
    return min(_quotas(), default=math.inf)


def keep_within_quota() -> None:
    """Tells torch, and what asks it, of no more threads than there is time for, as a program may and no library."""
    import torch  # not above: the rest need not wait for it

    torch.set_num_threads(allowed(torch.get_num_threads()))


def allowed(threads: int) -> int:
    """So many threads, or as many as the quota has time for, rounded up."""
    return max(1, math.ceil(min(threads, quota())))


def _quotas() -> Iterator[float]:
    for group in _groups():
        try:
            if (group / "cpu.max").exists():
                limit, period = (group / "cpu.max").read_text().split()
            else:
                limit, period = ((group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
            if limit != "max" and int(limit) > 0:
                yield int(limit) / int(period)
        except (OSError, ValueError):  # no such group seen from in here, or one without limits
            continue


def _groups() -> Iterator[Path]:
    """The folders of the groups that this process is in, up to the outermost; those that are not there included."""
    try:
        lines = OWN.read_text().splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = GROUPS / controllers
        own = root / path.lstrip("/")
        yield from (folder for folder in (own, *own.parents) if folder.is_relative_to(root))
