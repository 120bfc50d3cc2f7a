"""Freed memory is kept where glibc can be told, and the setting is left to programs."""

import platform
import subprocess
import sys

import pytest


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="not glibc")
def test_glibc_can_be_told_to_keep_freed_memory():
    program = "from srgan.engines.memory import keep_freed_memory; print(keep_freed_memory())"

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "True\n"
