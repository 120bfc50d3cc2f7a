"""A picture is locked by one run, until that run releases it or ends."""

import subprocess
import sys

import pytest

from srgan.errors import MachineError
from srgan.runner.locks import Locks

HOLD = """
import sys
from pathlib import Path
from srgan.runner.locks import Locks
print(Locks(Path(sys.argv[1])).acquire("a.png"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which has locked a.png."""
    words = [sys.executable, "-c", HOLD, tmp_path / "locks"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_what_another_process_has_locked_is_not_ours_and_everything_else_is(other, tmp_path):
    locks = Locks(tmp_path / "locks")

    assert not locks.acquire("a.png")
    assert locks.acquire("b.png")


def test_what_a_killed_process_had_locked_is_free_again(other, tmp_path):
    locks = Locks(tmp_path / "locks")
    assert not locks.acquire("a.png")

    other.kill()

    assert locks.acquire("a.png", wait=True)


def test_what_is_released_or_closed_may_be_locked_by_others(tmp_path):
    locks = Locks(tmp_path / "locks")
    assert locks.acquire("a.png") and locks.acquire("b.png")
    locks.release("a.png")

    ask = "import sys; from pathlib import Path; from srgan.runner.locks import Locks; c = Locks(Path(sys.argv[1]))\n"
    words = [sys.executable, "-c", ask + "print(c.acquire('a.png'), c.acquire('b.png'))", tmp_path / "locks"]
    assert subprocess.check_output(words, text=True) == "True False\n"
    locks.close()
    assert subprocess.check_output(words, text=True) == "True True\n"


def test_locks_that_cannot_be_written_are_the_machines_fault(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError) as caught:
        Locks(tmp_path / "file" / "locks")
    assert str(caught.value).startswith(f"{tmp_path / 'file' / 'locks'}: cannot be written (")


def test_two_runs_of_one_process_hold_each_other_off(tmp_path):
    ours, others = Locks(tmp_path / "locks"), Locks(tmp_path / "locks")
    assert ours.acquire("a.png")

    assert not others.acquire("a.png")
    Locks(tmp_path / "locks").close()
    assert not others.acquire("a.png"), "what a third one closes is its own"
    ours.release("a.png")
    assert others.acquire("a.png")
