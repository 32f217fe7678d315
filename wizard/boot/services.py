"""Which services start at boot, as far as their links tell."""

import re
import shlex

from wizard.boot.files import Files

_FOLDERS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system")
_GENERATED = "/run/systemd/generator"
_MASKED = ""


def is_enabled(files: Files, unit: str) -> bool:
    """Whether a unit is wanted by another and not masked (systemctl(1), enable and mask)."""
    for folder in _FOLDERS:
        text = files.text(f"{folder}/{unit}")
        if text is not None:
            if text == _MASKED:
                return False
            break
    return any(
        files.glob(f"{folder}/*.{kind}/{unit}")
        for folder in (*_FOLDERS, _GENERATED, f"{_GENERATED}.late")
        for kind in ("wants", "requires")
    )


def starts_with(files: Files, unit: str) -> list[list[str]]:
    """Return the words of each command that a unit of /etc/systemd/system starts."""
    text = (files.text(f"/etc/systemd/system/{unit}") or "").replace("\\\n", " ")
    commands = []
    for line in text.splitlines():
        found = re.match(r"\s*ExecStart\s*=\s*[-@:+!]*(.*)", line)
        if found:
            try:
                commands.append(shlex.split(found[1]))
            except ValueError:
                continue
    return commands
