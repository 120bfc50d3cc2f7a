"""Work that a pool does ahead of who asks for it, but not too far."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def ahead(
    pool: Executor,
    function: Callable[[T], R],
    items: Iterable[T],
    most: int,
    weight: Callable[[T], float] = lambda item: 1.0,
) -> Generator[R, None, None]:
    """What the pool makes of the items, in their order, and of no more than `most` that nobody has asked for yet.

    Args:
        weight: for how many an item counts.
    """
    waiting: deque[tuple[float, Future[R]]] = deque()
    try:
        for item in items:
            waiting.append((weight(item), pool.submit(function, item)))
            while waiting and sum(heavy for heavy, _ in waiting) >= most:
                yield waiting.popleft()[1].result()
        while waiting:
            yield waiting.popleft()[1].result()
    finally:
        for _, future in waiting:
            future.cancel()
