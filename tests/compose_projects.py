"""Compose projects of several files, as people have them, and what an edit is to make of them."""

import re
from dataclasses import dataclass
from pathlib import Path

BASE = """\
services:
  web:
    image: nginx
  db:
    image: postgres:16
"""


@dataclass(frozen=True)
class Combination:
    """A project of several files.

    Attributes:
        files: What they hold, by their names in the project's folder.
        given: Those that Compose is given or finds, in its order.
        changed: Those that have to change, for the services that are chosen there.
        words: Words of a command line before ``config`` or ``up``.
    """

    files: dict[str, str]
    given: tuple[str, ...]
    changed: dict[str, tuple[str, ...]]
    words: tuple[str, ...] = ()
    first: bool = False
    """Whether docker-compose 1 reads it too."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The services that get the network."""
        return tuple(name for names in self.changed.values() for name in names)

    def write(self, folder: Path) -> None:
        """Write the files into a folder."""
        for name, text in self.files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def _combination(text: str) -> tuple[str, Combination]:
    head, *parts = re.split(r"^>>>>> (.+)\n", text, flags=re.MULTILINE)
    settings = dict(line.split(": ", 1) for line in head.strip().splitlines())
    changed: dict[str, tuple[str, ...]] = {}
    for each in settings["changed"].split("; "):
        file, names = each.split(" ", 1)
        changed[file] = tuple(names.split())
    files = {
        name: BASE if content.strip() == "(base)" else content
        for name, content in zip(parts[::2], parts[1::2], strict=True)
    }
    return settings["name"], Combination(
        files,
        tuple(settings["given"].split()),
        changed,
        tuple(settings.get("words", "").split()),
        settings.get("first", "no") == "yes",
    )


COMBINATIONS = dict(
    _combination(text)
    for text in (Path(__file__).parent / "compose_projects.txt")
    .read_text(encoding="utf-8")
    .split("=====\n")[1:]
)
