"""The journal knows what is finished, and nothing that is not."""

import json
import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest

from srgan.errors import MachineError
from srgan.files import stamp
from srgan.runner.journal import Journal
from srgan.runner.lines import fingerprint
from srgan.runner.plan import Job


@pytest.fixture
def job(tmp_path):
    """A picture and its output, both of which are there."""
    source, target = tmp_path / "in" / "a.png", tmp_path / "out" / "a.png"
    for path, data in ((source, b"source"), (target, b"target!")):
        path.parent.mkdir()
        path.write_bytes(data)
    return Job(source.parent, target.parent, "a.png", "a.png")


def opened(job, **settings):
    return Journal(job.target.parent, {"tile": 0, **settings})


def finish(job, **settings):
    with opened(job, **settings) as journal:
        journal.add(job, stamp(job.source), job.target.stat().st_size, "digest", 0.25)


def has(job, **settings):
    with opened(job, **settings) as journal:
        return journal.has(job, stamp(job.source))


def test_a_fresh_journal_knows_nothing(job):
    assert not has(job)


def test_a_finished_picture_is_known_afterwards(job):
    finish(job)

    assert has(job)


def test_a_line_keeps_the_notes_of_a_picture(job):
    with opened(job) as journal:
        journal.add(job, stamp(job.source), 7, "digest", 0.25, notes=("first of 3 frames",))

    with opened(job) as journal:
        assert journal.finished["a.png"]["notes"] == ["first of 3 frames"]


def test_a_line_says_what_was_made_of_what(job):
    finish(job)

    (line,) = map(json.loads, (job.target.parent / ".srgan" / "journal.jsonl").read_text().splitlines())
    assert line == {
        "name": "a.png",
        "input": stamp(job.source),
        "target": "a.png",
        "settings": fingerprint({"tile": 0}),
        "output": 7,
        "sha256": "digest",
        "seconds": 0.25,
        "folder": str(job.input_folder),
    }


def test_other_settings_are_not_finished(job):
    finish(job)

    assert not has(job, tile=64)


def test_a_changed_input_is_not_finished(job):
    finish(job)
    os.utime(job.source, ns=(1, 1))

    assert not has(job)


def test_a_deleted_or_shortened_output_is_not_finished(job):
    finish(job)
    job.target.write_bytes(b"half")
    assert not has(job)
    job.target.unlink()
    assert not has(job)


def test_another_target_is_not_finished(job):
    finish(job)

    assert not has(replace(job, new="a.tif"))


def test_the_last_line_of_a_picture_counts(job):
    finish(job)
    finish(job, tile=64)

    assert not has(job)
    assert has(job, tile=64)


@pytest.mark.parametrize("torn", ['{"name": "b.png", "inp', "[]", "null", '{"input": [1, 2]}'])
def test_a_torn_line_is_ignored_with_one_warning_and_the_next_one_is_whole(job, caplog, torn):
    finish(job)
    path = job.target.parent / ".srgan" / "journal.jsonl"
    with path.open("a") as file:
        file.write(torn)
    other = replace(job, name="c.png", new="c.png")
    for one in (other.source, other.target):
        one.write_bytes(b"other")

    with caplog.at_level(logging.WARNING):
        assert has(job)
        finish(other)
        assert caplog.messages == [f"{path}: its last line was torn by a crash, and is ignored"]

    assert has(other)
    assert has(job)


def test_a_line_that_is_no_text_is_ignored_too(job):
    finish(job)
    with (job.target.parent / ".srgan" / "journal.jsonl").open("ab") as file:
        file.write(b"\xff\xfe\x00\n")

    assert has(job)


def test_a_folder_that_cannot_be_made_is_the_machines_fault(tmp_path):
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(MachineError) as caught:
        Journal(tmp_path / "file" / "out", {})
    assert str(caught.value) == (
        f"{tmp_path}/file/out/.srgan/journal.jsonl: cannot be written (Not a directory); choose another output"
    )


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a full disk is made of it")
def test_a_full_disk_is_told_of_in_a_line(job, monkeypatch):
    def opening(path, mode="r", *arguments, **options):
        if "a" in mode:
            path.touch()
        return open("/dev/full" if "a" in mode else path, mode, *arguments, **options)

    monkeypatch.setattr(Path, "open", opening)

    with pytest.raises(MachineError, match="No space left"), opened(job) as journal:
        journal.begin(job, alone=True)


def test_equal_settings_have_equal_fingerprints_whatever_their_order():
    assert fingerprint({"a": 1, "b": [2]}) == fingerprint({"b": [2], "a": 1})
    assert fingerprint({"a": 1}) != fingerprint({"a": 2})


def test_a_run_that_died_is_blamed_by_its_name_whatever_the_number_of_its_process(job):
    with Journal(job.target.parent, {}, run="ours") as ours, Journal(job.target.parent, {}, run="theirs") as theirs:
        ours.begin(job, alone=True)
        theirs.begin(replace(job, name="b.png"), alone=True)
        ours.refresh()

        assert ours.died("ours") == ["a.png"]
        theirs.refresh()
        assert theirs.deaths == {"a.png": 1}


def test_what_a_killed_run_has_left_is_removed_and_nothing_else(job):
    outside = job.target.parent.parent / ".srgan-0123456789abcdef"
    outside.touch()
    with opened(job) as journal:
        left = job.target.with_name(journal.begin(job, alone=True))
        left.touch()
        for name in (f"../{outside.name}", "a.png", 17):
            journal._write({"name": "a.png", "begun": name})
    with opened(job) as journal:
        journal.begin(job, alone=False)
        assert left.exists(), "its run may be at work still"
        journal.begin(job, alone=True)

    assert not left.exists() and outside.exists() and job.target.exists()
