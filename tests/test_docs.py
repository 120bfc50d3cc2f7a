"""What the README says is so."""

import dataclasses
import re
import shlex
import shutil
from pathlib import Path

import click
import numpy as np
from skimage.metrics import peak_signal_noise_ratio

import srgan
from srgan.cli.commands import srgan as commands
from srgan.data.samples import write_samples
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.models import zoo

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
QUICK = {"steps": 4, "crop": 16, "batch": 2, "log_every": 2, "checkpoint_every": 2, "validate_every": 4}
PYTHON = (ROOT / "docs" / "PYTHON.md").read_text(encoding="utf-8")


def test_every_file_the_readme_names_is_there():
    named = re.findall(r"\]\(([^)#]+)\)", README) + re.findall(r"`((?:srgan|scripts|docs|tests)/[\w./-]+)`", README)
    missing = [name for name in named if not (ROOT / name).exists()]
    assert named
    assert missing == []


def test_every_room_has_its_place_in_the_notes_for_contributors():
    """And no file is named there that is not: `room/file.py`, then others of that room as `file.py`."""
    table = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("`srgan/` |")[2].partition("\n\n")[0]
    named, room = [], Path()
    for name in re.findall(r"`([a-z_/]+(?:\.py|/))`", table):
        room = Path(name).parent if "/" in name else room
        named.append(Path(name) if "/" in name else room / name)
    there = {path.stem for path in (ROOT / "srgan").glob("[!_.]*") if path.suffix in (".py", "")}
    assert [name for name in named if not (ROOT / "srgan" / name).exists()] == []
    assert {Path(name.parts[0]).stem for name in named} == there


def test_no_module_has_the_name_of_a_public_function():
    assert {path.stem for path in (ROOT / "srgan").iterdir()} & set(srgan.__all__) == set()


def test_every_flag_the_readme_shows_exists():
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    known = {flag for command in commands.commands.values() for p in command.params for flag in p.opts}
    scripts = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "scripts").glob("*.py"))
    known |= set(re.findall(r'"(--[a-z-]+)"', scripts)) | {"--help"}
    assert shown - known == set()


def test_every_command_the_readme_shows_exists():
    shown = set(re.findall(r"^srgan ([a-z]+)", README, re.MULTILINE)) | set(re.findall(r"`srgan ([a-z]+)", README))
    assert shown
    assert shown <= set(commands.commands)
    assert all(isinstance(command, click.Command) for command in commands.commands.values())


def test_the_names_of_the_python_example_are_public():
    used = set(re.findall(r"\bsrgan\.([a-z_A-Z]+)\(", README))
    assert used
    assert used <= set(srgan.__all__)


def test_every_command_has_its_place_in_the_readme():
    for name, command in commands.commands.items():
        assert re.search(rf"(?:srgan |^|`){name}\b", README, re.MULTILINE), name
        assert command.help


def test_every_public_name_has_its_place_in_the_docs():
    named = set(re.findall(r"\bsrgan\.([a-zA-Z_]+)", PYTHON))
    assert named == set(srgan.__all__)


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


def test_the_scores_are_those_in_the_weights():
    for name in zoo.names():
        scores = srgan.describe(name)["scores"]
        for mean in scores.values():
            cell = f"{mean['psnr']:.2f} / {mean['ssim']:.4f} / {mean['lpips']:.4f}"
            assert f"`{name}`" in README
            assert cell in README


RECIPES = re.findall(r"```\n(srgan finetune .*?)```", README, re.DOTALL)


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

    follow(RECIPES[1])

    assert psnr("OUT/chelsea.png", "CLEAN/chelsea.png") > psnr("IN/chelsea.png", "CLEAN/chelsea.png") + 3


def psnr(one, other):
    return peak_signal_noise_ratio(read(one).rgb, read(other).rgb)
