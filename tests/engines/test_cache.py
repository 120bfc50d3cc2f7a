"""What is kept comes back; a cache that is damaged or cannot be written costs time and nothing else."""

import os

import pytest
from platformdirs import user_cache_path

from srgan.engines import cache
from srgan.engines.cache import keep, kept, kept_json


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_what_is_kept_comes_back():
    keep("a/b.bin", b"bytes")

    assert kept("a/b.bin") == b"bytes"
    assert [path.name for path in user_cache_path("srgan").rglob("*") if path.is_file()] == ["b.bin"]


def test_what_was_never_kept_is_none():
    assert kept("nothing") is None
    assert kept_json("nothing") == {}


@pytest.mark.parametrize("damaged", [b"{", b"[1]", b"\xff\xfe", b""])
def test_damaged_json_is_as_if_it_were_not_there(damaged):
    keep("rates.json", damaged)

    assert kept_json("rates.json") == {}


def test_a_folder_that_cannot_be_written_keeps_nothing_and_says_nothing(tmp_path):
    (tmp_path / "srgan").write_text("a file where the folder would be")

    keep("a.bin", b"bytes")

    assert kept("a.bin") is None
    assert os.listdir(tmp_path) == ["srgan"]


def test_all_that_is_kept_can_be_told_and_removed(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    cache.clear()
    cache.keep("a", b"12")
    cache.keep("b/c", b"345")

    assert (cache.folder(), cache.size(), cache.trouble()) == (tmp_path / "srgan", 5, "")
    cache.clear()

    assert (cache.size(), cache.kept("a")) == (0, None)
    assert list(tmp_path.iterdir()) == []
