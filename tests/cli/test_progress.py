"""What a run says of itself while it runs."""

from pathlib import Path

from srgan.cli import progress
from srgan.cli.progress import Progress
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.file import save
from srgan.runner.history import History
from srgan.runner.outcome import Outcome


def test_how_much_of_a_large_picture_is_done_is_shown_until_it_is_finished(monkeypatch, capsys):
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", 0)
    line = Progress(2)

    line.within("large\n.png", 0.374, 100_000_000)
    line.add(Outcome("large\n.png", Path("large"), "ok", pixels=100_000_000))

    first, last = capsys.readouterr().err.splitlines()
    assert first.startswith("0/2 pictures  37 MP  ") and first.endswith("  large\\n.png 37%")
    assert last.startswith("1/2 pictures  ok 1 skipped 0 failed 0  100 MP") and "large" not in last


def test_what_is_left_is_reckoned_from_what_is_done_within_pictures_too(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    line = Progress(2)

    now[0] = 20.0
    line.within("a.png", 0.5, 40_000_000)

    assert capsys.readouterr().err == "0/2 pictures  20 MP  1.0 MP/s  ETA 1:00  a.png 50%\n"


def test_it_is_shown_now_and_then_alone_and_never_where_quiet_is_asked_for(monkeypatch, capsys):
    Progress(2).within("large.png", 0.5, 1000)
    monkeypatch.setattr(progress, "PLAIN_INTERVAL", 0)
    Progress(2, quiet=True).within("large.png", 0.5, 1000)

    assert capsys.readouterr().err == ""


def test_small_pictures_are_told_in_digits_that_are_not_nought(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    line = Progress(2)

    now[0] = 20.0
    line.add(Outcome("a.png", Path("a"), "ok", pixels=2600))
    line.finish(20.0, Path("out"))

    assert capsys.readouterr().err.splitlines() == [
        "1/2 pictures  ok 1 skipped 0 failed 0  0.0026 MP  0.00013 MP/s  ETA 0:20",
        "1/2 pictures  ok 1 skipped 0 failed 0  0.0026 MP  in 0:20, 0.00013 MP/s  -> out",
    ]


def test_where_nothing_was_to_do_no_rate_is_told(capsys):
    line = Progress(1)
    line.add(Outcome("a.png", Path("a"), "skipped"))
    line.finish(0.1, Path("out"))

    assert capsys.readouterr().err == "1/1 pictures  ok 0 skipped 1 failed 0  in 0:00  -> out\n"


def test_where_nothing_was_made_no_place_is_named(capsys):
    line = Progress(1, quiet=False)
    line.add(Outcome("a.png", Path("a"), "failed", "a.png: cut short"))
    line.finish(0.1, Path("out"))

    assert capsys.readouterr().err == "failed: a.png: cut short\n1/1 pictures  ok 0 skipped 0 failed 1  in 0:00\n"


def test_the_first_line_does_not_wait_for_a_long_journal(run, tiny, tmp_path, pixels, monkeypatch):
    save(tiny, tmp_path / "tiny.safetensors")
    write(tmp_path / "in" / "a.png", Image(pixels(8, 8)))
    order = []
    monkeypatch.setattr(Progress, "show", lambda self: order.append("shown"))
    refresh = History.refresh
    monkeypatch.setattr(History, "refresh", lambda self: (order.append("read"), refresh(self))[1])

    assert run("upscale", tmp_path / "in", tmp_path / "out", "-m", tmp_path / "tiny.safetensors", "-d", "cpu")[0] == 0

    assert order[:2] == ["shown", "read"]
