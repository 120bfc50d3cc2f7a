"""Not a case of its own: thousands of mutated files of every format."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "stress" / "fuzz.py"


@pytest.mark.parametrize("count", [300, pytest.param(5000, marks=pytest.mark.slow)])
def test_00_mutated_files(tmp_path, count):
    fuzzed = subprocess.run(
        [sys.executable, SCRIPT, "--count", str(count)], cwd=tmp_path, capture_output=True, text=True
    )
    assert fuzzed.returncode == 0, fuzzed.stderr
    assert ", 0 trouble, " in fuzzed.stdout
