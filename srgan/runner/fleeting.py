"""A folder for what is on its way, which is gone with its process, however that ends."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_REMOVES = """
import os, shutil, sys
if os.fork() == 0:
    sys.stdin.read()
    shutil.rmtree(sys.argv[1], ignore_errors=True)
"""
"""A program that removes a folder when its input ends; it is no child of ours, for Ray kills those of its workers."""


@contextmanager
def fleeting() -> Iterator[Path]:
    """Such a folder, among the system's temporary ones; without POSIX it stays if the process is killed."""
    with TemporaryDirectory(prefix="srgan-", ignore_cleanup_errors=True) as folder:
        command = [sys.executable, "-IS", "-c", _REMOVES, folder]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True) as one:
            one.wait()
            yield Path(folder)
