"""Puts what it reads between two marks of a page.

... | python scripts/publish/insert.py docs/NETWORKS.md upscale
"""

import sys
from pathlib import Path


def insert(page: Path, marker: str, text: str) -> None:
    """Puts `text` between <!-- marker --> and <!-- /marker -->."""
    before, rest = page.read_text(encoding="utf-8").split(f"<!-- {marker} -->\n")
    after = rest.split(f"<!-- /{marker} -->\n")[1]
    page.write_text(f"{before}<!-- {marker} -->\n{text}<!-- /{marker} -->\n{after}", encoding="utf-8")


if __name__ == "__main__":
    insert(Path(sys.argv[1]), sys.argv[2], sys.stdin.read())
