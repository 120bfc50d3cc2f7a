"""The samples of a TIFF page as they are stored, some rows at a time, so that it may be larger than memory.

its strips, or rows of its tiles -> as many as a band holds -> each unpacked by imagecodecs -> one array
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from srgan.images.damage import Damaged, foreign
from srgan.images.tiff import DamagedTiff, Page, check_whole

_UNCOMPRESSED, _SEPARATE = 1, 2


class _Layout(NamedTuple):
    """How the chunks of a page lie: strips, which are tiles as wide as the picture, or tiles."""

    rows: int  # of a chunk
    across: int
    down: int
    planes: int


def row_of(page: Page) -> int:
    """Bytes of one row, unpacked."""
    return page.width * page.samples * (-(-page.bits // 8))


def least(page: Page) -> int:
    """How many rows must be unpacked together."""
    return 1 if _lies_open(page) else _layout(page).rows


def stored(page: Page, most: int | None = None) -> Iterator[np.ndarray]:
    """The samples from top to bottom, (h, w, c), in parts of at most `most` bytes or of one row of chunks.

    Args:
        most: None for all at once.

    Raises:
        Damaged: the file is truncated, or a chunk cannot be unpacked.
    """
    check_whole(page)
    rows = max(1, page.height if most is None else most // row_of(page))
    if _lies_open(page):
        for top in range(0, page.height, rows):
            yield _open_rows(page, top, min(rows, page.height - top))
        return
    layout = _layout(page)
    step = max(1, -(-page.height // layout.rows) if most is None else rows // layout.rows)
    for first in range(0, layout.down, step):
        yield _unpacked(page, layout, first, min(first + step, layout.down))


def _lies_open(page: Page) -> bool:
    """Whether where each row begins is known, as in one strip that is not packed."""
    own = page.stored
    plain = own.compression == _UNCOMPRESSED and own.predictor == 1 and own.fillorder == 1 and page.bits in (8, 16, 32)
    return bool(plain and not own.is_tiled and len(own.dataoffsets) == 1)


def _open_rows(page: Page, top: int, rows: int) -> np.ndarray:
    row = row_of(page)
    if page.stored.databytecounts[0] < page.height * row:
        raise DamagedTiff("it has fewer rows than it says")
    page.file.seek(page.stored.dataoffsets[0] + top * row)
    kind = f"{page.stored.parent.byteorder}{'f' if page.floats else 'u'}{page.bits // 8}"
    samples = np.frombuffer(page.file.read(rows * row), kind).reshape(rows, page.width, page.samples)
    return samples.astype(np.float32 if page.floats else samples.dtype.newbyteorder("="))


def _layout(page: Page) -> _Layout:
    own, rows, across = page.stored, page.height, 1
    if own.is_tiled and own.tilelength > 0:
        rows, across = own.tilelength, -(-page.width // own.tilewidth)
    elif own.rowsperstrip:
        rows = min(own.rowsperstrip, rows)
    planes = page.samples if own.planarconfig == _SEPARATE else 1
    layout = _Layout(rows, across, -(-page.height // rows), planes)
    if len(own.dataoffsets) < planes * across * layout.down or 0 in own.databytecounts[: planes * across * layout.down]:
        raise DamagedTiff("it has fewer strips or tiles than it says")
    return layout


def _unpacked(page: Page, layout: _Layout, first: int, last: int) -> np.ndarray:
    """The rows of chunks from the one of these numbers to before the other."""
    top, height = first * layout.rows, min(last * layout.rows, page.height) - first * layout.rows
    kind = np.float32 if page.floats else np.uint8 if page.bits <= 8 else np.uint16
    whole = np.empty((height, page.width, page.samples), kind)
    for plane in range(layout.planes):
        channels = slice(plane, plane + 1) if layout.planes > 1 else slice(None)
        for number in range(first * layout.across, last * layout.across):
            part = _chunk(page, plane * layout.down * layout.across + number)
            down = number // layout.across * layout.rows - top
            left = number % layout.across * page.stored.tilewidth
            place = whole[down : down + layout.rows, left : left + part.shape[1], channels]
            place[:] = part[: place.shape[0], : place.shape[1]]
    return whole


def _chunk(page: Page, number: int) -> np.ndarray:
    """A strip or tile, unpacked; it may be larger than the rest of the picture that it is for."""
    own = page.stored
    page.file.seek(own.dataoffsets[number])
    packed = page.file.read(own.databytecounts[number])
    try:
        return _decoded(page, packed, number)
    except Damaged:
        if own.is_tiled or number == 0:
            raise
        return _decoded(page, packed, 0)  # some programs fill the last strip up to the size of the others


def _decoded(page: Page, packed: bytes, number: int) -> np.ndarray:
    own = page.stored
    with foreign():
        part, _, _ = own.decode(packed, number, jpegtables=own.jpegtables, jpegheader=own.jpegheader)
    if part is None:
        raise DamagedTiff("a strip or tile of it is empty")
    samples: np.ndarray = part[0]
    return samples
