"""Batches are made while others are learnt from, so that a GPU never waits for the program to draw or to cut them."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from srgan.data.crops import Pair


def prefetched(steps: Iterator[list[Pair]], device: torch.device) -> Generator[list[Pair], None, None]:
    """The same batches, without end, made one step ahead in a thread, and on a GPU in a stream, of their own.

    Making them draws masks on the CPU, and asks the GPU now and then what was drawn there: only that stream waits.
    """
    stream = torch.cuda.Stream(device) if device.type == "cuda" else None  # type: ignore[no-untyped-call]

    def make() -> tuple[list[Pair], torch.cuda.Event | None]:
        aside: AbstractContextManager[object] = nullcontext() if stream is None else torch.cuda.stream(stream)
        with aside:
            batches = next(steps)
            return batches, None if stream is None else stream.record_event()

    with ThreadPoolExecutor(1, "srgan-batches") as pool:
        ahead = pool.submit(make)
        while True:
            batches, made = ahead.result()
            ahead = pool.submit(make)
            if made is not None:
                learning = torch.cuda.current_stream(device)
                learning.wait_event(made)
                for tensor in _tensors(batches):
                    tensor.record_stream(learning)  # or its memory would be given to the next batch too early
            yield batches


def _tensors(batches: list[Pair]) -> Iterator[Tensor]:
    for batch in batches:
        yield from (batch.observed, batch.clean, *(batch.pseudo or ()))
