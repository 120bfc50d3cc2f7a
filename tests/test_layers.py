"""Imports point down: a module knows those of its own row or below, and of its own row only what is listed."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "srgan"

ROWS = [  # from the top
    {"cli"},
    # what is done with pictures, folders and models
    {
        "folder",
        "conversion",
        "kinds",
        "given",
        "restorer",
        "reduction",
        "opacity",
        "restoration",
        "remarks",
        "inpainting",
        "evaluation",
        "training",
    }
    | {"samples", "doctor"},
    {
        "data",
        "sources",
        "masks",
        "painted",
        "model",
        "zoo",
        "journal",
        "claims",
        "header",
        "settings",
        "sizing",
        "outcome",
        "bysource",
        "traces",
    },  # nouns on disk
    {"tasks"},
    {"networks", "degrade", "losses", "games", "augment", "metrics", "tiling", "engines", "images"},
    {"niqe", "colour", "holes", "cache"},
    {"resample", "features"},
    {"options", "types", "errors"},
]
WITHIN_A_ROW = {
    *{
        ("folder", "conversion"),
        ("folder", "restorer"),
        ("restorer", "restoration"),
        ("restorer", "reduction"),
        ("restoration", "opacity"),
        ("restoration", "remarks"),
        ("kinds", "restoration"),
        ("kinds", "given"),
        ("given", "restoration"),
        ("kinds", "inpainting"),
        ("evaluation", "restoration"),
        ("training", "evaluation"),
        ("restoration", "inpainting"),
        ("training", "restoration"),
        ("doctor", "restoration"),
    },
    *{
        ("model", "header"),
        ("zoo", "header"),
        ("zoo", "model"),
        ("data", "sources"),
        ("masks", "journal"),
        ("masks", "painted"),
        ("bysource", "model"),
        ("bysource", "traces"),
    },
    ("engines", "networks"),
    ("options", "errors"),
}
ROW = {name: number for number, row in enumerate(ROWS) for name in row}


def imported(tree):
    """The modules of the package that a file imports, anywhere but for type checkers alone."""
    if isinstance(tree, ast.If) and ast.unparse(tree.test).endswith("TYPE_CHECKING"):
        return
    if isinstance(tree, ast.ImportFrom) and tree.module == "srgan":
        yield from (alias.name for alias in tree.names)
    elif isinstance(tree, ast.ImportFrom) and (tree.module or "").startswith("srgan."):
        yield tree.module.split(".")[1]
    elif isinstance(tree, ast.Import):
        yield from (alias.name.split(".")[1] for alias in tree.names if alias.name.startswith("srgan."))
    for child in ast.iter_child_nodes(tree):
        yield from imported(child)


def uses():
    """Each pair of modules of which the first imports the second."""
    for path in PACKAGE.rglob("*.py"):
        name = path.relative_to(PACKAGE).with_suffix("").parts[0]
        if not name.startswith("__"):
            yield from (
                (name, other) for other in imported(ast.parse(path.read_text())) if other not in (name, "__version__")
            )


def test_every_module_has_its_row():
    assert {
        path.stem for path in PACKAGE.glob("[!_.]*") if path.suffix == ".py" or (path / "__init__.py").is_file()
    } == set(ROW)


def test_imports_point_down():
    wrong = {(one, other) for one, other in uses() if ROW[one] > ROW[other]}
    sideways = {(one, other) for one, other in uses() if ROW[one] == ROW[other]}

    assert not wrong
    assert sideways <= WITHIN_A_ROW


def test_no_pair_is_listed_in_vain():
    assert set(uses()) >= WITHIN_A_ROW


def test_files_and_functions_stay_short_enough_to_read():
    """About 250 and 40 lines, never more than these; the training loop is read from top to bottom."""
    long = [path for path in PACKAGE.rglob("*.py") if len(path.read_text().splitlines()) > 300]
    functions = [
        f"{path.name}:{node.lineno} {node.name}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.end_lineno - node.lineno > 60 and path.name != "loop.py"
    ]

    assert long == []
    assert functions == []
