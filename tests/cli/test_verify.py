"""What was written can be checked, and what failed can be tried again."""

import json

import pytest
from PIL import Image as Pillow

from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.file import save

CPU = ("-d", "cpu", "--precision", "fp32")


@pytest.fixture
def restored(run, tiny, tmp_path, pixels):
    """A folder of three good pictures and a bad one, and the code that restoring it left with."""
    save(tiny, tmp_path / "tiny.safetensors")
    for seed, name in enumerate(("a", "sub/b", "c")):
        write(tmp_path / "in" / f"{name}.png", Image(pixels(9, 8, seed=seed)))
    (tmp_path / "in" / "bad.png").write_bytes(b"")
    code, _, _ = run("upscale", tmp_path / "in", tmp_path / "out", "-m", tmp_path / "tiny.safetensors", *CPU)
    assert code == 1
    return tmp_path / "out"


def test_what_was_written_is_still_so(run, restored):
    code, stdout, stderr = run("verify", restored)
    assert (code, stdout, stderr) == (0, "3 pictures, 0 missing or changed\n", "")


def test_what_is_missing_or_has_changed_is_named(run, restored):
    (restored / "a.png").unlink()
    (restored / "sub" / "b.png").write_bytes(b"other")

    code, stdout, stderr = run("verify", restored)

    assert (code, stdout) == (1, "3 pictures, 2 missing or changed\n")
    assert sorted(stderr.splitlines()) == [
        f"{restored / 'a.png'}: is missing",
        f"{restored / 'sub' / 'b.png'}: has changed",
    ]


def test_an_output_is_checked_as_what_it_was_made_of_last(run, restored, pixels):
    source = restored.parent / "in"
    words = ("upscale", source, restored, "-m", restored.parent / "tiny.safetensors", *CPU)
    for seed, (old, new) in enumerate((("a.png", "a.gif"), ("a.gif", "a.png"))):
        (source / old).unlink()
        (restored / "a.png").unlink()
        Pillow.fromarray(pixels(9, 8, seed=seed + 7)).save(source / new)
        run(*words)

        assert run("verify", restored) == (0, "3 pictures, 0 missing or changed\n", "")


def test_pictures_made_in_several_ways_are_told_apart(run, restored, make_model):
    source, journal = restored.parent / "in", restored / ".srgan" / "journal.jsonl"
    assert json.loads(run("verify", restored, "--json")[1])["made"][0]["pictures"] == 3
    save(make_model(scale=2, seed=1), restored.parent / "other.safetensors")
    words = ("-m", restored.parent / "other.safetensors", *CPU, "-q", "80")
    run("upscale", source / "a.png", source / "sub", "-o", restored, *words)

    code, stdout, stderr = run("verify", restored)
    as_json = json.loads(run("verify", restored, "--json")[1])

    first, second = (way["settings"] for way in sorted(as_json["made"], key=lambda way: way["settings"]["quality"]))
    assert (code, stderr) == (0, "")
    assert stdout == (
        "3 pictures, 0 missing or changed\n"
        f"made in 2 ways: 2 with quality 80, weights {first['weights'][:52]}...; "
        f"1 with quality 95, weights {second['weights'][:52]}...\n"
    )
    assert (as_json["pictures"], as_json["wrong"]) == (3, {})
    assert [way["pictures"] for way in as_json["made"]] == [2, 1]

    lines = [line for line in journal.read_text().splitlines() if '"chosen"' not in line]
    journal.write_text("\n".join(lines) + "\n")
    assert run("verify", restored)[1] == "3 pictures, 0 missing or changed\n", "nobody knows any more"


def test_what_failed_is_tried_again_and_nothing_else(run, restored, pixels):
    source = restored.parent / "in"
    write(source / "bad.png", Image(pixels(5, 6)))
    write(source / "new.png", Image(pixels(5, 6)))

    code, _, stderr = run("retry", restored)

    assert code == 0
    assert "1/1 pictures" in stderr
    assert (restored / "bad.png").is_file() and not (restored / "new.png").exists()
    assert run("retry", restored)[0] == 0
    assert run("verify", restored)[1] == "4 pictures, 0 missing or changed\n"


def test_only_what_failed_is_tried_again_where_a_name_was_kept(run, restored, pixels):
    """Planned by names alone, b.gif would become what the picture that is gone has left."""
    source = restored.parent / "in"
    write(source / "b.png", Image(pixels(5, 6)))
    (source / "b.gif").write_bytes(b"GIF89a")
    words = ("upscale", source, restored, "-m", restored.parent / "tiny.safetensors", *CPU)
    run(*words)
    before = (restored / "b.png").read_bytes()
    (source / "b.png").unlink()
    Pillow.fromarray(pixels(7, 6)).save(source / "b.gif")

    _, _, stderr = run(*words, "--failed")

    assert stderr.splitlines()[-1].startswith("2/2 pictures  ok 1 skipped 0 failed 1")
    assert (restored / "b.png").read_bytes() == before
    assert (restored / "b.gif.png").is_file()


def test_a_command_whose_folder_looks_like_an_option_is_tried_again(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-in").mkdir()
    (tmp_path / "-in" / "bad.png").write_bytes(b"")
    for out in ("out", "-in-x2"):
        assert run("upscale", "-s", "2", *CPU, "--", "-in", *([out] if out == "out" else []))[0] == 1

        code, _, said = run("retry", tmp_path / out)

        assert (code, said.count("bad.png: empty file")) == (1, 1), said


@pytest.mark.parametrize("command", ["verify", "retry"])
def test_a_folder_into_which_nothing_was_restored_is_refused(run, tmp_path, command):
    code, _, stderr = run(command, tmp_path)
    assert code == 2
    assert stderr.startswith(f"error: {tmp_path}: n")


@pytest.mark.parametrize(
    "words, message",
    [
        (["upscale", "in", "elsewhere"], "its last command writes elsewhere: srgan upscale in elsewhere"),
        (["upscale", "in", "-o", "elsewhere"], "its last command writes elsewhere: srgan upscale in -o elsewhere"),
        (["upscale", "in", "--in-place"], "its last command writes elsewhere: srgan upscale in --in-place"),
        (["upscale", "in", "out", "--existing", "overwrite"], "its last command replaces files; --yes runs it again: "),
        (["upscale", "out", "--in-place"], "its last command replaces files; --yes runs it again: "),
        (["train", "upscale", "--data", "in", "--out", "out"], "its last command restores nothing: srgan train"),
        (["samples", "out"], "its last command restores nothing: srgan samples out"),
        ([], "its last command restores nothing"),
        (None, "its last command cannot be read ("),
    ],
)
def test_words_that_may_have_come_with_the_folder_are_not_run_blindly(run, restored, monkeypatch, words, message):
    monkeypatch.chdir(restored.parent)
    (restored / ".srgan" / "command.json").write_text(json.dumps({"words": words, "folder": str(restored.parent)}))
    before = {path: path.read_bytes() for path in restored.parent.rglob("*.*") if path.is_file()}

    code, _, said = run("retry", "out")

    assert code == 2
    assert said.startswith(f"error: {restored}: {message}" if words is not None else f"error: out: {message}")
    assert {path: path.read_bytes() for path in restored.parent.rglob("*.*") if path.is_file()} == before


def test_who_agrees_may_replace_files_again(run, restored, pixels):
    words = json.loads((restored / ".srgan" / "command.json").read_text())["words"] + ["--existing", "overwrite"]
    (restored / ".srgan" / "command.json").write_text(json.dumps({"words": words, "folder": str(restored.parent)}))
    write(restored.parent / "in" / "bad.png", Image(pixels(5, 6)))

    assert run("retry", restored)[0] == 2
    assert run("retry", restored, "--yes")[0] == 0
    assert (restored / "bad.png").is_file()
