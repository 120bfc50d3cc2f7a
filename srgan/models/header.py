"""The JSON header of a weights file, read without torch and without reading the weights."""

import json
import os
from pathlib import Path
from typing import Any

from srgan.errors import WeightsError

NEWEST_FORMAT = 1
_LONGEST_HEADER = 16 << 20


def read_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The object under the metadata key `srgan` of a safetensors file.

    Raises:
        WeightsError: there is no such file, it is not ours, or it is of a newer format.
    """
    try:
        header = json.loads(outer_header(path)["__metadata__"]["srgan"])
        version = int(header["format"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise WeightsError(f"{path}: not a weights file that srgan wrote") from error
    if version > NEWEST_FORMAT:
        raise WeightsError(f"{path}: format {version}, this version reads up to {NEWEST_FORMAT}; upgrade srgan")
    return dict(header)


def outer_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """All that a safetensors file says of its tensors and of itself.

    Raises:
        WeightsError: there is no such file, or it is no safetensors file.
    """
    try:
        with Path(path).open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 0 < length <= _LONGEST_HEADER:
                raise WeightsError(f"{path}: not a safetensors file")
            return dict(json.loads(file.read(length)))
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise WeightsError(f"{path}: not a weights file that srgan wrote") from error


def is_foreign(path: Path) -> bool:
    """Whether somebody else wrote the weights, as far as its name and its header tell."""
    if path.suffix.lower() != ".safetensors":
        return path.suffix.lower() in (".pth", ".ckpt", ".param")
    facts = outer_header(path).get("__metadata__") or {}
    return not isinstance(facts, dict) or "srgan" not in facts
