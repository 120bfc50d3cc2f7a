"""What a job asks for is done by the roads of the commands; models stay loaded for the next."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from srgan.errors import ConfigError, ImageError, NoPicturesError
from srgan.files import printable
from srgan.pages.asked import FILLING, Asked, Choice, boxes
from srgan.pages.job import Job
from srgan.pages.shelf import Shelf
from srgan.runner.config import FolderConfig
from srgan.runner.outcome import THERE, Outcome

if TYPE_CHECKING:
    from srgan.engines.threads import Threads
    from srgan.inference.chain import Chain
    from srgan.inference.masks import Masks
    from srgan.inference.pipeline import Restorer
    from srgan.runner.plan import Job as Planned

    Make = Callable[[Path, Path, list[Planned], FolderConfig], Outcome]

KEPT = 4
"""Choices of models that stay loaded."""

KNOWN = 64
"""Choices that are not made anew for the next picture of which the same is asked."""


class Restoring:
    """Restores pictures of jobs; several threads may call it.

    Args:
        choose: says which models do what is asked for.
        tag: what is added to the name of a folder of which something is made.
    """

    def __init__(
        self,
        choose: Callable[[Asked, bool], Choice],
        tag: Callable[[Asked], str],
        config: FolderConfig,
        shelf: Shelf | None = None,
    ) -> None:
        self.choose = functools.lru_cache(KNOWN)(choose)  # it looks into files of weights
        self.tag, self.config, self.shelf = tag, config, shelf
        self._key = functools.lru_cache(KNOWN)(self._recorded)
        self._loaded: OrderedDict[str, Restorer | Chain] = OrderedDict()
        self._threads: Threads | None = None
        self._lock = threading.Lock()
        self.ready = False

    def warm(self) -> None:
        """Loads what takes seconds and is needed for any picture."""
        self._restorer(Asked(), False)
        self.ready = True

    def __call__(self, job: Job, progress: Callable[[float], None]) -> Outcome:
        """What became of the picture of a job.

        Raises:
            SrganError: what is asked for cannot be done.
        """
        self.check(job)
        masks = self._masks(job)
        asked = {name: getattr(job.asked, name) for name in ("format", "quality", "lenient", "ensemble")}
        config = dataclasses.replace(self.config, **asked)
        restorer = self._restorer(job.asked, job.masked)
        from srgan.runner.run import restore_folder, threads_for

        def tell(name: str, share: float, pixels: int) -> None:
            progress(share)

        def made(source: Path, target: Path, jobs: list[Planned], config: FolderConfig) -> Outcome:
            (outcome,) = restore_folder(
                restorer, source, target, config, masks=masks, jobs=jobs, progress=tell, threads=self._threads
            )
            return dataclasses.replace(outcome, reason=self._named(job, outcome.reason))

        with self._lock:
            self._threads = self._threads or threads_for(config)
        if self.shelf is not None and not job.uploaded and not job.asked.part:
            return _beside(self.shelf.folder, self.shelf.target(self.tag(job.asked)), job, config, made)
        from srgan.runner.plan import plan

        source, target = self._part(job), job.folder / "result"
        target.mkdir()
        return made(source, target, plan(source, target, **config.planning()), config)

    def _recorded(self, asked: Asked, masked: bool) -> str:
        """What tells the models that are asked for, and how often each is asked, from others."""
        return json.dumps([self.choose(asked, masked).record(), asked.ensemble], sort_keys=True, default=str)

    def _restorer(self, asked: Asked, masked: bool) -> Restorer | Chain:
        """What restores so; loaded once, while others wait."""
        from srgan.inference.chain import restorer_of

        choice, key = self.choose(asked, masked), self._key(asked, masked)
        with self._lock:
            if key not in self._loaded:
                config = dataclasses.replace(self.config, ensemble=asked.ensemble)
                self._loaded[key] = restorer_of(choice.load(), config, choice.size)
            self._loaded.move_to_end(key)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
            return self._loaded[key]

    def check(self, job: Job) -> None:
        """Checks that what is asked for can be done.

        Raises:
            ConfigError: nothing says what to fill, or something does that is not to be filled.
        """
        if job.asked.task not in FILLING and (job.mask is not None or job.asked.fills):
            raise ConfigError(f"task={job.asked.task}: fills nothing: leave out mask, box and alpha, or choose inpaint")
        if job.asked.task == "inpaint" and not job.masked:
            raise ConfigError("nothing says what to fill: paint a mask, or give a box or alpha")

    def on_shelf(self, name: str) -> Path:
        """The picture of that name in the folder that may be looked through; nothing outside of it.

        Raises:
            NoPicturesError: there is none.
        """
        path = None if self.shelf is None else self.shelf.path(name)
        if path is not None:
            return path
        raise NoPicturesError(f"{printable(name[:100])}: there is no such picture in the folder")

    def _masks(self, job: Job) -> Masks | None:
        """What is to be filled."""
        from srgan.inference.masks import Masks

        asked = job.asked
        if not job.masked:
            return None
        return Masks(job.mask, alpha=asked.alpha, boxes=boxes(asked.box), grow=asked.grow, feather=asked.feather)

    def _part(self, job: Job) -> Path:
        """The file that is restored: the picture, or the part of it that is asked for."""
        if not job.asked.part:
            return job.source
        from srgan.images.reader import read
        from srgan.images.writer import write

        ((left, top, width, height),) = boxes(job.asked.part)
        try:
            image = read(job.source, max_pixels=self.config.max_pixels, lenient=job.asked.lenient)
        except ImageError as error:
            raise type(error)(self._named(job, str(error))) from error
        rows, columns = slice(top, top + height), slice(left, left + width)
        if left >= image.width or top >= image.height:
            raise ConfigError(f"part={job.asked.part}: lies outside of {image.width}x{image.height} px")
        alpha = None if image.alpha is None else image.alpha[rows, columns].copy()
        cut = dataclasses.replace(image, rgb=image.rgb[rows, columns].copy(), alpha=alpha, format="png")
        write(job.part, cut)
        return job.part

    def _named(self, job: Job, reason: str) -> str:
        """The reason, in which files have the names that the user gave them, and flags those of fields."""
        name, reason = printable(job.name), reason.replace("--lenient", "lenient=true")
        for path in (job.source, job.part):
            reason = reason.replace(printable(path), name)
            if job.uploaded or path == job.part:
                reason = re.sub(rf"^{re.escape(path.name)}(?=: )", lambda _: name, reason)
        mask = "" if job.mask is None else printable(job.mask)
        return reason.replace(f"its mask {mask}", "its mask").replace(mask, "the mask") if mask else reason


def _beside(source: Path, target: Path, job: Job, config: FolderConfig, made: Make) -> Outcome:
    """What became of a picture of a folder: nothing that is there is replaced, but the next place taken."""
    from srgan.runner.plan import plan

    config = dataclasses.replace(config, existing="skip")
    jobs = {one.name: one for one in plan(source, target, **config.planning())}
    first = jobs.get(job.source.relative_to(source).as_posix())
    if first is None:
        raise NoPicturesError(f"{printable(job.name)}: is no longer there")
    for place in _places(first, {one.new for one in jobs.values()} if job.masked else None):
        outcome = made(source, place.output_folder, [place], config)
        if outcome.reason != THERE:
            break
    if place is first:
        return outcome
    new, old = (place.new, first.new) if job.masked else (place.output_folder.name, target.name)
    note = f"written into {printable(new)}, for {printable(old)} has another result of it"
    return dataclasses.replace(outcome, notes=(*outcome.notes, note))


def _places(first: Planned, taken: set[str] | None) -> Iterator[Planned]:
    """A planned job, then the same in other folders; or, given the names that are taken, under others in its own."""
    yield first
    path, folder = PurePosixPath(first.new), first.output_folder
    for number in itertools.count(2):
        new = str(path.with_stem(f"{path.stem}-{number}"))
        if taken is None:
            yield dataclasses.replace(first, output_folder=folder.with_name(f"{folder.name}-{number}"))
        elif new not in taken:
            yield dataclasses.replace(first, new=new)
