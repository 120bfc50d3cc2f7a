"""Several processes that train one model: each takes its share of every batch, and all of them make the same steps.

Every process makes the whole batch, since its draws are those of the batch, and learns from its share of it. Gradients
are averaged once a player and step, between `backward` and the optimizer: hooks in a forward pass, as those of torch's
DistributedDataParallel (Li et al. 2020, arXiv:2006.15704), allow one pass a step, and a discriminator makes several.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor

from srgan.errors import ConfigError

RESTARTS = 3
"""How many times all are begun again where one of them has died, from the last checkpoint on."""

PATIENCE = timedelta(hours=2)
"""How long the others wait for the first, which validates."""


class Together:
    """This process among those that train together. One that is alone does nothing here.

    Attributes:
        rank: its number.
        count: how many there are.
    """

    def __init__(self) -> None:
        joined = dist.is_available() and dist.is_initialized()
        self.rank, self.count = (dist.get_rank(), dist.get_world_size()) if joined else (0, 1)

    @property
    def first(self) -> bool:
        """Whether it is the one that validates, logs and writes."""
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """What this process learns from: its part of a batch, which is as large as that of each other."""
        return batch if self.count == 1 else batch.chunk(self.count)[self.rank]

    def average(self, weights: Iterable[Tensor], loss: Tensor) -> Tensor:
        """Replaces the gradients of weights by their means over all processes, and returns the mean of the losses."""
        if self.count == 1:
            return loss
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        means = self.mean(torch.cat([loss.detach().reshape(1), *(one.reshape(-1) for one in gradients)]))
        total, *parts = torch.split(means, [1, *(one.numel() for one in gradients)])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))
        return total[0]

    def mean(self, numbers: Tensor) -> Tensor:
        """The means of numbers over all processes."""
        if self.count == 1:
            return numbers
        dist.all_reduce(numbers)
        return numbers / self.count

    def gathered(self, share: Tensor) -> Tensor:
        """The whole batch of what each process has a share of; a mean of it has in `average` its right gradient."""
        if self.count == 1:
            return share
        own, every = share.detach(), [torch.empty_like(share) for _ in range(self.count)]
        dist.all_gather(every, own.contiguous())
        every[self.rank] = own + self.count * (share - own)  # the same numbers; `average` divides by the count
        return torch.cat(every)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """The first alone, then the others."""
        if self.count > 1 and not self.first:
            dist.barrier()
        yield
        if self.count > 1 and self.first:
            dist.barrier()

    def check(self, batch: int, minutes: float) -> None:
        """Checks that the batches can be shared.

        Raises:
            ConfigError: they cannot, or every process would find another number of steps.
        """
        if batch % self.count:
            raise ConfigError(f"batch={batch}: {self.count} processes share each batch equally: give a multiple")
        if minutes and self.count > 1:
            raise ConfigError("minutes: each of several processes would measure another number of steps: give steps")


@contextmanager
def together(device: str) -> Iterator[Together]:
    """This process among those that torchrun has begun; their connection ends with it.

    Args:
        device: on which they train; of several GPUs each takes the one of its own number.
    """
    if not begun() or dist.is_initialized():
        yield Together()
        return
    cuda = device in ("auto", "cuda") and torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo", timeout=PATIENCE)
    try:
        yield Together()
    finally:
        dist.destroy_process_group()


def torchrun(processes: int) -> int:
    """The exit code of this program's command, run by so many processes; those that die are begun again together."""
    threads = str(max(1, (os.cpu_count() or 1) // processes))
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command += [f"--max-restarts={RESTARTS}", "-m", "srgan", *sys.argv[1:]]
    return subprocess.run(command, env={"OMP_NUM_THREADS": threads, **os.environ}, check=False).returncode


def begun() -> bool:
    """Whether torchrun has begun this process, and others beside it."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def first() -> bool:
    """Whether this is the process that speaks for all."""
    return not begun() or os.environ["RANK"] == "0"
