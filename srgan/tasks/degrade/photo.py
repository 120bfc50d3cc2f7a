"""Small pictures as people have them: seen through a lens, reduced, noisy, sharpened, and JPEG once or twice.

clean -> lens -> reduced, often not all the way -> noise, sharpening, JPEG
      -> [resized once more, noise] -> exact size -> [JPEG]

The chain is that of Real-ESRGAN (Wang et al. 2021, arXiv:2107.10833, Sec. 3), whose order is shuffled for a share as in
BSRGAN (Zhang et al. 2021, arXiv:2103.14006, Sec. 3.5). Both draw every strength evenly, which makes a network wipe
texture off pictures that are hardly damaged; here mild damage is the most frequent, and a share of pictures has none.
What changes the size of pictures is drawn once for a batch, what else is done to them for each.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from srgan.ops.resample import downsample
from srgan.tasks.degrade.blur import blurred, lens, sharpened
from srgan.tasks.degrade.draws import Draw
from srgan.tasks.degrade.filters import resized
from srgan.tasks.degrade.jpeg import jpeg
from srgan.tasks.degrade.noise import film, sensor
from srgan.types import Batch

CLEAN = 0.15
"""The share of pictures that are only reduced, as benchmarks do it."""


def photo(
    clean: Batch, scale: int, rng: torch.Generator, *, only_compressed: float = 0.0
) -> Float[Tensor, "n 3 h//{scale} w//{scale}"]:
    """The pictures reduced `scale` times and damaged, in [0, 1] and 8-bit levels.

    Args:
        only_compressed: share of them that are reduced and JPEG, as on the web, and nothing else.

    Raises:
        ConfigError: a side is not a multiple of `scale`.
    """
    small = downsample(clean, scale)
    height, width = small.shape[2:]
    draw = Draw(len(clean), clean.device, rng)
    reduction, second, shuffle, again, by_sensor, *order = draw.plan(8)
    between = 1.0 if reduction < 0.55 else 1 + (reduction - 0.55) / 0.45 * (scale - 1) / 2

    damages = _damages(draw, by_sensor < 0.2)
    if shuffle < 0.3:
        damages = [damage for _, damage in sorted(zip(order, damages, strict=True), key=lambda pair: pair[0])]

    x = blurred(clean, lens(draw, largest=0.9 * scale))
    x = resized(x, round(height * between), round(width * between), draw.choice(4))
    for damage in damages:
        x = damage(x)
    if second < 0.35:
        other = 0.7 * 2 ** (second / 0.35)
        x = resized(x, round(height * other), round(width * other), draw.choice(4))
        x = film(x, _mild(draw, 6.0, none=0.5), rng)
    x = resized(x, height, width, draw.choice(4))
    if again < 0.3 or second < 0.35:
        x = _compressed(x, draw, share=0.8)
    if only_compressed:
        web = _compressed(resized(clean, height, width, draw.choice(4)), draw, share=1.0)
        x = torch.where(draw.happens(only_compressed), web, x)
    x = torch.where(draw.happens(CLEAN), small, x)
    return x.clamp(0, 1).mul(255).round().div(255)


def _damages(draw: Draw, by_sensor: bool) -> list[Callable[[Batch], Batch]]:
    """What is done to small pictures, in the usual order: noise, of a sensor or of film, sharpening, JPEG."""
    return [
        lambda x: _developed(x, draw) if by_sensor else film(x, _mild(draw, 16.0, none=0.25), draw.rng),
        lambda x: sharpened(x, _mild(draw, 1.2, none=0.4, power=1.0), draw.uniform(0.5, 1.5)),
        lambda x: _compressed(x, draw, share=0.8),
    ]


def processed(clean: Batch, rng: torch.Generator) -> Batch:
    """The pictures as phones write them at full size: noisy, for half of them sharpened, and JPEG; in 8-bit levels.

    Cameras smooth their noise before they compress it, so what is left is soft blotches that JPEG has rounded.
    """
    draw = Draw(len(clean), clean.device, rng)
    noisy = torch.where(
        draw.happens(0.5),
        _developed(clean, draw, strongest=0.012),
        film(clean, _mild(draw, 40.0, none=0.1), rng),
    )
    sharp = sharpened(noisy, _mild(draw, 1.0, none=0.5, power=1.0), draw.uniform(0.5, 1.5))
    return compressed(sharp, rng, lowest=40.0)


def compressed(x: Batch, rng: torch.Generator, lowest: float = 10.0) -> Batch:
    """The pictures as JPEG of a quality between `lowest` and 97, mostly high; in [0, 1] and 8-bit levels."""
    return _compressed(x, Draw(len(x), x.device, rng), share=1.0, lowest=lowest, highest=97.0)


def _mild(draw: Draw, most: float, *, none: float, power: float = 2.0) -> Float[Tensor, "n"]:
    """A strength for each picture, up to `most`: the smaller, the more frequent; 0 for a share of them."""
    return draw.uniform(0.0, 1.0).pow(power) * most * (draw.uniform(0.0, 1.0) >= none)


def _developed(x: Batch, draw: Draw, strongest: float = 3e-3) -> Batch:
    """The pictures with the noise of a sensor, from a low ISO speed to a high one (Brooks et al. 2019, Sec. 3.1)."""
    log_shot = draw.uniform(math.log(1e-5), math.log(strongest))
    read = torch.exp(2.18 * log_shot + 1.2 + 0.26 * draw.normal())
    gains = torch.stack([draw.uniform(1.9, 2.4), torch.ones_like(read), draw.uniform(1.5, 1.9)], dim=1)
    return sensor(x.clamp(0, 1), torch.exp(log_shot), read, gains, draw.rng)


def _compressed(x: Batch, draw: Draw, share: float, lowest: float = 25.0, highest: float = 95.0) -> Batch:
    """A share of the pictures as JPEG, mostly of high quality; in every other batch blocks begin anywhere.

    Files that nobody has cut begin with a whole block, and a network may learn so.
    """
    quality = highest - (highest - lowest) * draw.uniform(0.0, 1.0).pow(1.5)
    halved = draw.happens(0.65)
    off, down, right, smooth = draw.plan(4)
    shift = (int(16 * down), int(16 * right)) if off < 0.5 else (0, 0)
    moved = F.pad(x, (shift[1], 0, shift[0], 0), mode="replicate") if any(shift) else x
    coded, whole = (
        jpeg(moved, quality, subsampled=subsampled, smooth=smooth < 0.75)[:, :, shift[0] :, shift[1] :]
        for subsampled in (True, False)
    )
    return torch.where(draw.happens(share), torch.where(halved, coded, whole), x)
