"""What systemd-sysctl sets at boot, from sysctl.d(5) and the kernel's command line."""

import fnmatch
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wizard.boot.files import Files, configuration
from wizard.platform import own_names

FOLDERS = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
"""In the order of precedence. /etc/sysctl.conf is read only where a link here leads to it, as
Debian has it up to 12 (99-sysctl.conf)."""

_GLOB = frozenset("*?[")


@dataclass(frozen=True)
class Setting:
    """One line: a path below /proc/sys with its value; None only takes it out of patterns."""

    key: str
    value: str | None
    path: str
    line: int


def settings(files: Files) -> list[Setting]:
    """Return every line in effect, in the order in which systemd-sysctl applies them.

    A later line for the same key replaces an earlier one and takes its own place, unless it has
    the same value (systemd 252 to 258, sysctl.c, ``parse_file``).
    """
    found: dict[str, Setting] = {}
    for path in configuration(files, FOLDERS, ".conf"):
        for each in parse(files.text(path) or "", path):
            earlier = found.get(each.key)
            if earlier is not None and earlier.value == each.value:
                continue
            found.pop(each.key, None)
            found[each.key] = each
    return list(found.values())


def deciding(files: Files, key: str) -> Setting | None:
    """Return the line that decides a parameter when ``sysctl --system`` reads all files, or None.

    sysctl(8) reads /etc/sysctl.conf after the others, linked to or not. The wizard's own file is
    left out.

    Args:
        files: The files of the host.
        key: A path below /proc/sys.
    """
    found = None
    for path in (*configuration(files, FOLDERS, ".conf"), "/etc/sysctl.conf"):
        if own_names.FILES not in path:
            found = last(parse(files.text(path) or "", path), key) or found
    return found


def last(lines: Sequence[Setting], key: str) -> Setting | None:
    """Return the last of these lines that sets a parameter, a path below /proc/sys, or None."""
    return next((each for each in reversed(expanded(lines, [key])) if each.key == key), None)


def parse(text: str, path: str) -> list[Setting]:
    """Return the lines of one file."""
    found = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        key, sign, value = line.partition("=")
        key = key.strip()
        if not sign and not key.startswith("-"):
            continue
        # A failure to set it is no error, which does not matter here.
        key = normalized(key.removeprefix("-").strip())
        found.append(Setting(key, value.strip() if sign else None, path, number))
    return found


def normalized(key: str) -> str:
    """Return a key with slashes: whichever of the two signs comes first is the separator."""
    first = re.search(r"[/.]", key)
    if first is None or first[0] == "/":
        return key.lstrip("/").removeprefix("proc/sys/")
    return key.translate(str.maketrans("./", "/."))


def of_command_line(text: str) -> list[Setting]:
    """Return what ``sysctl.KEY=VALUE`` on the kernel's command line sets, before all files."""
    found = []
    for word in text.split():
        key, sign, value = word.partition("=")
        if sign and key.startswith("sysctl."):
            found.append(Setting(normalized(key[7:]), value, "/proc/cmdline", 1))
    return found


def expanded(lines: Sequence[Setting], known: Iterable[str]) -> list[Setting]:
    """Return lines with every pattern replaced by the keys that are there and match it.

    A key that has a line of its own is left out of every pattern.
    """
    known = sorted(known)
    explicit = {each.key for each in lines if not _GLOB & set(each.key)}
    found = []
    for each in lines:
        if each.value is None:
            continue
        if not _GLOB & set(each.key):
            found.append(each)
            continue
        found += [
            Setting(key, each.value, each.path, each.line)
            for key in known
            if key not in explicit and _matches(key, each.key)
        ]
    return found


def _matches(key: str, pattern: str) -> bool:
    parts, wanted = key.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))
