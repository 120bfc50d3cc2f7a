"""The rooms of the package, drawn from its imports into CONTRIBUTING.md: each above those that it knows.

python scripts/publish/rooms.py
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

from insert import insert

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "srgan"


def imported(tree: ast.Module) -> Iterator[str]:
    """The modules of the package that a file imports, for whatever reason."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "srgan":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("srgan."):
            yield str(node.module).removeprefix("srgan.")
        elif isinstance(node, ast.Import):
            yield from (alias.name.removeprefix("srgan.") for alias in node.names if alias.name.startswith("srgan."))


def uses() -> Iterator[tuple[Path, str]]:
    """Each file with a module that it imports from another room."""
    for path in sorted(PACKAGE.rglob("*.py")):
        room = room_of(path)
        if room.startswith("__"):
            continue
        for module in imported(ast.parse(path.read_text(encoding="utf-8"))):
            if module.split(".")[0] not in (room, "__version__"):
                yield path.relative_to(PACKAGE), module


def room_of(path: Path) -> str:
    """The folder of the package that a file is in, or its own name where it is in none."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def known() -> dict[str, set[str]]:
    """Each room with the rooms that it imports from."""
    found: dict[str, set[str]] = {room_of(path): set() for path in PACKAGE.rglob("*.py")}
    for path, module in uses():
        found[path.with_suffix("").parts[0]].add(module.split(".")[0])
    return {room: others for room, others in found.items() if not room.startswith("__")}


def rows() -> list[list[str]]:
    """The rooms from the top: each as low as what it knows allows.

    Raises:
        graphlib.CycleError: rooms know each other.
    """
    others, row = known(), dict[str, int]()
    for room in TopologicalSorter(others).static_order():
        row[room] = 1 + max((row[other] for other in others[room]), default=-1)
    return [sorted(room for room in row if row[room] == number) for number in reversed(range(max(row.values()) + 1))]


def drawn() -> str:
    """A line for each room, with those that it knows; a rule below each row."""
    order, others = rows(), known()
    place = [room for row in order for room in row]
    floors = [
        "".join(f"{room:12}{' '.join(sorted(others[room], key=place.index))}".rstrip() + "\n" for room in row)
        for row in order
    ]
    return "```\n" + (60 * "-" + "\n").join(floors) + "```\n"


if __name__ == "__main__":
    insert(ROOT / "CONTRIBUTING.md", "rooms", drawn())
