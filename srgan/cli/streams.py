"""What is printed on: streams that may be closed, that nobody may read any more, or that know few letters."""

import io
import os
import sys
from typing import TextIO


def prepare() -> None:
    """Makes the standard streams take whatever is printed; those that are closed take it, too, and forget it."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = getattr(sys, name)
        if stream is None:  # else a picture would be opened under its number, and get what libraries print
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free, so this one
            setattr(sys, name, open(number, "w" if number else "r", closefd=False))  # noqa: SIM115
        elif number and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def give_up(stream: TextIO) -> None:
    """Nobody reads the stream any more: what is left of it must not fail either when Python flushes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
