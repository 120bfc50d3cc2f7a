"""Nobody waits for what is not needed: help, plans and refusals load no networks, and the first no pictures either."""

import json
import os
import subprocess
import sys

import pytest

from srgan.cli.commands import srgan as commands
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models import zoo

HEAVY = {"numpy", "cv2", "PIL", "tifffile", "skimage", "scipy", "jaxtyping", "torch", "torchvision", "openvino"}
USELESS = {"importlib.metadata", "email", "asyncio", "http"}
"""Of the standard library, what takes long to import and shows nothing."""

NETWORKS = {"torch", "torchvision", "openvino", "skimage", "scipy"}

LIGHT, PLANNED = 7, 25
"""Times the CPU of `import click` that a command may take which loads nothing, or pictures: they take 4 and 13."""

CLICK = """
import click, resource
used = resource.getrusage(resource.RUSAGE_SELF)
print(used.ru_utime + used.ru_stime)
"""

PROGRAM = """
import json, resource, sys
sys.argv = ["srgan", *{words!r}]
from srgan import cli
code = 0
try: cli.main()
except SystemExit as left: code = left.code
used = resource.getrusage(resource.RUSAGE_SELF)
open({told!r}, "w").write(json.dumps([code, sorted(sys.modules), used.ru_utime + used.ru_stime]))
"""


@pytest.fixture
def leave(tmp_path):
    """Runs `srgan WORDS...` in a process of its own; its exit code, its modules, its seconds of CPU, what it said."""

    def command(*words, **environment):
        told = tmp_path / "told.json"
        program = PROGRAM.format(words=[str(word) for word in words], told=str(told))
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**os.environ, "SRGAN_SUPERVISED": "0", **environment},
            capture_output=True,
            text=True,
            timeout=120,
        )
        code, modules, seconds = json.loads(told.read_text())
        return code, set(modules), seconds, done.stdout + done.stderr

    return command


def of_click():
    """The seconds of CPU that `import click` takes, now and on this machine."""
    return float(subprocess.run([sys.executable, "-c", CLICK], check=True, capture_output=True, text=True).stdout)


@pytest.fixture
def folder(tmp_path, pixels):
    write(tmp_path / "in" / "a.png", Image(pixels(8, 8)))
    (tmp_path / "file").write_bytes(b"")
    return tmp_path / "in"


@pytest.mark.parametrize("words", [(), *((name,) for name in commands.commands)])
def test_help_loads_nothing_that_it_does_not_show(leave, words):
    code, modules, seconds, said = leave(*words, "--help")

    assert (code, said[:6]) == (0, "Usage:")
    assert not (HEAVY | USELESS) & modules
    assert seconds < LIGHT * of_click()


def test_neither_completion_nor_info_loads_anything(leave):
    completed = leave(_SRGAN_COMPLETE="bash_complete", COMP_WORDS="srgan upscale --mod", COMP_CWORD="2")
    listed, told = leave("info"), leave("info", zoo.names()[0])

    for code, modules, seconds, _ in (completed, listed, told):
        assert code == 0
        assert not HEAVY & modules
        assert seconds < LIGHT * of_click()
    assert "plain,--model\n" in completed[3]


@pytest.mark.parametrize(
    "words, code",
    [
        (("upscale", "nowhere", "out"), 2),
        (("upscale", "in", "in"), 2),
        (("upscale", "in", "file"), 5),
        (("upscale", "in", "out", "-m", "nope"), 4),
        (("upscale", "in", "out", "-m", "upscale-x3", "--realism", "1"), 2),
        (("upscale", "in", "out", "-m", "denoise"), 2),
        (("upscale", "in", "out", "-m", "upscale-x2", "-s", "4"), 2),
        (("upscale", "in", "out", "-n"), 0),
        (("denoise", "in", "out", "--strength", "much"), 2),
        (("inpaint", "in", "out"), 2),
        (("eval", "nope", "--data", "in"), 4),
        (("eval", "upscale-x2"), 2),
        (("finetune", "nope", "--data", "in", "--out", "run"), 4),
        (("finetune", "upscale-x2", "--out", "run"), 2),
        (("train", "upscale", "--out", "run"), 2),
        (("train", "upscale", "--data", "in", "--out", "run", "--init", "nope"), 4),
        (("verify", "in"), 2),
        (("retry", "in"), 2),
    ],
)
def test_a_refusal_and_a_plan_load_no_networks(leave, folder, words, code):
    left, modules, seconds, said = leave(*words)

    assert left == code, said
    assert not NETWORKS & modules
    assert seconds < PLANNED * of_click()


def test_a_run_that_has_nothing_to_do_loads_no_networks(leave, folder):
    words = ("upscale", "in", "out", "-s", "2", "--realism", "0", "--source", "clean", "--precision", "fp32")
    words = (*words, "-d", "cpu", "--engine", "torch")  # one network and one engine, or all would be timed first
    assert leave(*words)[0] == 0

    code, modules, seconds, said = leave(*words)

    assert (code, said.splitlines()[-1]) == (0, "1/1 pictures  ok 0 skipped 1 failed 0  in 0:00  -> out")
    assert not NETWORKS & modules
    assert seconds < PLANNED * of_click()


def test_a_picture_is_enlarged_without_what_its_engine_does_not_need(leave, folder):
    pytest.importorskip("ncnn")

    code, modules, _, said = leave("upscale", "in/a.png", "out.png", "--engine", "ncnn")

    assert code == 0, said
    assert not {"scipy", "skimage", "torchvision", "torchmetrics", "openvino", "torch._dynamo"} & modules


def test_nothing_is_looked_through_when_a_command_ends():
    program = "import gc, sys\nsys.argv = ['srgan', '--version']\nfrom srgan import cli\n"
    program += "try: cli.main()\nexcept SystemExit: print(gc.get_freeze_count(), len(gc.get_objects()))"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    spared, looked_through = map(int, said.stdout.splitlines()[-1].split())
    assert spared > 100 * max(1, looked_through)
