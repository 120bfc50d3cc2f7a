"""Which file becomes which."""

import errno
import functools
import json
import os
import time
from pathlib import Path

import pytest

from srgan.errors import ConfigError, MachineError, NoPicturesError
from srgan.images.find import find
from srgan.runner.names import undisturbed
from srgan.runner.plan import plan


def _touch(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def _targets(root: Path, out: Path, **options: str) -> dict[str, str]:
    return {job.name: job.target.relative_to(out).as_posix() for job in plan(root, out, **options)}


def test_every_picture_is_found_in_the_order_of_names(tmp_path):
    _touch(tmp_path, "b.png", "a.JPG", "z/c.tiff", "m/d.webp", "m/n/e.avif", "f.gif", "g.bmp", "notes.txt", "h")
    assert list(find(tmp_path)) == ["a.JPG", "b.png", "f.gif", "g.bmp", "m/d.webp", "m/n/e.avif", "z/c.tiff"]


def test_hidden_files_and_the_litter_of_file_managers_are_ignored(tmp_path):
    _touch(tmp_path, "a.jpg", "._a.jpg", ".hidden.png", ".DS_Store", "Thumbs.db", "desktop.ini", ".srgan/x.png")
    assert list(find(tmp_path)) == ["a.jpg"]


def test_links_to_files_are_followed_links_to_folders_are_not_and_those_to_nothing_are_told_of(tmp_path, caplog):
    _touch(tmp_path, "sub/a.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "sub/a.png")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "itself.png").symlink_to(tmp_path / "itself.png")
    assert list(find(tmp_path)) == ["link.png", "sub/a.png"]
    assert caplog.messages == [f"passed over links to nothing: 2, such as {tmp_path}/dangling.png"]


def test_pipes_are_passed_over(tmp_path):
    os.mkfifo(tmp_path / "a.jpg")
    assert list(find(tmp_path)) == []


@pytest.mark.parametrize("name", ["bild ü.png", "two words.png", "-q.png", "new\nline.png", '"quoted".png', "😀.png"])
def test_any_name_is_planned_as_it_is(name, tmp_path):
    (job,) = plan(_touch(tmp_path / "in", name), tmp_path / "out")
    assert (job.name, job.target) == (name, tmp_path / "out" / name)


def test_a_name_that_is_not_utf8_is_planned_as_it_is(tmp_path):
    with open(os.fsencode(tmp_path) + b"/bad\xff.jpg", "wb"):
        (job,) = plan(tmp_path, tmp_path / "out")
    assert os.fsencode(job.target.name) == b"bad\xff.jpg"


def test_subfolders_are_kept(tmp_path):
    source = _touch(tmp_path / "in", "a.png", "x/y/b.JPG")
    assert _targets(source, tmp_path / "out") == {"a.png": "a.png", "x/y/b.JPG": "x/y/b.JPG"}


def test_the_lesser_suffixes_are_known_too_and_are_kept(tmp_path):
    source = _touch(tmp_path / "in", "a.jfif", "DSC1.HIF", "c.JPE", "d.apng", "e.dib")
    assert _targets(source, tmp_path / "out") == {
        **{"a.jfif": "a.jfif", "DSC1.HIF": "DSC1.png", "c.JPE": "c.JPE", "d.apng": "d.apng", "e.dib": "e.dib"}
    }


def test_formats_that_cannot_be_written_become_png(tmp_path):
    source = _touch(tmp_path / "in", "a.gif", "b.avif", "c.jpe")
    assert _targets(source, tmp_path / "out") == {"a.gif": "a.png", "b.avif": "b.avif", "c.jpe": "c.jpe"}


def test_a_format_changes_the_suffix_only_where_it_has_to(tmp_path):
    source = _touch(tmp_path / "in", "a.png", "b.JPEG", "c.jpg")
    assert _targets(source, tmp_path / "out", format="jpg") == {"a.png": "a.jpg", "b.JPEG": "b.JPEG", "c.jpg": "c.jpg"}


def test_two_sources_with_one_target_are_both_kept(tmp_path):
    source = _touch(tmp_path / "in", "a.jpg", "a.png", "b.png")
    expected = {"a.jpg": "a.jpg.png", "a.png": "a.png", "b.png": "b.png"}
    assert _targets(source, tmp_path / "out", format="png") == expected


def test_renaming_never_meets_a_third_file(tmp_path):
    source = _touch(tmp_path / "in", "a.jpg", "a.png", "a.jpg.png", "A.PNG", "a.webp")
    targets = _targets(source, tmp_path / "out", format="png")
    assert len({target.casefold() for target in targets.values()}) == 5
    assert targets["a.jpg.png"] == "a.jpg.png"
    assert targets["a.webp"] == "a.webp.png"


def test_names_that_differ_in_case_alone_count_as_one(tmp_path):
    source = _touch(tmp_path / "in", "A.png", "a.png")
    assert _targets(source, tmp_path / "out") == {"A.png": "A.png", "a.png": "a-2.png"}


def test_no_output_is_called_as_a_folder_of_others_is(tmp_path):
    source = _touch(tmp_path / "in", "X.gif", "x.png/sub.gif", "x.png/sub.png/y.png", "x.gif.png/z.png")
    assert _targets(source, tmp_path / "out") == {
        "X.gif": "X.gif-2.png",
        "x.png/sub.gif": "x.png/sub.gif.png",
        "x.png/sub.png/y.png": "x.png/sub.png/y.png",
        "x.gif.png/z.png": "x.gif.png/z.png",
    }
    with pytest.raises(ConfigError, match=r"^X\.gif, X\.png/ would all become X\.png: rename them"):
        plan(source, tmp_path / "out", on_collision="error")


def test_a_collision_can_be_an_error_instead(tmp_path):
    source = _touch(tmp_path / "in", "a.jpg", "a.png")
    with pytest.raises(ConfigError) as caught:
        plan(source, tmp_path / "out", format="png", on_collision="error")
    assert str(caught.value) == (
        "a.jpg, a.png would all become a.png: rename them, or let them be renamed with --on-collision rename"
    )


def test_the_output_folder_inside_the_input_is_never_read_again(tmp_path):
    _touch(tmp_path, "a.png", "out/a.png", "out/deep/b.png")
    assert _targets(tmp_path, tmp_path / "out") == {"a.png": "a.png"}


def test_an_output_folder_above_the_input_is_refused_only_where_outputs_would_be_inputs(tmp_path):
    source = _touch(tmp_path / "in", "a.png")
    assert _targets(source, tmp_path) == {"a.png": "a.png"}
    _touch(source, "in/b.png")
    with pytest.raises(ConfigError, match="an output among the input; choose another output folder"):
        plan(source, tmp_path)


def test_one_file_goes_into_a_folder_or_to_the_very_name(tmp_path):
    source = _touch(tmp_path, "a.gif") / "a.gif"
    (tmp_path / "there").mkdir()
    assert plan(source, tmp_path / "there")[0].target == tmp_path / "there/a.png"
    assert plan(source, tmp_path / "new")[0].target == tmp_path / "new/a.png"
    assert plan(source, tmp_path / "b.webp")[0].target == tmp_path / "b.webp"
    assert plan(source, tmp_path / "new", format="tiff")[0].target == tmp_path / "new/a.tif"


def test_one_file_without_a_suffix_is_taken_and_gets_one(tmp_path):
    source = _touch(tmp_path, "photo") / "photo"
    assert plan(source, tmp_path / "out")[0].target == tmp_path / "out/photo.png"


def test_what_cannot_be_planned_is_said_before_any_work(tmp_path):
    source = _touch(tmp_path / "in", "a.png")
    _touch(tmp_path, "file", "empty/readme.txt")
    refused = {
        (tmp_path / "gone", tmp_path / "out", "keep"): (ConfigError, f"{tmp_path}/gone: no such file or folder"),
        (source, source, "keep"): (ConfigError, f"{source}: both input and output; choose another output folder"),
        (source, tmp_path / "file", "keep"): (
            MachineError,
            f"{tmp_path}/file: a file, where the output folder shall be; choose another output folder",
        ),
        (source / "a.png", source, "keep"): (
            ConfigError,
            f"{source}/a.png: both input and output; choose another output folder",
        ),
        (source / "a.png", tmp_path / "b.jpg", "png"): (
            ConfigError,
            f"{tmp_path}/b.jpg: its suffix does not fit the format 'png'; change one of them",
        ),
        (source / "a.png", tmp_path / "b.gif", "keep"): (
            ConfigError,
            f"{tmp_path}/b.gif: cannot write a picture with the suffix '.gif'; "
            "choose one of .png, .jpg, .webp, .tif, .bmp, .avif",
        ),
        (source, tmp_path / "out", "heic"): (
            ConfigError,
            "cannot write 'heic': choose one of png, jpeg, webp, tiff, bmp, avif",
        ),
        (tmp_path / "empty", tmp_path / "out", "keep"): (
            NoPicturesError,
            f"{tmp_path}/empty: no pictures here "
            "(looked for .png, .apng, .jpg, .jpeg, .jpe, .jfif, .pjpeg, .pjp, .webp, .tif, .tiff, .bmp, .dib, "
            ".gif, .avif, .heic, .heif, .hif)",
        ),
    }
    for (first, second, format), (kind, text) in refused.items():
        with pytest.raises(kind) as caught:
            plan(first, second, format=format)
        assert str(caught.value) == text


def test_many_thousand_names_are_planned_in_no_time(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(10_000):
        os.close(os.open(tmp_path / f"in/{number:05}.png", os.O_CREAT))
    start = time.process_time()
    jobs = plan(tmp_path / "in", tmp_path / "out", format="jpeg")
    assert len(jobs) == 10_000
    assert time.process_time() - start < 4  # a second with every call checked; quadratic time would be minutes


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shards_are_disjoint_complete_and_stay_when_others_come_in_between(tmp_path, count):
    for number in range(200):
        (tmp_path / "in" / str(number % 3)).mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / str(number % 3) / f"{number}.png").touch()
    source, target = tmp_path / "in", tmp_path / "out"

    shards = [plan(source, target, shard=f"{number}/{count}") for number in range(1, count + 1)]

    together = [job for shard in shards for job in shard]
    assert len(together) == 200 and set(together) == set(plan(source, target))
    assert min(map(len, shards)) > 100 / count
    (source / "0" / "000.png").touch()
    again = [plan(source, target, shard=f"{number}/{count}") for number in range(1, count + 1)]
    assert sum(set(old) <= set(new) for old, new in zip(shards, again, strict=True)) == count


@pytest.mark.parametrize("shard", ["0/3", "4/3", "1", "a/b", "1/0", "-1/3"])
def test_a_shard_that_is_none_is_refused(tmp_path, shard):
    with pytest.raises(ConfigError) as caught:
        plan(tmp_path, tmp_path / "out", shard=shard)
    assert str(caught.value) == f"shard '{shard}': write I/N, such as 2/8 for the second of eight"


def _unreadable(folder, monkeypatch):
    """Nobody may read that folder, not even root."""
    scan = os.scandir

    def refusing(path):
        if Path(path) == folder:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)


def test_a_folder_that_cannot_be_read_is_a_job_that_fails(tmp_path, monkeypatch):
    _touch(tmp_path, "in/a.png", "in/sub/b.png", "in/z/c.png")
    _unreadable(tmp_path / "in" / "sub", monkeypatch)

    for among, names in ((None, ["a.png", "z/c.png", "sub"]), (["sub", "z"], ["z/c.png", "sub"])):
        jobs = plan(tmp_path / "in", tmp_path / "out", among=among)
        assert [job.name for job in jobs] == names
        assert jobs[-1].trouble == f"{tmp_path}/in/sub: cannot be read: Permission denied"
        assert not any(job.trouble for job in jobs[:-1])


def _journal(folder: Path, *lines: dict[str, str], torn: str = "") -> None:
    (folder / ".srgan").mkdir(parents=True)
    (folder / ".srgan" / "journal.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines) + torn)


def test_what_an_earlier_run_has_made_is_no_input_unless_its_folder_is_named(tmp_path, caplog):
    _touch(tmp_path, "in/a.png", "in/big/a.png", "in/big/sub/b.png", "in/big/sub/mine.png", "in/z.png")
    lines = [{"name": name, "target": target} for name, target in (("a.gif", "a.png"), ("sub/b.tif", "b.png"))]
    _journal(tmp_path / "in" / "big", *lines, {"name": "gone.png", "target": "gone.png"}, torn='{"name": "sub/mine.p')

    assert list(_targets(tmp_path / "in", tmp_path / "out")) == ["a.png", "z.png", "big/sub/mine.png"]
    assert caplog.messages == [f"{tmp_path}/in/big: passed over what earlier runs have made there (2)"]
    assert list(_targets(tmp_path / "in" / "big", tmp_path / "out")) == ["a.png", "sub/b.png", "sub/mine.png"]


def test_pictures_replaced_in_place_and_those_of_a_refused_run_are_inputs(tmp_path, caplog):
    _touch(tmp_path, "in/place/a.png", "in/refused/b.png")
    _journal(
        tmp_path / "in/place", {"name": "a.png", "target": "a.png", "folder": os.path.realpath(tmp_path / "in/place")}
    )
    _journal(tmp_path / "in/refused", {"name": "b.png", "failed": "is there already, and no run has made it"})

    assert list(_targets(tmp_path / "in", tmp_path / "out")) == ["place/a.png", "refused/b.png"]
    assert caplog.messages == []


def test_masks_below_the_input_are_no_pictures_to_fill(tmp_path):
    _touch(tmp_path, "in/a.png", "in/masks/a.png", "in/sub/b.png", "in/sub/masks/b.png")
    planned = functools.partial(_targets, tmp_path / "in", tmp_path / "out", aside=tmp_path / "in" / "masks")

    assert list(planned()) == ["a.png", "sub/b.png", "sub/masks/b.png"]
    assert list(planned(among=["masks", "sub/b.png"])) == ["sub/b.png"]


def test_the_folder_of_a_training_run_is_passed_over(tmp_path, caplog):
    _touch(tmp_path, "in/a.png", "in/run/sheets/100.png", "in/run/.srgan/lock")

    assert list(_targets(tmp_path / "in", tmp_path / "out")) == ["a.png"]
    assert caplog.messages == [f"{tmp_path}/in/run: passed over, for it is the output of an earlier run"]


@pytest.mark.parametrize(
    ("made", "there", "expected"),
    [
        ({"a.png": "a.png", "a.gif": "a.gif.png"}, ["a.gif"], {"a.gif": "a.gif.png"}),
        ({"a.gif": "a.png"}, ["a.gif", "a.png"], {"a.gif": "a.png", "a.png": "a-2.png"}),
        ({"a.gif": "a.png"}, ["a.png"], {"a.png": "a-2.png"}),
        ({"A.png": "A.png"}, ["a.png", "b.png"], {"a.png": "a-2.png", "b.png": "b.png"}),
        ({"a.gif": "a.jpg"}, ["a.gif", "a.webp"], {"a.gif": "a.png", "a.webp": "a.webp"}),
        ({"a.gif": "a.png"}, ["a.gif", "a.png/b.png"], {"a.gif": "a.gif.png", "a.png/b.png": "a.png/b.png"}),
    ],
)
def test_what_is_made_keeps_its_name_whatever_comes_and_goes(made, there, expected, tmp_path):
    assert _targets(_touch(tmp_path / "in", *there), tmp_path / "out", made=made) == expected


def test_a_name_that_a_picture_which_is_gone_has_taken_is_a_collision(tmp_path):
    _touch(tmp_path / "in", "a.png")

    with pytest.raises(ConfigError, match=r"^a.gif, a.png would all become a.png: rename them"):
        plan(tmp_path / "in", tmp_path / "out", on_collision="error", made={"a.gif": "a.png"})


@pytest.mark.parametrize(
    ("planned", "made", "expected"),
    [
        ({"a.gif": "a.png", "b.png": "b.png"}, {"b.png": "b.png"}, True),
        ({"a.gif": "a.png"}, {"a.gif": "a.gif.png"}, False),
        ({"a.gif": "a.jpg"}, {"a.gif": "a.gif.png"}, True),
        ({"a.gif": "a.png"}, {"a.png": "a.png"}, False),
        ({"a.gif": "a.png"}, {"A.png": "A.PNG"}, False),
    ],
)
def test_it_is_planned_again_where_a_name_would_be_lost(planned, made, expected):
    assert undisturbed(planned.items(), made) is expected
