"""A folder run in a process of its own: a picture over which that process dies costs itself alone.

Decoders and networks are native code, and a system short of memory kills. What was at work when the process died is
noted in the journal; the next process takes each such picture alone, and one over which it dies again has failed.
"""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import click

SUPERVISED = "SRGAN_SUPERVISED"
"""Environment variable of the process that does the work: the name of its run; "0" does without another one."""

_SCRATCH = "SRGAN_SCRATCH"
"""Environment variable of that process: its scratch folder, which outlives it."""

_REMOVES = "import shutil, sys; shutil.rmtree(sys.argv[1], ignore_errors=True)"
"""A program that removes a folder."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder for what is on its way from or into object storage; the next process finds there what the last noted."""
    if _SCRATCH in os.environ:
        yield Path(os.environ[_SCRATCH])
        return
    with TemporaryDirectory(prefix="srgan-", ignore_cleanup_errors=True) as folder:
        os.environ[_SCRATCH] = folder
        try:
            yield Path(folder)
        finally:
            del os.environ[_SCRATCH]


def supervise(words: Sequence[str], target: Path) -> int | None:
    """The exit code of the command of these words, run in a process of its own; None in that process itself."""
    if SUPERVISED in os.environ:
        if os.environ[SUPERVISED] != "0":
            threading.Thread(target=_leave_with_parent, daemon=True).start()
        return None
    command, number = secrets.token_hex(8), 0
    while True:
        name, number = f"{command}.{number}", number + 1
        code = _run(words, name)
        if code >= 0 or not _blamed(target, name, -code):
            return code if code >= 0 else 128 - code


def run_name() -> str | None:
    """By what name the process that supervises this one knows its run; None where there is no such process."""
    name = os.environ.get(SUPERVISED, "0")
    return None if name == "0" else name


def _run(words: Sequence[str], name: str) -> int:
    """The exit code of a process that runs these words under that name; it gets the signals that we get."""
    environment = {**os.environ, SUPERVISED: name}
    # -P: what lies in the user's folder is no module of ours. A session of its own: ^C must reach it once, through us.
    command = [sys.executable, "-P", "-m", "srgan", *words]
    ours = (signal.SIGINT, signal.SIGTERM)
    if os.name == "posix":  # the child inherits that these wait, until it can take them
        signal.pthread_sigmask(signal.SIG_BLOCK, ours)
    child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)

    def pass_on(number: int, frame: FrameType | None) -> None:
        child.send_signal(number)

    before = {number: signal.signal(number, pass_on) for number in ours}
    if os.name == "posix":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ours)
    try:
        return child.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _blamed(target: Path, run: str, number: int) -> bool:
    """Whether pictures were at work when the run of that name died of a signal; each is noted."""
    from srgan.files import printable
    from srgan.runner.journal import Journal

    with Journal(target, {}) as journal:
        names = journal.died(run)
    said = ", ".join(printable(name) for name in names) or "it was at work on no picture"
    click.echo(f"the program was killed ({signal.Signals(number).name}): {said}", err=True)
    return bool(names)


def _leave_with_parent() -> None:
    """Ends this process when the one that supervises it is gone, however that ended."""
    os.read(sys.stdin.fileno(), 1)  # ends when the other end is closed
    if _SCRATCH in os.environ:  # instead of this process, whose threads would go on writing there
        os.execv(sys.executable, [sys.executable, "-IS", "-c", _REMOVES, os.environ[_SCRATCH]])
    os._exit(128 + signal.SIGKILL)
