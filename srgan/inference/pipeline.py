"""What is done to each picture: one model, or several that enlarge it step by step to the size asked for."""

from __future__ import annotations

import copy
import dataclasses
import functools
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

from srgan.engines import make_engine
from srgan.engines.devices import choose_devices
from srgan.engines.threads import work_alone
from srgan.errors import ConfigError
from srgan.images.bands import Bands
from srgan.images.image import Image
from srgan.inference.bysource import BySource, source_of_bands
from srgan.inference.config import InferenceConfig
from srgan.inference.picture import restore_bands
from srgan.inference.reduce import reduced
from srgan.inference.sizes import Size, enlargements, outlook
from srgan.inference.tiled import Run
from srgan.models.model import Model, check_model
from srgan.types import Opacity

BANDS_HELD = 10
"""Of a picture that is made some rows at a time: what was made last, what is being made and written, what is read."""

Models = Model | Mapping[int, Model] | BySource
"""What restores pictures: a model, one for each scale, or such for clean pictures and for photographs."""


class Restorer:
    """Restores Images as a configuration says.

    Args:
        models: one, or one for each scale by which pictures may be enlarged; or such `BySource`.
        size: what a picture becomes; None is what the one model makes.
    """

    def __init__(self, models: Models, config: InferenceConfig, size: Size | None = None) -> None:
        self._by_source = models if isinstance(models, BySource) else None
        given = {"clean": models.clean, "photo": models.photo} if isinstance(models, BySource) else {"": models}
        self.models = {source: _by_scale(some, size) for source, some in given.items()}
        if size is None and len({tuple(some) for some in self.models.values()}) > 1:
            raise ConfigError("models for clean pictures and for photographs must enlarge alike, or be given a size")
        self.config, self.size = config, size
        self.devices = choose_devices(config.device)
        each = {(source, scale): model for source, some in self.models.items() for scale, model in some.items()}
        self._runs = [{key: self._run(model, device) for key, model in each.items()} for device in self.devices]
        self._digest = functools.cache(Model.digest)  # weights are as they are while they run
        self._busy = [0] * len(self.devices)
        self._lock = threading.Lock()

    def _run(self, model: Model, device: torch.device) -> Run:
        engine = make_engine(model.generator, self.config.engine, str(device), self.config.precision)
        return Run(model=model, engine=engine, tile=self.config.tile, ensemble=self.config.ensemble)

    def shared(self, workers: Executor | None) -> Restorer:
        """The same, with the same engines, whose tiles are shared by threads."""
        other = copy.copy(self)
        other._runs = [
            {key: dataclasses.replace(run, workers=workers) for key, run in runs.items()} for runs in self._runs
        ]
        return other

    def settings(self) -> dict[str, Any]:
        """What decides what becomes of a picture, beside it and what was asked for."""
        each = [
            {"model": model.network, "weights": self._digest(model), "task": str(model.task)}
            for models in self.models.values()
            for _, model in sorted(models.items())
        ]
        models = each[0] if len(each) == 1 else {"models": each}
        return {**self.chosen, **models, **({} if self.size is None else {"size": str(self.size)})}

    @property
    def chosen(self) -> dict[str, str]:
        """What `auto` has come to: it may come to something else when a cache is emptied or an engine installed."""
        runs = [run for some in self._runs for run in some.values()]
        return {
            "device": _each(device.type for device in self.devices),
            "engine": _each(type(run.engine).__name__ for run in runs),
            "precision": _each(str(run.engine.precision.dtype) for run in runs),
            "tile": _each(str(run.side) for run in runs),
            "memory format": _each(str(run.engine.precision.memory_format) for run in runs),
        }

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]:
        """Width and height of the output, and the pixels of the largest picture on the way."""
        each = [outlook(width, height, models, self.size) for models in self.models.values()]
        return each[0][0], max(largest for _, largest in each)

    def restore(
        self,
        bands: Bands,
        mask: Opacity | None = None,
        *,
        streamed: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> Bands:
        """The restored picture; a device is taken while its bands are made.

        Args:
            streamed: some rows are made at a time, as many as the memory allows; else all at once.
            progress: is told the share of the picture that is done, of the last of several enlargements.
        """
        wanted, _ = self.sizes(bands.width, bands.height)
        name = ""
        if self._by_source:
            source, bands = source_of_bands(bands, self._by_source.among)
            name = source.name
            bands.notes.append(self._by_source.note(source))
        scales = self._enlargements(name, bands.width, bands.height)
        bands.models.extend(self.models[name][scale].called() for scale in dict.fromkeys(scales))
        most = self.config.memory * 1e9 / BANDS_HELD if streamed else math.inf

        def each() -> Iterator[Image]:
            made = bands
            with self._free_device() as runs:
                for number, scale in enumerate(scales, 1):
                    run = runs[name, scale]
                    if number == len(scales) and not streamed:
                        run = dataclasses.replace(run, progress=progress)
                    made = restore_bands(run, made, mask, most=most)
                yield from reduced(made, *wanted).each

        made = _ahead(each()) if streamed else each()
        restored = dataclasses.replace(bands, width=wanted[0], height=wanted[1], each=made)
        return _told(restored, progress) if streamed else restored

    @property
    def needs_whole(self) -> bool:
        """Whether a picture can only be restored as a whole, or is only copied."""
        every = [model for models in self.models.values() for model in models.values()]
        return (
            self.takes_mask
            or all(one.task.idle for one in every)
            or any(one.generator.context is None for one in every)
        )

    @property
    def takes_mask(self) -> bool:
        """Whether a mask says what is to be done."""
        return any(one.task.masked for models in self.models.values() for one in models.values())

    @contextmanager
    def _free_device(self) -> Iterator[dict[tuple[str, int], Run]]:
        """The runs on the device that has the fewest pictures to do."""
        with self._lock:
            chosen = min(range(len(self._busy)), key=self._busy.__getitem__)
            self._busy[chosen] += 1
        try:
            yield self._runs[chosen]
        finally:
            with self._lock:
                self._busy[chosen] -= 1

    def _enlargements(self, source: str, width: int, height: int) -> tuple[int, ...]:
        if self.size is None:
            return tuple(self.models[source])
        wide, high = self.size.of(width, height)
        return enlargements(max(wide / width, high / height), self.models[source])


def _by_scale(models: Model | Mapping[int, Model], size: Size | None) -> dict[int, Model]:
    """The models by the scale by which they enlarge.

    Raises:
        ConfigError: they are none, or do not go together with the size.
    """
    if size is not None and not isinstance(size, Size):
        raise ConfigError(f"size={size!r}: give srgan.Size(scale={size!r}), or Size(max_side=...)")
    if not isinstance(models, Mapping):
        check_model(models)
        return {models.task.scale: models}
    for scale, model in models.items():
        check_model(model)
        if model.task.scale != scale:
            raise ConfigError(f"the model given for {scale!r} times enlarges {model.task.scale} times")
    if not models or (size is None and len(models) > 1):
        raise ConfigError("give one model, or several and a size")
    return dict(models)


def _each(names: Iterable[str]) -> str:
    """Each name once."""
    return ", ".join(sorted({name.removeprefix("torch.") for name in names}))


def _told(bands: Bands, progress: Callable[[float], None] | None) -> Bands:
    """The same; how far its bands reach is told."""

    def each() -> Iterator[Image]:
        done = 0
        for band in bands.each:
            yield band
            done += band.height
            if progress is not None:
                progress(done / bands.height)

    return dataclasses.replace(bands, each=each())


def _ahead(each: Iterator[Image]) -> Iterator[Image]:
    """The same; while one is used, the next is made."""
    with ThreadPoolExecutor(1, "band", work_alone, (torch.get_num_threads(),)) as maker:
        following = maker.submit(next, each, None)
        while (made := following.result()) is not None:
            following = maker.submit(next, each, None)
            yield made
