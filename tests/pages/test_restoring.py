"""What jobs ask for becomes what the commands make, byte for byte."""

import dataclasses
import threading

import numpy as np
import pytest
from PIL import Image as Pillow

from srgan.cli.asked import chosen, tag
from srgan.cli.commands import srgan as commands
from srgan.errors import ConfigError, ImageError
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models.model import Model
from srgan.pages.asked import asked
from srgan.pages.job import Cancelled, Job
from srgan.pages.restoring import Restoring
from srgan.pages.shelf import Shelf
from srgan.runner.config import FolderConfig
from srgan.runner.verified import verify
from tests.pages.conftest import Tiny


def silent(share):
    """Nobody listens."""


@pytest.fixture(scope="module")
def restoring():
    return Restoring(chosen, tag, FolderConfig())


@pytest.fixture
def make_job(tmp_path, pixels):
    """Makes jobs as uploads make them: the picture lies in a folder of the job's own."""

    def make(fields, suffix="png", mask=None, **saved):
        folder = tmp_path / "job"
        folder.mkdir()
        source = folder / f"input.{suffix}"
        if suffix == "tif":
            write(source, Image(pixels(24, 32, dtype=np.uint16)))
        else:
            Pillow.fromarray(pixels(24, 32)).save(source, **saved)
        if mask is not None:
            Pillow.fromarray(mask).save(folder / "mask.png")
        return Job(f"photo.{suffix}", asked(fields), folder, source, None if mask is None else folder / "mask.png")

    return make


def by_command(tmp_path, *words):
    """The bytes that a command makes of the picture of the job."""
    target = tmp_path / "job" / "by-command"
    target.mkdir()
    source = next((tmp_path / "job").glob("input.*"))
    assert commands.main([words[0], str(source), str(target), *words[1:], "--quiet"], standalone_mode=False) == 0
    return next(target.iterdir()).read_bytes()


EXIF = Pillow.Exif()
EXIF[0x0112], EXIF[0x010E] = 6, "turned by a quarter"


@pytest.mark.parametrize(
    ("fields", "suffix", "saved", "words"),
    [
        ({}, "jpg", {"quality": 70, "exif": EXIF}, ["upscale"]),
        ({"scale": "2.5", "source": "clean"}, "tif", {}, ["upscale", "-s", "2.5", "--source", "clean"]),
        ({"task": "denoise", "strength": "40", "grain": "0.25", "format": "webp"}, "png", {},
         ["denoise", "--strength", "40", "--keep-grain", "0.25", "--format", "webp"]),
        ({"task": "restore", "scale": "2", "box": "4,4,6,6 12,8,3,3", "grow": "1"}, "png", {},
         ["restore", "-s", "2", "--box", "4,4,6,6", "--box", "12,8,3,3", "--grow", "1"]),
        ({"task": "restore", "scale": "1", "box": "4,4,20,16", "texture": "0"}, "png", {},
         ["restore", "--box", "4,4,20,16", "--texture", "0"]),
        ({"task": "inpaint", "box": "4,4,20,16", "texture": "0.25"}, "png", {},
         ["inpaint", "--box", "4,4,20,16", "--texture", "0.25"]),
        ({"scale": "2", "source": "clean", "ensemble": "true"}, "png", {},
         ["upscale", "-s", "2", "--source", "clean", "--ensemble"]),
    ],
    ids=["a photograph", "16 bit", "denoise", "restore", "restore without texture", "inpaint", "asked eight times"],
)  # fmt: skip
def test_a_job_makes_the_bytes_of_the_command(fields, suffix, saved, words, restoring, make_job, tmp_path):
    job = make_job(fields, suffix, **saved)

    outcome = restoring(job, silent)

    assert outcome.status == "ok"
    assert outcome.target.read_bytes() == by_command(tmp_path, *words)


def test_a_painted_mask_is_filled_as_the_command_fills_it(restoring, make_job, tmp_path):
    mask = np.zeros((24, 32), np.uint8)
    mask[5:9, 10:20] = 255
    job = make_job({"task": "inpaint", "feather": "2"}, mask=mask)

    outcome = restoring(job, silent)

    words = ["--mask", str(job.mask), "--feather", "2"]
    assert outcome.target.read_bytes() == by_command(tmp_path, "inpaint", *words)


def test_inpaint_without_a_mask_is_refused(restoring, make_job):
    with pytest.raises(ConfigError, match="nothing says what to fill: paint a mask, or give a box or alpha"):
        restoring(make_job({"task": "inpaint"}), silent)


def test_a_part_is_restored_alone(restoring, make_job):
    job = make_job({"task": "denoise", "strength": "20", "part": "8,4,16,200"})

    outcome = restoring(job, silent)

    made = read(outcome.target)
    assert (made.width, made.height) == (16, 20)
    assert np.abs(made.rgb.astype(int) - read(job.source).rgb[4:, 8:24]).mean() < 12


def test_a_part_that_is_not_there_is_refused(restoring, make_job):
    with pytest.raises(ConfigError, match="part=32,0,4,4: lies outside of 32x24 px"):
        restoring(make_job({"part": "32,0,4,4"}), silent)


def test_of_a_truncated_picture_a_part_is_made_of_what_is_left_when_that_is_wanted(restoring, make_job):
    job = make_job({"task": "denoise", "part": "0,0,16,16"}, "jpg")
    job.source.write_bytes(job.source.read_bytes()[:-40])
    with pytest.raises(ImageError, match=r"^photo\.jpg: damaged jpeg file: .*; lenient=true takes what is left$"):
        restoring(job, silent)
    job.asked = dataclasses.replace(job.asked, lenient=True)

    assert restoring(job, silent).status == "ok"


def test_a_damaged_picture_is_told_by_the_name_that_the_user_knows(restoring, make_job):
    job = make_job({})
    job.source.write_bytes(job.source.read_bytes()[:100])

    outcome = restoring(job, silent)

    assert outcome.status == "failed"
    assert outcome.reason.startswith("photo.png: damaged png file")


@pytest.mark.parametrize(
    ("fields", "mask", "reason"),
    [
        ({"box": "32,0,4,4"}, None, "photo.png: the box 32,0,4,4 lies outside of its 32x24 px"),
        ({}, np.zeros((8, 8), np.uint8), "photo.png: is 32x24 px, but its mask 8x8"),
        ({}, np.full((24, 32), 90, np.uint8), "photo.png: its mask "),
    ],
    ids=["box", "size", "mask"],
)
def test_what_is_wrong_with_a_mask_is_told_by_the_names_that_the_user_knows(fields, mask, reason, restoring, make_job):
    outcome = restoring(make_job({"task": "inpaint", **fields}, mask=mask), silent)

    assert outcome.reason.startswith(reason)
    assert "input.png" not in outcome.reason and "mask.png" not in outcome.reason


def test_who_cancels_gets_no_file(restoring, make_job):
    def cancel(share):
        raise Cancelled

    job = make_job({})
    with pytest.raises(Cancelled):
        restoring(job, cancel)
    assert list((job.folder / "result").iterdir()) == []


def test_pictures_of_a_folder_go_where_the_command_puts_them_with_a_journal(restoring, make_job, tmp_path, photos):
    shelf = Shelf(tmp_path / "photos")
    write(shelf.folder / "sub" / "a.png", read(photos / "coffee.png"))
    write(shelf.folder / "b.png", read(photos / "coffee.png"))
    restoring = Restoring(chosen, tag, FolderConfig(), shelf)
    job = make_job({"scale": "2", "source": "clean"})
    job.source = shelf.folder / "sub" / "a.png"

    outcome = restoring(job, silent)

    out = tmp_path / "photos-x2"
    assert outcome.target == out / "sub" / "a.png"
    assert [found[:2] for found in verify(out)] == [(out / "sub" / "a.png", "")]
    assert restoring(job, silent).reason == "finished before"


def test_a_picture_of_a_folder_that_is_painted_on_anew_is_filled_beside_what_it_was(make_job, tmp_path):
    shelf = Shelf(tmp_path / "photos")
    restoring = Restoring(chosen, tag, FolderConfig(), shelf)
    mask = np.zeros((24, 32), np.uint8)
    mask[5:9, 10:20] = 255
    job = make_job({"task": "inpaint"}, mask=mask)
    for name in ("a.png", "a-2.png"):
        write(shelf.folder / "sub" / name, read(job.source))
    job.source = shelf.folder / "sub" / "a.png"
    first = restoring(job, silent)
    before = first.target.read_bytes()
    Pillow.fromarray(mask.T.reshape(24, 32)).save(job.mask)

    second, third = restoring(job, silent), restoring(job, silent)

    folder = tmp_path / "photos-filled" / "sub"
    assert [one.target for one in (first, second, third)] == [folder / "a.png", folder / "a-3.png", folder / "a-3.png"]
    assert second.notes[-1] == "written into sub/a-3.png, for sub/a.png has another result of it"
    assert first.target.read_bytes() == before != second.target.read_bytes()
    assert sorted(path.name for path in tmp_path.glob("photos*")) == ["photos", "photos-filled"]


def test_models_are_chosen_and_their_weights_digested_once_for_the_jobs_of_a_folder(
    tmp_path, photos, monkeypatch, tiny
):
    digested, chosen = [], []

    def choose(asked, masked):
        chosen.append(asked)
        return Tiny(tiny)

    monkeypatch.setattr(Model, "digest", lambda model: str(digested.append(model)))
    shelf = Shelf(tmp_path / "photos")
    restoring = Restoring(choose, lambda asked: "-tiny", FolderConfig(), shelf)
    for name in ("a.png", "b.png"):
        write(shelf.folder / name, read(photos / "coffee.png"))
        assert restoring(Job(name, asked({}), tmp_path / "job", shelf.folder / name), silent).status == "ok"

    assert digested == [tiny]
    assert chosen == [asked({})]


def test_jobs_share_the_threads(restoring, make_job, tmp_path):
    restoring(make_job({"scale": "2"}), silent)
    (tmp_path / "job").rename(tmp_path / "before")
    alive = set(threading.enumerate())

    restoring(make_job({"scale": "2"}), silent)

    assert not {thread for thread in threading.enumerate() if thread.name.startswith("tile")} - alive
