"""What is given beside each picture of a folder, to tasks that take more than the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:  # a dry run need not wait for torch
    from srgan.images.image import Image
    from srgan.types import Opacity


@runtime_checkable
class Beside(Protocol):
    """What is given beside each picture: `srgan.Masks`, say."""

    def settings(self) -> Mapping[str, str]:
        """What decides an output's bytes, by the name that journals give it."""
        ...

    def stamp(self, name: str) -> list[int]:
        """What changes with what is given beside the picture of that name.

        Raises:
            ImageError: there is nothing.
        """
        ...

    def of(self, name: str, image: Image) -> tuple[Opacity | None, str]:
        """What the task is given, and what the user should know of it; empty where that is nothing.

        Raises:
            ImageError: it does not fit the picture.
        """
        ...


class Nothing:
    """What most tasks are given."""

    def settings(self) -> Mapping[str, str]:
        return {}

    def stamp(self, name: str) -> list[int]:
        return []

    def of(self, name: str, image: Image) -> tuple[None, str]:
        return None, ""
