"""Whether something names the files of a Compose project whenever it is started.

Compose then looks for no override file beside them. Looked at are the variable COMPOSE_FILE in the
project's ``.env``, or the files that stand for it (Compose reference, environment variables), and
units of systemd with ``-f``.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from wizard.compose.variables import of_file
from wizard.host.looking import read_if_there
from wizard.platform.text import clean_line

UNITS = Path("/etc/systemd/system")
_MOST_UNITS = 500

_SETTING = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$")
_COMPOSE = re.compile(r"(?:^|/)(?:docker-)?compose$")


def named_by(
    directory: Path, files: Sequence[Path], units: Path = UNITS, variables: Sequence[Path] = ()
) -> str | None:
    """Return who names the files, as the beginning of a sentence and its verb; None for nobody.

    Args:
        directory: The folder of the project.
        files: Its files.
        units: Where units are looked for.
        variables: What Compose was given in the place of the folder's ``.env``, if it was.
    """
    if not directory.is_absolute():
        return None
    for each in variables or (directory / ".env",):
        if of_file(read_if_there(each) or "").get("COMPOSE_FILE"):
            return f"{clean_line(str(each))} sets COMPOSE_FILE"
    try:
        found = sorted(units.glob("*.service"))[:_MOST_UNITS]
    except OSError:
        return None
    for unit in found:
        text = read_if_there(unit) or ""
        if unit.stem.endswith("@"):  # A template, of which one instance may be for this folder.
            text = re.sub("%[iI]", lambda _: directory.name, text)
        if set(named_in(text)) & set(files):
            return f"the unit {clean_line(unit.name)} starts the project with -f"
        if _sets_variable(text, directory):
            return f"the unit {clean_line(unit.name)} sets COMPOSE_FILE"
    return None


def named_in(unit: str) -> tuple[Path, ...]:
    """Return the files that a unit's text gives Compose with ``-f`` (systemd.service(5))."""
    settings = _settings(unit)
    folder = _folder(settings)
    return tuple(
        Path(folder) / name
        for key, value in settings
        if key.startswith("Exec")
        for name in _given(_words(value))
    )


def _sets_variable(unit: str, directory: Path) -> bool:
    settings = _settings(unit)
    return Path(_folder(settings)) == directory and any(
        word.startswith("COMPOSE_FILE=")
        for key, value in settings
        if key == "Environment"
        for word in _words(value)
    )


def _settings(unit: str) -> list[tuple[str, str]]:
    return [
        (found[1], found[2])
        for line in unit.replace("\\\n", " ").splitlines()
        if (found := _SETTING.match(line))
    ]


def _folder(settings: Sequence[tuple[str, str]]) -> str:
    return next((value for key, value in settings if key == "WorkingDirectory"), "/").lstrip("-~")


def _words(value: str) -> list[str]:
    """Return the words of a value, and for one that is a line of a shell the words of that."""
    try:
        words = shlex.split(value)
        return [each for word in words for each in (shlex.split(word) if " " in word else [word])]
    except ValueError:
        return []


def _given(words: Sequence[str]) -> Iterator[str]:
    start = next((at for at, word in enumerate(words) if _COMPOSE.search(word)), len(words))
    gone_to = [words[at + 1] for at, word in enumerate(words[: max(start - 1, 0)]) if word == "cd"]
    options = iter(words[start + 1 :])
    for word in options:
        if word in ("-f", "--file"):
            yield from [
                posixpath.join(*gone_to[-1:], name) for name in [next(options, None)] if name
            ]
        elif word.startswith("--file="):
            yield posixpath.join(*gone_to[-1:], word.partition("=")[2])
        elif not word.startswith("-") and word in ("up", "start", "run", "create"):
            return
