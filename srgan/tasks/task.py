"""What a task is: it says what was lost, how a generator is asked for it, and how the answer is put back."""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple, runtime_checkable
from typing import Protocol as Interface

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from srgan.options import Recipe
from srgan.tasks.protocol import Protocol
from srgan.types import Batch, Levels, Mask, Observed, Pixels, Restored

Share = tuple[float, float]
"""What of the whole work is done before a part of it, and after."""


@runtime_checkable
class Apply(Interface):
    """Applies a generator to whole pictures, tile by tile, wherever it computes: `srgan.inference.tiled.Run` is one."""

    def __call__(
        self,
        pixels: Pixels,
        present: Callable[[Pixels], Observed],
        *,
        where: Bool[Tensor, "h w"] | None = None,
        reach: int | None = None,
        share: Share = (0.0, 1.0),
    ) -> Restored:
        """What the task composes of what the generator makes, in the kind of the pixels.

        Args:
            present: what the generator is shown of a part of the pixels, given in floats in which white is 1.
            where: the pixels that matter; tiles that hold none of them are left 0.
            reach: input pixels to each side at which the generator looks, where it could look farther.
            share: what this is of all that is done to the picture, for who wants to know how far that is.
        """
        ...


class PseudoTargets(NamedTuple):
    """Those pictures of a batch whose target is what the model itself, so far, makes of what is observed here."""

    which: Int[Tensor, "k"]
    observed: Observed


@dataclasses.dataclass(frozen=True, kw_only=True)
class Task(ABC):
    """What was lost of a picture, and how what a generator makes becomes a picture again.

    Attributes:
        name: the task in `TASKS`, in weights files and on the command line.
        recipe: settings of a training run of this task, where the user says nothing.
        in_channels, out_channels: of the generator.
        condition_channels: of `condition`, where there is one.
        labels: of the classes that the generator is told apart, if any.
        context: input pixels to each side that `compose` looks at, of what was observed and of what was generated.
        scale: output side / input side.
        has_truth: whether there is one right picture for what is observed, so that the distance to it means something.
        pairable: whether pairs of pictures say all there is to learn from: what is observed, and what it should be.
        only_pairs: whether nothing but such pairs does: what is observed cannot be made of what it should be.
        masked: whether it must be told by a mask which pixels to restore, from a picture that is held as a whole.
    """

    name: ClassVar[str]
    recipe: ClassVar[Recipe] = {}
    has_truth: ClassVar[bool] = True
    pairable: ClassVar[bool] = True
    only_pairs: ClassVar[bool] = False
    masked: ClassVar[bool] = False
    scale: int = dataclasses.field(default=1, init=False)

    @property
    @abstractmethod
    def in_channels(self) -> int: ...

    @property
    def out_channels(self) -> int:
        return 3

    @property
    def condition_channels(self) -> int:
        return 3

    @property
    def labels(self) -> Sequence[str]:
        return ()

    @property
    def context(self) -> int:
        return 0

    @property
    def idle(self) -> bool:
        """Inference: whether every picture is to stay as it is."""
        return False

    @abstractmethod
    def degrade(self, clean: Batch, rng: torch.Generator) -> Observed:
        """Training: what is left of `clean` after losing something on purpose."""

    def wanted(self, observed: Observed, clean: Batch, rng: torch.Generator) -> tuple[Batch, PseudoTargets | None]:
        """Training: what should become of what is observed, and of which the model itself makes the target.

        But where the user may ask for less or more, that is `clean`, and the model makes none.
        """
        return clean, None

    def labelled(self, observed: Observed, labels: Sequence[str]) -> Observed:
        """Training: what is observed, told of which class each clean picture is; most tasks do not listen."""
        return observed

    def compared(self, restored: Batch, clean: Batch) -> dict[str, Float[Tensor, ""]]:
        """Training: how the restored pictures of a batch do beside the clean ones, for the log and the watch."""
        return {"distance": (restored - clean).abs().mean()}

    def examples(self) -> Observed | None:
        """Training: what a sheet shows the answer to, where a restored picture is not set beside a clean one."""
        return None

    @abstractmethod
    def present(self, picture: Batch) -> Observed:
        """Inference: a real picture, in the form `degrade` gives."""

    @abstractmethod
    def compose(self, observed: Observed, generated: Float[Tensor, "n d sh sw"]) -> Batch:
        """Both: the restored picture, not clipped, in float32 whatever the numbers of `generated`."""

    def restore(self, pixels: Pixels, apply: Apply, mask: Mask | None = None) -> Restored:
        """Inference: the pictures restored, by applying the generator once; some tasks do so several times."""
        return apply(pixels, self.present)

    @property
    def remark_context(self) -> int:
        """Inference: rows of the picture to each side that `measure` looks at."""
        return 0

    def measure(self, picture: Levels, restored: Levels, part: tuple[int, int]) -> float:
        """Inference: what `remarks` wants to know of the rows from the first to before the last of `part`."""
        return 0.0

    def remarks(self, measured: Sequence[tuple[int, float]]) -> tuple[str, ...]:
        """Inference: what the user should know of a restored picture, from so many rows each with its measure."""
        return ()

    @abstractmethod
    def condition(self, observed: Observed) -> Float[Tensor, "n d _ _"] | None:
        """Training: what a discriminator may see beside a real or a restored picture, of its size; None is nothing.

        What is said of a picture as a whole has as many pixels as what was observed.
        """

    @abstractmethod
    def observe(self, clean: Batch, number: int) -> Observed:
        """Evaluation: what is observed of the picture of that number, the same in every run."""

    def lost(self, observed: Observed) -> Mask | None:
        """Evaluation: which pixels were lost and the others not, so that these are scored alone, too; else None."""
        return None

    @abstractmethod
    def protocol(self) -> Protocol:
        """Evaluation: how the field scores this task."""

    @abstractmethod
    def baselines(self) -> dict[str, Callable[[Observed, Batch], Batch]]:
        """Evaluation: what else restores, by name, from what was observed; what a model must beat.

        They may look at the clean picture, too, but only to choose the best of several answers.
        """
