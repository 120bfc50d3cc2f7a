"""Strips that `srgan generate` writes: from seed to seed, along directions, and from a picture back to a latent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import torch

from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.images.image import Image, white_of
from srgan.images.reader import read
from srgan.inference.tiled import restore_batch, run_of
from srgan.networks.sampler import Sampler
from srgan.tasks.generate import Generate
from srgan.tasks.latents import Latent, between, directions, nearest

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor

    from srgan.models.model import Model


def latent_of(model: Model, seed: int) -> Latent:
    """The latent of a seed."""
    task = cast(Generate, model.asked(first=seed).task)
    return task.present(torch.zeros(1, 3, 1, 1))[0, : task.latent, 0, 0]


def way(model: Model, seeds: tuple[int, int], steps: int, device: str) -> Image:
    """The pictures on the way from one seed to another, side by side."""
    one, other = (latent_of(model, seed) for seed in seeds)
    return _strip(model, between(one, other, steps)[None], device)


def changes(model: Model, latent: Latent, count: int, amounts: tuple[float, float], steps: int, device: str) -> Image:
    """A row for each of the main directions: what becomes of a picture along it, from one amount to another.

    Raises:
        ConfigError: the network has no first layer that sees the latent alone.
    """
    if not isinstance(model.generator, Sampler):
        raise ConfigError(f"a {model.network['name']} has no directions: choose weights of a network made for latents")
    ways = directions(model.generator.first_layer()[:, : len(latent)], count)
    along = torch.linspace(*amounts, steps)[None, :, None]
    return _strip(model, latent + along * ways[:, None], device)


def projected(model: Model, path: Path) -> tuple[Latent, Image, float]:
    """The latent whose picture is nearest to that of a file, both side by side, and their mean square difference.

    Raises:
        ConfigError: the file's picture is of another size.
    """
    task, image = cast(Generate, model.task), read(path)
    if (image.width, image.height) != (task.scale, task.scale):
        raise ConfigError(
            f"{path}: is {image.width}x{image.height} px, and the pictures here {task.scale}x{task.scale}"
        )
    picture = torch.from_numpy(image.rgb.astype("float32") / white_of(image.rgb.dtype)).permute(2, 0, 1)[None]
    model.generator.requires_grad_(False)
    latent, error = nearest(lambda latents: model(task.given(latents)), picture, task.latent)
    made = model(task.given(latent[None]))
    return latent, _image(torch.cat([picture, made], dim=3), task), error


def _strip(model: Model, latents: Float[Tensor, "rows columns latent"], device: str) -> Image:
    """The pictures of latents, in rows and columns."""
    task, (rows, columns, _) = cast(Generate, model.task), latents.shape
    observed = task.given(latents.flatten(0, 1)).reshape(rows, columns, -1).permute(2, 0, 1)[None]
    return _image(restore_batch(run_of(model, make_engine(model, device=device)), observed), task)


def _image(picture: Float[Tensor, "1 3 h w"], task: Generate) -> Image:
    levels = picture[0].clamp(0, 1).mul(255).round().byte().permute(1, 2, 0).numpy()
    return Image(levels, grey=task.grey)
