"""Imports point down: a room knows those of the rows below its own, and of no other, and nothing that is private there.

No room but that of the tasks knows which tasks there are; and files stay short.
"""

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
    {"ops", "files", "options", "pools", "quota"},
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


def test_what_runs_folders_knows_nothing_of_masks_but_their_name():
    knowing = {path.name for path in (PACKAGE / "runner").glob("*.py") if "mask" in path.read_text().lower()}

    assert knowing == {"run.py", "beside.py"}, "only as an argument, and as an example"


def test_the_drawing_of_the_rooms_is_that_of_the_imports():
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

    assert page.partition("<!-- rooms -->\n")[2].partition("<!-- /rooms -->")[0] == rooms.drawn(), (
        "python scripts/publish/rooms.py draws it anew"
    )


TASKS = {"Upscale", "Denoise", "Inpaint", "Translate", "Generate"}
NAMING = {
    "models/export.py",  # what each adds to its generator is written into the graph, too
    "models/foreign.py",  # others' weights enlarge
    *("inference/filling.py", "inference/picture.py", "inference/pipeline.py"),  # shall ask the task instead
}


def test_no_task_is_named_outside_its_own_room_and_the_ways_in():
    inner = [path for path in PACKAGE.glob("*/**/*.py") if rooms.room_of(path) not in ("cli", "pages", "tasks")]
    naming = {
        str(path.relative_to(PACKAGE))
        for path in inner
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and TASKS & {alias.name for alias in node.names})
        or (isinstance(node, ast.Constant) and node.value in {task.lower() for task in TASKS})
    }

    assert len(inner) > 100
    assert naming - NAMING == set()


LONG = {"training/loop.py: _learn"}  # both players' steps, read from top to bottom


def code_lines(function):
    """Its lines below its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def test_files_and_functions_stay_short_enough_to_read():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
    functions = {
        f"{path.relative_to(PACKAGE)}: {node.name}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and code_lines(node) > 40
    }

    assert [path.name for path in trees if len(path.read_text(encoding="utf-8").splitlines()) > 250] == []
    assert functions == LONG


TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for folder in ("srgan", "tests", "scripts")
    for path in (ROOT / folder).rglob("*.py")
}
MODULES = {  # by their names
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): tree
    for path, tree in TREES.items()
    if path.is_relative_to(PACKAGE)
}
COMMANDS = {
    ("srgan.cli", f"{name}_main") for name in ("upscale", "denoise", "inpaint", "translate")
}  # in pyproject.toml


def taken(tree):
    """Module and name of what a file imports of the package's modules, reads as `module.name`, or patches there."""
    modules = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            for alias in node.names:
                if f"{node.module}.{alias.name}" in MODULES:
                    modules[alias.asname or alias.name] = f"{node.module}.{alias.name}"
                else:
                    yield node.module, alias.name
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(module), name) | ast.Call(args=[ast.Name(module), ast.Constant(name), *_]):
                if module in modules:
                    yield modules[module], name


def defined(tree):
    """The names that a file gives at its top."""
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(name)):
                yield name
            case ast.Assign():
                yield from (
                    name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)
                )


def declared(node):
    """The names in what is public of a definition: its annotations and bases; and in a value, as of a registry."""
    match node:
        case ast.FunctionDef(name=name) if not name.startswith("_") or name == "__init__":
            parts = [argument.annotation for argument in ast.walk(node.args) if isinstance(argument, ast.arg)]
            parts.append(node.returns)
        case ast.ClassDef() if not node.name.startswith("_"):
            for inner in node.body:
                yield from declared(inner)
            parts = node.bases
        case ast.Assign() | ast.AnnAssign():
            parts = [node]
        case _:
            parts = []
    yield from (name.id for part in parts if part for name in ast.walk(part) if isinstance(name, ast.Name))


def test_no_module_takes_what_is_private_to_another():
    assert [
        (module, other, name)
        for module, tree in MODULES.items()
        for other, name in taken(tree)
        if name.startswith("_") and not name.startswith("__")
    ] == []


def test_what_is_imported_is_imported_from_where_it_is():
    handed_on = [
        (module, other, name)
        for module, tree in MODULES.items()
        for other, name in taken(tree)
        if other != "srgan" and name not in set(defined(MODULES[other]))
    ]

    assert handed_on == []


def test_what_nobody_else_takes_is_private():
    everywhere = {pair for tree in TREES.values() for pair in taken(tree)} | COMMANDS
    known = {(module, name) for module, tree in MODULES.items() for node in tree.body for name in declared(node)}
    public = {
        (module, node.name)
        for module, tree in MODULES.items()
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    }

    assert len(public) > 300
    assert public - everywhere - known == set()
