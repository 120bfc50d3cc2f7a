"""What the tests of the commands share."""

import signal
import sys

import pytest

from srgan import cli
from srgan.cli.supervise import SUPERVISED
from srgan.models import zoo
from srgan.models.file import save


@pytest.fixture
def put_on_shelf(tmp_path, monkeypatch):
    """Makes a package that ships these models, by name, and those put there before."""

    def put(models):
        shelf = tmp_path / "shelf"
        for name, model in models.items():
            save(model, shelf / f"{name}.safetensors")
        sums = [f"{zoo.sha256(path)}  {path.name}" for path in sorted(shelf.glob("*.safetensors"))]
        (shelf / zoo.CHECKSUMS).write_text("\n".join(sums) + "\n")
        monkeypatch.setattr(zoo, "weights_folder", lambda: shelf)

    return put


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `srgan WORDS...` here, and returns its exit code, stdout and stderr."""
    monkeypatch.setenv(SUPERVISED, "0")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def command(*words):
        monkeypatch.setattr(sys, "argv", ["srgan", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return left.value.code, *capsys.readouterr()

    yield command
    for number, handler in handlers.items():
        signal.signal(number, handler)
