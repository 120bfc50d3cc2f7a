"""Mutated pictures of every format through probe and decode: no crash, no hang, nothing raised but our own errors.

Each is decoded as a whole, and some rows at a time.

    python scripts/fuzz.py [--count 5000] [--seed 0] [--seconds 5] [--megabytes 600]

Prints how often one was read and how often refused; leaves with 1 where a file raised anything else, took longer than
--seconds, or made the process grow by more than --megabytes. A crash ends the script itself, and the file is left in
fuzz-last.bin.
"""

import argparse
import io
import random
import resource
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.images import Image, bands, encode, probe, read_bands, read_frames

LAST = Path("fuzz-last.bin")
MOST_PIXELS = 4_000_000


def seeds() -> dict[str, bytes]:
    """A sound file of every kind, small."""
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (24, 20, 3), np.uint8)
    deep = rng.integers(0, 65_536, (24, 20, 3), np.uint16)
    picture = Pillow.fromarray(rgb)
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"

    def saved(picture: Pillow.Image, format: str, **options: object) -> bytes:
        file = io.BytesIO()
        picture.save(file, format, **options)
        return file.getvalue()

    frames = {"save_all": True, "append_images": [picture.rotate(90).resize(picture.size)]}
    found = {
        "png": saved(picture, "png", exif=exif),
        "png-palette": saved(picture.quantize(8), "png", transparency=3),
        "png-16": encode(Image(deep, deep[..., 0]), "png"),
        "apng": saved(picture, "png", **frames),
        "jpeg": saved(picture, "jpeg", exif=exif, icc_profile=b"profile" * 9),
        "jpeg-progressive": saved(picture, "jpeg", progressive=True),
        "jpeg-cmyk": saved(picture.convert("CMYK"), "jpeg"),
        "webp": saved(picture, "webp", exif=exif),
        "webp-animated": saved(picture, "webp", **frames),
        "tiff-lzw": saved(picture, "tiff", compression="tiff_lzw"),
        "tiff-16": encode(Image(deep), "tiff"),
        "tiff-strips": saved(picture, "tiff", compression="packbits", tiffinfo={278: 4}),
        "bmp": saved(picture, "bmp"),
        "gif": saved(picture, "gif", **frames),
        "avif": saved(picture, "avif"),
    }
    file = io.BytesIO()
    with tifffile.TiffWriter(file, bigtiff=True) as writer:
        for _ in range(2):
            writer.write(rgb, photometric="rgb", tile=(16, 16))
    found["tiff-pages"] = file.getvalue()
    try:
        import pillow_heif
    except ImportError:
        return found
    file = io.BytesIO()
    pillow_heif.from_pillow(picture).save(file)
    return {**found, "heic": file.getvalue()}


def flip(data: bytearray, rng: random.Random) -> None:
    for _ in range(rng.randint(1, 8)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def overwrite(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    data[start : start + rng.randint(1, 16)] = bytes(rng.choices(range(256), k=rng.randint(1, 16)))


def extreme(data: bytearray, rng: random.Random) -> None:
    """Four bytes, most likely of the header, become a number at the edge of what they can say."""
    start = rng.randrange(min(len(data), 200))
    number = rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF, 0x10000])
    data[start : start + 4] = number.to_bytes(4, rng.choice(["big", "little"]))


def truncate(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(1, len(data)) :]


def repeat(data: bytearray, rng: random.Random) -> None:
    start = rng.randrange(len(data))
    part = data[start : start + rng.randint(1, 200)]
    data[start:start] = part * rng.randint(1, 5)


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (flip, overwrite, extreme, truncate, repeat)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The file with one to three mutations."""
    changed = bytearray(data)
    for mutate in rng.choices(MUTATIONS, k=rng.randint(1, 3)):
        if len(changed) > 1:
            mutate(changed, rng)
    return bytes(changed)


def read_whole(lenient: bool) -> None:
    probe(LAST, pages=True)
    read_frames(LAST, max_pixels=MOST_PIXELS, lenient=lenient)


def read_by_rows(lenient: bool) -> None:
    with read_bands(LAST, max_pixels=MOST_PIXELS, lenient=lenient) as found:
        rows = sum(part.height for part in found.each)
    assert rows == found.height


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=600)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    bands.BAND = 200  # or small files would have one band
    sound, rng = seeds(), random.Random(arguments.seed)
    for data in sound.values():
        LAST.write_bytes(data)
        read_frames(LAST, max_pixels=MOST_PIXELS)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    counts = {"read": 0, "refused": 0, "trouble": 0}
    for number in range(arguments.count):
        name = list(sound)[number % len(sound)]
        LAST.write_bytes(mutated(sound[name], rng))
        for way in (read_whole, read_by_rows):
            signal.alarm(arguments.seconds)  # a hang ends the script
            started = time.perf_counter()
            try:
                way(lenient=bool(number // len(sound) % 2))
                counts["read"] += 1
            except ImageError:
                counts["refused"] += 1
            except Exception as error:
                counts["trouble"] += 1
                print(f"{number} ({name}, {way.__name__}): {type(error).__name__}: {error}", file=sys.stderr)
            signal.alarm(0)
            if time.perf_counter() - started > 1:
                print(f"{number} ({name}): {time.perf_counter() - started:.1f} s", file=sys.stderr)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    LAST.unlink()
    print(", ".join(f"{count} {what}" for what, count in counts.items()) + f", memory grew by {grown:.0f} MB")
    return 1 if counts["trouble"] or grown > arguments.megabytes else 0


if __name__ == "__main__":
    sys.exit(main())
