"""How far a set of pictures is from another, whichever picture of the one belongs to which of the other.

What is compared are points: what a network sees of each picture, or its pixels. Distances between all of them are made
some rows at a time, so that they need not fit into memory at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.evaluation.lpips import SIDE, lpips
from srgan.ops.resample import resize
from srgan.types import Batch

_ROWS, _PAIRS = 256, 512


def frechet(one: Float[Tensor, "n d"], other: Float[Tensor, "m d"]) -> float:
    """The Fréchet distance of two clouds of points, taken as normal distributions: 0 where they are alike.

    As FID, but over whatever features are given: Heusel et al. 2017, arXiv:1706.08500, Eq. 6. The fewer points there
    are, the larger it comes out.
    """
    one, other = one.double(), other.double()
    between = (one.mean(dim=0) - other.mean(dim=0)).square().sum()
    first, second = one.T.cov(), other.T.cov()
    # The trace of the root of a product is the sum of the roots of its eigenvalues, which are real and not negative.
    both = torch.linalg.eigvals(first @ second).real.clamp(min=0).sqrt().sum()
    return float(between + first.trace() + second.trace() - 2 * both)


def precision_and_recall(
    fake: Float[Tensor, "n d"], real: Float[Tensor, "m d"], neighbours: int = 3
) -> tuple[float, float]:
    """The share of fakes that lie among the real ones, and of real ones that lie among the fakes.

    To lie among others is to be no farther from one of them than that is from its third nearest neighbour:
    Kynkäänniemi et al. 2019, arXiv:1904.06991, Eq. 1 and 2.
    """

    def covered(some: Tensor, others: Tensor) -> float:
        radius = _to_neighbour(others, others, neighbours)
        return torch.cat([(rows <= radius).any(dim=1) for rows in _distances(some, others)]).float().mean().item()

    return covered(fake, real), covered(real, fake)


def nearness(fake: Float[Tensor, "n 3 h w"], real: Float[Tensor, "m 3 h w"]) -> float:
    """How far fakes are from the nearest real picture, over how far real ones are from each other; 0 is a copy.

    Medians of distances between pixels, the second of as many real ones as there are fakes. Where `real` was learnt
    from, much less than 1 means learnt by heart.
    """
    ours, theirs = fake.flatten(1), real.flatten(1)
    some = theirs[:: -(-len(theirs) // len(ours))]
    away, among = _to_neighbour(ours, theirs, 0).median(), _to_neighbour(some, theirs, 1).median()
    return float(away / among.clamp(min=1e-6))


def diversity(pictures: Batch, seed: int = 0) -> float:
    """How far apart the pictures of a set look: the mean LPIPS at 64 px of up to 512 pairs drawn of them.

    As in Zhu et al. 2017, "Toward Multimodal Image-to-Image Translation", arXiv:1711.11586, Sec. 5.2.
    """
    drawn = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    count = min(_PAIRS, len(pictures) // 2)
    distances = []
    for which in torch.split(drawn[: 2 * count], _ROWS):
        ones, others = resize(pictures[which], SIDE, SIDE).chunk(2)
        distances.append(lpips(ones, others))
    return torch.cat(distances).mean().item()


def _distances(some: Float[Tensor, "n d"], others: Float[Tensor, "m d"]) -> Iterator[Float[Tensor, "rows m"]]:
    """From each of some points to all others, so many rows at a time."""
    for rows in torch.split(some, _ROWS):
        yield torch.cdist(rows, others)


def _to_neighbour(some: Float[Tensor, "n d"], others: Float[Tensor, "m d"], number: int) -> Float[Tensor, n]:
    """How far each is from its nearest neighbour of a number: of points among themselves, the one of 0 is itself."""
    count = min(number + 1, len(others))
    rows = [rows.topk(count, largest=False).values[:, -1] for rows in _distances(some, others)]
    return torch.cat(rows)
