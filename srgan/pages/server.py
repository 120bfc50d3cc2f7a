"""The page, live: each endpoint of the HTTP interface is a method; what it says of itself is what `/api` tells."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections.abc import AsyncIterator, Collection
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from srgan.errors import MachineError, SrganError
from srgan.options import options_of
from srgan.pages.answers import archive, picture, result, status_of
from srgan.pages.asked import Asked
from srgan.pages.events import changes, events
from srgan.pages.guard import Guard, TooLarge, wrong
from srgan.pages.job import Crowded, Full, Job, OverLimit
from srgan.pages.jobs import Jobs
from srgan.pages.page import template
from srgan.pages.restoring import Restoring
from srgan.pages.uploads import job_of, promptly

STATIC = {
    **dict.fromkeys(("strings.js", "slider.js", "viewer.js", "brush.js"), "text/javascript"),
    **dict.fromkeys(("send.js", "jobs.js", "cards.js", "serve.js"), "text/javascript"),
    **dict.fromkeys(("page.css", "serve.css"), "text/css"),
}


RECEIVED = 8
"""Uploads at a time, for each lies on the disk while it comes in; others wait."""


class Server:
    """Answers what is asked over HTTP; torch loads while the first page is looked at.

    Args:
        work: the folder in which uploads and results lie.
    """

    def __init__(self, restoring: Restoring, jobs: Jobs, work: Path) -> None:
        self.restoring, self.jobs, self.work = restoring, jobs, work
        self._looking = threading.BoundedSemaphore(2)  # pictures that are decoded to be shown, at a time
        self._receiving = asyncio.Semaphore(RECEIVED)
        self._ways = [
            ("GET", "/api", self.api),
            ("GET", "/api/models", self.models),
            ("POST", "/api/jobs", self.add),
            ("GET", "/api/jobs", self.listed),
            ("GET", "/api/jobs/{id}", self.one),
            ("DELETE", "/api/jobs/{id}", self.remove),
            ("GET", "/api/jobs/{id}/input", self.input),
            ("GET", "/api/jobs/{id}/result", self.result),
            ("GET", "/api/events", self.events),
            ("GET", "/api/results.zip", self.zip),
            ("GET", "/api/folder", self.folder),
        ]

    def app(self, hosts: Collection[str] | None, token: str = "") -> ASGIApp:
        """What a web server runs; see Guard for who may ask."""
        routes = [Route("/", _page), Route("/favicon.ico", _icon), Route("/static/{name}", _static)]
        routes += [Route(path, way, methods=[method]) for method, path, way in self._ways]
        wrongs: dict[Any, Any] = {
            HTTPException: lambda request, error: wrong(error.status_code, error.detail, **(error.headers or {})),
            SrganError: lambda request, error: wrong(status_of(error), str(error)),
            OverLimit: lambda request, error: wrong(413, str(error)),
            TooLarge: lambda request, error: wrong(413, f"more than the limit of {self.jobs.limits.bytes} bytes"),
            Full: lambda request, error: wrong(503, str(error), **{"Retry-After": "10"}),
            Crowded: lambda request, error: wrong(503, str(error)),
            Exception: lambda request, error: wrong(500, "internal error; the server's log has more"),
        }
        inner = Starlette(routes=routes, exception_handlers=wrongs, lifespan=self._living)
        return Guard(inner, hosts=hosts, token=token, most=self.jobs.limits.bytes)

    @asynccontextmanager
    async def _living(self, app: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=self._warm, name="warm", daemon=True).start()
        yield
        await run_in_threadpool(self.jobs.close)

    def _warm(self) -> None:
        self.restoring.warm()
        self.jobs.announce()

    async def api(self, request: Request) -> Response:
        """This: endpoints, options with their defaults, limits, and whether models are loaded."""
        ways = [{"method": method, "path": path, "does": inspect.getdoc(way)} for method, path, way in self._ways]
        options = {
            name: {"default": field.default, "means": field.metadata["help"]}
            for name, field in options_of(Asked).items()
        }
        shelf = self.restoring.shelf
        told = {"endpoints": ways, "options": options, "limits": vars(self.jobs.limits)}
        return _pretty({**told, "ready": self.restoring.ready, "folder": shelf and shelf.folder.name})

    async def models(self, request: Request) -> Response:
        """The models that ship: task, network, licence, and the scores that each was released with."""
        return _pretty(await run_in_threadpool(_cards))

    async def add(self, request: Request) -> Response:
        """Queues a picture: a form of `picture` and perhaps `mask` (files), and options.

        Instead of `picture`, `name` is one of the folder, `job` that of an earlier one. Answers 201 and the job; with
        `?wait` in the address, when it is over, the result.
        """
        coming = Request(request.scope, promptly(request.receive))
        form_of = coming.form(max_files=4, max_fields=40, max_part_size=1 << 16)
        try:
            async with self._receiving, form_of as form:
                job = await run_in_threadpool(job_of, form, self.restoring, self.jobs, self.work)
        except OSError as error:
            raise MachineError(f"the upload cannot be kept: {error.strerror}") from error
        if "wait" not in request.query_params:
            return JSONResponse(job.told(), 201, {"Location": f"/api/jobs/{job.id}"})
        async with aclosing(changes(self.jobs)) as each:
            async for _ in each:
                if job.over is not None:
                    job.handed = not await request.is_disconnected()
                    return result(job)
        raise HTTPException(410, "the server is being closed")

    async def listed(self, request: Request) -> Response:
        """The jobs, the oldest first."""
        return JSONResponse([job.told() for job in self.jobs.all()])

    async def one(self, request: Request) -> Response:
        """A job: its state (queued, working, stopping, done, failed, cancelled), the share done, notes, error."""
        return JSONResponse(self._job(request.path_params["id"]).told())

    async def remove(self, request: Request) -> Response:
        """Cancels a job that is not over; removes one that is, with its result."""
        self.jobs.remove(self._job(request.path_params["id"]).id)
        return Response(status_code=204)

    async def input(self, request: Request) -> Response:
        """The picture of a job, or the part of it that was asked for; with `?small` a thumbnail."""
        job = self._job(request.path_params["id"])
        return await self._picture(job.part if job.part.exists() else job.source, request, self.jobs.limits.pixels)

    async def result(self, request: Request) -> Response:
        """The result of a job, as a file; with `?shown` as browsers show it, with `?small` a thumbnail."""
        job = self._job(request.path_params["id"])
        made = result(job)
        if job.result and {"shown", "small"} & set(request.query_params):
            return await self._picture(job.result, request, self.jobs.limits.made)
        return made

    async def events(self, request: Request) -> Response:
        """Server-sent events: each job as JSON, again whenever it changes; with `?id` one, until it is over."""
        wanted = request.query_params.get("id")
        if wanted is not None:
            self._job(wanted)
        told = events(self.jobs, wanted, lambda: self.restoring.ready)
        return StreamingResponse(told, media_type="text/event-stream")

    async def zip(self, request: Request) -> Response:
        """A zip of all results but previews; with `?id`, once or several times, of these."""
        ids = request.query_params.getlist("id")
        wanted = [job for job in self.jobs.all() if (job.id in ids if ids else not job.asked.part)]
        done = [job for job in wanted if job.result is not None]
        if not done:
            raise HTTPException(404, "there is no result yet")
        named = {"Content-Disposition": 'attachment; filename="results.zip"'}
        return StreamingResponse(archive(done), media_type="application/zip", headers=named)

    async def folder(self, request: Request) -> Response:
        """The names of the pictures in the folder that the server shows; with `?name` that picture, `&small` or not."""
        shelf = self.restoring.shelf
        if shelf is None:
            raise HTTPException(404, "the server was started without a folder")
        if "name" in request.query_params:
            path = self.restoring.on_shelf(request.query_params["name"])
            return await self._picture(path, request, self.jobs.limits.pixels)
        return JSONResponse(await run_in_threadpool(shelf.names))

    def _job(self, id: str) -> Job:
        job = self.jobs.get(id)
        if job is None:
            raise HTTPException(404, "there is no such job, or no more")
        return job

    async def _picture(self, path: Path, request: Request, most: int) -> Response:
        def made() -> Response:
            with self._looking:
                return picture(path, most, small="small" in request.query_params)

        return await run_in_threadpool(made)


async def _page(request: Request) -> Response:
    return Response(template("serve.html"), media_type="text/html")


async def _icon(request: Request) -> Response:
    return Response(status_code=204)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        raise HTTPException(404, "there is no such file")
    return Response(template(name), media_type=STATIC[name])


def _pretty(told: object) -> Response:
    return Response(json.dumps(told, indent=1, default=str), media_type="application/json")


def _cards() -> list[dict[str, Any]]:
    """What each shipped model says of itself, but for how it was trained."""
    from srgan.models import zoo

    return [{"name": name} | {k: v for k, v in zoo.describe(name).items() if k != "training"} for name in zoo.names()]
