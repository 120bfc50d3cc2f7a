"""The samples of a TIFF page as they are stored, some rows at a time, so that it may be larger than memory.

its strips, or rows of its tiles -> as many as a band holds -> each unpacked by imagecodecs -> one array
"""

import io
from collections.abc import Iterator

import numpy as np
import simplejpeg

from srgan.images.damage import Damaged, foreign
from srgan.images.tiff.page import DamagedTiff, Page

_JPEG = 7


def row_of(page: Page) -> int:
    """Bytes of one row, unpacked."""
    return page.width * page.samples * (-(-page.bits // 8))


def least(page: Page) -> int:
    """How many rows must be unpacked together."""
    return 1 if page.plain else page.chunk[0]


def stored(page: Page, most: int | None = None) -> Iterator[np.ndarray]:
    """The samples from top to bottom, (h, w, c), in parts of at most `most` bytes or of one row of chunks.

    Args:
        most: None for all at once.

    Raises:
        Damaged: the file is truncated, or a chunk cannot be unpacked.
    """
    check_whole(page)
    rows = max(1, page.height if most is None else most // row_of(page))
    if page.plain:
        for top in range(0, page.height, rows):
            yield _open_rows(page, top, min(rows, page.height - top))
        return
    down = -(-page.height // page.chunk[0])
    step = down if most is None else max(1, rows // page.chunk[0])
    for first in range(0, down, step):
        yield _unpacked(page, first, min(first + step, down))


def check_whole(page: Page) -> None:
    """Checks that all pixels of the page are in its file.

    Raises:
        DamagedTiff: it is truncated, or has fewer strips or tiles than it says.
    """
    across, down = -(-page.width // page.chunk[1]), -(-page.height // page.chunk[0])
    places = page.places[: page.planes * across * down]
    if len(places) < page.planes * across * down or any(at < 1 or size < 1 for at, size in places):
        raise DamagedTiff("it has fewer strips or tiles than it says")
    end = page.file.seek(0, io.SEEK_END)
    if any(at + size > end for at, size in places):
        raise DamagedTiff("the file is truncated")
    if page.plain and places[0][1] < page.height * row_of(page):
        raise DamagedTiff("it has fewer rows than it says")


def _open_rows(page: Page, top: int, rows: int) -> np.ndarray:
    row = row_of(page)
    page.file.seek(page.places[0][0] + top * row)
    kind = f"{page.stored.parent.byteorder}{'f' if page.floats else 'u'}{page.bits // 8}"
    samples = np.frombuffer(page.file.read(rows * row), kind).reshape(rows, page.width, page.samples)
    return samples.astype(np.float32 if page.floats else samples.dtype.newbyteorder("="))


def _unpacked(page: Page, first: int, last: int) -> np.ndarray:
    """The rows of chunks from the one of these numbers to before the other."""
    rows, columns = page.chunk
    across, down = -(-page.width // columns), -(-page.height // rows)
    kind = np.float32 if page.floats else np.uint8 if page.bits <= 8 else np.uint16
    whole = np.empty((min(last * rows, page.height) - first * rows, page.width, page.samples), kind)
    for plane in range(page.planes):
        channels = slice(plane, plane + 1) if page.planes > 1 else slice(None)
        for number in range(first * across, last * across):
            top, left = (number // across - first) * rows, number % across * columns
            place = whole[top : top + rows, left : left + columns, channels]
            part = _chunk(page, plane * down * across + number)[: place.shape[0], : place.shape[1]]
            if part.shape != place.shape:
                raise DamagedTiff("a strip or tile of it is too small")
            place[:] = part
    return whole


def _chunk(page: Page, number: int) -> np.ndarray:
    """A strip or tile, unpacked; it may be larger than the rest of the picture that it is for."""
    at, size = page.places[number]
    page.file.seek(at)
    packed = page.file.read(size)
    try:
        return _decoded(page, packed, number)
    except Damaged:
        if number == 0:
            raise
        return _decoded(page, packed, 0)  # some programs fill the last strip up to the size of the others


def _decoded(page: Page, packed: bytes, number: int) -> np.ndarray:
    own = page.stored
    with foreign():
        part, _, _ = own.decode(packed, number, jpegtables=own.jpegtables, jpegheader=own.jpegheader)
    if part is None:
        raise DamagedTiff("a strip or tile of it is empty")
    if page.compression == _JPEG:
        _check_end((own.jpegtables or b"")[:-2] + packed[2 if own.jpegtables else 0 :])
    samples: np.ndarray = part[0]
    return samples


def _check_end(jpeg: bytes) -> None:
    """Checks that a JPEG is not cut off; libjpeg makes grey what is missing, and simplejpeg alone says so."""
    try:
        with foreign():
            simplejpeg.decode_jpeg(jpeg, "GRAY", strict=True)
    except Damaged as error:
        if "premature end" in str(error).lower():
            raise
