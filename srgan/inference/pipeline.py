"""What is done to each picture: one model, or several that enlarge it step by step to the size asked for."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch

from srgan.engines import Engine, make_engine
from srgan.engines.precision import choose_devices
from srgan.engines.threads import work_alone
from srgan.errors import ConfigError
from srgan.images.bands import Bands
from srgan.images.image import Image
from srgan.inference.bysource import BySource, source_of, source_of_bands
from srgan.inference.config import InferenceConfig
from srgan.inference.picture import Weights, restore_bands, restore_image
from srgan.inference.reduce import reduced, reduced_bands
from srgan.inference.sizes import Size, outlook, steps
from srgan.models.model import Model, check_model
from srgan.tasks.inpaint import Inpaint

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
        self._engines: list[dict[str, dict[int, Engine]]] = [
            {
                source: {
                    scale: make_engine(model.generator, config.engine, str(device), config.precision)
                    for scale, model in models.items()
                }
                for source, models in self.models.items()
            }
            for device in self.devices
        ]
        self._busy = [0] * len(self.devices)
        self._lock = threading.Lock()

    def settings(self) -> dict[str, Any]:
        """What decides what becomes of a picture, beside it and what was asked for."""
        each = [
            {"model": model.network, "weights": model.digest(), "task": str(model.task)}
            for models in self.models.values()
            for _, model in sorted(models.items())
        ]
        models = each[0] if len(each) == 1 else {"models": each}
        return {**self._chosen(), **models, **({} if self.size is None else {"size": str(self.size)})}

    def _chosen(self) -> dict[str, str]:
        """What `auto` has come to: it may come to something else when a cache is emptied or an engine installed."""
        every = [engine for sources in self._engines for engines in sources.values() for engine in engines.values()]
        return {
            "device": _each(engine.device.type for engine in every),
            "engine": _each(type(engine).__name__ for engine in every),
            "precision": _each(str(engine.numbers.dtype) for engine in every),
            "memory format": _each(str(engine.numbers.memory_format) for engine in every),
        }

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]:
        """Width and height of the output, and the pixels of the largest picture on the way."""
        each = [outlook(width, height, models, self.size) for models in self.models.values()]
        return each[0][0], max(largest for _, largest in each)

    def restore(
        self,
        image: Image,
        mask: Weights | None = None,
        *,
        workers: Executor | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Image:
        """The restored picture; `progress` is told the share of it that is done, of the last of several steps."""
        wanted, _ = self.sizes(image.width, image.height)
        source = source_of(image.rgb, image.jpeg_quality) if self._by_source else None
        name = source.name if source else ""
        scales = self._steps(name, image.width, image.height)
        with self._free_device() as engines:
            for number, scale in enumerate(scales, 1):
                image = restore_image(
                    self.models[name][scale],
                    image,
                    mask,
                    engine=engines[name][scale],
                    tile=self.config.tile or None,
                    workers=workers,
                    progress=progress if number == len(scales) else None,
                )
        if self._by_source and source:
            image = dataclasses.replace(image, notes=(*image.notes, self._by_source.note(source)))
        return reduced(image, *wanted)

    def bands(
        self, bands: Bands, *, workers: Executor | None = None, note: Callable[[str], None] | None = None
    ) -> Bands:
        """The same of a picture that is never held as a whole; the device is taken while its bands are made.

        Args:
            note: gets what is to be said of the whole, before its last rows.
        """
        wanted, _ = self.sizes(bands.width, bands.height)
        name = ""
        if self._by_source:
            source, bands = source_of_bands(bands)
            name = source.name
            if note is not None:
                note(self._by_source.note(source))

        def each() -> Iterator[Image]:
            made = bands
            with self._free_device() as engines:
                for scale in self._steps(name, bands.width, bands.height):
                    model, engine = self.models[name][scale], engines[name][scale]
                    tile = self.config.tile or None
                    most = self.config.memory * 1e9 / BANDS_HELD
                    made = restore_bands(model, made, engine=engine, tile=tile, workers=workers, most=most, note=note)
                yield from reduced_bands(made, *wanted).each

        return dataclasses.replace(bands, width=wanted[0], height=wanted[1], each=_ahead(each()))

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
        return any(isinstance(one.task, Inpaint) for models in self.models.values() for one in models.values())

    @contextmanager
    def _free_device(self) -> Iterator[dict[str, dict[int, Engine]]]:
        """The engines of the device that has the fewest pictures to do."""
        with self._lock:
            chosen = min(range(len(self._busy)), key=self._busy.__getitem__)
            self._busy[chosen] += 1
        try:
            yield self._engines[chosen]
        finally:
            with self._lock:
                self._busy[chosen] -= 1

    def _steps(self, source: str, width: int, height: int) -> tuple[int, ...]:
        if self.size is None:
            return tuple(self.models[source])
        wide, high = self.size.of(width, height)
        return steps(max(wide / width, high / height), self.models[source])


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


def _ahead(each: Iterator[Image]) -> Iterator[Image]:
    """The same; while one is used, the next is made."""
    with ThreadPoolExecutor(1, "band", work_alone, (torch.get_num_threads(),)) as maker:
        following = maker.submit(next, each, None)
        while (made := following.result()) is not None:
            following = maker.submit(next, each, None)
            yield made
