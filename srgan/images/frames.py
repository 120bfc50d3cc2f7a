"""Pictures of several frames (GIF, APNG, WebP) or pages (TIFF): read together, written together."""

import dataclasses
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFile

from srgan.errors import ImageError
from srgan.files import AnyPath, printable
from srgan.images import exif, gif, pixels
from srgan.images.bands import Bands, as_bands, whole
from srgan.images.damage import foreign
from srgan.images.decoders import FIRST_OF, frames_of_png, plugin_of, through_pillow
from srgan.images.fitting import fitted
from srgan.images.formats import HEAD, QUALITY, SEVERAL, check_size, sniffed, writable
from srgan.images.image import Image, eight_bits
from srgan.images.png import chunks as png
from srgan.images.png import writer as png_writer
from srgan.images.reader import (
    MAX_PIXELS,
    Header,
    check_pixels,
    contents_of,
    damage_named,
    decode,
    finished,
    opened,
    stored,
)
from srgan.images.tiff import pixels as tiff_pixels
from srgan.images.tiff import tiff
from srgan.images.writer import failure_told, stacked, write_bands, write_pages

_SHOWN = 100.0
"""How long a frame is shown that does not say how long [ms]."""

_MOST_PLAYS = {"png": 2**32 - 1, "webp": 2**16 - 1}

_ANIMATED = ("gif", "png", "webp", "avif")


@dataclass(frozen=True, eq=False)
class Frames:
    """The frames of an animation, or the pages of a document; a plain picture is one.

    Attributes:
        each: the pictures, which may be streams.
        durations: how long each frame is shown [ms]; empty for pages.
        loop: how often the animation is played; 0 is for ever.
    """

    each: tuple[Bands, ...]
    durations: tuple[float, ...] = ()
    loop: int = 0

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures, each as a whole."""
        return tuple(map(whole, self.each))


def count_frames(path: AnyPath, format: str) -> int:
    """How many frames or pages a file of that format has; none is decoded.

    Raises:
        ImageError: the file cannot be read, or is damaged.
    """
    with opened(path) as file, damage_named(printable(path), format):
        if format == "tiff":
            return tiff.count(file)
        if format == "png":
            return png.contents(file).frames
        with foreign():
            return int(getattr(plugin_of(format)(file), "n_frames", 1))


def read_frames(path: AnyPath, *, max_pixels: int = MAX_PIXELS, lenient: bool = False) -> Frames:
    """All frames or pages of a file.

    Raises:
        ImageError: the file cannot be read, is damaged, or all of it has more than `max_pixels`.
        UnsupportedImageError: it is of no kind that is read here.
    """
    data, name = contents_of(path), printable(path)
    format = sniffed(data[:HEAD], name)
    if format == "tiff":
        first, *others = _pages(data, name, max_pixels)
        notes = dict.fromkeys(note for page in (first, *others) for note in page.notes)
        return Frames(tuple(map(as_bands, (dataclasses.replace(first, notes=tuple(notes)), *others))))
    if format not in _ANIMATED:
        return Frames((as_bands(decode(data, name, max_pixels=max_pixels, lenient=lenient)),))
    _, first = stored(data, name, max_pixels, lenient)
    first = dataclasses.replace(first, notes=tuple(note for note in first.notes if not note.startswith(FIRST_OF)))
    with damage_named(name, format):
        moving = _moving(data, format, max_pixels)
        if moving.frames == 1:
            return Frames((as_bands(finished(first, format, name)),))
        if moving.frames * first.width * first.height > max_pixels:
            raise ImageError(f"{name}: {moving.frames} frames have more pixels than the limit of {max_pixels}")
        if first.depth > 8:
            first = dataclasses.replace(first, notes=(*first.notes, "frames hold 8 bits: finer levels are rounded"))
        images, durations = [], []
        for found, duration in moving.shown:
            image = dataclasses.replace(first, rgb=found.rgb, alpha=found.alpha, grey=found.grey)
            images.append(finished(image, format, name))  # all are turned as EXIF says of the first
            durations.append(duration or _SHOWN)
        return Frames(tuple(map(as_bands, images)), tuple(durations), moving.plays)


class _Moving(NamedTuple):
    """An animation that has not been decoded yet: each picture that is shown, and for how long [ms]."""

    frames: int
    plays: int
    shown: Iterator[tuple[pixels.Pixels, float]]


def _moving(data: bytes, format: str, most: int) -> _Moving:
    if format == "gif":
        return _Moving(gif.count(data), gif.plays(data), gif.frames(data, most))
    if format == "png":
        said = png.contents(io.BytesIO(data))
        return _Moving(said.frames, said.animation.plays if said.animation else 0, frames_of_png(data, said))
    with foreign():
        picture = through_pillow(plugin_of(format), data)
        count, plays = int(getattr(picture, "n_frames", 1)), int(picture.info.get("loop") or 0)
    return _Moving(count, plays, _seen(picture, count))


def _seen(picture: ImageFile.ImageFile, count: int) -> Iterator[tuple[pixels.Pixels, float]]:
    for number in range(count):
        with foreign():
            picture.seek(number)
            picture.load()
            frame, duration = picture.copy(), float(picture.info.get("duration") or 0)
        yield pixels.from_pillow(frame)[0], duration


def _pages(data: bytes, name: str, most: int) -> Iterator[Image]:
    """The pages of a TIFF, each unpacked from the one file that holds them all."""
    with damage_named(name, "tiff"):
        pages = tiff.pages(io.BytesIO(data))
    for page in pages:
        check_pixels(Header("tiff", page.width, page.height), name, most // len(pages))
        with damage_named(name, "tiff"):
            image = finished(tiff_pixels.decode(page), "tiff", name)
        yield image


def write_frames(
    file: io.BytesIO | io.BufferedRandom,
    frames: Frames,
    format: str,
    *,
    quality: int = QUALITY,
    strip_metadata: bool = False,
) -> tuple[str, ...]:
    """Writes all of them into a file: PNG and WebP animated, TIFF in pages; a single one as `write_bands` does.

    What comes out are notes on what the format cannot hold; an animated PNG holds less than a plain one.

    Raises:
        ConfigError: it is not a format that we write.
        ImageError: the format holds one picture alone, or one size, or a side is longer than it allows.
    """
    format = writable(format)
    if len(frames.each) == 1:
        return write_bands(file, frames.each[0], format, quality=quality, strip_metadata=strip_metadata)
    check_held([(each.width, each.height) for each in frames.each], format)
    holder = "apng" if format == "png" else format
    given = frames.images
    images = tuple(fitted(image, holder, strip_metadata=strip_metadata) for image in given)
    if format == "tiff":
        write_pages(file, list(map(as_bands, images)))
    else:
        file.write(_animated(images, frames, format, quality))
    notes = (note for made, was in zip(images, given, strict=True) for note in made.notes[len(was.notes) :])
    return tuple(dict.fromkeys(notes))


def check_held(sizes: Sequence[tuple[int, int]], format: str) -> None:
    """Checks that a format holds pictures of these widths and heights in one file.

    Raises:
        ImageError: it holds one picture alone, or one size, or a side is longer than it allows.
    """
    for width, height in sizes:
        check_size(format, width, height)
    if len(sizes) > 1 and format not in SEVERAL:
        raise ImageError(f"{format} holds one picture, not {len(sizes)}; choose png, webp or tiff, or --frames first")
    if format != "tiff" and len(set(sizes)) > 1:
        raise ImageError(f"frames of several sizes: {format} holds one; choose tiff")


def _animated(images: Sequence[Image], frames: Frames, format: str, quality: int) -> bytes:
    """A WebP or PNG in which they are shown one after the other, with what is said of the first."""
    said, pictures = images[0], _pictures(images)
    durations = [round(duration) for duration in frames.durations or [_SHOWN] * len(images)]
    loop = min(frames.loop, _MOST_PLAYS[format])
    with failure_told(format):
        if format == "png":  # not by Pillow, which joins frames that are empty, and cuts black borders off
            return b"".join(png_writer.animated(pictures, durations, loop, said))
        return _webp(pictures, durations, loop, said, quality)


def _webp(pictures: Sequence[np.ndarray], durations: list[int], loop: int, said: Image, quality: int) -> bytes:
    file, (first, *others) = io.BytesIO(), map(Pillow.fromarray, pictures)
    with foreign():
        first.save(
            file,
            "webp",
            save_all=True,
            append_images=others,
            duration=durations,
            loop=loop,
            quality=quality,
            method=4,
            kmin=0,
            kmax=1,  # every frame is stored whole: libwebp forgets alpha otherwise
            lossless=said.lossless,
            exact=said.lossless,
            icc_profile=said.icc,
            xmp=said.xmp or b"",
            exif=exif.PREFIX + said.exif if said.exif else b"",
        )
    return file.getvalue()


def _pictures(images: Sequence[Image]) -> list[np.ndarray]:
    """The pictures as arrays of one kind, RGB or RGBA, 8 bits."""
    transparent = any(image.alpha is not None for image in images)
    every = []
    for image in images:
        alpha = np.full(image.rgb.shape[:2], 255, np.uint8) if image.alpha is None else eight_bits(image.alpha)
        eight = dataclasses.replace(image, rgb=eight_bits(image.rgb), alpha=alpha if transparent else None, grey=False)
        every.append(stacked(eight))
    return every
