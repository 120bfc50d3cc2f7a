"""The folder that a page lets one look through."""

from pathlib import Path

import pytest

from srgan.pages.shelf import Shelf
from srgan.runner.names import beside


@pytest.mark.parametrize("folder", ["..", ".", "../photos", "sub/..", "sub/../sub"])
def test_results_go_where_the_commands_put_them(folder, tmp_path, monkeypatch):
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "photos")

    target = Shelf(Path(folder).absolute()).target("-x4")

    assert target == beside(Path(folder), "-x4").absolute()
    assert target.name.removesuffix("-x4") == Path(folder).resolve().name
