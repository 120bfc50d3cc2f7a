"""A picture is claimed by one run, until that run frees it or ends."""

import subprocess
import sys

import pytest

from srgan.errors import MachineError
from srgan.runner.claims import Claims

HOLD = """
import sys
from pathlib import Path
from srgan.runner.claims import Claims
print(Claims(Path(sys.argv[1])).claim("a.png"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which has claimed a.png."""
    words = [sys.executable, "-c", HOLD, tmp_path / "claims"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def test_what_another_process_has_claimed_is_not_ours_and_everything_else_is(other, tmp_path):
    claims = Claims(tmp_path / "claims")

    assert not claims.claim("a.png")
    assert claims.claim("b.png")


def test_what_a_killed_process_had_claimed_is_free_again(other, tmp_path):
    claims = Claims(tmp_path / "claims")
    assert not claims.claim("a.png")

    other.kill()

    assert claims.claim("a.png", wait=True)


def test_what_is_freed_or_closed_may_be_claimed_by_others(tmp_path):
    claims = Claims(tmp_path / "claims")
    assert claims.claim("a.png") and claims.claim("b.png")
    claims.free("a.png")

    ask = (
        "import sys; from pathlib import Path; from srgan.runner.claims import Claims; c = Claims(Path(sys.argv[1]))\n"
    )
    words = [sys.executable, "-c", ask + "print(c.claim('a.png'), c.claim('b.png'))", tmp_path / "claims"]
    assert subprocess.check_output(words, text=True) == "True False\n"
    claims.close()
    assert subprocess.check_output(words, text=True) == "True True\n"


def test_claims_that_cannot_be_written_are_the_machines_fault(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MachineError) as caught:
        Claims(tmp_path / "file" / "claims")
    assert str(caught.value).startswith(f"{tmp_path / 'file' / 'claims'}: cannot be written (")


def test_two_runs_of_one_process_hold_each_other_off(tmp_path):
    ours, others = Claims(tmp_path / "claims"), Claims(tmp_path / "claims")
    assert ours.claim("a.png")

    assert not others.claim("a.png")
    Claims(tmp_path / "claims").close()
    assert not others.claim("a.png"), "what a third one closes is its own"
    ours.free("a.png")
    assert others.claim("a.png")
