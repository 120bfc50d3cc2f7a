"""A command that is interrupted says so, leaves nothing half done, and continues."""

import os
import signal
import subprocess
import sys
import time

import pytest

from srgan import cli
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [(signal.SIGINT, 130, "interrupted"), pytest.param(signal.SIGTERM, 143, "terminated", marks=pytest.mark.slow)],
)
def test_a_signal_ends_the_command_and_the_same_command_continues(tmp_path, pixels, number, code, says):
    source, target = tmp_path / "in", tmp_path / "out"
    for seed in range(16):
        write(source / f"{seed:02}.png", Image(pixels(120, 120, seed=seed)))
    command = [sys.executable, "-c", "from srgan.cli import upscale_main; upscale_main()", source, target]

    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not list(target.glob("*.png")):
            time.sleep(0.001)
        process.send_signal(number)
        _, messages = process.communicate()

    assert process.returncode == code
    assert f"{says}; the same command continues" in messages
    done = {path.name: path.stat().st_mtime_ns for path in target.glob("*.png")}
    assert 0 < len(done) < 16
    assert all(read(target / name).width == 480 for name in done)
    assert not list(target.glob(".srgan-*"))

    again = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=True)

    assert f"skipped {len(done)}" in again.stderr
    assert len(list(target.glob("*.png"))) == 16
    assert all((target / name).stat().st_mtime_ns == time for name, time in done.items())


@pytest.mark.parametrize("words", [("--existing", "overwrite"), ("--existing=overwrite",)])
def test_a_command_that_overwrites_does_not_say_that_it_continues(monkeypatch, capsys, words):
    monkeypatch.setattr("sys.argv", ["srgan", "upscale", "in", "out", *words])

    cli._say("interrupted")

    assert capsys.readouterr().err == "interrupted; the same command begins anew\n"


INTERRUPTED = "import os, signal\ntry: os.kill(os.getpid(), signal.{name})\nexcept BaseException: raise RuntimeError\n"


@pytest.mark.parametrize(("name", "code", "says"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")])
@pytest.mark.parametrize("supervised", [False, True])
def test_a_signal_during_imports_is_no_traceback(tmp_path, pixels, name, code, says, supervised):
    """Not even where native code makes another error of it; nor before the supervised process has begun to work."""
    write(tmp_path / "in" / "a.png", Image(pixels(8, 8)))
    (tmp_path / "torch.py").write_text(INTERRUPTED.format(name=name))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "SRGAN_SUPERVISED": "0"}
    if supervised:
        del environment["SRGAN_SUPERVISED"]
        only = "import os\nif os.environ.get('SRGAN_SUPERVISED'):\n"
        body = INTERRUPTED.format(name=name).replace("\n", "\n    ")
        (tmp_path / "sitecustomize.py").write_text(f"{only}    {body}")

    done = subprocess.run(
        [sys.executable, "-m", "srgan", "upscale", "in", "out"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == code
    assert done.stderr.splitlines() == [*(["0/1 pictures"] * (not supervised)), f"{says}; the same command continues"]
