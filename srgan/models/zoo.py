"""The weights that ship with the package, by name, with their checksums."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srgan.errors import WeightsError
from srgan.files import printable
from srgan.models.header import is_foreign, read_header

if TYPE_CHECKING:
    from srgan.models.model import Model

CHECKSUMS = "SHA256SUMS"


def weights_folder() -> Path:
    """Where the shipped weights are: inside the installed package, or in the repository it runs from."""
    package = Path(__file__).parents[1]
    inside = package / "weights"
    return inside if inside.is_dir() else package.parent / "weights"


def names() -> list[str]:
    """The names of the shipped weights."""
    return sorted(checksums())


def checksums() -> dict[str, str]:
    """The SHA-256 of each shipped file, by name."""
    listing = weights_folder() / CHECKSUMS
    if not listing.is_file():
        return {}
    rows = (line.split() for line in listing.read_text(encoding="utf-8").splitlines() if line.strip())
    return {Path(file).stem: digest for digest, file in rows}


def locate(model: str | os.PathLike[str]) -> Path:
    """The weights file of a shipped name, or `model` itself where it is a file.

    Raises:
        WeightsError: it is neither.
    """
    if os.fspath(model) in checksums():
        return weights_folder() / f"{os.fspath(model)}.safetensors"
    path = Path(model)
    if path.is_file():
        return path
    if (inside := path / "model.safetensors").is_file():
        raise WeightsError(f"{printable(path)}: a folder: did you mean {printable(inside)}?")
    known = ", ".join(names()) or "none"
    raise WeightsError(f"{model}: neither a file nor a name of shipped weights (there are: {known})")


def load(model: str | os.PathLike[str]) -> Model:
    """The model of a shipped name or of a weights file.

    Raises:
        WeightsError: there is none, it is damaged, or it is not what its checksum promises.
    """
    path = checked(model)
    if is_foreign(path):
        from srgan.models.foreign import load as load_any
    else:
        from srgan.models.file import load as load_any
    loaded = load_any(path)
    loaded.name = path.stem
    faithful = path.stem.removesuffix("-vivid")
    if os.fspath(model) in checksums() and f"{faithful}-vivid" in checksums():
        loaded.name, loaded.realism = faithful, float(faithful != path.stem)
    return loaded


def checked(model: str | os.PathLike[str]) -> Path:
    """The weights file of a shipped name or a path; what ships is whole.

    Raises:
        WeightsError: there is none, or it is not what its checksum promises.
    """
    path = locate(model)
    known = checksums().get(os.fspath(model))
    if known is not None and sha256(path) != known:
        raise WeightsError(f"{path}: is not the file this version shipped with (SHA-256 differs); install srgan again")
    return path


def describe(model: str | os.PathLike[str]) -> dict[str, Any]:
    """What a weights file says of itself: task, network, training, scores; read from its header, without torch.

    Of weights that others have trained it tells what spandrel finds in them.

    Raises:
        WeightsError: there is none, or it is damaged.
    """
    path = locate(model)
    if is_foreign(path):
        from srgan.models.foreign import describe as describe_foreign

        return describe_foreign(path)
    return read_header(path)


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from error
