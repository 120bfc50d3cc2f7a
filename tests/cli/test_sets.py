"""`srgan data`: what it says of pictures, and what it ends with."""

import json


def test_pictures_with_problems_are_named_and_the_exit_code_tells(run, tmp_path):
    assert run("samples", tmp_path / "set")[0] == 0
    (tmp_path / "set" / "broken.png").write_bytes(b"\x89PNG")

    code, said, told = run("data", "check", tmp_path / "set", "--quiet")
    _, lines, _ = run("data", "check", tmp_path / "set", "--quiet", "--json")

    soft, broken = said.splitlines()
    assert code == 1
    assert soft == "brick.png: soft: out of focus, or enlarged"
    assert broken.startswith("broken.png: unreadable: ")
    assert told == "9 pictures, 2 of them with problems\n"
    looked = list(map(json.loads, lines.splitlines()))
    assert [one["name"] for one in looked if one["problems"]] == ["brick.png", "broken.png"]
    assert len(looked) == 9 and looked[0]["size"] == [512, 512]


def test_packed_pictures_can_be_looked_at_again(run, tmp_path):
    run("samples", tmp_path / "set")
    (tmp_path / "set" / "broken.png").write_bytes(b"\x89PNG")

    code, said, told = run("data", "pack", tmp_path / "set", tmp_path / "out", "--side", "256", "--quiet")

    assert (code, said) == (1, f"{tmp_path / 'out'}\n")
    assert told.startswith("broken.png: ")
    _, said, told = run("data", "check", tmp_path / "out", "--quiet")
    assert all("brick" in line for line in said.splitlines()) and told.startswith("25 pictures, ")
