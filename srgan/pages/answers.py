"""Answers that are files: a picture as browsers show it, a result, and many in one zip."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from srgan.errors import ConfigError, ImageError, MachineError, NoPicturesError, SrganError, UnsupportedImageError
from srgan.files import printable
from srgan.pages.job import Job, check_pixels

STATUS = {NoPicturesError: 404, ConfigError: 400, UnsupportedImageError: 415, ImageError: 422, MachineError: 507}
"""Of an error; the first that it is decides."""

OF_CODES = {1: 422, 2: 400, 3: 404, 5: 507}
"""Of a failed job, by the exit code that a command would have had."""

CHUNK = 1 << 20


def status_of(error: SrganError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def picture(path: Path, most: int, *, small: bool) -> Response:
    """A picture as browsers show it, decoded where it has at most so many pixels.

    Raises:
        ImageError: it cannot be read.
        OverLimit: it has more.
    """
    from srgan.images.reader import probe, read
    from srgan.images.writer import encode
    from srgan.pages.sides import SHOWN, thumbnail

    header = probe(path, pages=True)
    if not small and header.format in SHOWN:
        return FileResponse(path, media_type=f"image/{SHOWN[header.format]}")
    check_pixels(header, printable(path.name), most)
    image = read(path)
    return Response(thumbnail(image), media_type="image/webp") if small else Response(encode(image, "png"), 200, _PNG)


_PNG = {"Content-Type": "image/png"}


def result(job: Job) -> Response:
    """The result of a job as a file.

    Raises:
        HTTPException: there is none.
    """
    if job.state == "failed":
        raise HTTPException(OF_CODES.get(job.exit_code, 500), job.error)
    if job.state == "cancelled":
        raise HTTPException(410, "the job was cancelled")
    if job.result is None:
        raise HTTPException(409, f"the job is {job.state}: ask again later", {"Retry-After": "1"})
    if not job.result.is_file():
        raise HTTPException(410, "the result has been removed")
    from srgan.images.formats import format_of

    kind = f"image/{format_of(job.result)}"
    return FileResponse(job.result, media_type=kind, headers=_attached(job.result_name))


def archive(jobs: Iterable[Job]) -> Iterator[bytes]:
    """A zip of the results, some bytes at a time; two of one name are told apart."""
    taken: set[str] = set()
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w") as packed:
        for job in jobs:
            if job.result is None or not job.result.is_file():
                continue
            path, number = Path(job.result_name), 2
            name = str(path)
            while name.casefold() in taken:
                name, number = str(path.with_stem(f"{path.stem}-{number}")), number + 1
            taken.add(name.casefold())
            entry = zipfile.ZipInfo(name, time.localtime()[:6])
            with packed.open(entry, "w", force_zip64=True) as target, job.result.open("rb") as source:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield pipe.taken()
    yield pipe.taken()


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(Path(name).name, safe='')}"}


class _Pipe(io.RawIOBase):
    """What is written until it is taken."""

    def __init__(self) -> None:
        self._held = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        data, self._held = bytes(self._held), bytearray()
        return data
