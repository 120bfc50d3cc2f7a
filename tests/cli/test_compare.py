"""`srgan compare`."""

import shutil


def test_compare_makes_a_page_and_says_where(run, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(photos, "in")
    shutil.copytree(photos, "out")
    (tmp_path / "out" / "coffee.png").unlink()

    assert run("compare", "in", "out", "--quiet") == (0, "", "report.html: 3 pictures, 1 with errors\n")
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_compare_needs_two_folders(run, photos):
    code, _, said = run("compare", photos)

    assert code == 2
    assert "at least two folders" in said
