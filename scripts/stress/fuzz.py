"""Mutated pictures of every format through probe and decode: no crash, no hang, nothing raised but our own errors.

Each is decoded as a whole, and some rows at a time, and what is read is written again, with all that the file said.

    python scripts/stress/fuzz.py [--count 5000] [--seed 0] [--seconds 5] [--megabytes 600]

Prints how often one was read and how often refused; leaves with 1 where a file raised anything else, took longer than
--seconds, or made the process grow by more than --megabytes. A crash ends the script itself, and the file is left in
fuzz-last.bin.
"""

import argparse
import io
import random
import resource
import signal
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image as Pillow

from srgan.errors import ImageError
from srgan.images import bands
from srgan.images.bands import read_bands
from srgan.images.frames import read_frames
from srgan.images.image import Image
from srgan.images.png.chunks import SIGNATURE, chunk
from srgan.images.reader import probe
from srgan.images.writer import encode

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
    found |= tiff_seeds(rgb) | moving_seeds(saved, [picture, picture.rotate(90).resize(picture.size)])
    little = picture.resize((4, 3))  # so that most mutations hit what is said of it
    found |= described_seeds(*(saved(little, format) for format in ("png", "jpeg", "bmp")))
    try:
        import pillow_heif
    except ImportError:
        return found
    file = io.BytesIO()
    pillow_heif.from_pillow(picture).save(file)
    return {**found, "heic": file.getvalue()}


def tiff_seeds(rgb: np.ndarray) -> dict[str, bytes]:
    """TIFFs of every compression and of the rarer kinds of samples."""

    def written(array: np.ndarray, **options: object) -> bytes:
        file = io.BytesIO()
        with tifffile.TiffWriter(file, byteorder=options.pop("byteorder", "<")) as writer:
            within = options.pop("within", None)
            writer.write(array, **{"photometric": "rgb", "metadata": None, **options})
            if within is not None:
                writer.write(within, photometric="rgb", metadata=None)
        return file.getvalue()

    deep, floats = rgb.astype(np.uint16) * 257, rgb.astype(np.float32) / 255
    colours = np.arange(3 * 256, dtype=np.uint16).reshape(3, 256)
    found = {
        f"tiff-{compression}": written(rgb, compression=compression, rowsperstrip=6)
        for compression in ("zstd", "lzma", "jpeg", "lerc")
    }
    found["tiff-webp"] = written(rgb, compression="webp", tile=(16, 16))
    found["tiff-deflated-16"] = written(deep, compression="zlib", predictor=2, tile=(16, 16), byteorder=">")
    found["tiff-floats"] = written(floats, compression="zstd", predictor=3, rowsperstrip=6)
    found["tiff-planes"] = written(np.moveaxis(deep, 2, 0), planarconfig="separate", compression="lzw", predictor=2)
    found["tiff-palette"] = written(rgb[..., 0], photometric="palette", colormap=colours)
    found["tiff-within"] = written(rgb[::4, ::4], subifds=1, subfiletype=1, within=rgb)
    for name, mode in {"group3": "1", "group4": "1", "jpeg": "CMYK", "tiff_lzw": "YCbCr"}.items():
        file = io.BytesIO()
        Pillow.fromarray(rgb).convert(mode).save(file, "tiff", compression=name, tiffinfo={278: 8})
        found[f"tiff-{mode}-{name}"] = file.getvalue()
    return found


def moving_seeds(saved: Callable[..., bytes], pictures: list[Pillow.Image]) -> dict[str, bytes]:
    """Animations of every kind, and pictures of more than 8 bits that Pillow cannot write."""
    first, *others = pictures
    frames = {"save_all": True, "append_images": others, "duration": 50, "loop": 2}
    levels = np.asarray(first).astype(np.uint16) * 4
    done, deep = cv2.imencode(".avif", levels, [cv2.IMWRITE_AVIF_DEPTH, 10])
    assert done
    return {
        "apng-hidden": saved(first, "png", default_image=True, **frames),
        "apng-blended": saved(first.convert("RGBA"), "png", disposal=2, blend=1, **frames),
        "gif-disposed": saved(first, "gif", disposal=2, transparency=0, **frames),
        "webp-lossless": saved(first, "webp", lossless=True, **frames),
        "avif-moving": saved(first, "avif", save_all=True, append_images=others),
        "avif-10": deep.tobytes(),
    }


def described_seeds(png: bytes, jpeg: bytes, bmp: bytes) -> dict[str, bytes]:
    """Little pictures of which their files say all that files can."""
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    exif[0x8769], exif[0x8825] = {0xA002: 20, 0x927C: b"note" * 9}, {6: 5.5, 1: "N"}
    block, record = exif.tobytes(), b"\x1c\x02\x78\0\7caption"
    xmp = b'<x:xmpmeta><r:D xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6" xmlns:GCamera="'
    xmp += (
        b'http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1"><GCamera:X>1</GCamera:X></r:D></x:xmpmeta>'
    )
    resources = b"8BIM\4\4\0\0" + struct.pack(">I", len(record)) + record
    raw = [
        (
            b"zTXt",
            f"Raw profile type {name}\0\0".encode() + zlib.compress(f"\n{name}\n {len(body)}\n{body.hex()}".encode()),
        )
        for name, body in {"exif": block, "8bim": resources}.items()
    ]
    texts = [(b"iTXt", b"XML:com.adobe.xmp" + bytes(5) + xmp), (b"tEXt", b"Copyright\0me"), *raw]
    colours = [(b"cICP", bytes([12, 13, 0, 1])), (b"gAMA", struct.pack(">I", 50_000))]
    colours += [(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))]
    index = (
        b"II*\0"
        + struct.pack("<IHHHII", 8, 1, 0xB002, 7, 32, 26)
        + bytes(4)
        + struct.pack("<IIIHH", 0x30000, *[0] * 4) * 2
    )
    segments = [
        (0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp),
        (0xED, b"Photoshop 3.0\0" + resources),
        (0xFE, b"words"),
    ]
    segments += [(0xE1, b"Exif\0\0" + block.removeprefix(b"Exif\0\0")), (0xE2, b"MPF\0" + index)]
    marked = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    sampled = bytearray(jpeg)
    sampled[sampled.index(b"\xff\xc0") + 11] = 0x41
    masks = [255 << bits for bits in (16, 8, 0, 24)]
    masked = struct.pack("<IiiHHIIiiII4I", 56, 3, 3, 1, 32, 3, 36, 0, 0, 0, 0, *masks)
    return {
        "png-texts": png[:33] + b"".join(chunk(*one) for one in texts) + png[33:],
        "png-colours": png[:33] + b"".join(chunk(*one) for one in colours) + png[33:],
        "jpeg-described": jpeg[:2] + marked + jpeg[2:],
        "jpeg-411": bytes(sampled),
        "bmp-alpha": b"BM" + struct.pack("<IHHI", 106, 0, 0, 70) + masked + bmp[54:90],
    }


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
    """The file with one to three mutations; in most PNG of one chunk alone, or all would end with wrong checksums."""
    if data.startswith(SIGNATURE) and rng.random() < 0.7:
        chunks = list(chunks_of(data))
        place = rng.randrange(len(chunks))
        chunks[place] = chunks[place][0], changed(chunks[place][1], rng)
        return SIGNATURE + b"".join(chunk(*one) for one in chunks)
    return changed(data, rng)


def changed(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to three mutations."""
    altered = bytearray(data)
    for mutate in rng.choices(MUTATIONS, k=rng.randint(1, 3)):
        if len(altered) > 1:
            mutate(altered, rng)
    return bytes(altered)


def chunks_of(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at < len(png):
        end = at + 8 + int.from_bytes(png[at : at + 4], "big")
        yield png[at + 4 : at + 8], png[at + 8 : end]
        at = end + 4


def read_whole(lenient: bool) -> None:
    probe(LAST, pages=True)
    read_frames(LAST, max_pixels=MOST_PIXELS, lenient=lenient)


def read_by_rows(lenient: bool) -> None:
    with read_bands(LAST, max_pixels=MOST_PIXELS, lenient=lenient) as found:
        rows = sum(part.height for part in found.each)
    assert rows == found.height


def write_again(lenient: bool) -> None:
    frames = read_frames(LAST, max_pixels=MOST_PIXELS, lenient=lenient)
    small = [image for image in frames.images if image.width * image.height < 10_000]
    for format in ("png", "tiff", "jpeg", "webp", "bmp"):
        for image in small[:1]:
            encode(image, format)


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
        for way in (read_whole, read_by_rows, write_again):
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
