"""Where a server keeps what it works on."""

import os
import shutil
import sys
import tempfile
from contextlib import closing

import pytest

from srgan.pages.workplace import room, workplace
from srgan.runner.locks import Locks

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere locks belong to the process")


@pytest.fixture
def left(tmp_path, monkeypatch):
    """The folder of a server that was killed an hour ago."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = tmp_path / "srgan-serve-left"
    folder.mkdir()
    (folder / "input.png").write_bytes(b"somebody's picture")
    Locks(folder / "claims").close()
    os.utime(folder, (folder.stat().st_mtime - 3600,) * 2)
    return folder


def test_what_a_killed_server_has_left_is_removed_by_the_next(left):
    with workplace() as work:
        assert not left.exists()
        assert list(work.iterdir()) == []
    assert list(left.parent.iterdir()) == []


def test_the_folder_of_a_server_that_runs_is_left_alone(left):
    with closing(Locks(left / "claims")) as locks:
        assert locks.acquire("server")
        with workplace():
            assert (left / "input.png").exists()


def test_a_young_folder_is_left_alone_for_it_may_not_be_locked_yet(left):
    os.utime(left)
    with workplace():
        assert left.exists()


def test_what_an_interrupted_end_leaves_is_known_by_its_locks(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def interrupted(folder):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", interrupted)
    with pytest.raises(KeyboardInterrupt), workplace() as work:
        pass

    assert (work.parent / "claims").is_file()


def test_what_a_cleaner_of_temporary_files_takes_is_made_anew_for_our_user_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with workplace() as work:
        shutil.rmtree(work.parent)

        assert room(work).is_dir()
        assert [folder.stat().st_mode & 0o777 for folder in (work.parent, work)] == [0o700, 0o700]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", [lambda work: work, lambda work: work.parent])
def test_an_end_does_not_fail_on_what_a_cleaner_has_taken(taken, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    with workplace() as work:
        shutil.rmtree(taken(work))

    assert list(tmp_path.iterdir()) == []


def test_no_link_is_followed(left, tmp_path):
    (tmp_path / "srgan-serve-link").symlink_to(left)
    with closing(Locks(left / "claims")) as locks:
        locks.acquire("server")
        with workplace():
            assert (tmp_path / "srgan-serve-link").is_symlink()
