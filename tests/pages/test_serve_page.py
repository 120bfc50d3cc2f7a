"""What a person does with the live page, in headless Chromium."""

import base64
import threading

import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow

from srgan.cli.asked import chosen, tag
from srgan.images.reader import read
from srgan.models import zoo
from srgan.pages.job import Limits
from srgan.pages.restoring import Restoring
from srgan.runner.config import FolderConfig


@pytest.fixture
def photo(tmp_path):
    """A photograph with a date stamp in its corner."""
    rgb = skimage.data.astronaut()[:240, :320].copy()
    rgb[210:228, 240:300] = (255, 170, 0)
    Pillow.fromarray(rgb).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def visit(browser):
    """Opens the page of a server, in English; fails for what is thrown, or refused by the policy."""
    pages = []

    def opened(site, *, width=1200, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **{"locale": "en-US", **options})
        page = context.new_page()
        page.troubles, page.expected = [], 0
        page.on("pageerror", lambda error: page.troubles.append(str(error)))
        page.on("console", lambda said: page.troubles.append(said.text) if said.type == "error" else None)
        page.goto(site.url)
        pages.append(page)
        return page

    yield opened
    for page in pages:
        assert len(page.troubles) == page.expected, page.troubles
        page.context.close()


def drop(page, *paths, kinds=("dragover", "drop")):
    """Drops files on the page, or pastes them, as a person does."""
    files = [{"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()} for path in paths]
    page.evaluate(
        """([files, kinds]) => {
            const transfer = new DataTransfer();
            for (const { name, data } of files)
                transfer.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name));
            const given = { dataTransfer: transfer, clipboardData: transfer, bubbles: true, cancelable: true };
            for (const kind of kinds)
                document.getElementById("drop").dispatchEvent(
                    kind === "paste" ? new ClipboardEvent(kind, given) : new DragEvent(kind, given));
        }""",
        [files, kinds],
    )


def done(page, count=1):
    page.locator("#jobs li.done").nth(count - 1).wait_for(timeout=60_000)


def paper(page):
    """Where the picture lies that is painted on, once it has its size."""
    page.locator("#editor .paper[style]").wait_for()
    return page.locator("#editor .paper").bounding_box()


def test_pictures_that_are_dropped_are_done_and_looked_at(visit, tiny_site, photo, tmp_path):
    other = tmp_path / "other.png"
    other.write_bytes(photo.read_bytes())
    page = visit(tiny_site())

    drop(page, photo, other)
    done(page, 2)

    assert sorted(page.locator("#jobs .name").all_text_contents()) == ["other.png", "photo.png"]
    page.get_by_role("button", name="Look: photo.png").click()
    page.locator(".stage img").last.wait_for()
    assert page.locator(".stage img").last.evaluate("x => [x.naturalWidth, x.naturalHeight]") == [640, 480]
    assert [page.locator(".tag").nth(i).text_content() for i in (0, 1)] == ["before", "after"]
    shown = page.locator("#jobs li.done img").evaluate_all("all => all.map((image) => new URL(image.src).pathname)")
    assert {address.split("/")[-1] for address in shown} == {"result"}
    assert "640 × 480" in page.locator("#viewer .facts").text_content()
    page.keyboard.press("n")
    page.get_by_role("dialog", name="other.png").wait_for()


def test_a_picture_that_is_pasted_is_done(visit, tiny_site, photo):
    page = visit(tiny_site())

    drop(page, photo, kinds=["paste"])

    done(page)


def test_a_server_that_was_started_again_is_found_and_shows_its_own_jobs(visit, tiny_site, photo):
    site = tiny_site()
    page = visit(site)
    drop(page, photo)
    done(page)
    site.stop()
    page.get_by_role("status").get_by_text("The server does not answer.").wait_for()

    tiny_site(url=site.url)

    page.get_by_role("status").get_by_text("Ready.").wait_for()
    assert page.locator("#jobs li").count() == 0
    page.expected = len(page.troubles)  # what the browser itself notes of connections refused
    assert all("ERR_" in trouble for trouble in page.troubles)


def test_the_divider_moves_by_mouse_and_keys_and_keys_zoom(visit, tiny_site, photo):
    page = visit(tiny_site())
    drop(page, photo)
    done(page)
    page.get_by_role("button", name="Look: photo.png").click()
    page.locator("#viewer .stage").wait_for()
    box = page.locator("#viewer .stage").bounding_box()

    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + 100)
    page.mouse.up()

    divider = page.locator("#viewer .divider")
    assert divider.input_value() == "25"
    divider.press("ArrowRight")
    assert divider.input_value() == "26"
    divider.press("2")
    assert page.locator("#viewer button[aria-pressed=true]").all_text_contents() == ["200 %"]
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.locator("#viewer .stage").wait_for()
    assert page.locator("#viewer button[aria-pressed=true]").all_text_contents() == ["Fit"]


def test_a_chosen_file_is_sent_with_the_options_and_its_result_downloads(visit, tiny_site, photo, tmp_path):
    site = tiny_site()
    page = visit(site)
    page.get_by_label("Realism").select_option("0.5")
    page.get_by_label("Format").select_option("jpeg")

    page.locator("#files").set_input_files(photo)
    done(page)

    (job,) = site.jobs.all()
    assert (job.asked.realism, job.asked.format, job.asked.scale) == ("0.5", "jpeg", 4.0)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download: photo.png").click()
    assert download.value.suggested_filename == "photo.jpg"
    assert read(download.value.path()).width == 640
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all (zip)").click()
    assert download.value.suggested_filename == "results.zip"


def test_only_the_options_of_the_task_are_shown_and_sent(visit, tiny_site, photo):
    site = tiny_site()
    page = visit(site)

    page.get_by_label("Task").select_option("denoise")

    assert page.get_by_label("Scale").is_hidden() and page.get_by_label("Strength").first.is_visible()
    page.locator("input[name=strength]").fill("30")
    page.get_by_label("Realism").select_option("0.5")
    page.get_by_label("Truer").check()
    page.locator("#files").set_input_files(photo)
    done(page)
    (job,) = site.jobs.all()
    assert (job.asked.task, job.asked.strength, job.asked.realism) == ("denoise", "30", "0.5")
    assert job.asked.ensemble
    page.locator("#jobs small", has_text="Strength 30 · realism 0.5 · Truer").wait_for()
    page.reload()
    assert (page.get_by_label("Task").input_value(), page.locator("input[name=strength]").input_value()) == (
        "denoise",
        "30",
    )


def test_progress_shows_and_a_reload_loses_nothing_and_cancel_stops_it(visit, tiny_site, photo):
    site = tiny_site()
    gate = threading.Semaphore(0)

    def slow(job, progress):
        for tile in range(1, 5):
            progress(tile / 4)
            assert gate.acquire(timeout=60)

    site.jobs._restore = slow
    page = visit(site)
    drop(page, photo)
    page.locator("progress[value='0.25']").wait_for()
    gate.release()
    page.locator("progress[value='0.5']").wait_for()

    page.reload()

    page.locator("progress[value='0.5']").wait_for()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel: photo.png").click()
    gate.release()
    page.locator("#jobs li.cancelled").wait_for()
    assert page.locator("#news").text_content() == "photo.png: cancelled"
    page.get_by_role("button", name="Remove: photo.png").click()
    page.locator("#jobs li").wait_for(state="detached")
    assert site.jobs.all() == []
    assert page.evaluate("document.activeElement.id") == "files"


def test_what_is_no_picture_is_told_in_words(visit, tiny_site, tmp_path):
    page = visit(tiny_site())
    (tmp_path / "letter.txt").write_bytes(b"Dear server,")

    drop(page, tmp_path / "letter.txt")

    page.get_by_role("alert").get_by_text("letter.txt: not a picture").wait_for()
    page.expected = 1  # the browser itself notes the status 415


def test_of_a_truncated_picture_what_is_left_is_taken_when_that_is_wanted(visit, tiny_site, tmp_path):
    page = visit(tiny_site())
    Pillow.fromarray(skimage.data.astronaut()).save(tmp_path / "cut.jpg")
    (tmp_path / "cut.jpg").write_bytes((tmp_path / "cut.jpg").read_bytes()[:20_000])
    drop(page, tmp_path / "cut.jpg")

    page.get_by_role("button", name="Take what is left: cut.jpg").click()

    done(page)
    page.expected = len(page.troubles)  # what the browser itself notes of the status 422 of the thumbnail
    assert all("422" in trouble for trouble in page.troubles)


@pytest.fixture
def real_site(serve_app):
    """A server of the weights that ship."""
    return serve_app(Restoring(chosen, tag, FolderConfig()))


def test_a_date_stamp_is_painted_over_and_gone(visit, real_site, photo):
    page = visit(real_site)
    page.get_by_label("Task").select_option("inpaint")
    drop(page, photo)
    box = paper(page)
    scale = box["width"] / 320
    at = lambda x, y: (box["x"] + x * scale, box["y"] + y * scale)  # noqa: E731
    page.get_by_role("button", name="Brush").click()
    page.mouse.move(*at(20, 20))
    page.mouse.down()
    page.mouse.move(*at(60, 60))
    page.mouse.up()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Box").click()
    page.mouse.move(*at(236, 206))
    page.mouse.down()
    page.mouse.move(*at(304, 232), steps=4)
    page.mouse.up()

    page.get_by_role("button", name="Fill").click()
    done(page)

    (job,) = real_site.jobs.all()
    before, after = read(job.source).rgb.astype(int), read(job.result).rgb.astype(int)
    stamp = after[212:226, 242:298]
    assert (np.abs(stamp - (255, 170, 0)).max(axis=2) > 20).all()
    assert (before[:200] == after[:200]).all()


def test_of_several_pictures_to_be_painted_on_one_is_passed_over(visit, tiny_site, photo, tmp_path):
    site = tiny_site()
    other = tmp_path / "other.png"
    other.write_bytes(photo.read_bytes())
    page = visit(site)
    page.get_by_label("Task").select_option("inpaint")
    page.get_by_label("Texture").select_option("0")
    drop(page, photo, other)
    title = page.locator("#editor h2")
    title.get_by_text("photo.png").wait_for()

    page.keyboard.press("Escape")

    title.get_by_text("other.png").wait_for()
    page.get_by_label("Boxes").fill("240,210,60,18")
    page.get_by_role("button", name="Fill").click()
    page.locator("#jobs li").wait_for()
    (job,) = site.jobs.all()
    assert (job.name, job.asked.box, job.mask, job.asked.texture) == ("other.png", "240,210,60,18", None, 0)
    page.locator("#jobs small", has_text="Box 240,210,60,18 · Texture 0").wait_for()
    page.locator("#editor").wait_for(state="hidden")


PAINTED = """() => { const canvas = document.querySelector("#editor canvas");
    return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((level) => level); }"""


def test_what_is_painted_is_kept_until_the_picture_is_filled_and_with_the_job_until_that_is_removed(
    visit, tiny_site, photo
):
    page = visit(tiny_site())

    def opened():
        page.locator("#files").set_input_files(photo)
        return paper(page)

    page.get_by_label("Task").select_option("inpaint")
    box = opened()
    page.mouse.click(box["x"] + 40, box["y"] + 40)
    page.keyboard.press("Escape")
    opened()
    assert page.evaluate(PAINTED)
    page.on("dialog", lambda asked: asked.accept())
    page.reload()
    opened()
    assert page.evaluate(PAINTED)

    page.get_by_role("button", name="Fill").click()

    page.get_by_role("button", name="Try a part, or paint: photo.png").click()
    paper(page)
    assert page.evaluate(PAINTED)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Remove: photo.png").click()
    page.locator("#jobs li").wait_for(state="detached")
    opened()
    assert not page.evaluate(PAINTED)
    assert page.evaluate("Object.keys(sessionStorage)") == ["options"]


def test_what_the_eraser_takes_away_is_not_filled_and_the_mask_can_be_saved(visit, tiny_site, photo):
    page = visit(tiny_site())
    page.get_by_label("Task").select_option("inpaint")
    drop(page, photo)
    box = paper(page)
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.click(*middle)
    page.mouse.click(box["x"] + 40, box["y"] + 40)
    page.get_by_role("button", name="Eraser").click()
    page.mouse.click(*middle)

    with page.expect_download() as download:
        page.get_by_role("button", name="Save mask").click()

    mask = read(download.value.path()).rgb[:, :, 0]
    assert mask.shape == (240, 320)
    assert mask[120, 160] == 0 and mask[round(40 * 240 / box["height"]), round(40 * 320 / box["width"])] == 255


def test_a_part_is_tried_and_the_strength_changed_before_the_whole_is_done(visit, tiny_site, photo):
    site = tiny_site()
    page = visit(site)
    page.get_by_label("Task").select_option("denoise")
    drop(page, photo)
    done(page)

    page.get_by_role("button", name="Try a part, or paint: photo.png").click()
    box = paper(page)
    page.mouse.move(box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    page.locator("#viewer .stage").wait_for()
    assert page.locator("#viewer .stage img").last.evaluate("x => [x.naturalWidth, x.naturalHeight]") == [160, 120]
    page.locator("#viewer").get_by_label("Strength").fill("60")

    page.locator("#jobs li.done", has_text="Strength 60").wait_for()
    page.get_by_role("button", name="Do the whole").click()
    page.locator("#jobs li.done", has_text="Strength 60").nth(1).wait_for()
    last = site.jobs.all()[-1]
    assert (last.asked.strength, last.asked.part, read(last.result).width) == ("60", "", 640)


def test_a_part_is_tried_by_keys_alone_before_any_picture_is_done(visit, tiny_site, photo, tmp_path):
    site = tiny_site()
    (tmp_path / "other.png").write_bytes(photo.read_bytes())
    page = visit(site)
    page.get_by_label("Task").select_option("denoise")
    page.get_by_label("Try a part first").check()
    drop(page, photo, tmp_path / "other.png")
    page.get_by_role("dialog", name="Draw a rectangle: it is tried alone").wait_for()
    paper(page)

    page.keyboard.press("Enter")

    page.locator("#viewer .stage").wait_for()
    assert [job.asked.part for job in site.jobs.all()] == ["32,0,256,240"]
    assert page.locator("#viewer output").text_content() == "auto"
    page.route("**/api/jobs", lambda route: route.fulfill(status=503, json={"error": "no room"}))
    page.locator("#viewer").get_by_label("Strength").fill("60")
    page.locator("#viewer").get_by_role("alert").get_by_text("no room").wait_for()
    page.expected = 1  # the browser itself notes the status 503
    page.unroute("**/api/jobs")
    for _ in range(5):
        page.locator("#viewer").get_by_label("Strength").press("ArrowLeft")
    page.locator("#jobs li.done", has_text="Strength 55").wait_for()
    page.locator("#jobs li").nth(1).wait_for(state="detached")
    page.get_by_role("button", name="Do the whole + 1").click()
    page.locator("#jobs li.done", has_text="Strength 55").nth(2).wait_for()
    assert sorted((job.name, job.asked.part) for job in site.jobs.all() if not job.asked.part) == [
        ("other.png", ""), ("photo.png", "")]  # fmt: skip


def test_pictures_for_which_there_is_no_room_wait_in_the_page(visit, tiny_site, tmp_path):
    site = tiny_site(Limits(waiting=1, held=4), side_by_side=1)
    gate, restore = threading.Semaphore(0), site.jobs._restore

    def slow(job, progress):
        assert gate.acquire(timeout=60)
        return restore(job, progress)

    site.jobs._restore = slow
    names = [f"{number}.png" for number in range(5)]
    for name in names:
        Pillow.new("RGB", (16, 16)).save(tmp_path / name)
    page = visit(site)

    drop(page, *(tmp_path / name for name in names))

    page.get_by_text("Still to be sent: 3").wait_for()
    gate.release(5)
    done(page, 4)
    assert [job.name for job in site.jobs.all()] == names[:4]
    page.get_by_role("alert").get_by_text("The server holds no more pictures").wait_for()
    page.once("dialog", lambda asked: asked.dismiss())
    page.get_by_role("button", name="Remove all").click()
    assert len(site.jobs.all()) == 4
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Remove all").click()
    page.get_by_role("button", name="Remove all").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.id") == "files"
    page.get_by_role("button", name="Send them").click()
    done(page)
    assert [job.name for job in site.jobs.all()] == names[4:]
    page.expected = len(page.troubles)  # what the browser itself notes of the status 503
    assert all("503" in trouble for trouble in page.troubles)


def test_ticked_pictures_push_out_no_result_of_an_upload(visit, tiny_site, photo, tmp_path):
    (tmp_path / "album").mkdir()
    (tmp_path / "album" / "other.png").write_bytes(photo.read_bytes())
    site = tiny_site(Limits(disk=3 * photo.stat().st_size), folder=tmp_path / "album")
    page = visit(site)
    drop(page, photo)
    done(page)

    page.get_by_role("checkbox", name="other.png").check()
    page.get_by_role("button", name="Restore what is ticked").click()

    page.get_by_role("alert").get_by_text("The server holds no more pictures").wait_for()
    page.get_by_text("Still to be sent: 1").wait_for()
    assert [job.name for job in site.jobs.all()] == ["photo.png"]
    page.get_by_role("button", name="Remove: photo.png").click()
    page.get_by_role("button", name="Look: photo.png").wait_for(state="detached")
    page.get_by_role("button", name="Send them").click()
    done(page)
    assert [job.name for job in site.jobs.all()] == ["other.png"]
    page.expected = 1  # the browser itself notes the status 503


def test_a_page_that_is_hidden_takes_no_stream_from_the_pages_beside_it(visit, tiny_site):
    page = visit(tiny_site())
    page.get_by_role("status").get_by_text("Ready.").wait_for()
    hide = """(hidden) => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange")); }"""

    with page.expect_event("requestfailed", lambda request: request.url.endswith("/api/events")):
        page.evaluate(hide, True)

    with page.expect_request("**/api/events"):
        page.evaluate(hide, False)


def test_windows_of_one_browser_share_a_stream_and_hand_it_on(visit, tiny_site, photo):
    site = tiny_site()
    first = visit(site)
    others = [first.context.new_page() for _ in range(2)]
    for page in others:
        page.goto(site.url)
        page.get_by_role("status").get_by_text("Ready.").wait_for()

    drop(others[0], photo)

    done(first)
    done(others[1])
    assert len(site.jobs._listeners) == 1
    first.goto("about:blank")
    drop(others[0], photo)
    done(others[1], 2)


def test_pictures_of_the_folder_are_ticked(visit, tiny_site, photos, tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    for path in photos.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    page = visit(tiny_site(folder=folder))

    page.get_by_role("checkbox", name="Tick all").check()
    for name in sorted({path.name for path in photos.iterdir()} - {"coffee.png", "chelsea.png"}):
        page.get_by_role("checkbox", name=name).uncheck()
    page.get_by_role("button", name="Restore what is ticked").click()
    done(page, 2)

    assert sorted(path.name for path in (tmp_path / "album-tiny").glob("*.png")) == ["chelsea.png", "coffee.png"]


def test_a_folder_that_cannot_be_listed_is_told_of_and_the_page_goes_on(visit, tiny_site, photo, tmp_path):
    site = tiny_site(folder=tmp_path)
    site.restoring.shelf.folder.joinpath("other.png").write_bytes(photo.read_bytes())
    page = visit(site)
    page.get_by_role("checkbox", name="other.png").wait_for()
    page.route("**/api/folder", lambda route: route.fulfill(status=500, json={"error": "internal error"}))

    page.reload()

    page.get_by_role("alert").get_by_text("internal error").wait_for()
    page.unroute("**/api/folder")
    drop(page, photo)
    done(page)
    page.expected = 1  # the browser itself notes the status 500


def test_of_a_large_folder_only_what_is_in_sight_is_asked_for_after_a_reload_too(visit, tiny_site, tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    Pillow.new("RGB", (8, 8)).save(tmp_path / "dot.png")
    for number in range(250):
        (folder / f"{number}.png").hardlink_to(tmp_path / "dot.png")
    page = visit(tiny_site(folder=folder), width=360)
    page.locator("#shelf label").nth(249).wait_for()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "&small" in request.url else None)

    page.reload()
    page.locator("#shelf label").nth(249).wait_for()
    page.wait_for_load_state("networkidle")

    assert 4 <= len(asked) < 125


def test_models_are_told_with_scores_and_licence(visit, tiny_site):
    page = visit(tiny_site())

    page.get_by_role("link", name="Models").click()

    page.locator("#models article").first.get_by_text("Show otherwise, such as a day as a night").wait_for()
    card = page.locator("#models article", has=page.get_by_role("heading", name="upscale-x4-photo-vivid", exact=True))
    card.get_by_text("Enlarge · 4 × · a photograph · 1 vivid").wait_for()
    assert card.locator("li", has_text="Kodak24, web").text_content().count("(bicubic ") == 2
    assert "MIT" in card.text_content()
    assert page.locator("#models article").count() == len(zoo.names())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(scheme, visit, tiny_site, photo):
    page = visit(tiny_site(), color_scheme=scheme)
    drop(page, photo)
    done(page)

    for selector in ("h1", "#drop span", "#jobs small", "#options label", "#jobs .acts a"):
        assert contrast(page, selector) >= 4.5, selector


def contrast(page, selector):
    """Of a text against what is behind it, as WCAG 2 defines it."""
    colours = page.locator(selector).first.evaluate(
        """(x) => {
            const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
            let behind = x;
            while (numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
            return [getComputedStyle(x).color, getComputedStyle(behind).backgroundColor].map(numbers);
        }"""
    )
    one, other = sorted(luminance(colour[:3]) for colour in colours)
    return (other + 0.05) / (one + 0.05)


def luminance(colour):
    linear = [(c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4) for c in colour]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_every_control_has_a_name(visit, tiny_site, photo):
    page = visit(tiny_site())
    drop(page, photo)
    done(page)

    names = page.locator("button, a, select, input").evaluate_all(
        """all => all.map((x) => x.ariaLabel || x.textContent.trim() ||
            [...(x.labels ?? [])].map((label) => label.textContent.trim()).join(""))"""
    )

    assert len(names) > 25
    assert all(names)


def test_the_page_fits_a_phone(visit, tiny_site, photo):
    page = visit(tiny_site(), width=360, is_mobile=True, has_touch=True)
    drop(page, photo)
    done(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 360

    page.get_by_role("button", name="Look: photo.png").tap()
    page.locator("#viewer .stage").wait_for()

    box = page.locator("#viewer .stage").bounding_box()
    assert box["width"] == 360 and box["height"] > 300
    touch(page, [(180, 100)], [(90, 100)])
    assert page.locator("#viewer .divider").input_value() == "25"


def touch(page, down, move):
    """Puts fingers down, moves them and lets go."""
    device = page.context.new_cdp_session(page)
    for kind, places in (("touchStart", down), ("touchMove", move), ("touchEnd", [])):
        points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
        device.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_two_fingers_move_the_picture_that_one_paints_on_and_leaving_it_is_asked_first(visit, tiny_site, photo):
    page = visit(tiny_site(), width=360, is_mobile=True, has_touch=True)
    page.get_by_label("Task").select_option("inpaint")
    drop(page, photo)
    paper(page)
    page.get_by_role("button", name="200 %").tap()

    touch(page, [(180, 500), (220, 500)], [(120, 440), (160, 440)])

    scrolled = page.locator("#editor .canvas").evaluate("x => [x.scrollLeft, x.scrollTop]")
    assert scrolled[0] == 60
    assert not page.evaluate(PAINTED)
    touch(page, [(180, 500)], [(200, 520)])
    assert page.evaluate(PAINTED)
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.dismiss()


@pytest.mark.parametrize(("locale", "text"), [("de-DE", "Vergrößern"), ("zh-CN", "放大")])
def test_the_page_speaks_the_language_of_its_reader(locale, text, visit, tiny_site):
    page = visit(tiny_site(), locale=locale)

    assert page.get_by_role("option", name=text).count() == 1
    assert "undefined" not in page.locator("body").inner_text()
