"""A TIFF, that format of formats, becomes an Image: tifffile finds its pages, and imagecodecs unpacks them.

Floats are taken where white is 1, as with arrays. More pages than one are refused, unless all are asked for.
EXIF in a TIFF is not a block but lies in the file's own directory; it is gathered here, and tiff_writer.py lays it out.
"""

import logging
from collections.abc import Iterable
from typing import Any

import numpy as np
import tifffile

from srgan.images import exif_parts, iptc, pixels
from srgan.images.damage import foreign
from srgan.images.directory import SIZES, Value
from srgan.images.formats import AnyFile
from srgan.images.tiff import page as tiff_page
from srgan.images.tiff.page import DamagedTiff, Page

_RESOLUTION, COLOUR_MAP, XMP, IPTC, _PHOTOSHOP, ICC = 282, 320, 700, 33723, 34377, 34675
TEXTS = (269, 270, 271, 272, 305, 306, 315, 316, 33432)  # from DocumentName to Copyright
_PLACES = (33550, 33922, 34264, 34735, 34736, 34737, 42112, 42113)  # GeoTIFF, and what GDAL adds
_SHAPE = b'{"shape":'  # how a description by tifffile begins, which would be wrong of what is made of the picture
_NOTHING = Value(1, 0, b"")

logging.getLogger("tifffile").addHandler(logging.NullHandler())


def only_page(file: AnyFile, *, first: bool = False) -> Page:
    """The one page of a TIFF; thumbnails and masks do not count.

    Args:
        first: where there are several, take the first.

    Raises:
        UnknownKind: there are several, or its samples are of a kind that is not read here.
        Damaged: there are none.
    """
    found = _found(file)
    if len(found) != 1 and not first:
        raise pixels.UnknownKind(f"a TIFF of {len(found)} pages; --frames all restores all of them")
    return tiff_page.described(file, *found[0])


def pages(file: AnyFile) -> list[Page]:
    """All pages of a TIFF that are neither thumbnails nor masks.

    Raises:
        UnknownKind: the samples of one are of a kind that is not read here.
        Damaged: there are none, or a page is said to follow itself.
    """
    return [tiff_page.described(file, *found) for found in _found(file)]


def count(file: AnyFile) -> int:
    """How many pages a TIFF has; thumbnails and masks do not count.

    Raises:
        Damaged: there are none.
    """
    return len(_found(file))


def _found(file: AnyFile) -> list[tuple[tifffile.TiffPage, int | None]]:
    """The pages that count, with their numbers: where all are thumbnails, it is the pictures that lie within them."""
    file.seek(0)
    with foreign():
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
