"""What the README and the pages under docs say is so, and what there is has its place in them."""

import dataclasses
import pkgutil
import re
import shlex
import shutil
from pathlib import Path

import click
import cv2
import numpy as np
import pytest
import release
import skimage.data
from skimage.metrics import peak_signal_noise_ratio

import srgan
from srgan.cli.commands import srgan as commands
from srgan.data.samples import write_samples
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models import zoo
from srgan.options import options_of
from srgan.training.games import GAMES

ROOT = Path(__file__).resolve().parents[1]
PAGES = {
    path.relative_to(ROOT): path.read_text(encoding="utf-8")
    for path in [
        *(ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "scripts/README.md")),
        *sorted((ROOT / "docs").glob("*.md")),
    ]
}
README, TRAINING, QUALITY = (PAGES[Path(name)] for name in ("README.md", "docs/TRAINING.md", "docs/QUALITY.md"))
DOCS = "\n".join(PAGES.values())
QUICK = {"steps": 4, "crop": 16, "batch": 2, "log_every": 2, "checkpoint_every": 2, "validate_every": 4}
PYTHON = PAGES[Path("docs/PYTHON.md")]


def headings(page):
    """What a link to a heading of the page ends in."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_link_leads_to_a_file_and_a_heading_that_are_there():
    missing, links = [], 0
    for page, text in PAGES.items():
        for link in re.findall(r"\]\(([^)]+)\)", text):
            name, _, heading = link.partition("#")
            target = (ROOT / page.parent / name).resolve()
            if not target.exists() or (heading and heading not in headings(PAGES[target.relative_to(ROOT)])):
                missing.append((str(page), link))
            links += 1
    assert links > 20
    assert missing == []


def test_every_page_is_linked_to_from_the_front_page():
    linked = {Path(name) for name in re.findall(r"\]\(([^)#]+)\)", README)}
    assert set(PAGES) - linked == {Path("README.md")}


@pytest.mark.parametrize("page", ["README.md", "docs/gan.md"])
def test_the_chinese_page_has_the_same_commands_names_and_figures(page):
    """In blocks of code but for what is said beside, and in tables."""

    def said(text):
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        code = [re.split(r"(?<=\S) {2,}", line)[0] for block in blocks for line in block.splitlines()]
        rows = re.findall(r"^\|.*$", text, re.MULTILINE)
        return code, [re.findall(r"`[^`]+`|\d[\d.]*", row) for row in rows]

    code, figures = said(PAGES[Path(page)])
    assert code and sum(map(len, figures)) > 20
    assert said(PAGES[Path(page).with_suffix(".zh-CN.md")]) == (code, figures)


@pytest.mark.parametrize("page", ["docs/gan.md", "docs/gan.zh-CN.md"])
def test_every_option_that_the_page_on_gans_names_exists(page):
    named = set(re.findall(r"`(?:--set )?(\w+)=", PAGES[Path(page)]))
    assert len(named) > 5
    assert named <= {*options_of(srgan.TrainConfig), "network"}


@pytest.mark.parametrize("page", ["docs/gan.md", "docs/gan.zh-CN.md"])
def test_the_page_on_gans_has_every_game_with_the_functions_that_it_is(page):
    rows = re.findall(r"^\| `(\w+)` \| .*`(srgan[\w.]+)` \| .*`(srgan[\w.]+)` \|$", PAGES[Path(page)], re.MULTILINE)
    named = {name: tuple(map(pkgutil.resolve_name, functions)) for name, *functions in rows}
    assert named == {name: (game.discriminator, game.generator) for name, game in GAMES.items()}


def test_every_file_that_the_docs_name_is_there():
    named = re.findall(r"(?<![\w./-])(?:srgan|scripts|docs|tests)/[\w./-]*\w", DOCS)
    assert named
    assert [name for name in named if not (ROOT / name.removesuffix("/NAME")).exists()] == []


def test_every_script_is_told_of_and_no_other():
    """`folder/` in a heading, then each of its files at the beginning of a row; on top those of no folder."""
    there = {path.relative_to(ROOT / "scripts") for path in (ROOT / "scripts").rglob("*") if path.is_file()}
    named, folder = [], Path()
    for heading, name in re.findall(
        r"^(?:## `([a-z]+)/`|\| `([\w.-]+)`)", PAGES[Path("scripts/README.md")], re.MULTILINE
    ):
        folder = Path(heading) if heading else folder
        named += [folder / name] if name else []

    assert len(named) == len(set(named))
    assert set(named) == {path for path in there if path.suffix not in (".pyc", ".md", ".txt")}


def test_the_front_page_is_short_and_every_line_fits_a_window():
    assert len(README.splitlines()) <= 110
    lines = [line for line in DOCS.splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > 130] == []


MAP = PAGES[Path("CONTRIBUTING.md")].partition("## Where do I change")[2].partition("\n## ")[0]
ANSWERS = re.findall(r"^\| .+ \| (.+) \|$", MAP, re.MULTILINE)


def test_every_room_has_its_place_in_the_notes_for_contributors():
    there = {path.stem for path in (ROOT / "srgan").glob("[!_.]*") if path.suffix in (".py", "")}
    named = re.findall(r"`(\w+)(?:/|\.py)", "\n".join(ANSWERS))

    assert set(named) == there


def test_what_the_notes_for_contributors_name_is_where_they_say():
    """In each answer paths, and after the path of a file what is defined there."""
    names = 0
    for answer in ANSWERS:
        file = Path()
        for span in re.findall(r"`([^`]+)`", answer):
            if "/" in span or span.endswith(".py"):
                file = ROOT / "srgan" / span
                assert file.exists(), span
            else:
                owner, _, attribute = span.partition(".")
                text = file.read_text(encoding="utf-8")
                assert re.search(rf"^(?:(?:def|class) )?{owner}\b", text, re.MULTILINE), span
                assert not attribute or re.search(rf"^    (?:    self\.|def ){attribute}\b", text, re.MULTILINE), span
                names += 1
    assert names > 30


def test_no_module_has_the_name_of_a_public_function():
    assert {path.stem for path in (ROOT / "srgan").iterdir()} & set(srgan.__all__) == set()


ALL_COMMANDS = [
    one for command in commands.commands.values() for one in (command, *getattr(command, "commands", {}).values())
]
FLAGS = {flag for command in ALL_COMMANDS for p in command.params for flag in (*p.opts, *p.secondary_opts)}


def test_every_flag_that_the_docs_show_exists():
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "scripts").rglob("*.py"))
    known = FLAGS | set(re.findall(r'"(--[a-z-]+)"', scripts)) | {"--help"}
    assert shown() - known == set()


def test_every_flag_has_its_place_in_the_docs():
    assert {flag for flag in FLAGS if flag.startswith("--")} - shown() == set()


def shown():
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DOCS))


def test_every_command_that_the_docs_show_exists():
    named = set(re.findall(r"(?:^|`|&& )srgan ([a-z]+)", DOCS, re.MULTILINE))
    assert named
    assert named <= set(commands.commands)
    assert all(isinstance(command, click.Command) for command in commands.commands.values())


def test_every_command_has_its_place_in_the_docs():
    for name, command in commands.commands.items():
        assert re.search(rf"(?:srgan |^|`){name}\b", DOCS, re.MULTILINE), name
        assert command.help


def test_every_public_name_has_its_place_in_the_docs():
    named = set(re.findall(r"\bsrgan\.([a-zA-Z_]+)", PYTHON))
    assert named == set(srgan.__all__)


def test_every_name_of_the_package_that_the_docs_show_exists():
    """A public one, or a module as in `srgan.models.export.export`."""
    named = re.findall(r"(?<![\w./])srgan((?:\.[a-zA-Z_]\w*)+)", DOCS)
    assert named
    for name in named:
        owner, *attributes = name[1:].split(".")
        found = getattr(srgan, owner) if owner in srgan.__all__ else pkgutil.resolve_name("srgan" + name)
        for attribute in attributes if owner in srgan.__all__ else ():
            found = getattr(found, attribute)


def test_the_python_examples_work_as_written_but_for_the_length_of_training(tmp_path, monkeypatch):
    """Each block goes on from those before."""
    monkeypatch.chdir(tmp_path)
    write_samples(Path("photos"))
    for path in Path("photos").iterdir():
        rgb = read(path).rgb[:120, :160]
        if path.stem in ("chelsea", "astronaut", "coffee"):
            write(path, Image(np.ascontiguousarray(rgb)))
            write(Path("small") / path.name, Image(np.ascontiguousarray(rgb[::2, ::2])))
        else:
            path.unlink()
    quick = ", ".join(f"{key}={value}" for key, value in QUICK.items())
    blocks = re.findall(r"```python\n(.*?)```", PYTHON, re.DOTALL)

    names = {}
    for block in blocks:
        exec(re.sub(r"steps=[\d_]+", quick, block), names)

    assert read("large.png").width == 320 and read("large/chelsea.jpg").width == 300
    assert names["large"].shape == (128, 128, 3) and names["notes"][0][0].startswith("fills ")
    assert (names["filled"] == names["small"]).all(axis=2)[~names["hole"]].all()
    assert srgan.describe("mine.safetensors")["licence"] == "MIT"


def between(page, marker):
    return page.partition(f"<!-- {marker} -->\n")[2].partition(f"<!-- /{marker} -->")[0]


def test_the_tables_of_scores_are_made_from_the_weights():
    paths = sorted((ROOT / "weights").glob("*.safetensors"), key=lambda path: path.stem)

    assert between(README, "scores") == release.front()
    for group in release.BENCHES:
        assert between(QUALITY, group) == release.table(paths, group)
    assert all(f"`{name}`" in QUALITY for name in zoo.names())


RECIPES = re.findall(r"```\n(srgan finetune .*?)```", TRAINING, re.DOTALL)


def test_the_recipe_of_the_front_page_is_that_for_ones_own_photographs():
    assert re.findall(r"```\n(srgan finetune .*?)```", README, re.DOTALL) == RECIPES[:1]


def follow(recipe):
    """Runs the two lines of a recipe, but with few steps."""
    fine_tuning, restoring = (shlex.split(line) for line in recipe.splitlines())
    settings = [word for key, value in QUICK.items() for word in ("--set", f"{key}={value}")]
    commands.main([*fine_tuning[1:], "--quiet", *settings], standalone_mode=False)
    commands.main(restoring, standalone_mode=False)


def test_the_recipe_for_ones_own_photographs_works_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_samples(Path("my_photos"))
    Path("IN").mkdir()
    shutil.copy("my_photos/chelsea.png", "IN")

    follow(RECIPES[0])

    assert read("OUT/chelsea.png").width == 4 * read("IN/chelsea.png").width


def test_the_recipe_for_the_noise_of_ones_own_camera_works_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_samples(Path("CLEAN"))
    rng = np.random.default_rng(0)
    for path in Path("CLEAN").iterdir():
        image = read(path)
        noisy = np.clip(image.rgb + rng.normal(0, 15, image.rgb.shape), 0, 255).astype(np.uint8)
        write(Path("NOISY") / path.name, dataclasses.replace(image, rgb=noisy))
    Path("IN").mkdir()
    shutil.copy("NOISY/chelsea.png", "IN")

    follow(RECIPES[2])

    assert psnr("OUT/chelsea.png", "CLEAN/chelsea.png") > psnr("IN/chelsea.png", "CLEAN/chelsea.png") + 3


def test_pictures_of_two_focal_lengths_are_laid_on_each_other_as_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    view = skimage.data.astronaut()
    turned = cv2.warpAffine(view, cv2.getRotationMatrix2D((256, 256), 1, 1), (512, 512), flags=cv2.INTER_CUBIC)
    write(Path("tele.png"), Image(np.ascontiguousarray(turned[70:440, 60:450])))
    write(Path("wide.png"), Image(cv2.resize(view, (128, 128), interpolation=cv2.INTER_AREA)))
    Path("SMALL").mkdir()
    Path("LARGE").mkdir()

    exec(re.findall(r"```python\n(.*?)```", TRAINING, re.DOTALL)[-1], {})

    small, large = read("SMALL/scene.png").rgb, read("LARGE/scene.png").rgb
    assert large.shape == (4 * small.shape[0], 4 * small.shape[1], 3) and min(small.shape[:2]) > 80
    reduced = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert peak_signal_noise_ratio(small, reduced) > 36


def psnr(one, other):
    return peak_signal_noise_ratio(read(one).rgb, read(other).rgb)
