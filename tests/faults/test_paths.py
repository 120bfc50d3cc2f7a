"""Cases 31 to 40: names, folders, and what lies in them."""

import contextlib
import errno
import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image as Pillow

from srgan.errors import ConfigError, MachineError, NoPicturesError
from srgan.images.reader import decode
from srgan.runner import job
from srgan.runner.plan import plan
from srgan.runner.verified import verify

from .conftest import ALONE, PHOTO, encoded

SMALL = PHOTO[:8, :8]


@pytest.mark.parametrize("name", ["ä ö.png", "a b.png", "new\nline.png", "\"quo'tes.png", "-q.png", "😀.png"])
def test_31_names_of_all_kinds(folder, name):
    folder.write(name, encoded(SMALL))

    assert folder.statuses() == {name: "ok"}
    assert list(folder.tree()) == [name]
    assert folder.statuses() == {name: "skipped"}


def test_32_a_name_that_is_not_utf8(folder):
    folder.write(b"bad\xff.png", encoded(SMALL))

    process = folder.start()
    _, messages = process.communicate()

    assert process.returncode == 0, messages
    assert os.path.exists(os.fsencode(folder.target) + b"/bad\xff.png")


def test_33_a_very_long_name(folder):
    name = "n" * 251 + ".png"
    folder.write(name, encoded(SMALL))

    assert folder.statuses() == {name: "ok"}
    assert list(folder.tree()) == [name]


def test_34_links_pipes_and_sockets(folder):
    folder.put(a_png=encoded(SMALL))
    (folder.source / "loop").symlink_to(folder.source)
    (folder.source / "link.png").symlink_to(folder.source / "a.png")
    (folder.source / "nowhere.png").symlink_to(folder.source / "gone.png")
    os.mkfifo(folder.source / "pipe.jpg")

    process = folder.start()
    _, messages = process.communicate(timeout=60)

    assert process.returncode == 0, messages
    assert sorted(folder.tree()) == ["a.png", "link.png"]


def test_35_output_inside_input_and_the_like(folder):
    folder.put(a_png=encoded(SMALL))
    folder.target = folder.source / "out"

    assert folder.statuses() == {"a.png": "ok"}
    assert folder.statuses() == {"a.png": "skipped"}
    folder.target = folder.source
    with pytest.raises(ConfigError, match="both input and output"):
        folder.run()
    (folder.source / "sub").mkdir()
    folder.source, folder.target = folder.source / "sub", folder.source
    folder.put(a_png=encoded(SMALL))
    assert folder.statuses(existing="error") == {"a.png": "failed"}


def test_35_in_place(folder):
    folder.put(a_png=encoded(SMALL), b_jpg=encoded(SMALL, "jpeg"), c_png=b"not a picture")
    os.chmod(folder.source / "a.png", 0o640)
    folder.target = folder.source

    assert folder.statuses(in_place=True) == {"a.png": "ok", "b.jpg": "ok", "c.png": "unsupported"}
    once = folder.tree()
    assert decode(once["a.png"], "a").width == 2 * SMALL.shape[1] and once["c.png"] == b"not a picture"
    assert os.stat(folder.source / "a.png").st_mode & 0o7777 == 0o640
    assert folder.statuses(in_place=True) == {"a.png": "skipped", "b.jpg": "skipped", "c.png": "unsupported"}
    assert folder.tree() == once
    assert [trouble for _, trouble, _ in verify(folder.target)] == ["", ""]
    other = folder.run(in_place=True, quality=50)["a.png"]
    assert other.status == "failed" and "was replaced already, by a command with other settings" in other.reason
    assert folder.tree() == once
    assert folder.statuses(in_place=True, quality=50, existing="overwrite")["a.png"] == "ok"
    folder.put(a_png=encoded(SMALL))
    assert folder.statuses(in_place=True)["a.png"] == "ok", "another picture of that name"


@pytest.mark.parametrize("killed_at", ["before", "after"])
def test_35_killed_while_a_picture_is_replaced(folder, monkeypatch, killed_at):
    folder.put(a_png=encoded(SMALL))
    folder.target = folder.source
    rename = os.replace

    def killed(partial, target):
        if killed_at == "after":
            rename(partial, target)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            folder.run(in_place=True)

    assert folder.statuses(in_place=True) == {"a.png": "ok" if killed_at == "before" else "skipped"}
    assert decode(folder.tree()["a.png"], "a").width == 2 * SMALL.shape[1], "enlarged once"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="what is open is seen in /proc")
def test_35_a_picture_is_no_longer_open_when_it_is_replaced(folder, monkeypatch):
    """Windows refuses to replace what is; those that are streamed are read until they are written."""
    folder.put(a_png=encoded(PHOTO))
    folder.target = folder.source
    rename, still_open = os.replace, []

    def watched(partial, target):
        numbers = (path for path in Path("/proc/self/fd").iterdir() if path.exists())
        still_open.extend(path for path in numbers if path.resolve() == folder.source / "a.png")
        rename(partial, target)

    monkeypatch.setattr(os, "replace", watched)

    assert folder.statuses(in_place=True, memory=1e-6) == {"a.png": "ok"}
    assert still_open == []


@pytest.mark.parametrize("in_place", [False, True])
def test_35_a_power_cut_after_an_output_has_its_name_loses_no_line_of_the_journal(folder, monkeypatch, in_place):
    """Lines that were written and not synced are lost, while the name is kept."""
    folder.put(a_png=encoded(SMALL), b_png=encoded(SMALL))
    folder.target = folder.source if in_place else folder.target
    journal = folder.target / ".srgan" / "journal.jsonl"
    fsync, rename, safe = os.fsync, os.replace, [b""]

    def synced(file):
        fsync(file)
        if os.path.samestat(os.fstat(file), os.stat(journal)):
            safe[0] = journal.read_bytes()

    def cut(partial, target):
        rename(partial, target)
        if target.name == "b.png":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", synced)
        patched.setattr(os, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            folder.run(in_place=in_place)
    journal.write_bytes(safe[0])

    again = folder.statuses(in_place=in_place)
    assert again["a.png"] in ("skipped", "ok") and again["b.png"] == ("skipped" if in_place else "ok")
    assert {decode(data, "a").width for data in folder.tree().values()} == {2 * SMALL.shape[1]}


def test_35_in_place_loses_no_frames_and_no_names(folder):
    frames = [Pillow.fromarray(SMALL), Pillow.fromarray(255 - SMALL)]
    folder.put(a_webp=encoded(frames[0], "webp", save_all=True, append_images=frames[1:]))
    folder.target = folder.source

    (outcome,) = folder.run(in_place=True).values()
    assert outcome.status == "failed" and "--in-place would lose all frames but the first" in outcome.reason
    assert folder.statuses(in_place=True, frames="all") == {"a.webp": "ok"}
    with pytest.raises(ConfigError, match="--in-place keeps formats: leave out --format png"):
        folder.run(in_place=True, format="png")
    folder.put(b_gif=encoded(SMALL, "gif"))
    gif = folder.run(in_place=True, frames="all")["b.gif"]
    assert gif.status == "unsupported" and gif.reason.endswith("would become b.png, and --in-place keeps names")
    assert sorted(folder.tree()) == ["a.webp", "b.gif"]
    folder.target = folder.source.parent / "elsewhere"
    with pytest.raises(ConfigError, match=r"--in-place replaces the input: give .* as output, too"):
        folder.run(in_place=True)


@pytest.mark.parametrize("existing", ["resume", "overwrite"])
def test_35_in_place_leaves_links_alone(folder, existing):
    folder.put(a_png=encoded(SMALL))
    (folder.source / "cover.png").symlink_to("a.png")
    folder.target = folder.source

    foretold = folder.start("--in-place", "--existing", existing, "-n", "--json")
    assert [json.loads(line)["status"] for line in foretold.communicate()[0].splitlines()] == ["planned", "skipped"]
    assert folder.statuses(in_place=True, existing=existing) == {"a.png": "ok", "cover.png": "skipped"}
    assert os.readlink(folder.source / "cover.png") == "a.png"
    folder.source /= "cover.png"
    folder.target = folder.source
    with pytest.raises(ConfigError, match=r"cover\.png: is a link: --in-place replaces files themselves; "):
        folder.run(in_place=True)


@pytest.mark.parametrize("names", [("a.jpg", "a.png"), ("A.png", "a.png")])
def test_36_two_pictures_that_want_one_name(folder, names):
    for name in names:
        folder.write(name, encoded(SMALL))

    assert set(folder.statuses(format="png").values()) == {"ok"}
    first = folder.tree()
    assert len(first) == 2
    with pytest.raises(ConfigError, match="would all become"):
        folder.run(format="png", on_collision="error")
    assert {job.target.name for job in plan(folder.source, folder.target, format="png")} == set(first)
    assert len({name.casefold() for name in first}) == 2


def test_37_no_pictures_or_no_folder(folder):
    with pytest.raises(NoPicturesError) as caught:
        folder.run()
    assert caught.value.exit_code == 3
    folder.source = folder.source / "gone"
    with pytest.raises(ConfigError) as missing:
        folder.run()
    assert missing.value.exit_code == 2


def test_31_modules_in_the_users_folder_are_not_ours(folder, tmp_path):
    """A picture folder may hold a file that is called like a module."""
    (tmp_path / "click.py").write_text("raise SystemExit('not this one')")
    folder.put(a_png=encoded(SMALL))

    process = folder.start(cwd=tmp_path)
    _, messages = process.communicate()

    assert process.returncode == 0, messages
    assert list(folder.tree()) == ["a.png"]


@pytest.mark.slow
def test_38_100_000_small_files(folder):
    data = encoded(SMALL[:1, :1])
    for number in range(100_000):
        folder.write(f"{number:06}.png", data)

    def memory():
        lines = Path(f"/proc/{child}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    started = time.monotonic()
    process = folder.start("-v")
    assert process.stderr.readline() == "0/100000 pictures\n"
    until_said = time.monotonic() - started
    child = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text())  # which does the work
    for _ in range(1000):
        process.stdout.readline()
    before = memory()
    for _ in range(4000):
        process.stdout.readline()
    grown = memory() - before
    process.terminate()
    process.communicate()

    assert until_said < 2
    assert grown < 20  # MB
    assert process.returncode == 143


def test_39_outputs_that_cannot_be_written_and_inputs_that_cannot_be_read(folder):
    folder.put(a_png=encoded(SMALL))
    folder.target.write_bytes(b"a file")
    with pytest.raises(MachineError) as caught:
        folder.run()
    assert caught.value.exit_code == 5

    folder.target = Path("/proc/out")  # not even root can make a folder there
    process = folder.start()
    _, messages = process.communicate()
    assert process.returncode == 5, messages
    assert "cannot be written" in messages

    folder.target = folder.source.parent / "open"
    (folder.source / "b.png").symlink_to("/proc/self/mem")  # a file that not even root can read
    outcomes = folder.run()
    assert outcomes["a.png"].status == "ok"
    assert outcomes["b.png"].status == "failed" and "cannot be read" in outcomes["b.png"].reason


@pytest.mark.parametrize("memory", [4.0, 1e-6])
def test_40_a_file_that_changes_or_vanishes_while_it_is_read(folder, monkeypatch, memory):
    folder.put(changes_png=encoded(SMALL), vanishes_png=encoded(SMALL), stays_png=encoded(SMALL))
    reading = job.read_bands

    @contextlib.contextmanager
    def read_and_meddle(path, **options):
        with reading(path, **options) as bands:
            if path.name == "changes.png":
                path.write_bytes(encoded(SMALL[:4]))
            elif path.name == "vanishes.png":
                path.unlink()
            yield bands

    monkeypatch.setattr(job, "read_bands", read_and_meddle)

    outcomes = folder.run(memory=memory)

    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "changes.png": "failed",
        "stays.png": "ok",
        "vanishes.png": "failed",
    }
    for name in ("changes.png", "vanishes.png"):
        assert outcomes[name].reason == f"{folder.source / name}: changed while it was read"
    assert list(folder.tree()) == ["stays.png"]


def test_35_in_place_keeps_owner_permissions_and_attributes(folder, monkeypatch):
    """As far as it may: here the group and one of the attributes cannot be given."""
    folder.put(a_png=encoded(SMALL))
    os.chmod(folder.source / "a.png", 0o640)
    folder.target = folder.source
    given = {}

    def chown(file, owner, group):
        if owner == -1:
            raise PermissionError(errno.EPERM, "no member of that group")
        given["owner"] = owner

    def set_attribute(file, name, value):
        if name.startswith("security."):
            raise PermissionError(errno.EPERM, "not yours to set")
        given[name] = value

    monkeypatch.setattr(os, "fchown", chown)
    monkeypatch.setattr(os, "listxattr", lambda path: ["security.selinux", "system.posix_acl_access", "user.rating"])
    monkeypatch.setattr(os, "getxattr", lambda path, name: name.encode())
    monkeypatch.setattr(os, "setxattr", set_attribute)

    assert folder.statuses(in_place=True) == {"a.png": "ok"}

    assert given == {
        "owner": os.stat(folder.source).st_uid,
        "system.posix_acl_access": b"system.posix_acl_access",
        "user.rating": b"user.rating",
    }
    assert os.stat(folder.source / "a.png").st_mode & 0o7777 == 0o640


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&-", "<&- >&- 2>&-", "2> >(true)"])
def test_closed_streams_do_no_harm(folder, closed):
    folder.put(a_png=encoded(SMALL), b_png=b"not a picture")
    words = ["upscale", folder.source, folder.target, "-m", folder.weights, *ALONE, "-v"]
    code = "import sys; from srgan.cli import main; sys.argv[0] = 'srgan'; main()"
    command = f"{shlex.join(map(str, [sys.executable, '-P', '-c', code, *words]))} {closed}"

    left = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], stdout=subprocess.DEVNULL)

    assert left.returncode == 1
    assert list(folder.tree()) == ["a.png"]
    assert decode(folder.tree()["a.png"], "a").width == 2 * SMALL.shape[1]


def test_31_names_that_the_output_cannot_spell(folder):
    folder.write("😀.png", encoded(SMALL))
    folder.write(b"bad\xff.png", encoded(SMALL))

    process = folder.start("-v", env={**os.environ, "PYTHONIOENCODING": "latin-1"})
    printed, messages = process.communicate()

    assert process.returncode == 0, messages
    assert printed.splitlines() == [f"{folder.target}/bad\\udcff.png", f"{folder.target}/\\U0001f600.png"]
