"""What a person does with the page, in headless Chromium from the file system."""

import dataclasses

import numpy as np
import pytest
import skimage.data

from srgan.files import stamp
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.pages.report import report
from srgan.runner.journal import Journal
from srgan.runner.plan import Job

HOSTILE = "<img src=x onerror=document.title='owned'> & \"quotes\" 100%#?.png"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Before and after of a plain picture, one with alpha, one of 16 bit as TIFF, one that is broken, one ill named."""
    root = tmp_path_factory.mktemp("compare")
    large = np.ascontiguousarray(skimage.data.astronaut()[:200, :300])
    small = np.ascontiguousarray(large[::2, ::2])
    tall = np.ascontiguousarray(large[:, :80])
    alpha = np.zeros((200, 80), np.uint8)
    alpha[:, 40:] = 255
    deep = Image(large.astype(np.uint16) * 257)
    for name, one, other in (
        ("a.png", Image(small), Image(large)),
        ("alpha.png", Image(tall, alpha), Image(tall, alpha)),
        ("deep.tif", dataclasses.replace(deep, format="tiff"), dataclasses.replace(deep, format="tiff")),
        (HOSTILE, Image(small), Image(255 - large)),
        ("z-broken.png", Image(small), Image(large)),
    ):
        write(root / "in" / name, one)
        write(root / "out" / name, other)
    job = Job(root / "in", root / "out", "a.png", "a.png")
    models = [{"name": "denoise"}, {"name": "upscale-x4-photo", "realism": 0.5}]
    with Journal(root / "out", {}) as journal:
        journal.begin(job, alone=True)
        journal.add(job, stamp(job.source), job.target.stat().st_size, "digest", 0.25, notes=["soft"], models=models)
    (root / "out" / "z-broken.png").write_bytes(b"\x89PNG\r\n\x1a\n broken")
    return root


@pytest.fixture
def visit(browser, folders):
    """Opens a new page of the folders, in English; fails for what the page asks of the network or throws."""
    pages = []

    def opened(*, embed=False, width=1200, target="report.html", **options):
        report([folders / "in", folders / "out"], folders / target, embed=embed, truth=folders / "in")
        context = browser.new_context(viewport={"width": width, "height": 800}, locale="en-US", **options)
        page = context.new_page()
        page.troubles = []
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: page.troubles.append(asked.url) if asked.url.startswith("http") else None)
        page.goto((folders / target).as_uri())
        pages.append(page)
        return page

    yield opened
    for page in pages:
        assert page.troubles == []
        page.context.close()


def look_at(page, name):
    page.locator(".card", has=page.get_by_text(name, exact=True)).click()
    page.locator(".stage img").evaluate_all("images => Promise.all(images.map((image) => image.decode()))")


def names(page):
    return page.locator(".card .name").all_text_contents()


def test_beside_a_picture_stands_what_the_journal_knows(visit):
    page = visit()

    page.get_by_role("button", name="a.png").first.click()

    facts = page.locator(".facts dl").last.locator("dt, dd").all_text_contents()
    known = dict(zip(facts[::2], facts[1::2], strict=True))
    assert known["model"] == "denoise, upscale-x4-photo"
    assert (known["realism"], known["seconds"], known["notes"]) == ("0.5", "0.25", "soft")


def test_every_picture_has_its_card_and_a_hostile_name_is_text(visit):
    page = visit()

    assert sorted(names(page)) == sorted(["a.png", "alpha.png", "deep.tif", HOSTILE, "z-broken.png"])
    assert page.title() != "owned"
    look_at(page, HOSTILE)
    assert page.locator(".bar h2").text_content() == HOSTILE


def test_the_thumbnails_of_a_tall_picture_leave_its_name_to_be_read(visit):
    card = visit().locator(".card", has_text="alpha.png")

    name = card.locator(".name").bounding_box()

    for image in card.locator("img").all():
        box = image.bounding_box()
        assert box["y"] + box["height"] <= name["y"]


def test_the_mouse_moves_the_divider(visit):
    page = visit()
    look_at(page, "a.png")
    box = page.locator(".stage").bounding_box()

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 2)
    page.mouse.up()

    assert page.locator(".divider").input_value() == "25"


def test_the_arrow_keys_move_the_divider(visit):
    page = visit()
    look_at(page, "a.png")

    for _ in range(3):
        page.keyboard.press("ArrowRight")

    assert page.locator(".divider").input_value() == "53"
    assert page.locator(".handle").evaluate("x => parseFloat(x.style.left) / x.parentElement.clientWidth") == (
        pytest.approx(0.53, abs=1e-3)
    )


def test_zoom_keeps_pixels_and_moves_both_sides_together(visit):
    page = visit()
    look_at(page, "a.png")

    page.keyboard.press("4")
    page.keyboard.press("Shift+ArrowRight")

    boxes = [image.bounding_box() for image in page.locator(".stage img").all()]
    assert boxes[0] == boxes[1]
    assert (boxes[0]["width"], boxes[0]["height"]) == (1200, 800)
    assert page.locator(".stage img").first.evaluate("x => getComputedStyle(x).imageRendering") == "pixelated"


def test_the_loupe_shows_both_sides_of_the_place_under_the_pointer(visit):
    page = visit()
    look_at(page, "a.png")
    page.keyboard.press("l")
    box = page.locator(".stage").bounding_box()

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    assert page.locator(".loupe").is_visible()


def test_sorting_by_change_puts_the_most_changed_first(visit):
    page = visit()

    page.locator("#sort").select_option("changed")

    assert names(page)[0] == HOSTILE


def test_what_failed_says_why(visit):
    page = visit()
    page.locator("#sort").select_option("errors")

    assert names(page)[0] == "z-broken.png"
    assert "z-broken.png" in page.locator(".card .wrong").first.text_content()
    look_at(page, "z-broken.png")
    assert page.locator(".facts .wrong").is_visible()


def test_transparency_lies_on_a_checkerboard_and_16_bit_is_shown(visit):
    page = visit()

    look_at(page, "alpha.png")
    assert "conic-gradient" in page.locator(".stage .checks").evaluate("x => getComputedStyle(x).backgroundImage")
    page.keyboard.press("Escape")
    look_at(page, "deep.tif")
    assert page.locator(".stage img").first.evaluate("x => [x.naturalWidth, x.naturalHeight]") == [300, 200]
    assert page.locator(".facts").get_by_text("tiff, 16 bits").count() == 2


def test_the_page_fits_a_phone(visit):
    page = visit(width=360, is_mobile=True, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 360

    look_at(page, "a.png")

    box = page.locator(".stage").bounding_box()
    assert box["width"] == 360 and box["height"] > 200


def test_an_embedded_page_works_where_its_pictures_are_not(visit, folders):
    page = visit(embed=True, target="alone/report.html")
    assert [path.name for path in (folders / "alone").iterdir()] == ["report.html"]

    look_at(page, "deep.tif")

    assert page.locator(".stage img").first.get_attribute("src").startswith("data:image/png")
