"""Imports point down: a room knows those of the rows below its own, and of no other; and files stay short."""

import ast
from pathlib import Path

import rooms

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "srgan"

ROWS = [  # from the top
    {"cli"},
    {"pages"},
    {"training"},
    {"runner", "evaluation"},
    {"inference"},
    {"models", "data"},
    {"tasks", "engines"},
    {"networks", "images"},
    {"ops", "files", "options"},
    {"types", "errors"},
]
ROW = {room: number for number, row in enumerate(ROWS) for room in row}


def test_every_room_has_its_row():
    assert {
        path.stem for path in PACKAGE.glob("[!_.]*") if path.suffix == ".py" or (path / "__init__.py").is_file()
    } == set(ROW)


def test_imports_point_down():
    up = [
        f"{path} -> {other}"
        for path, other in rooms.uses()
        if ROW[path.with_suffix("").parts[0]] >= ROW[other.split(".")[0]]
    ]

    assert up == []


def test_the_drawing_of_the_rooms_is_that_of_the_imports():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert page.partition("<!-- rooms -->\n")[2].partition("<!-- /rooms -->")[0] == rooms.drawn(), (
        "python scripts/publish/rooms.py draws it anew"
    )


LONG = {"training/loop.py: _learn"}  # both players' steps, read from top to bottom
LONG |= {"cli/run.py: run", "inference/restore.py: restore", "runner/run.py: restore_folder"}  # to be shortened


def test_files_and_functions_stay_short_enough_to_read():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    functions = {
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno >= 40
    }

    assert [path.name for path in trees if len(path.read_text(encoding="utf-8").splitlines()) > 250] == []
    assert functions == LONG
