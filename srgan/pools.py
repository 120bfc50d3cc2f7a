"""Work that a pool does ahead of who asks for it, but not too far."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(pool: Executor, function: Callable[[T], R], items: Iterable[T], most: int) -> Generator[R, None, None]:
    """What the pool makes of the items, in their order, and of no more than `most` that nobody has asked for yet."""
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == most:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
