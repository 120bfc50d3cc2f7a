"""What `srgan serve` looks like, of scikit-image's photographs, in headless Chromium.

    python scripts/publish/screenshots.py docs

Writes serve.jpg (light), serve-dark.jpg, serve-phone.jpg and serve-brush.jpg. Needs `playwright` and `chromium`.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import skimage.data
from PIL import Image
from playwright.sync_api import Page, sync_playwright

STAMP = (250, 170, 40)
DESK, PHONE = {"width": 1100, "height": 640}, {"width": 390, "height": 844}


def write_photos(folder: Path) -> list[Path]:
    """Small photographs, one of them with a date stamp."""
    paths = []
    for name in ("chelsea", "coffee", "astronaut"):
        picture = Image.fromarray(getattr(skimage.data, name)())
        picture.thumbnail((300, 300))
        if name == "coffee":
            for left in range(200, 280, 20):
                picture.paste(STAMP, (left, 170, left + 12, 186))
        paths.append(folder / f"{name}.jpg")
        picture.save(paths[-1], quality=85)
    return paths


def shoot(page: Page, target: Path) -> None:
    """Nothing; what the page looks like is in the file."""
    page.wait_for_timeout(1000)
    page.screenshot(path=target, type="jpeg", quality=85)


def look(page: Page) -> None:
    page.get_by_role("button", name="Look: chelsea.jpg").click()
    page.locator("#viewer .stage").wait_for()


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        photos = write_photos(Path(folder))
        server = subprocess.Popen(["srgan", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
        address = server.stdout.readline().strip()
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])

        def opened(**options: object) -> Page:
            page = browser.new_context(
                **{"viewport": {"width": 1100, "height": 640}, "locale": "en-US", **options}
            ).new_page()
            page.goto(address)
            return page

        page = opened()
        page.locator("#files").set_input_files(photos)
        page.locator("#jobs li.done").nth(2).wait_for(timeout=300_000)
        look(page)
        shoot(page, target / "serve.jpg")
        page.keyboard.press("Escape")
        page.get_by_label("Task").select_option("inpaint")
        page.locator("#files").set_input_files(photos[1])
        page.locator("#editor .paper img").wait_for()
        page.wait_for_timeout(1000)
        box = page.locator("#editor .paper").bounding_box()
        page.get_by_label("Thickness").fill("26")
        page.mouse.move(box["x"] + box["width"] * 0.66, box["y"] + box["height"] * 0.89)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.91, box["y"] + box["height"] * 0.89, steps=5)
        shoot(page, target / "serve-brush.jpg")
        shoot(opened(color_scheme="dark"), target / "serve-dark.jpg")
        shoot(opened(viewport=PHONE, is_mobile=True, has_touch=True), target / "serve-phone.jpg")
        browser.close()
        server.terminate()
        server.wait(30)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
