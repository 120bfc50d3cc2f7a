"""How a worker of a cluster comes to pictures in object storage: each is fetched, made in a scratch folder, and put.

The machine's own credentials are taken, and what goes wrong is told with its name.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from srgan.errors import ImageError, MachineError, SrganError
from srgan.runner.fleeting import fleeting
from srgan.runner.job import Conversion, Made
from srgan.runner.lines import fingerprint, made_of, remembered
from srgan.runner.objects import Objects, Seen
from srgan.runner.plan import Job
from srgan.runner.urls import Url


class Carrier:
    """Fetches pictures and puts what is made of them, each with what it is to remember; several threads may ask."""

    def __init__(self, conversion: Conversion, asked: str) -> None:
        self._config, self._asked = conversion.config, asked
        self._settings = fingerprint(conversion.settings())
        self._lives = ExitStack()  # as long as the worker, which ends by being killed
        self._scratch = self._lives.enter_context(fleeting())

    def carry(self, job: Job, seen: list[int], make: Callable[[Job], Made], *, again: bool) -> Made:
        """What came of a picture, once it is where it shall be; nothing of it stays here.

        Args:
            make: the same of files.
            again: another worker had the picture, and died: what it has put is not made again.

        Raises:
            ImageError: it cannot be read or made.
            MachineError: a store cannot be asked, or the output not be written.
        """
        with TemporaryDirectory(dir=self._scratch) as folder:
            source, target = job.stands_for
            here = replace(
                job,
                input_folder=Path(folder, "in") if source else job.input_folder,
                output_folder=Path(folder, "out") if target else job.output_folder,
            )
            try:
                return self._carried(here, seen, make, again)
            except MachineError as error:
                raise MachineError(f"{here.named(str(error))} (on {socket.gethostname()})") from error
            except SrganError as error:
                raise type(error)(here.named(str(error))) from error
            except OSError as error:
                raise ImageError(here.named(f"{here.source}: {error}")) from error

    def _carried(self, job: Job, seen: list[int], make: Callable[[Job], Made], again: bool) -> Made:
        source, target = (Objects(Url(place)) if place else None for place in job.stands_for)
        if target is not None and again and (put := self._put_before(target, job, seen)):
            return put
        if source is not None:
            source.fetch(job.name, job.source, Seen(*job.seen))
        made = make(job)
        if target is not None:
            facts = (made.size, made.sha256, made.needs, self._config.memory)
            target.put(job.new, job.target, remembered(self._settings, self._asked, seen, *facts))
        return made

    def _put_before(self, target: Objects, job: Job, seen: list[int]) -> Made | None:
        """What the worker that died has put, of which the pixels and the notes are lost; None where it has not."""
        record = {} if self._config.existing == "overwrite" else target.record(job.new) or {}
        if record.get("settings") != self._settings or not made_of(record, seen, self._config.memory):
            return None
        return Made(0, record["sha256"], (), (), record.get("needs", 0.0), record["output"])
