"""`srgan serve` as a program: what it refuses, how soon it answers, and what is left when it is ended or killed."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import click
import numpy as np
import pytest

from srgan.cli.commands import srgan as commands
from srgan.errors import ConfigError, MachineError
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.runner.verified import verify

pytest.importorskip("uvicorn", reason="uvicorn is not installed")


def call(*words):
    return commands.main(["serve", *map(str, words)], standalone_mode=False)


def test_others_are_let_in_with_a_token_alone():
    with pytest.raises(click.UsageError, match=r"--host 0\.0\.0\.0 lets others ask: say --token SECRET, too"):
        call("--host", "0.0.0.0")


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        call(tmp_path / "nowhere")


def test_an_output_without_a_folder_is_refused(tmp_path):
    with pytest.raises(click.UsageError, match="--output is for pictures of FOLDER"):
        call("-o", tmp_path)


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(MachineError, match="choose another --port"):
        call("--port", other.getsockname()[1])


@pytest.fixture
def program():
    """Starts the command and gives it with its address."""
    running = []

    def start(*words):
        command = [sys.executable, "-c", "from srgan.cli import main; main()", "serve", "--port", "0", *map(str, words)]
        running.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return running[-1], running[-1].stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


def ask(address, data=None, headers=None):
    return urllib.request.urlopen(urllib.request.Request(address, data, headers or {}), timeout=60)


def test_the_page_is_there_before_torch_is(program):
    process, address = program()

    assert b"<title>srgan</title>" in ask(address).read()
    assert json.load(ask(f"{address}api"))["ready"] is False
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    assert process.stderr.read() == ""


def test_where_others_may_ask_the_address_has_the_token_and_a_service_manager_ends_it_in_peace(program):
    process, address = program("--host", "0.0.0.0", "--token", "密码")

    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=%E5%AF%86%E7%A0%81", address)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    assert b"<title>srgan</title>" in browser.open(address, timeout=60).read()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert process.stderr.read() == ""


@pytest.mark.slow
def test_who_kills_it_finds_nothing_half_written_and_what_was_done_is_kept(program, tmp_path):
    folder, made = tmp_path / "photos", tmp_path / "photos-x4"
    rng = np.random.default_rng(0)
    for name, side in (("small.png", 16), ("large.png", 400)):
        write(folder / name, Image(rng.integers(0, 256, (side, side, 3), np.uint8)))
    process, address = program(folder)
    ids = [post(address, name)["id"] for name in ("small.png", "large.png")]
    states = {}
    with ask(f"{address}api/events") as events:
        while states.get(ids[0]) != "done" or states.get(ids[1], "queued") == "queued":
            kind, _, told = events.readline().decode().partition(": ")
            states |= (
                {job["id"]: job["state"] for job in [json.loads(told)] if "state" in job} if kind == "data" else {}
            )

    process.kill()
    process.wait(60)

    left = {path.name: read(path).width for path in made.iterdir() if not path.name.startswith(".srgan")}
    assert left in ({"small.png": 64}, {"small.png": 64, "large.png": 1600})
    assert all(wrong == "" for _, wrong, _ in verify(made))


def post(address, name):
    body = f'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\n{name}\r\n--b--\r\n'.encode()
    return json.load(ask(f"{address}api/jobs", body, {"Content-Type": "multipart/form-data; boundary=b"}))
