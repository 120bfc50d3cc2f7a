"""A million pictures on a hundred machines that fail: how long it takes, what is lost, what the object store sees.

    python scripts/study/scale.py --data DIR [--model upscale-x4] [--machines 100] [--pictures 1000000]
                                  [--failures 0.01 1] [--megabytes 100] [--listing 0.1] [--replaced 180] [--json]

Measured here, on the pictures of DIR: seconds a picture, alone and of reading and of writing it; bytes in and out; the
seconds in which a command starts; and the requests that a run from bucket to bucket makes of a store, which the tests'
own server counts.

Simulated by these: machines like this one, each with a --shard of its own. A machine fails at random, so many times an
hour (--failures, each number once); what it had at work is lost, another takes its place after --replaced seconds,
starts, lists what there is (--listing seconds a page of a thousand, of inputs and of outputs), and goes on. A network
of --megabytes a second and machine is used while it computes, so that the slower of the two counts. "On a cluster" is
the same time without waiting for the slowest shard.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

import srgan
from srgan.engines.memory import keep_freed_memory
from srgan.images.formats import format_of
from srgan.images.writer import encode
from srgan.runner.plan import plan

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.objects import Store

AT_WORK = 32
"""Pictures that a machine has begun, and not put, when it fails."""

JOURNAL_EVERY = 5.0
"""Seconds after which a machine puts what is new in its journal."""

PAGE = 1000
"""Objects in a page of a listing."""


@dataclass
class Stages:
    """What one picture costs a machine like this one, and what a run costs the store."""

    seconds: float
    reading: float
    writing: float
    megabytes_in: float
    megabytes_out: float
    start: float
    reads: float
    writes: float


@dataclass
class Simulated:
    """What became of all pictures."""

    failures_per_hour: float
    hours: float
    hours_on_a_cluster: float
    pictures_per_second: float
    share_lost: float
    share_starting: float
    starts: int
    reads_per_second: float
    writes_per_second: float
    pages_listed_per_start: int
    gigabytes_per_second: float


def median_seconds(work: Callable[[], object], rounds: int = 3) -> float:
    def once() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return statistics.median(once() for _ in range(rounds))


def measured(name: str, data: Path, folder: Path) -> Stages:
    """The stages, on the pictures of a folder."""
    keep_freed_memory()
    model, config = srgan.load(name), srgan.FolderConfig(existing="overwrite")
    jobs = plan(data, folder / "out")

    def run(source: str | Path, target: str | Path) -> None:
        outcomes = list(srgan.restore_folder(model, source, target, config))
        assert all(outcome.status == "ok" for outcome in outcomes), outcomes

    run(data, folder / "out")  # the first chooses an engine
    seconds = median_seconds(lambda: run(data, folder / "out")) / len(jobs)
    restored = [srgan.read(job.target) for job in jobs]
    reading = median_seconds(lambda: [srgan.read(job.source) for job in jobs]) / len(jobs)
    writing = median_seconds(
        lambda: [encode(one, format_of(job.target)) for one, job in zip(restored, jobs, strict=True)]
    ) / len(jobs)
    sizes = [
        sum(path.stat().st_size for path in paths) / 1e6 / len(jobs)
        for paths in ([job.source for job in jobs], [job.target for job in jobs])
    ]
    reads, writes = requests(run, data, len(jobs))
    words = [sys.executable, "-m", "srgan", "upscale", jobs[0].source, folder / "one.png", "--quiet"]
    start = median_seconds(lambda: subprocess.run([*words, "--existing", "overwrite"], check=True))
    return Stages(seconds, reading, writing, *sizes, start, reads, writes)


def requests(run: Callable[[str, str], None], data: Path, count: int) -> tuple[float, float]:
    """Requests that read and that write, a picture, beside those that list and those of the journal."""
    store = Store()
    try:
        os.environ.update(store.environment)
        store.bucket("inputs", data)
        store.bucket("outputs")
        store.requests.clear()
        run("s3://inputs", "s3://outputs")
        pictures = [method for method, at in store.requests if at.strip("/").count("/") and "/.srgan/" not in at]
    finally:
        store.close()
    reads = sum(method in ("GET", "HEAD") for method in pictures)
    return reads / count, (len(pictures) - reads) / count


@dataclass
class Shard:
    """What one machine after the other has done with a share of the pictures [seconds, pictures]."""

    total: float = 0.0
    lost: float = 0.0
    starting: float = 0.0
    starts: int = 0
    again: int = 0


def worked_off(
    rng: np.random.Generator, pictures: int, each: float, begin: float, per_hour: float, replaced: float
) -> Shard:
    """A share, worked off by a machine and those that take its place.

    Args:
        each: seconds a picture.
        begin: seconds until the first.
        per_hour: failures.
    """
    shard = Shard()
    while True:
        life = rng.exponential(3600 / per_hour)
        shard.starts += 1
        shard.starting += min(life, begin)
        if life >= begin + pictures * each:
            shard.total += begin + pictures * each
            return shard
        worked = max(0.0, life - begin)
        kept = max(0, int(worked / each) - AT_WORK)
        shard.lost += worked - kept * each
        shard.again += min(AT_WORK, int(worked / each))
        shard.total += life + replaced
        pictures -= kept


def simulated(stages: Stages, asked: argparse.Namespace, per_hour: float) -> Simulated:
    """The whole, with a fixed seed."""
    rng, pages = np.random.default_rng(0), 2 * math.ceil(asked.pictures / PAGE)
    each = max(stages.seconds, (stages.megabytes_in + stages.megabytes_out) / asked.megabytes)
    begin = stages.start + pages * asked.listing
    shares = rng.multinomial(asked.pictures, np.full(asked.machines, 1 / asked.machines))
    shards = [worked_off(rng, int(share), each, begin, per_hour, asked.replaced) for share in shares]
    hours = max(shard.total for shard in shards) / 3600
    machine_seconds = sum(shard.total for shard in shards)
    made = asked.pictures + sum(shard.again for shard in shards)
    return Simulated(
        failures_per_hour=per_hour,
        hours=hours,
        hours_on_a_cluster=machine_seconds / asked.machines / 3600,
        pictures_per_second=asked.pictures / hours / 3600,
        share_lost=sum(shard.lost for shard in shards) / machine_seconds,
        share_starting=sum(shard.starting for shard in shards) / machine_seconds,
        starts=sum(shard.starts for shard in shards),
        reads_per_second=made * stages.reads / hours / 3600,
        writes_per_second=made * stages.writes / hours / 3600 + asked.machines / JOURNAL_EVERY,
        pages_listed_per_start=pages,
        gigabytes_per_second=made * (stages.megabytes_in + stages.megabytes_out) / 1e3 / hours / 3600,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=Path)
    parser.add_argument("--model", default="upscale-x4")
    parser.add_argument("--machines", type=int, default=100)
    parser.add_argument("--pictures", type=int, default=1_000_000)
    parser.add_argument("--failures", type=float, nargs="+", default=[0.01, 1.0])
    parser.add_argument("--megabytes", type=float, default=100.0)
    parser.add_argument("--listing", type=float, default=0.1)
    parser.add_argument("--replaced", type=float, default=180.0)
    parser.add_argument("--json", action="store_true", dest="as_json")
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        stages = measured(asked.model, asked.data, folder)
    finally:
        shutil.rmtree(folder)
    found = [asdict(stages), *(asdict(simulated(stages, asked, rate)) for rate in asked.failures)]
    if asked.as_json:
        print(json.dumps(found))
        return
    for part in found:
        print("\n".join(f"{name:26}{value:12.3f}" for name, value in part.items()), end="\n\n")


if __name__ == "__main__":
    main()
