"""What `import srgan` gives, and what it does not do; and that the code is typed and tidy."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest

import srgan

ROOT = Path(__file__).parents[1]


def run(*command):
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_importing_the_package_imports_nothing_heavy():
    program = "import sys, srgan; print(*{'torch', 'numpy', 'cv2', 'PIL', 'skimage', 'click'} & set(sys.modules))"

    assert run("-c", program).stdout.split() == []


@pytest.mark.parametrize("name", srgan.__all__)
def test_every_public_name_is_there_and_explains_itself_and_its_fields(name):
    public = getattr(srgan, name)
    fields = (
        [field.name for field in dataclasses.fields(public) if field.init] if dataclasses.is_dataclass(public) else []
    )

    assert public.__doc__
    assert not public.__doc__.startswith(f"{public.__name__}(")  # as Python writes it where nobody did
    assert [field for field in fields if not re.search(rf"\b{field}\b", public.__doc__)] == []


def test_dir_lists_the_public_names():
    assert dir(srgan) == sorted(srgan.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match=r"^module 'srgan' has no attribute 'upscale_all'$"):
        _ = srgan.upscale_all


def test_the_version_is_that_of_the_distribution():
    assert f'version = "{srgan.__version__}"' in (ROOT / "pyproject.toml").read_text()


def test_the_tree_of_errors_has_the_exit_codes_its_docstring_says():
    from srgan import errors

    for line in errors.__doc__.splitlines():
        words = line.strip("│├└─ ").split()
        if words and words[0].endswith("Error") and words[0] != "SrganError":
            assert getattr(errors, words[0]).exit_code == int(words[1])


def test_ruff_finds_nothing():
    checked = run("-m", "ruff", "check", "srgan", "tests")

    assert checked.returncode == 0, checked.stdout


@pytest.mark.slow
def test_mypy_finds_nothing():
    checked = run("-m", "mypy", "--strict", "srgan")

    assert checked.returncode == 0, checked.stdout
