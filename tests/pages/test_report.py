"""What a page holds of folders before and after."""

import json
import re

import numpy as np
import pytest

from srgan.errors import ConfigError
from srgan.files import stamp
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.pages.report import report
from srgan.runner.journal import Journal
from srgan.runner.plan import Job


def grey(level, height=16, width=24):
    return Image(np.full((height, width, 3), level, np.uint8))


def pictures(path):
    found = re.findall(r'<script type="application/json" class="picture">(.*?)</script>', path.read_text("utf-8"))
    return [json.loads(text) for text in found]


@pytest.fixture
def folders(tmp_path):
    """Before and after of one picture, 10 levels lighter and of twice the size."""
    write(tmp_path / "in" / "a.png", grey(100))
    write(tmp_path / "out" / "a.png", grey(110, 32, 48))
    return tmp_path / "in", tmp_path / "out"


def test_a_picture_says_its_sizes_and_how_much_it_changed(folders, tmp_path):
    assert report(folders, tmp_path / "r.html") == 0

    (picture,) = pictures(tmp_path / "r.html")
    assert [(side["width"], side["height"]) for side in picture["sides"]] == [(24, 16), (48, 32)]
    assert [side["source"] for side in picture["sides"]] == ["./in/a.png", "./out/a.png"]
    assert picture["changed"] == 10


def test_scores_are_of_the_sides_that_have_the_size_of_the_truth(folders, tmp_path):
    write(tmp_path / "truth" / "a.png", grey(109, 32, 48))

    report(folders, tmp_path / "r.html", truth=tmp_path / "truth")

    (picture,) = pictures(tmp_path / "r.html")
    assert picture["scores"][0] == {}
    assert picture["scores"][1]["psnr"] == pytest.approx(20 * np.log10(255), abs=1e-3)


def test_a_truth_that_cannot_be_read_is_told_of_its_picture_and_stops_nothing(folders, tmp_path):
    write(tmp_path / "in" / "b.png", grey(100))
    write(tmp_path / "out" / "b.png", grey(100))
    write(tmp_path / "truth" / "b.png", grey(101))
    (tmp_path / "truth" / "a.png").write_bytes(b"no picture")

    assert report(folders, tmp_path / "r.html", truth=tmp_path / "truth") == 1

    a, b = pictures(tmp_path / "r.html")
    assert a["errors"][0] == "" and "a.png: is given as the truth, but cannot be read" in a["errors"][1]
    assert a["scores"] == [{}, {}] and None not in a["sides"]
    assert b["scores"][1]["psnr"] > 40 and b["errors"] == ["", ""]


def test_the_journal_tells_where_an_output_is_and_how_it_was_made(folders, tmp_path):
    (tmp_path / "out" / "a.png").rename(tmp_path / "out" / "a-1.png")
    job = Job(*folders, "a.png", "a-1.png")
    made = {"models": [{"name": "upscale-x4", "realism": 0.5}], "notes": ["first of 3 frames"]}
    with Journal(job.target.parent, {}) as journal:
        journal.begin(job, alone=True)
        journal.add(job, stamp(job.source), job.target.stat().st_size, "digest", 0.25, **made)

    report(folders, tmp_path / "r.html")

    (picture,) = pictures(tmp_path / "r.html")
    assert picture["sides"][1]["source"] == "./out/a-1.png"
    assert picture["made"] == [{}, {**made, "seconds": 0.25}]


def test_a_picture_that_failed_says_what_the_journal_says(folders, tmp_path):
    (tmp_path / "out" / "a.png").unlink()
    with Journal(tmp_path / "out", {}) as journal:
        journal.fail(Job(*folders, "a.png", "a.png"), "in/a.png: too large")

    assert report(folders, tmp_path / "r.html") == 1

    (picture,) = pictures(tmp_path / "r.html")
    assert picture["errors"] == ["", "in/a.png: too large"]
    assert picture["changed"] is None


def test_another_suffix_is_the_same_picture_and_more_folders_are_more_columns(folders, tmp_path):
    write(tmp_path / "b" / "a.webp", grey(90))

    report([*folders, tmp_path / "b"], tmp_path / "r.html")

    (picture,) = pictures(tmp_path / "r.html")
    assert [side["format"] for side in picture["sides"]] == ["png", "png", "webp"]


def test_no_name_ends_the_element_that_holds_it(folders, tmp_path):
    name = "<!--<script>alert(1)<\u2215script>.png"
    write(tmp_path / "in" / name, grey(1))

    report(folders, tmp_path / "r.html")

    assert name in [picture["name"] for picture in pictures(tmp_path / "r.html")]
    assert "<script>alert" not in (tmp_path / "r.html").read_text("utf-8")


def test_what_no_browser_shows_is_written_beside_the_page_or_held_in_it(tmp_path):
    for folder in ("in", "out"):
        write(tmp_path / folder / "a.tif", Image(np.zeros((16, 24, 3), np.uint16), format="tiff"))

    report([tmp_path / "in", tmp_path / "out"], tmp_path / "r.html")
    report([tmp_path / "in", tmp_path / "out"], tmp_path / "alone" / "r.html", embed=True)

    assert [side["source"] for side in pictures(tmp_path / "r.html")[0]["sides"]] == [
        "./r_files/0-0.png",
        "./r_files/0-1.png",
    ]
    assert [path.name for path in (tmp_path / "alone").iterdir()] == ["r.html"]
    assert "data:image/png;base64," in (tmp_path / "alone" / "r.html").read_text("utf-8")


def test_what_transparency_hides_counts_neither_as_change_nor_in_scores(tmp_path):
    clear = np.zeros((16, 24), np.uint8)
    clear[:, :12] = 255
    for folder, hidden in (("in", 0), ("out", 255), ("truth", 90)):
        rgb = np.full((16, 24, 3), 100, np.uint8)
        rgb[:, 12:] = hidden
        write(tmp_path / folder / "a.png", Image(rgb, clear))

    report([tmp_path / "in", tmp_path / "out"], tmp_path / "r.html", truth=tmp_path / "truth")

    (picture,) = pictures(tmp_path / "r.html")
    assert picture["changed"] == 0
    assert [score["psnr"] for score in picture["scores"]] == [99, 99]


def test_what_a_page_shows_as_png_is_no_picture_of_the_next(tmp_path):
    for folder in ("in", "out"):
        write(tmp_path / folder / "a.tif", grey(100))
    (tmp_path / "in" / "kept_files").mkdir()
    write(tmp_path / "in" / "kept_files" / "b.png", grey(100))

    for _ in range(2):
        report([tmp_path / "in", tmp_path / "out"], tmp_path / "in" / "r.html")

    assert (tmp_path / "in" / "r_files" / "0-0.png").is_file()
    assert [picture["name"] for picture in pictures(tmp_path / "in" / "r.html")] == ["a.tif", "kept_files/b.png"]


def test_a_folder_as_the_page_is_refused_before_anything_is_written(folders, tmp_path):
    (tmp_path / "r").mkdir()

    with pytest.raises(ConfigError, match=r"is a folder; name the page in it, such as .*report\.html"):
        report(folders, tmp_path / "r")

    assert not (tmp_path / "r_files").exists()


def test_a_page_is_replaced_and_another_file_is_not(folders, tmp_path):
    report(folders, tmp_path / "report.html")
    report(folders, tmp_path / "report.html")
    (tmp_path / "mine.html").write_text("<title>what I wrote</title>")

    with pytest.raises(ConfigError, match=r"mine\.html: is there already, and is no such page: name another"):
        report(folders, tmp_path / "mine.html")

    assert (tmp_path / "mine.html").read_text() == "<title>what I wrote</title>"


def test_folders_that_are_not_there_or_hold_nothing_are_refused(folders, tmp_path):
    (tmp_path / "empty").mkdir()

    with pytest.raises(ConfigError, match="nowhere: is not a folder"):
        report([folders[0], tmp_path / "nowhere"], tmp_path / "r.html")
    with pytest.raises(ConfigError, match="empty: has no picture"):
        report([tmp_path / "empty", folders[1]], tmp_path / "r.html")
    assert not (tmp_path / "r.html").exists()
