"""What the files that nftables.service loads declare and flush, and where."""

import re
from collections.abc import Iterator
from pathlib import Path

from wizard.host.chain import Declared
from wizard.host.looking import read_if_there
from wizard.platform.text import clean_line

CONFIGURATION = Path("/etc/nftables.conf")
"""What Debian's nftables.service loads."""

_MOST_FILES = 64

_WORD = re.compile(r"\"[^\"\n]*\"|#[^\n]*|[{};\n]|[^\s{};\"#]+")

Place = tuple[str, str, str]
"""The family, the table and the chain."""


def declared(configuration: Path = CONFIGURATION) -> dict[Place, Declared]:
    """Return where each chain of a hook is declared; the last declaration counts."""
    found: dict[Place, Declared] = {}
    for path in _files(configuration, configuration.parent):
        found.update(in_file(str(path), read_if_there(path) or ""))
    return found


def flushes(configuration: Path = CONFIGURATION) -> str:
    """Return the file and line with which every ruleset is flushed, or an empty text."""
    for path in _files(configuration, configuration.parent):
        for number, line in enumerate((read_if_there(path) or "").splitlines(), 1):
            if re.match(r"\s*flush\s+ruleset\s*(;|#|$)", line):
                return f"{clean_line(str(path))} line {number}"
    return ""


def in_file(path: str, text: str) -> dict[Place, Declared]:
    """Return the chains of hooks that the text of a file declares in blocks.

    The form is that of nft(8). Variables are not followed, nor ``add chain`` on a line of its own.
    """
    found: dict[Place, Declared] = {}
    lines = text.splitlines()
    blocks: list[list[str]] = []
    words: list[str] = []
    number = 1
    for word in _WORD.findall(text):
        if word == "{":
            blocks.append(words)
            words = []
        elif word in ("}", ";", "\n"):
            place = _place(blocks)
            if place and words[:1] == ["type"] and "hook" in words:
                found[place] = Declared(clean_line(path), number, clean_line(lines[number - 1]))
            if word == "}" and blocks:
                blocks.pop()
            words = []
            number += word == "\n"
        elif not word.startswith("#"):
            words.append(word)
    return found


def _place(blocks: list[list[str]]) -> Place | None:
    match blocks:
        case [[*_, "table", family, table], [*_, "chain", chain]]:
            return family, table, chain
        case [[*_, "table", table], [*_, "chain", chain]]:
            return "ip", table, chain
    return None


def _files(path: Path, folder: Path, seen: set[Path] | None = None) -> Iterator[Path]:
    """Yield a file after those that it includes; nft looks for relative ones in /etc."""
    seen = set() if seen is None else seen
    if path in seen or len(seen) >= _MOST_FILES:
        return
    seen.add(path)
    for pattern in re.findall(
        r"^\s*include\s+[\"']([^\"'\n]+)[\"']", read_if_there(path) or "", re.M
    ):
        for each in sorted(_matching(folder, pattern))[:_MOST_FILES]:
            yield from _files(each, folder, seen)
    yield path


def _matching(folder: Path, pattern: str) -> Iterator[Path]:
    if pattern.startswith("/"):
        folder, pattern = Path("/"), pattern.lstrip("/")
    try:
        yield from folder.glob(pattern)
    except (ValueError, NotImplementedError, OSError):
        return
