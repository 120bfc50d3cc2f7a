"""Imports point down: a room knows those of the rows below its own, and of no other; and files stay short."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "srgan"

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


def imported(tree):
    """The modules of the package that a file imports, for whatever reason."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "srgan":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("srgan."):
            yield node.module.removeprefix("srgan.")
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("srgan.") for alias in node.names if alias.name.startswith("srgan."))


def uses():
    """Each file with a module that it imports from another room."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if room.startswith("__"):
            continue
        for module in imported(ast.parse(path.read_text())):
            if module.split(".")[0] not in (room, "__version__"):
                yield path.relative_to(PACKAGE), module


def test_every_room_has_its_row():
    assert {
        path.stem for path in PACKAGE.glob("[!_.]*") if path.suffix == ".py" or (path / "__init__.py").is_file()
    } == set(ROW)


def test_imports_point_down():
    up = [
        f"{path} -> {other}" for path, other in uses() if ROW[path.with_suffix("").parts[0]] >= ROW[other.split(".")[0]]
    ]

    assert up == []


def test_files_and_functions_stay_short_enough_to_read():
    """The training loop, which is one function, is read from top to bottom."""
    long = [path for path in PACKAGE.rglob("*.py") if len(path.read_text().splitlines()) > 250]
    functions = [
        f"{path.name}:{node.lineno} {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 60 and path.name != "loop.py"
    ]

    assert long == []
    assert functions == []
