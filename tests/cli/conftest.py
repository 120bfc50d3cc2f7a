"""What the tests of the commands share."""

import logging
import signal
import sys

import pytest

from srgan import cli
from srgan.cli.supervise import SUPERVISED


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `srgan WORDS...` here, and returns its exit code, stdout and stderr."""
    monkeypatch.setenv(SUPERVISED, "0")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    level = logging.getLogger("srgan").level

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["srgan", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    yield command
    for number, handler in handlers.items():
        signal.signal(number, handler)
    logging.getLogger("srgan").setLevel(level)
