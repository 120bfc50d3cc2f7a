"""Exact tiles: cut with the network's own context and keep the centre, so the tiled picture equals the whole one.

There is no seam to blend and no overlap to tune. A tile's kept centre is `tile` input pixels a side; the context comes
on top, except at the picture's own borders, where the network sees the border it would see in the whole picture.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from srgan.errors import ConfigError
from srgan.types import Observed

Generate = Callable[[Tensor], Tensor]

AUTO_TILE = 384
"""Side of the kept centre of a tile that the caller did not choose [px of the input]."""

LEAST_TILE = 32
"""Below this, nearly all work is context [px]."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, order=True)
class Span:
    """One side of a tile, in input pixels: `start:stop` is kept, `seen_start:seen_stop` is looked at."""

    start: int
    stop: int
    seen_start: int
    seen_stop: int

    @property
    def seen(self) -> slice:
        """What is looked at, in the whole input."""
        return slice(self.seen_start, self.seen_stop)

    def kept(self, scale: int, origin: int = 0) -> slice:
        """Where the centre goes, in the output of what begins at `origin`."""
        return slice((self.start - origin) * scale, (self.stop - origin) * scale)

    def centre(self, scale: int) -> slice:
        """Where the centre lies, in what was made of this span."""
        return slice((self.start - self.seen_start) * scale, (self.stop - self.seen_start) * scale)

    @property
    def offsets(self) -> tuple[int, int, int]:
        """The lengths of the context before, of what is kept, and of the context behind."""
        return self.start - self.seen_start, self.stop - self.start, self.seen_stop - self.stop

    def narrowed(self, context: int) -> "Span":
        """The span with at most so much context."""
        seen_start = max(self.seen_start, self.start - context)
        return Span(self.start, self.stop, seen_start, min(self.seen_stop, self.stop + context))

    def within(self, wider: "Span", scale: int = 1) -> slice:
        """Where what this span looks at lies, in what was made of a wider one."""
        return slice((self.seen_start - wider.seen_start) * scale, (self.seen_stop - wider.seen_start) * scale)


class Tile(NamedTuple):
    """A rectangle of the picture and the context around it."""

    rows: Span
    columns: Span


def tiles(
    height: int, width: int, tile: int, context: int | None, multiple_of: int, part: tuple[int, int] | None = None
) -> Iterator[Tile]:
    """The tiles of a picture, row by row; one tile where the network's context is the whole picture.

    Args:
        part: only of these rows, from the first to before the last.
    """
    if context is None:
        yield Tile(Span(0, height, 0, height), Span(0, width, 0, width))
        return
    for rows in spans(height, tile, context, multiple_of, part):
        for columns in spans(width, tile, context, multiple_of):
            yield Tile(rows, columns)


def sparse(
    where: Bool[Tensor, "h w"], most: int, context: int, multiple_of: int, part: tuple[int, int] | None = None
) -> Iterator[Tile]:
    """Tiles that together keep all of these pixels and look at few others: large ones in holes, small ones at edges.

    A square of `most` pixels a side is cut into four wherever these look at fewer pixels than it does, and so on.

    Args:
        part: only of these rows, from the first to before the last.
    """
    (height, width), (first, last) = where.shape, part or (0, len(where))
    halo, side = _round_up(context, multiple_of), _round_up(min(LEAST_TILE, most), multiple_of)
    wanted = F.max_pool2d(where[None, first:last].float(), side, ceil_mode=True)
    levels, cost = [(side, wanted > 0)], wanted * (side + 2 * halo) ** 2
    while 2 * side <= most:
        side *= 2
        parts = F.avg_pool2d(cost, 2, ceil_mode=True, divisor_override=1)
        whole = (parts > 0) * float(side + 2 * halo) ** 2
        levels.append((side, (whole <= parts) & (parts > 0)))
        cost = torch.minimum(whole, parts)
    undecided = torch.ones_like(cost, dtype=torch.bool)
    for side, better in reversed(levels):
        undecided = undecided[:, : better.shape[1], : better.shape[2]]
        for row, column in (undecided & better)[0].nonzero().tolist():
            yield Tile(
                *(
                    Span(at, min(at + side, stop), max(0, at - halo), min(at + side + halo, size))
                    for at, stop, size in ((first + row * side, last, height), (column * side, width, width))
                )
            )
        undecided = (undecided & ~better).repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)


def batched(many: Iterable[Tile], most: int) -> Iterator[list[Tile]]:
    """The tiles in groups of at most `most`, those of a group alike in size and context; each tile is in one."""
    waiting: dict[tuple[int, ...], list[Tile]] = {}
    for tile in many:
        alike = waiting.setdefault(tile.rows.offsets + tile.columns.offsets, [])
        alike.append(tile)
        if len(alike) == most:
            yield alike.copy()
            alike.clear()
    yield from filter(None, waiting.values())


def spans(size: int, tile: int, context: int, multiple_of: int, part: tuple[int, int] | None = None) -> list[Span]:
    """`size` pixels, or a part of them, cut into nearly equal spans of at most `tile`; all begin on `multiple_of`."""
    first, last = part or (0, size)
    count = max(1, -(-(last - first) // max(tile, 1)))
    step = _round_up(-(-(last - first) // count), multiple_of)
    halo = _round_up(context, multiple_of)
    return [
        Span(start, min(start + step, last), max(start - halo, 0), min(start + step + halo, size))
        for start in range(first, last, step)
    ]


def padded(generate: Generate, observed: Observed, multiple_of: int, scale: int) -> Float[Tensor, "n d sh sw"]:
    """What `generate` makes of pictures of any size: padded at the right and bottom, and cropped again.

    Raises:
        ConfigError: it enlarges by another scale, as an engine does that was made of another model.
    """
    height, width = observed.shape[-2:]
    bottom, right = -height % multiple_of, -width % multiple_of
    if bottom or right:
        observed = F.pad(observed, (0, right, 0, bottom), mode="replicate")
    generated = generate(observed)
    if generated.shape[-2] != observed.shape[-2] * scale:
        enlarges = generated.shape[-2] / observed.shape[-2]
        raise ConfigError(
            f"the engine enlarges {enlarges:g} times and the model {scale}: make the engine of this model"
        )
    return generated[..., : height * scale, : width * scale]


def _round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


def fitting(work: Callable[[int], None], side: int, *, chosen: bool) -> None:
    """Calls `work` with the side of a tile; halved while the memory is too small, unless the user chose it."""
    while True:
        try:
            return work(side)
        except torch.OutOfMemoryError:
            if chosen or side // 2 < LEAST_TILE:
                raise
            side //= 2
        log.warning("not enough memory: goes on with tiles of %d px", side)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
