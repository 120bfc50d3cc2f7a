"""What was measured once is kept in the user's cache folder, which may be emptied at any time."""

import json
import logging
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from srgan.errors import MachineError

_log = logging.getLogger(__name__)


def folder() -> Path:
    """Where all is kept."""
    return user_cache_path("srgan")


def size() -> int:
    """How many bytes are kept."""
    return sum(path.stat().st_size for path in folder().rglob("*") if path.is_file())


def trouble() -> str:
    """Why nothing can be kept; empty where it can."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder()):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def clear() -> None:
    """Removes what was kept; it is made again when it is needed.

    Raises:
        MachineError: it cannot be removed.
    """
    try:
        shutil.rmtree(folder())
    except FileNotFoundError:
        return
    except OSError as error:
        raise MachineError(f"{error.filename}: cannot be removed: {error.strerror}") from error


def kept(name: str) -> bytes | None:
    """The bytes that were kept under a name; None where there are none."""
    try:
        return (folder() / name).read_bytes()
    except OSError:
        return None


def keep(name: str, data: bytes) -> None:
    """Keeps the bytes under a name, unless the folder cannot be written: then they are made again."""
    path = folder() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent)
        try:
            with open(handle, "wb") as file:
                file.write(data)
            os.replace(partial, path)
        except OSError:
            with suppress(OSError):
                os.unlink(partial)
            raise
    except OSError as error:
        _log.info("not cached: %s", error)


def kept_json(name: str) -> dict[str, Any]:
    """The JSON object that was kept under a name; an empty one where there is none, or it is damaged."""
    try:
        found = json.loads(kept(name) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
