"""What happens to jobs, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from srgan.pages.job import OVER
from srgan.pages.jobs import Jobs

PING = 15.0
"""Between signs of life where nothing happens [s]."""

EVERY = 0.1
"""Between events, at least [s]: what changes faster is told together."""


async def changes(jobs: Jobs) -> AsyncGenerator[None]:
    """Comes at once, whenever a job has changed, and now and then, until the server is to end."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        with suppress(RuntimeError):  # the loop is closed before the last job may have ended
            loop.call_soon_threadsafe(changed.set)

    stop = jobs.listen(tell)
    try:
        while not jobs.closing:
            yield
            await asyncio.sleep(EVERY)
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), PING)
            changed.clear()
    finally:
        stop()


async def events(jobs: Jobs, wanted: str | None, ready: Callable[[], bool]) -> AsyncGenerator[str]:
    """Each job, or the one wanted until it is over, again whenever it changes; and once, that models are loaded."""
    seen: dict[str, int] = {}
    said = False
    async with aclosing(changes(jobs)) as each:
        async for _ in each:
            told = [job.told() for job in jobs.all() if wanted in (None, job.id)]
            for gone in seen.keys() - {job["id"] for job in told}:
                yield _event("gone", {"id": gone})
            for job in told:
                if seen.get(job["id"]) != job["version"]:
                    yield _event("job", job)
            if not said and (said := ready()):
                yield _event("ready", {})
            if wanted is not None and (not told or told[0]["state"] in OVER):
                return
            seen = {job["id"]: job["version"] for job in told}
            yield ": \n\n"


def _event(name: str, data: object) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
