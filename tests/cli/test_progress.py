"""What a run says of itself while it runs."""

from pathlib import Path

from srgan.cli import progress
from srgan.cli.progress import Progress
from srgan.folder import Outcome


def test_how_much_of_a_large_picture_is_done_is_shown_until_it_is_finished(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", 0)
    line = Progress(2)

    line.within("large\n.png", 0.374)
    line.add(Outcome("large\n.png", Path("large"), "ok", pixels=1000))

    first, last = capsys.readouterr().err.splitlines()
    assert first == "0/2 pictures  large\\n.png 37%"
    assert last.startswith("1/2 pictures") and "large" not in last


def test_it_is_shown_now_and_then_alone_and_never_where_quiet_is_asked_for(monkeypatch, capsys):
    Progress(2).within("large.png", 0.5)
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", 0)
    Progress(2, quiet=True).within("large.png", 0.5)

    assert capsys.readouterr().err == ""
