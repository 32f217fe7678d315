"""ARCHITECTURE.md is true of the tree: what it names is there, and no part is missing from it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def named() -> set[str]:
    """The files and folders of the map, relative to the root."""
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    block = text.split("## The map", 1)[1].split("## ", 1)[0]
    names, folder = set(), ""
    for line in block.splitlines():
        # Words without a dot or a slash begin the description; of some lines there are two.
        for column in re.split(r"\s{3,}(?=tests/)", line[4:]) if line[4:] else ():
            inside = folder if column.startswith("  ") else ""
            found = []
            for word in column.split():
                if not re.fullmatch(r"[a-z0-9_/]+(/|\.py)|tests/[a-z]+", word):
                    break
                found.append(inside + word)
            if found and not inside and found[0].endswith("/"):
                folder = found[0]
            names |= set(found)
    return names


def test_what_the_map_names_is_there() -> None:
    assert len(named()) > 30
    assert not [name for name in named() if not (ROOT / name).exists()]


def test_every_folder_of_the_engine_is_on_the_map() -> None:
    folders = {f"wizard/{path.parent.name}/" for path in (ROOT / "wizard").glob("*/__init__.py")}
    assert folders - named() == set()
