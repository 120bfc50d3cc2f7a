"""Patches of a picture that look alike, and holes put together from them.

A picture lies pixel after pixel with a margin around it: a neighbour is a number further, and nobody is without.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property

import cv2
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from srgan.types import Batch, Mask

PATCH = -2, 0, 2
"""Where the 3 x 3 pixels by which patches are compared lie, across and down from the one in the middle [px]."""

SQUARE = 5
"""Side of the squares that are copied as a whole [px]."""

FRAME = -3, -1, 1, 3
"""Where the 4 x 4 pixels by which squares are compared lie [px]: the outer ones in what surrounds a square."""

REACH = max(FRAME)
"""How far from the one in the middle the pixels of a patch or frame are [px]."""

GUESSED = 0.5
"""How much a guessed pixel counts beside a known or copied one where squares are compared."""

FITTING = 0.5
"""How well the detail of a square is expected to correlate with what a guess lacks."""

ALIKE, NEAR = 0.05, 40.0
"""Deviations in colour and place [px] of the Gaussians by which is told how much detail a guess should have."""

TOLD = 4
"""Of so many places one tells it."""

FAINT = 1 / 255
"""The least deviation of the colours in a frame."""

JUMPS = 8, 4, 2, 1
"""How far away are the neighbours whose places are tried [px]: far ones first, as in jump flooding.

Paper: Rong and Tan 2006, "Jump Flooding in GPU", doi:10.1145/1111411.1111431.
"""

MARGIN = max(JUMPS)
"""Pixels around a picture, so that no neighbour of a pixel lies outside."""

TRUST = 1.3
"""A patch has so many times less of a say with each pixel that lies between it and what is known.

Paper: Wexler et al. 2007, "Space-Time Completion of Video", doi:10.1109/TPAMI.2007.60.
"""

LITTLE = 1e-6
"""What the least of patches has to say."""

CHUNK = 2**15
"""Patches compared at once: what they need stays in a cache."""

CHOSEN = 64
"""Squares that are compared with all others at once."""

Places = Int64[Tensor, " places"]
Colours = Float[Tensor, "pixels 3"]


class Patches:
    """A picture whose holes hold a guess, and the places in it that each pixel there is copied from.

    Paper: Barnes et al. 2009, "PatchMatch", doi:10.1145/1531326.1531330.

    Attributes:
        colours: of each pixel, the margin's as of the nearest in the picture.
        usable: where patches may be copied from: no hole is near, nor the picture's edge.
        copied: the pixels to replace.
        targets: the same and what is near to them: all patches that see a pixel to replace.
        field: for each target the place of the patch that looks like its own; for other pixels their own.
        say: how much each target is heard; others are not.
    """

    def __init__(self, picture: Batch, holes: Mask, copied: Mask) -> None:
        """What is to be copied is a part of the holes; from all of them nothing is copied."""
        self.height, self.width = (side + 2 * MARGIN for side in picture.shape[2:])
        self.colours = F.pad(picture, [MARGIN] * 4, mode="replicate")[0].flatten(1).T.contiguous()
        inside = torch.ones_like(holes)
        inside[..., :REACH, :] = inside[..., -REACH:, :] = inside[..., :REACH] = inside[..., -REACH:] = 0
        self.usable = _marked(inside * (1 - _grown(holes, REACH)))
        replaced = _marked(copied)
        self.copied = replaced.nonzero()[:, 0]
        self.targets = _marked(_grown(copied, max(PATCH))).nonzero()[:, 0]
        self.field = torch.arange(len(self.colours))
        self.say = torch.zeros(len(self.colours)).index_fill_(0, self.targets, 1.0)
        distance = cv2.distanceTransform(replaced.view(self.height, -1).byte().numpy(), cv2.DIST_L2, 5)
        self._depth = torch.from_numpy(distance).flatten()
        self._trust = TRUST ** -self._depth[self.targets]

    @property
    def picture(self) -> Batch:
        """The picture with its holes as they are now."""
        rows = self.colours.T.view(1, 3, self.height, self.width)
        return rows[..., MARGIN:-MARGIN, MARGIN:-MARGIN]

    def quilt(self) -> None:
        """Copies, from the rim inwards, the squares that look most like the guess and what surrounds it by then.

        Flat squares do not win for being flat: for what stands in the place of a guess plus detail of deviation d, a
        square of deviation s is nearer by 2 s d than to the guess, so far as the two correlate. Any usable place may be
        the middle of a square; its outer pixels may lie nearer to a hole than `usable` says.
        Paper: Efros and Freeman 2001, "Image Quilting for Texture Synthesis and Transfer", doi:10.1145/383259.383296.
        """
        places, copies = self.usable.nonzero()[:, 0], self.field.clone()
        counts = torch.ones(len(self.colours), 3).index_fill_(0, self.copied, GUESSED)
        there = self._around(self.colours, places, FRAME)
        lacking = self._lacking(places, there)
        there = torch.cat([there.square(), there, _deviation(there)[:, None]], dim=1)
        square = torch.tensor(self._offsets(range(-(SQUARE // 2), SQUARE // 2 + 1)))
        for middles in self._waves():
            count, here = self._around(counts, middles, FRAME), self._around(self.colours, middles, FRAME)
            guessed = (count * (count < 1)).sum(dim=1)
            detail = FITTING * guessed * lacking[middles]
            weights = torch.cat([count, -2 * count * here, -2 * detail[:, None]], dim=1)
            best = places[(weights @ there.T).argmin(dim=1)]  # count (there - here)^2, but for here^2
            copies[middles[:, None] + square] = best[:, None] + square
            counts[middles[:, None] + square] = 1
            self.field[self.targets] = copies[self.targets]
            self.colours[self.copied] = self.colours[self.field[self.copied]]

    def follow(self, smaller: "Patches") -> None:
        """Copies from where the same picture at half the size did, and does it."""
        row, column = self.targets // self.width - MARGIN, self.targets % self.width - MARGIN
        place = smaller.field[(row // 2 + MARGIN) * smaller.width + column // 2 + MARGIN]
        row = 2 * (place // smaller.width - MARGIN) + row % 2
        column = 2 * (place % smaller.width - MARGIN) + column % 2
        self.field[self.targets] = (row + MARGIN) * self.width + column + MARGIN
        self.vote()

    def match(self, rng: torch.Generator) -> None:
        """Finds places whose patches look more like what the holes hold now: those of neighbours, and random ones."""
        wanted = self._around(self.colours, self.targets, PATCH)
        costs = self._costs(self.field[self.targets], wanted)
        for places in self._candidates(rng):
            new = (self.usable[places] & (places != self.field[self.targets])).nonzero()[:, 0]
            cost = self._costs(places[new], wanted[new])
            better = cost < costs[new]
            costs[new[better]] = cost[better]
            self.field[self.targets[new[better]]] = places[new[better]]
        typical = costs.quantile(0.75).clamp(min=LITTLE)
        self.say[self.targets] = torch.exp(-costs / (2 * typical)).mul(self._trust).clamp(min=LITTLE)

    def vote(self) -> None:
        """Puts into the holes the mean of what the patches around each pixel would copy there."""
        total = torch.zeros(len(self.copied), 4)
        for offset in self._offsets((-1, 0, 1)):
            near = self.copied + offset
            say = self.say[near, None]
            total[:, :3] += say * self.colours[self.field[near] - offset]
            total[:, 3:] += say
        self.colours[self.copied] = total[:, :3] / total[:, 3:]

    def _candidates(self, rng: torch.Generator) -> Iterator[Places]:
        for jump in JUMPS:
            for offset in (jump, -jump, jump * self.width, -jump * self.width):
                yield self.field[self.targets + offset] - offset
        reach = max(self.height, self.width)
        while reach:
            down, right = torch.randint(-reach, reach + 1, (2, len(self.targets)), generator=rng)
            yield (self.field[self.targets] + down * self.width + right) % len(self.field)
            reach //= 4

    def _waves(self) -> Iterator[Places]:
        """Middles of squares that cover the targets: those near the rim first, and never two side by side."""
        row, column = ((at - MARGIN) // SQUARE for at in (self.targets // self.width, self.targets % self.width))
        first = MARGIN + SQUARE // 2
        middles = ((row * SQUARE + first) * self.width + column * SQUARE + first).bincount().nonzero()[:, 0]
        row, column = middles // self.width // SQUARE, middles % self.width // SQUARE
        waves = self._depth[middles].div(SQUARE).long() * 4 + row % 2 * 2 + column % 2
        for wave in waves.bincount().nonzero()[:, 0]:
            yield from torch.split(middles[waves == wave], CHOSEN)

    def _lacking(self, places: Places, there: Float[Tensor, "places 48"]) -> Float[Tensor, " pixels"]:
        """The deviation that the guess of each square to be lacks: what places of its colours, nearby, have more."""
        lacking, known = torch.zeros(len(self.colours)), self._seen(places[::TOLD], there[::TOLD])
        detail = _deviation(there[::TOLD]).clamp(min=FAINT).log()
        for middles in self._waves():
            here = self._around(self.colours, middles, FRAME)
            likeness = self._seen(middles, here) @ known.T - known.square().sum(dim=1) / 2
            wanted = (likeness.softmax(dim=1) @ detail).exp()  # a mean by Gaussians of the distances
            lacking[middles] = (wanted.square() - _deviation(here).square()).clamp(min=0).sqrt()
        return lacking

    def _seen(self, places: Places, around: Float[Tensor, "places 48"]) -> Float[Tensor, "places 5"]:
        """Where frames lie and the mean of their colours, so that one apart is what is no longer alike."""
        where = torch.stack([places // self.width, places % self.width], dim=1)
        return torch.cat([around.view(len(around), -1, 3).mean(dim=1) / ALIKE, where / NEAR], dim=1)

    def _offsets(self, steps: Sequence[int]) -> list[int]:
        return [down * self.width + right for down in steps for right in steps]

    def _around(self, pixels: Colours, places: Places, steps: Sequence[int]) -> Float[Tensor, "places _"]:
        return torch.cat([pixels[places + offset] for offset in self._offsets(steps)], dim=1)

    @cached_property
    def _known(self) -> Float[Tensor, "pixels 27"]:
        """The patch around each pixel, to look up; those of holes are of no use."""
        return torch.cat([self.colours.roll(-offset, 0) for offset in self._offsets(PATCH)], dim=1)

    def _costs(self, places: Places, wanted: Float[Tensor, "places 27"]) -> Float[Tensor, " places"]:
        pairs = zip(torch.split(places, CHUNK), torch.split(wanted, CHUNK), strict=True)
        return torch.cat([(self._known[some] - seen).square_().sum(dim=1) for some, seen in pairs])


def _deviation(around: Float[Tensor, "places 48"]) -> Float[Tensor, " places"]:
    """The standard deviation of the colours of each frame."""
    return around.view(len(around), -1, 3).var(dim=1, correction=0).mean(dim=1).sqrt()


def _marked(mask: Mask) -> Bool[Tensor, " pixels"]:
    return F.pad(mask, [MARGIN] * 4)[0, 0].flatten() > 0


def _grown(mask: Mask, by: int) -> Mask:
    return F.max_pool2d(mask, 2 * by + 1, stride=1, padding=by)
