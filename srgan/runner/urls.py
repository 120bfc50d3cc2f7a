"""Where pictures lie: paths, and the URLs of object storage."""

from __future__ import annotations

import os
import re
from pathlib import Path

from srgan.errors import ConfigError

BACKENDS = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
"""Which package reads the URLs of a scheme."""


class Url(str):
    """A folder of object storage, such as s3://bucket/prefix, with no slash at its end."""


def place(text: str | os.PathLike[str]) -> Path | Url:
    """The folder or file that a path or URL names; one of file:// is a path like any other.

    Raises:
        ConfigError: it is a URL of another kind, or has credentials in it.
    """
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(/.*)?", os.fspath(text), re.DOTALL)
    if isinstance(text, Path) or not found:
        return Path(text)
    scheme, bucket, path = found[1].lower(), found[2], found[3] or ""
    if scheme == "file":
        from urllib.request import url2pathname  # not above: help need not wait for it

        return Path(url2pathname(path))
    if scheme not in BACKENDS:
        raise ConfigError(f"{scheme}://: pictures are read from paths, and from s3://, gs://, az:// and file://")
    if "@" in bucket or (":" in bucket and not bucket.startswith("arn:")):
        raise ConfigError(f"{scheme}://: no credentials in URLs: give them in the environment or the provider's files")
    if not bucket:
        raise ConfigError(f"{scheme}://: names no bucket: write {scheme}://bucket/prefix")
    return Url(f"{scheme}://{bucket}{path}".rstrip("/"))
