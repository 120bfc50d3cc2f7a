"""The page itself: one file of HTML, CSS and JavaScript, in which nothing but those scripts can run."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import IO, Any

MODULES = ("strings.js", "slider.js", "viewer.js", "report.js")
"""In the order in which they need each other; a page that opens from a file cannot import, so they become one."""


class Page:
    """A page that is written picture by picture, so that no more than one is held."""

    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._file, self._count = file, 0
        self._script = "".join(re.sub(r"(?m)^import .*\n|^export ", "", template(name)) for name in MODULES)
        style = template("page.css")
        policy = (
            f"default-src 'none'; script-src '{_hash(self._script)}'; style-src '{_hash(style)}'; "
            "img-src 'self' file: data:; base-uri 'none'; form-action 'none'"
        )
        head, self._tail = template("page.html").split("<!-- pictures -->")
        self._write(head.replace("{{policy}}", policy).replace("{{style}}", style))
        self._hold("columns", list(columns))

    def add(self, picture: Mapping[str, Any]) -> None:
        """Adds a picture; what is held of its full files is kept apart, to be read when it is looked at."""
        sides = []
        for column, side in enumerate(picture["sides"]):
            if side is not None and side["source"].startswith("data:"):
                place = f"full-{self._count}-{column}"
                self._write(f'<script type="text/plain" id="{place}">{side["source"]}</script>\n')
                side = {**side, "source": f"#{place}"}
            sides.append(side)
        self._hold("picture", {**picture, "sides": sides})
        self._count += 1

    def end(self) -> None:
        """Adds what makes the page work."""
        self._write(self._tail.replace("{{script}}", self._script))

    def _hold(self, kind: str, value: object) -> None:
        """Adds data: with `<` escaped, no text in it ends the element or begins another."""
        text = json.dumps(value).replace("<", "\\u003c")
        self._write(f'<script type="application/json" class="{kind}">{text}</script>\n')

    def _write(self, text: str) -> None:
        self._file.write(text.encode("utf-8"))


def is_page(path: Path) -> bool:
    """Whether a file is such a page."""
    with path.open("rb") as file:
        return b"<title>srgan</title>" in file.read(4096)


def template(name: str) -> str:
    """What lies under that name among the templates."""
    return (files("srgan.pages") / "templates" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
