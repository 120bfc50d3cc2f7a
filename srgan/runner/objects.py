"""Folders that lie in object storage: `s3://bucket/prefix` and its like, by way of fsspec.

An object is there as a whole or not at all, and what is to be remembered of it is its own metadata: one thing, so
that no crash can part them.
"""

from __future__ import annotations

import base64
import hashlib
import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from srgan.errors import ConfigError, ImageError, MachineError
from srgan.files import printable
from srgan.images.formats import HEAD, sniffed
from srgan.runner.urls import BACKENDS, Url

_RECORD = "srgan"
"""The key of user metadata under which an output remembers what it was made of."""

_CONNECTIONS = 64

_ERRORS = {
    "s3": ("botocore.exceptions.BotoCoreError", "botocore.exceptions.ClientError", "aiohttp.ClientError"),
    "gs": ("gcsfs.retry.HttpError", "google.auth.exceptions.GoogleAuthError", "aiohttp.ClientError"),
    "az": ("azure.core.exceptions.AzureError",),
}
"""What these raise beside OSError."""


class Seen(NamedTuple):
    """What changes whenever an object does: its size [bytes], and a number for its ETag or, without one, its time."""

    size: int
    version: int


class Objects:
    """The objects under a URL, each by its name below it.

    Raises:
        ConfigError: the package that reads such URLs is not installed.
    """

    def __init__(self, url: Url) -> None:
        self.url = url
        self._scheme, self._root = url.split("://", 1)
        package = BACKENDS[self._scheme]
        try:
            import fsspec

            options: dict[str, Any] = {"use_listings_cache": False}
            if self._scheme == "s3":  # a connection for each thread of a run; what the user has configured goes first
                own = fsspec.config.conf.get("s3", {}).get("config_kwargs", {})
                options["config_kwargs"] = {"max_pool_connections": _CONNECTIONS, **own}
            self._store = fsspec.filesystem(self._scheme, **options)
            self._errors: tuple[type[Exception], ...] = (OSError, *map(_named, _ERRORS[self._scheme]))
        except ImportError as error:
            extra = "'srgan[s3]'" if self._scheme == "s3" else package
            raise ConfigError(f"{self._scheme}:// needs {package}: pip install {extra}") from error

    def __truediv__(self, name: str) -> Url:
        return Url(f"{self.url}/{name}")

    def list(self) -> dict[str, Seen]:
        """Every object under the URL; where that is an object itself, this alone, by the name "".

        Raises:
            MachineError: the store cannot be asked, or there is no such bucket.
        """
        with self._reached("cannot be listed"):
            found = self._store.find(self._root, detail=True)
        start = len(self._root) + 1
        return {name[start:]: _seen(info) for name, info in found.items() if not name.endswith("/")}

    def fetch(self, name: str, path: Path, seen: Seen) -> None:
        """Writes an object into a file.

        Raises:
            ImageError: it is gone, may not be read, or is another by now.
            MachineError: the store cannot be asked.
        """
        with self._reading(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._store.get_file(self._at(name), str(path))
        if path.stat().st_size != seen.size:
            raise ImageError(f"{printable(self / name)}: changed while it was read")

    def beginning(self, name: str, count: int) -> bytes:
        """The first so many bytes of an object, or all of it.

        Raises:
            ImageError: it is gone, or may not be read.
            MachineError: the store cannot be asked.
        """
        with self._reading(name):
            return bytes(self._store.cat_file(self._at(name), start=0, end=count))

    def bytes_of(self, name: str) -> bytes | None:
        """What an object holds; None where there is none.

        Raises:
            MachineError: the store cannot be asked.
        """
        with self._reached("cannot be read", name):
            try:
                return bytes(self._store.cat_file(self._at(name), start=0))  # with a start it asks for no size before
            except FileNotFoundError:
                return None

    def sha256(self, name: str) -> str:
        """The SHA-256 of what an object holds.

        Raises:
            ImageError: it is gone, or may not be read.
            MachineError: the store cannot be asked.
        """
        with self._reading(name), self._store.open(self._at(name), "rb", block_size=2**23) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def record(self, name: str) -> dict[str, Any] | None:
        """What an object remembers of how it was made, empty where that is nothing; None where there is none.

        Raises:
            MachineError: the store cannot be asked.
        """
        with self._reached("cannot be read", name):
            try:
                at = self._at(name)
                given = self._store.metadata(at) if self._scheme == "s3" else self._store.info(at).get("metadata")
                record = json.loads((given or {}).get(_RECORD, "{}"))
                return record if isinstance(record, dict) and "sha256" in record else {}
            except FileNotFoundError:
                return None
            except json.JSONDecodeError:
                return {}

    def put(self, name: str, path: Path, record: Mapping[str, Any]) -> None:
        """Makes an object of a picture's file, and of what is to be remembered of it; the store checks what arrives.

        Raises:
            MachineError: it cannot be written, or is not what was sent.
        """
        kept = {_RECORD: json.dumps(record, separators=(",", ":"))}
        with path.open("rb") as file:
            kind = f"image/{sniffed(file.read(HEAD), '')}"
            file.seek(0)
            digest = base64.b64encode(hashlib.file_digest(file, "md5").digest()).decode()
        given: dict[str, Any] = {"metadata": kept, "content_type": kind}
        if self._scheme == "s3":
            given = {"Metadata": kept, "ContentType": kind, "ContentMD5": digest}
        with self._reached("cannot be written", name):
            self._store.put_file(str(path), self._at(name), **given)
            size = self._store.info(self._at(name))["size"]
        if size != path.stat().st_size:
            raise MachineError(
                f"{printable(self / name)}: has {size} bytes, not the {path.stat().st_size} that were sent"
            )

    def put_bytes(self, name: str, data: bytes) -> None:
        """Makes an object of these bytes.

        Raises:
            MachineError: it cannot be written.
        """
        with self._reached("cannot be written", name):
            self._store.pipe_file(self._at(name), data)

    def _at(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        """What is wrong with one object is said of it; what is wrong with the store, of that."""
        with self._reached("cannot be read", name):
            try:
                yield
            except (FileNotFoundError, PermissionError) as error:
                raise ImageError(f"{printable(self / name)}: cannot be read: {_said(error)}") from error

    @contextmanager
    def _reached(self, trouble: str, name: str = "") -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            where = self / name if name else self.url
            raise MachineError(f"{printable(where)}: {trouble}: {_said(error)}") from error


def _named(name: str) -> type[Exception]:
    module, _, kind = name.rpartition(".")
    return getattr(importlib.import_module(module), kind)  # type: ignore[no-any-return]


def _seen(info: Mapping[str, Any]) -> Seen:
    """What tells one version of an object from another."""
    version = next((str(info[key]) for key in ("ETag", "etag", "LastModified", "mtime") if info.get(key)), "")
    return Seen(int(info["size"]), int(hashlib.sha256(version.encode()).hexdigest()[:12], 16))


def _said(error: Exception) -> str:
    """An error in one line."""
    return " ".join(str(error).split()) or type(error).__name__
