"""What was measured or compiled once is kept in the user's cache folder, which may be emptied at any time."""

import json
import logging
import os
import tempfile
from contextlib import suppress
from typing import Any

from platformdirs import user_cache_path

_log = logging.getLogger(__name__)


def kept(name: str) -> bytes | None:
    """The bytes that were kept under a name; None where there are none."""
    try:
        return (user_cache_path("srgan") / name).read_bytes()
    except OSError:
        return None


def keep(name: str, data: bytes) -> None:
    """Nothing; the bytes are kept under a name, unless the folder cannot be written: then they are made again."""
    path = user_cache_path("srgan") / name
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
