"""Small pictures as people have them, made by Pillow's own filters and its JPEG, to be judged on: a fixed test.

What a network learnt from is simulated (photo.py); that it learnt anything for real files is shown by real ones. The
same picture and the same number give the same small picture in every run and on every machine.
"""

import io
from collections.abc import Callable, Mapping, Sequence

import cv2
import numpy as np
import PIL.Image
import torch
from jaxtyping import Float
from PIL import ImageFilter
from torch import Tensor

from srgan.types import Batch

_FILTERS = tuple(PIL.Image.Resampling[name] for name in ("BICUBIC", "LANCZOS", "BILINEAR", "BOX"))


def snapshot(clean: Batch, scale: int, kind: str, number: int) -> Float[Tensor, "n 3 h//{scale} w//{scale}"]:
    """The pictures reduced `scale` times as one of `SNAPSHOTS`, in 8-bit levels.

    Args:
        number: of the first picture; each has random draws of its own.
    """
    which = 1 + list(SNAPSHOTS).index(kind)
    small = [
        SNAPSHOTS[kind](picture, scale, np.random.default_rng([which, number + offset]))
        for offset, picture in enumerate(_pictures(clean))
    ]
    return _batch(small).to(clean.device)


def coded(clean: Batch, quality: int) -> Batch:
    """The pictures as JPEG of that quality, chroma halved, by a real encoder and decoder."""
    return _batch([_jpeg(picture, quality) for picture in _pictures(clean)]).to(clean.device)


def raw(clean: Batch, number: int) -> Batch:
    """The pictures as a camera makes them at a high ISO speed; nothing of it is shared with what networks learn from.

    Noise on a Bayer mosaic, demosaiced along edges by OpenCV, a tone curve, JPEG of quality 85 to 95.
    """
    made = []
    for offset, picture in enumerate(_pictures(clean)):
        rng = np.random.default_rng([0, number + offset])
        light = (np.asarray(picture) / 255.0) ** 2.2
        gains = np.array([rng.uniform(1.7, 2.3), 1.0, rng.uniform(1.4, 1.9)])
        electrons = rng.uniform(300, 3000)  # that fill a pixel
        height, width = light.shape[0] // 2 * 2, light.shape[1] // 2 * 2
        sites = np.empty((height, width))
        for top, left, colour in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
            sites[top::2, left::2] = light[top:height:2, left:width:2, colour] / gains[colour]
        counted = rng.poisson(sites * electrons) + rng.normal(0, rng.uniform(2, 6), sites.shape)
        mosaic = np.clip(counted / electrons * 40000 + 5000, 0, 65535).round().astype(np.uint16)
        rgb = (cv2.cvtColor(mosaic, cv2.COLOR_BayerRGGB2RGB_EA) - 5000.0) / 40000 * gains
        toned = np.clip(rgb, 0, 1) ** (1 / 2.2) * 255
        whole = np.array(picture)
        whole[:height, :width] = toned.round()
        made.append(_jpeg(PIL.Image.fromarray(whole), int(rng.integers(85, 96))))
    return _batch(made).to(clean.device)


def web(picture: PIL.Image.Image, scale: int, rng: np.random.Generator) -> PIL.Image.Image:
    """Reduced by one of four filters, JPEG of quality 40 to 80, chroma halved."""
    return _jpeg(_reduced(picture, scale, rng), int(rng.integers(40, 81)))


def phone(picture: PIL.Image.Image, scale: int, rng: np.random.Generator) -> PIL.Image.Image:
    """Seen through a small lens, reduced, noise stronger in the dark and in colour, sharpened, JPEG 70 to 92."""
    seen = picture.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.5) * scale / 4))
    small = _reduced(seen, scale, rng)
    noisy = _noisy(small, rng, read=rng.uniform(0.5, 4), shot=rng.uniform(0.5, 6), colour=rng.uniform(0.3, 0.9))
    sharp = noisy.filter(ImageFilter.UnsharpMask(1.0, int(rng.integers(20, 90)), 2))
    return _jpeg(sharp, int(rng.integers(70, 93)), int(rng.integers(0, 3)))


def old(picture: PIL.Image.Image, scale: int, rng: np.random.Generator) -> PIL.Image.Image:
    """Blurred, reduced, grain, JPEG 30 to 60, shrunk or enlarged by up to a third and back, JPEG 50 to 80."""
    seen = picture.filter(ImageFilter.GaussianBlur(rng.uniform(1.0, 3.5) * scale / 4))
    small = _reduced(seen, scale, rng)
    noisy = _noisy(small, rng, read=rng.uniform(2, 9), shot=0.0, colour=rng.uniform(0, 0.5))
    once = _jpeg(noisy, int(rng.integers(30, 61)))
    filter = _FILTERS[rng.integers(3)]
    times = rng.uniform(0.75, 1.33)
    other = once.resize((round(once.width / times), round(once.height / times)), filter)
    return _jpeg(other.resize(small.size, _FILTERS[rng.integers(3)]), int(rng.integers(50, 81)))


SNAPSHOTS: Mapping[str, Callable[[PIL.Image.Image, int, np.random.Generator], PIL.Image.Image]] = {
    "web": web,
    "phone": phone,
    "old": old,
}
"""What makes a small picture of a clean one, by kind."""


def _pictures(batch: Batch) -> list[PIL.Image.Image]:
    levels = batch.clamp(0, 1).mul(255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    return [PIL.Image.fromarray(picture) for picture in levels]


def _batch(pictures: Sequence[PIL.Image.Image]) -> Batch:
    return torch.stack([torch.from_numpy(np.array(picture)).permute(2, 0, 1) for picture in pictures]).float() / 255


def _reduced(picture: PIL.Image.Image, scale: int, rng: np.random.Generator) -> PIL.Image.Image:
    return picture.resize((picture.width // scale, picture.height // scale), _FILTERS[rng.integers(4)])


def _noisy(
    picture: PIL.Image.Image, rng: np.random.Generator, *, read: float, shot: float, colour: float
) -> PIL.Image.Image:
    x = np.asarray(picture, dtype=np.float64)
    deviation = np.sqrt(read**2 + shot**2 * (255 - x) / 255)
    same = rng.standard_normal((*x.shape[:2], 1))
    noisy = x + deviation * (same + colour * rng.standard_normal(x.shape))
    return PIL.Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))


def _jpeg(picture: PIL.Image.Image, quality: int, subsampling: int = 2) -> PIL.Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality, subsampling=subsampling)
    return PIL.Image.open(file).convert("RGB")
