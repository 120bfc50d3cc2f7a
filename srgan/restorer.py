"""What a folder run does to each picture: one model, or several that enlarge it step by step to the size asked for."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Shaped

from srgan.engines import Engine, choose_devices, make_engine
from srgan.images import Image, as_samples, white_of
from srgan.model import Model
from srgan.restoration import Weights, restore_image, restore_strips
from srgan.settings import FolderConfig
from srgan.sizing import Size, steps
from srgan.tasks import Inpaint


class Restorer:
    """Restores Images as a configuration says.

    Args:
        models: one, or one for each scale by which pictures may be enlarged.
        size: what a picture becomes; None is what the one model makes.
    """

    def __init__(self, models: Model | Mapping[int, Model], config: FolderConfig, size: Size | None = None) -> None:
        self.models = {models.task.scale: models} if isinstance(models, Model) else dict(models)
        self.config, self.size = config, size
        self.devices = choose_devices(config.device)
        self._engines: list[dict[int, Engine]] = [
            {
                scale: make_engine(model.generator, config.engine, str(device), config.precision)
                for scale, model in self.models.items()
            }
            for device in self.devices
        ]
        self._busy = [0] * len(self.devices)
        self._lock = threading.Lock()

    def settings(self) -> dict[str, Any]:
        """What decides an output's bytes, beside the input."""
        each = [
            {"model": model.network, "weights": model.digest(), "task": str(model.task)}
            for _, model in sorted(self.models.items())
        ]
        models = each[0] if len(each) == 1 else {"models": each}
        return {**self.config.decides(), **models, **({} if self.size is None else {"size": str(self.size)})}

    def sizes(self, width: int, height: int) -> tuple[tuple[int, int], int]:
        """Width and height of the output, and the pixels of the largest picture on the way."""
        if self.size is None:
            (scale,) = self.models
            return (width * scale, height * scale), width * height * scale**2
        wanted = self.size.of(width, height)
        largest = 1
        for scale in self._steps(width, height):
            largest *= scale
        return wanted, max(width * height * largest**2, wanted[0] * wanted[1])

    def restore(self, image: Image, mask: Weights | None = None, *, workers: Executor | None = None) -> Image:
        """The restored picture."""
        wanted, _ = self.sizes(image.width, image.height)
        with self._free_device() as engines:
            for scale in self._steps(image.width, image.height):
                model, engine, tile = self.models[scale], engines[scale], self.config.tile or None
                image = restore_image(model, image, mask, engine=engine, tile=tile, workers=workers)
        return reduced(image, *wanted)

    def strips(self, image: Image, *, workers: Executor | None = None) -> Iterator[np.ndarray] | None:
        """The same, as rows of pixels that are never held all at once; None where that cannot be."""
        scales = self._steps(image.width, image.height)
        if len(scales) != 1:
            return None
        (scale,) = scales
        model = self.models[scale]
        made = image.width * scale, image.height * scale
        if isinstance(model.task, Inpaint) or model.generator.context is None:
            return None
        if self.sizes(image.width, image.height)[0] != made:
            return None  # it is reduced afterwards
        return self._strips(model, image, workers)

    def _strips(self, model: Model, image: Image, workers: Executor | None) -> Iterator[np.ndarray]:
        with self._free_device() as engines:
            engine, tile = engines[model.task.scale], self.config.tile or None
            yield from restore_strips(model, image, engine=engine, tile=tile, workers=workers)

    @contextmanager
    def _free_device(self) -> Iterator[dict[int, Engine]]:
        """The engines of the device that has the fewest pictures to do."""
        with self._lock:
            chosen = min(range(len(self._busy)), key=self._busy.__getitem__)
            self._busy[chosen] += 1
        try:
            yield self._engines[chosen]
        finally:
            with self._lock:
                self._busy[chosen] -= 1

    def _steps(self, width: int, height: int) -> tuple[int, ...]:
        if self.size is None:
            return tuple(self.models)
        wide, high = self.size.of(width, height)
        return steps(max(wide / width, high / height), self.models)


def reduced(image: Image, width: int, height: int) -> Image:
    """The picture at a smaller size, antialiased (bicubic); the picture itself where it has that size.

    What is transparent does not colour what is not: colours are weighted by how opaque they are.
    """
    if (image.width, image.height) == (width, height):
        return image
    if image.alpha is None:
        return dataclasses.replace(image, rgb=_reduced(image.rgb, width, height))
    opacity = image.alpha.astype(np.float32)[:, :, None] / white_of(image.alpha.dtype)
    alpha = _reduced(image.alpha[:, :, None], width, height)[:, :, 0]
    share = np.maximum(_floats(opacity, width, height), 1e-6)
    colours = _floats(image.rgb.astype(np.float32) * opacity, width, height) / share
    return dataclasses.replace(image, rgb=as_samples(colours, image.rgb.dtype), alpha=alpha)


def _reduced(levels: Shaped[np.ndarray, "h w c"], width: int, height: int) -> Shaped[np.ndarray, "{height} {width} c"]:
    return as_samples(_floats(levels.astype(np.float32), width, height), levels.dtype)


def _floats(pixels: Float32[np.ndarray, "h w c"], width: int, height: int) -> Float32[np.ndarray, "{height} {width} c"]:
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    smaller = F.interpolate(batch, (height, width), mode="bicubic", antialias=True)
    return np.ascontiguousarray(smaller[0].permute(1, 2, 0).numpy())
