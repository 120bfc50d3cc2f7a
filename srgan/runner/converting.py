"""What a run asks of whatever makes its pictures: this machine's own threads, or workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from srgan.runner.config import FolderConfig
    from srgan.runner.job import Made
    from srgan.runner.plan import Job
    from srgan.runner.prospects import Prospect

Before = Callable[[int, "Made"], None]
"""Gets the descriptor of a file that is whole but has not its name yet, and what it is."""


@runtime_checkable
class Converting(Protocol):
    """What is done with each file of a run; several threads may call it.

    Attributes:
        most: output pixels that are begun at a time.
        at_once: pictures that are begun and not yet handed out, at most.
        carries: it brings itself what lies in object storage, and puts there what it makes.
    """

    config: FolderConfig
    most: float
    at_once: int
    carries: bool

    def settings(self) -> dict[str, Any]:
        """What decides an output's bytes, beside the input."""
        ...

    @property
    def chosen(self) -> Mapping[str, str]:
        """What `auto` has come to."""
        ...

    def stamp(self, job: Job) -> list[int]:
        """What changes whenever the input does, or what is given beside it."""
        ...

    def look(self, job: Job) -> Prospect:
        """What to expect of the output.

        Raises:
            ImageError: it cannot be made.
        """
        ...

    def make(
        self, job: Job, seen: list[int], prospect: Prospect, *, before: Before | None, partial: str | None
    ) -> Made:
        """The output, written; `seen` is the input's stamp before, `partial` the output's name until it is whole.

        Raises:
            ImageError: the input is damaged, has changed meanwhile, or cannot become such a file.
            MachineError: the output cannot be written.
        """
        ...
