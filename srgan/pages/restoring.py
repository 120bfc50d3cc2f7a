"""What a job asks for is done by the roads of the commands; models stay loaded for the next."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from srgan.errors import ConfigError, NoPicturesError
from srgan.files import printable
from srgan.pages.asked import Asked, Choice, boxes
from srgan.pages.job import Job
from srgan.runner.config import FolderConfig
from srgan.runner.outcome import Outcome

if TYPE_CHECKING:
    from srgan.engines.threads import Threads
    from srgan.inference.chain import Chain
    from srgan.inference.masks import Masks
    from srgan.inference.pipeline import Restorer

KEPT = 4
"""Choices of models that stay loaded."""


@dataclasses.dataclass(frozen=True)
class Shelf:
    """A folder that may be looked through, and where what is made of its pictures goes.

    Attributes:
        output: None is beside the folder, as the commands have it.
    """

    folder: Path
    output: Path | None = None

    def target(self, tag: str) -> Path:
        return self.output or self.folder.with_name(f"{self.folder.name}{tag}")


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
        self.choose, self.tag, self.config, self.shelf = choose, tag, config, shelf
        self._loaded: OrderedDict[str, Restorer | Chain] = OrderedDict()
        self._threads: Threads | None = None
        self._lock = threading.Lock()
        self.ready = False

    def warm(self) -> None:
        """Loads what takes seconds and is needed for any picture."""
        self._restorer(self.choose(Asked(), False))
        self.ready = True

    def __call__(self, job: Job, progress: Callable[[float], None]) -> Outcome:
        """What became of the picture of a job.

        Raises:
            SrganError: what is asked for cannot be done.
        """
        self.check(job)
        masks = self._masks(job)
        config = dataclasses.replace(self.config, format=job.asked.format, quality=job.asked.quality)
        restorer = self._restorer(self.choose(job.asked, job.masked))
        from srgan.runner.plan import plan
        from srgan.runner.run import restore_folder, threads_for

        if self.shelf is not None and not job.uploaded and not job.asked.part:
            source, target = self.shelf.folder, self.shelf.target(self.tag(job.asked))
            name = job.source.relative_to(source).as_posix()
            jobs = [one for one in plan(source, target, **config.planning()) if one.name == name]
        else:
            source, target = self._part(job), job.folder / "result"
            target.mkdir()
            jobs = plan(source, target, **config.planning())

        def tell(name: str, share: float, pixels: int) -> None:
            progress(share)

        with self._lock:
            self._threads = self._threads or threads_for(config)
        made = restore_folder(
            restorer, source, target, config, masks=masks, jobs=jobs, progress=tell, threads=self._threads
        )
        for outcome in made:
            return dataclasses.replace(outcome, reason=self._named(job, outcome.reason))
        raise NoPicturesError(f"{printable(job.name)}: is no longer there")

    def _restorer(self, choice: Choice) -> Restorer | Chain:
        """What restores by these models; loaded once, while others wait."""
        from srgan.inference.chain import restorer_of

        key = json.dumps(choice.record(), sort_keys=True, default=str)
        with self._lock:
            if key not in self._loaded:
                self._loaded[key] = restorer_of(choice.load(), self.config, choice.size)
            self._loaded.move_to_end(key)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
            return self._loaded[key]

    def check(self, job: Job) -> None:
        """Checks that what is asked for can be done.

        Raises:
            ConfigError: nothing says what to fill.
        """
        if job.asked.task == "inpaint" and not job.masked:
            raise ConfigError("nothing says what to fill: paint a mask, or give a box or alpha")

    def on_shelf(self, name: str) -> Path:
        """The picture of that name in the folder that may be looked through; nothing outside of it.

        Raises:
            NoPicturesError: there is none.
        """
        from srgan.images.formats import READABLE

        if self.shelf is not None and "\0" not in name:
            root, path = self.shelf.folder.resolve(), self.shelf.folder / name
            hidden = any(part.startswith(".") for part in PurePosixPath(name).parts)
            inside = path.resolve().is_relative_to(root) and path.is_relative_to(self.shelf.folder)
            if inside and not hidden and path.suffix.lower() in READABLE and path.is_file():
                return path
        raise NoPicturesError(f"{printable(name)}: there is no such picture in the folder")

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
        image = read(job.source, max_pixels=self.config.max_pixels)
        rows, columns = slice(top, top + height), slice(left, left + width)
        if left >= image.width or top >= image.height:
            raise ConfigError(f"part={job.asked.part}: lies outside of {image.width}x{image.height} px")
        alpha = None if image.alpha is None else image.alpha[rows, columns].copy()
        cut = dataclasses.replace(image, rgb=image.rgb[rows, columns].copy(), alpha=alpha, format="png")
        write(job.part, cut)
        return job.part

    def _named(self, job: Job, reason: str) -> str:
        """The reason, in which files have the names that the user gave them."""
        for path, name in ((job.source, job.name), (job.mask, "the mask"), (job.part, job.name)):
            reason = reason.replace(printable(path), printable(name)) if path is not None else reason
        return reason
