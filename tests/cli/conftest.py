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
    terminated, level = signal.getsignal(signal.SIGTERM), logging.getLogger("srgan").level

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["srgan", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    yield command
    signal.signal(signal.SIGTERM, terminated)
    logging.getLogger("srgan").setLevel(level)
