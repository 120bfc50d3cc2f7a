"""A form becomes a job: its file is kept under a name of ours, looked at, and refused where it is too large."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from srgan.errors import ConfigError, ImageError, NoPicturesError
from srgan.files import printable, replacing
from srgan.pages.asked import Choice, asked
from srgan.pages.job import Job, Limits, OverLimit, check_pixels
from srgan.pages.jobs import Jobs
from srgan.pages.restoring import Restoring
from srgan.pages.workplace import room

FILES = ("picture", "mask")

SILENCE = 20.0
"""Between two pieces of an upload, at most [s]; others may wait for its place."""

PATIENCE, PACE = 60.0, 100_000
"""An upload takes so long [s] at most, beside what it would at so many bytes a second."""

_CLOSE = {"Connection": "close"}


def promptly(receive: Receive, clock: Callable[[], float] = time.monotonic) -> Receive:
    """The same body; who sends nothing for too long, or too slowly, is let go.

    Args:
        clock: the time [s].

    Raises:
        HTTPException: nothing came, or too little.
    """
    deadline = 0.0

    async def prompt() -> Message:
        nonlocal deadline
        deadline = deadline or clock() + PATIENCE
        if clock() > deadline:
            raise HTTPException(408, f"it came at less than {PACE // 1000} kB/s; send it again", _CLOSE)
        try:
            message = await asyncio.wait_for(receive(), SILENCE)
        except TimeoutError as error:
            raise HTTPException(408, f"nothing was sent for {SILENCE:g} s; send it again", _CLOSE) from error
        deadline += len(message.get("body", b"")) / PACE
        return message

    return prompt


def job_of(form: FormData, restoring: Restoring, jobs: Jobs, work: Path) -> Job:
    """The job that a form asks for, in the queue, with a folder of its own in `work`.

    Raises:
        SrganError: it makes no sense, or what it brings is no picture.
        OverLimit: the picture, or what becomes of it, is too large.
        Full: there is no room for it.
    """
    if twice := [key for key in FILES if len(form.getlist(key)) > 1]:
        raise ConfigError(f"send one {twice[0]} a request")
    files = {key: value for key, value in form.items() if isinstance(value, UploadFile)}
    texts = {key: " ".join(map(str, form.getlist(key))) for key in form if key not in files}
    if strange := [key for key in files if key not in FILES]:
        raise ConfigError(f"unknown file {strange[0]!r}: send {' and '.join(FILES)}")
    sent, listed, earlier = files.get("picture"), texts.pop("name", ""), texts.pop("job", "")
    if (sent is not None) + bool(listed) + bool(earlier) != 1:
        raise ConfigError("send a file as `picture`, or the `name` of one in the folder, or the id of an earlier `job`")
    chosen = asked(texts)
    folder = room(work) / secrets.token_hex(8)
    folder.mkdir()
    try:
        if sent is not None:
            name, source = _named(sent), _saved(sent, folder, "input")
        elif listed:
            name, source = listed, restoring.on_shelf(listed)
        else:
            name, source = _again(jobs, earlier, folder)
        mask = _saved(files["mask"], folder, "mask") if "mask" in files else None
        job = Job(name, chosen, folder, source, mask)
        if mask is not None:
            _looked_at(mask, "the mask", jobs.limits)
        job.given = _looked_at(source, name, jobs.limits)
        restoring.check(job)
        _check_result(restoring.choose(chosen, job.masked), job.given, jobs.limits)
        jobs.add(job)
    except BaseException:
        shutil.rmtree(folder)
        raise
    return job


def _again(jobs: Jobs, id: str, folder: Path) -> tuple[str, Path]:
    """The name and the picture of an earlier job; what was sent is copied, for that job may be forgotten first.

    Raises:
        NoPicturesError: there is no such job.
    """
    job = jobs.get(id)
    if job is None:
        raise NoPicturesError("there is no such job, or no more")
    if not job.uploaded:
        return job.name, job.source
    return job.name, Path(shutil.copyfile(job.source, folder / job.source.name))


def _named(file: UploadFile) -> str:
    """What a file that was sent is called: never more than a name, in characters that are names anywhere."""
    name = PurePosixPath((file.filename or "").replace("\\", "/")).name
    stem, suffix = os.path.splitext(re.sub(r'[\x00-\x1f\x7f:*?"<>|]', "_", printable(name)))
    return (stem[:200] + suffix[:20]).strip(". ") or "picture"


def _saved(file: UploadFile, folder: Path, stem: str) -> Path:
    """The file, kept under a name that says what it begins as.

    Raises:
        ImageError: it is no picture.
        MachineError: the disk is full.
    """
    from srgan.images.formats import HEAD, READABLE, sniffed

    kind = sniffed(file.file.read(HEAD), _named(file))
    file.file.seek(0)
    path = folder / (stem + next(suffix for suffix, format in READABLE.items() if format == kind))
    with replacing(path) as target:
        shutil.copyfileobj(file.file, target)
    return path


def _looked_at(path: Path, name: str, limits: Limits) -> dict[str, Any]:
    """What the header of a picture says.

    Raises:
        ImageError: it is damaged.
        OverLimit: it has too many pixels.
    """
    from srgan.images.reader import probe

    try:
        header = probe(path)
    except ImageError as error:
        raise type(error)(str(error).replace(printable(path), printable(name))) from error
    check_pixels(header, printable(name), limits.pixels)
    return header._asdict()


def _check_result(choice: Choice, given: dict[str, Any], limits: Limits) -> None:
    _, largest = choice.sizes(given["width"], given["height"])
    if largest * given["depth"] // 8 > limits.made:
        raise OverLimit(f"what becomes of it has {largest} pixels, more than the limit of {limits.made}")
