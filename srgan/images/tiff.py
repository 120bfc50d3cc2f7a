"""A TIFF, that format of formats, becomes an Image: tifffile finds its pages, and imagecodecs unpacks them.

Floats are taken where white is 1, as with arrays. More pages than one are refused, unless all are asked for.
EXIF in a TIFF is not a block but lies in the file's own directory; it is gathered here, and tiff_writer.py lays it out.
"""

import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tifffile

from srgan.images import exif_parts, iptc, pixels
from srgan.images.damage import Damaged, foreign
from srgan.images.directory import SIZES, Value, directory
from srgan.images.formats import AnyFile

ORIENTATION, _RESOLUTION, COLOUR_MAP, XMP, IPTC, _PHOTOSHOP, ICC = 274, 282, 320, 700, 33723, 34377, 34675
TEXTS = (269, 270, 271, 272, 305, 306, 315, 316, 33432)  # from DocumentName to Copyright
_PLACES = (33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113)  # GeoTIFF, and what GDAL adds
_SHAPE = b'{"shape":'  # how a description by tifffile begins, which would be wrong of what is made of the picture
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_UNPACKED = {  # compressions whose decoders bear what a file can say; imagecodecs has others that do not (AVIF)
    **{1: "none", 2: "RLE", 3: "fax", 4: "fax", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate", 32946: "deflate"},
    **{32773: "PackBits", 34887: "LERC", 34892: "JPEG", 34925: "LZMA", 50000: "ZSTD", 50001: "WebP"},
}
_NOTHING = Value(1, 0, b"")

logging.getLogger("tifffile").addHandler(logging.NullHandler())


class DamagedTiff(Damaged):
    """The file points outside itself."""


@dataclass(frozen=True, eq=False)
class Page:
    """One picture of a TIFF file, as the file describes it.

    Attributes:
        stored: what unpacks it.
        file: the one that it is in.
        number: of the page; None where it lies within another.
        bits: of one sample.
        floats: whether samples are floating-point numbers.
        photometric: what they mean.
        alpha: what those beyond colours mean, as ExtraSamples says it; None where it says nothing.
        parts: what its directory says, and those that this points to.
    """

    stored: tifffile.TiffPage
    file: AnyFile
    number: int | None
    width: int
    height: int
    bits: int
    floats: bool
    samples: int
    photometric: int
    alpha: int | None
    parts: exif_parts.Parts

    @property
    def said(self) -> Mapping[int, Value]:
        """What its own directory says, by tag."""
        return self.parts.get(0, {})

    @property
    def orientation(self) -> int:
        """How it must be turned, 1 to 8."""
        found = int.from_bytes(self.said[ORIENTATION].packed, "little") if ORIENTATION in self.said else 1
        return found if 1 <= found <= 8 else 1

    @property
    def depth(self) -> int:
        """Bits a channel, as in an Image."""
        return 32 if self.floats else 16 if self.bits > 8 else 8


def only_page(file: AnyFile, *, first: bool = False) -> Page:
    """The one page of a TIFF; thumbnails and masks do not count.

    Args:
        first: where there are several, take the first.

    Raises:
        UnknownKind: there are several, or its samples are of a kind that is not read here.
        Damaged: there are none.
    """
    with foreign():
        found = _found(file)
        if len(found) != 1 and not first:
            raise pixels.UnknownKind(f"a TIFF of {len(found)} pages; --frames all restores all of them")
        return _described(file, *found[0])


def pages(file: AnyFile) -> list[Page]:
    """All pages of a TIFF that are neither thumbnails nor masks.

    Raises:
        UnknownKind: the samples of one are of a kind that is not read here.
        Damaged: there are none, or a page is said to follow itself.
    """
    with foreign():
        return [_described(file, *found) for found in _found(file)]


def count(file: AnyFile) -> int:
    """How many pages a TIFF has; thumbnails and masks do not count.

    Raises:
        Damaged: there are none.
    """
    with foreign():
        return len(_found(file))


def _found(file: AnyFile) -> list[tuple[tifffile.TiffPage, int | None]]:
    """The pages that count, with their numbers: where all are thumbnails, it is the pictures that lie within them."""
    file.seek(0)
    every = _whole(tifffile.TiffFile(file).pages)
    numbered: list[tuple[tifffile.TiffPage, int | None]] = [(page, number) for number, page in enumerate(every)]
    inner = [(page, None) for outer in every if outer.subifds for page in _whole(outer.pages or ())]
    for row in (numbered, inner):
        if found := [(page, number) for page, number in row if not page.is_reduced and not page.is_mask]:
            return found
    return numbered[:1]


def _whole(row: Iterable[Any]) -> list[tifffile.TiffPage]:
    """The pages in a row of directories."""
    every: dict[int, tifffile.TiffPage] = {}
    for page in row:
        if page.offset in every:
            raise DamagedTiff("its pages go round in a circle")
        every[page.offset] = page.aspage()
    if not every:
        raise DamagedTiff("it has no pages; it may be truncated")
    return list(every.values())


def _described(file: AnyFile, page: tifffile.TiffPage, number: int | None) -> Page:
    if not isinstance(page.bitspersample, int) or page.imagedepth != 1:
        raise pixels.UnknownKind("a TIFF of samples of several sizes, or of a volume; convert it to RGB")
    if min(page.imagewidth, page.imagelength, page.samplesperpixel) < 1:
        raise DamagedTiff(f"{page.imagewidth} x {page.imagelength} pixels of {page.samplesperpixel} channels")
    if page.compression not in _UNPACKED:
        known = ", ".join(dict.fromkeys(_UNPACKED.values()))
        raise pixels.UnknownKind(f"no decoder here for its compression ({int(page.compression)}); save it as {known}")
    kind, bits = page.sampleformat, page.bitspersample
    if not (kind == _UNSIGNED and bits <= 16) and not (kind == _FLOAT and bits in (16, 32)):
        name = {_UNSIGNED: "unsigned", _SIGNED: "signed", _FLOAT: "floating-point"}.get(kind, "complex")
        raise pixels.UnknownKind(f"{bits}-bit {name} samples are not read here; convert it to 16 bits or 32-bit floats")
    parts = _parts(file, page)
    if number is None:  # a picture within another is described there
        outer = _parts(file, page.parent.pages.first)
        parts = {**outer, **parts, 0: {**outer.get(0, {}), **parts.get(0, {})}}
    return Page(
        stored=page,
        file=file,
        number=number,
        width=int(page.imagewidth),
        height=int(page.imagelength),
        bits=bits,
        floats=kind == _FLOAT,
        samples=int(page.samplesperpixel),
        photometric=int(page.photometric),
        alpha=int(page.extrasamples[0]) if page.extrasamples else None,
        parts=parts,
    )


def _parts(file: AnyFile, page: tifffile.TiffPage) -> exif_parts.Parts:
    order, big = page.parent.byteorder, page.parent.is_bigtiff
    first = directory(file, order, page.offset, big=big)
    return {} if first is None else exif_parts.gathered(file, order, first, big=big)


def check_whole(page: Page) -> None:
    """Nothing, where all pixels of the page are in its file.

    Raises:
        DamagedTiff: it is truncated.
    """
    end = page.file.seek(0, os.SEEK_END)
    with foreign():
        places = list(zip(page.stored.dataoffsets, page.stored.databytecounts, strict=True))
    if any(at + size > end for at, size in places):
        raise DamagedTiff("the file is truncated")


def described(page: Page) -> dict[str, Any]:
    """The fields of an Image that say what the page says, but for its profile, and notes on what is not kept."""
    said = page.said
    kept = {tag: said[tag] for tag in TEXTS if tag in said and not said[tag].packed.startswith(_SHAPE)}
    lost = ("GeoTIFF tags dropped",) if any(tag in said for tag in _PLACES) else ()
    return {
        "exif": exif_parts.put_together({**page.parts, 0: kept}),
        "xmp": _bytes(page, XMP).rstrip(b"\0") or None,
        "iptc": iptc.unwrapped(_bytes(page, IPTC)) or iptc.unwrapped(_bytes(page, _PHOTOSHOP)),
        "dpi": _dpi(page),
        "format": "tiff",
        "notes": lost,
    }


def profile(page: Page) -> bytes | None:
    """The colour profile of the samples as they are stored."""
    return _bytes(page, ICC) or None


def _bytes(page: Page, tag: int) -> bytes:
    """What lies in the file as the value of a tag: those who call bytes integers do not turn them round."""
    kind, _, packed = page.said.get(tag, _NOTHING)
    size = SIZES[kind] if page.stored.parent.byteorder == ">" else 1
    return np.frombuffer(packed, f"V{size}").view(np.uint8).reshape(-1, size)[:, ::-1].tobytes()


def _dpi(page: Page) -> tuple[float, float] | None:
    with foreign():
        if _RESOLUTION not in page.stored.tags or page.stored.resolutionunit not in (2, 3):
            return None
        across, down = page.stored.get_resolution(unit=2)
    return (float(across), float(down)) if across > 0 and down > 0 else None
