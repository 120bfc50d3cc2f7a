"""One page of a TIFF as its file describes it, all that it says checked once: tifffile passes on whatever is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from operator import index

import tifffile

from srgan.images import exif_parts, pixels
from srgan.images.damage import Damaged, foreign
from srgan.images.directory import Value, directory
from srgan.images.formats import AnyFile

ORIENTATION = 274
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_SEPARATE = 2
_UNPACKED = {  # compressions whose decoders bear what a file can say; imagecodecs has others that do not (AVIF)
    **{1: "none", 2: "RLE", 3: "fax", 4: "fax", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate", 32946: "deflate"},
    **{32773: "PackBits", 34887: "LERC", 34892: "JPEG", 34925: "LZMA", 50000: "ZSTD", 50001: "WebP"},
}


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
        planes: how many there are, each of as many samples as the others.
        chunk: rows and columns of a strip or tile.
        plain: whether rows lie in the file as they are, one after the other.
        places: where each strip or tile begins in the file, and its bytes; plane by plane, row by row.
        photometric: what samples mean.
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
    planes: int
    chunk: tuple[int, int]
    plain: bool
    places: list[tuple[int, int]]
    compression: int
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


def described(file: AnyFile, page: tifffile.TiffPage, number: int | None) -> Page:
    """The page that tifffile found.

    Raises:
        UnknownKind: its samples are of a kind that is not read here.
        Damaged: what it says is none of a picture.
    """
    with foreign():
        if not isinstance(page.bitspersample, int) or page.imagedepth != 1:
            raise pixels.UnknownKind("a TIFF of samples of several sizes, or of a volume; convert it to RGB")
        _check_kind(index(page.compression), index(page.sampleformat), page.bitspersample)
        width, height, samples = index(page.imagewidth), index(page.imagelength), index(page.samplesperpixel)
        rows, columns = min(index(page.rowsperstrip) or height, height), width
        if page.is_tiled:
            rows, columns = index(page.tilelength), index(page.tilewidth)
        places = [(index(at), index(size)) for at, size in zip(page.dataoffsets, page.databytecounts, strict=False)]
        plain = page.compression == page.predictor == page.fillorder == 1 and page.bitspersample in (8, 16, 32)
        found = Page(
            stored=page,
            file=file,
            number=number,
            width=width,
            height=height,
            bits=page.bitspersample,
            floats=page.sampleformat == _FLOAT,
            samples=samples,
            planes=samples if page.planarconfig == _SEPARATE else 1,
            chunk=(rows, columns),
            plain=bool(plain and not page.is_tiled and len(places) == 1),
            places=places,
            compression=index(page.compression),
            photometric=index(page.photometric),
            alpha=index(page.extrasamples[0]) if page.extrasamples else None,
            parts=_parts(file, page) if number is not None else _parts_of_both(file, page.parent.pages.first, page),
        )
    if min(width, height, samples, rows, columns) < 1:
        raise DamagedTiff(f"{width} x {height} pixels of {samples} channels")
    return found


def _check_kind(compression: int, kind: int, bits: int) -> None:
    if compression not in _UNPACKED:
        known = ", ".join(dict.fromkeys(_UNPACKED.values()))
        raise pixels.UnknownKind(f"no decoder here for its compression ({compression}); save it as {known}")
    if not (kind == _UNSIGNED and 1 <= bits <= 16) and not (kind == _FLOAT and bits in (16, 32)):
        name = {_UNSIGNED: "unsigned", _SIGNED: "signed", _FLOAT: "floating-point"}.get(kind, "complex")
        raise pixels.UnknownKind(f"{bits}-bit {name} samples are not read here; convert it to 16 bits or 32-bit floats")


def _parts_of_both(file: AnyFile, outer: tifffile.TiffPage, inner: tifffile.TiffPage) -> exif_parts.Parts:
    """What is said of a picture within another: by the outer's directory, too, where its own is silent."""
    around, within = _parts(file, outer), _parts(file, inner)
    return {**around, **within, 0: {**around.get(0, {}), **within.get(0, {})}}


def _parts(file: AnyFile, page: tifffile.TiffPage) -> exif_parts.Parts:
    order, big = page.parent.byteorder, page.parent.is_bigtiff
    first = directory(file, order, page.offset, big=big)
    return {} if first is None else exif_parts.gathered(file, order, first, big=big)
