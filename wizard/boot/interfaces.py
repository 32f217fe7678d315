"""What ifupdown does at boot, from interfaces(5) of Debian 12 to 14 (ifupdown 0.8.41 to 0.8.44)."""

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wizard.boot.files import Files
from wizard.boot.sysctl_d import normalized

PATH = "/etc/network/interfaces"

_DEEPEST = 10
"""How deep one file may source another here, so that two that source each other end."""

_MOST_FILES = 1000
"""Files that are read here, for such that source each other several times grow without bounds."""

_MOST_INHERITED = 10_000
"""Stanzas and options that those of one interface inherit here, for the same reason."""

_AT_BOOT = ("auto", "allow-auto", "allow-hotplug")


@dataclass(frozen=True)
class Option:
    """One line of a stanza, with the place where it stands."""

    name: str
    value: str
    path: str
    line: int


@dataclass
class Stanza:
    """One ``iface`` stanza."""

    name: str
    family: str
    method: str
    path: str
    line: int
    options: list[Option] = field(default_factory=list)
    inherits: str = ""

    def value(self, name: str) -> Option | None:
        """Return an option that has one value: the last line of that name."""
        return next((each for each in reversed(self.options) if each.name == name), None)


@dataclass
class Interfaces:
    """Every stanza, and the words of the lines that bring interfaces up at boot."""

    stanzas: list[Stanza] = field(default_factory=list)
    at_boot: list[str] = field(default_factory=list)
    mappings: list[Option] = field(default_factory=list)
    files: int = 0
    """How many files were read for it, one that is sourced twice counted twice."""

    def of(self, interface: str, mac: str = "") -> list[Stanza]:
        """Return the stanzas with which an interface is brought up at boot, in their order."""
        for word in self.at_boot:
            physical, _, logical = word.partition("=")
            if _matches(physical, interface, mac):
                wanted = logical or interface
                return list(self._whole(wanted))
        return []

    def mapping(self, interface: str) -> Option | None:
        """Return the line of a mapping that chooses the stanzas of an interface by a script."""
        for each in self.mappings:
            if any(fnmatch.fnmatchcase(interface, word) for word in each.value.split()):
                return each
        return None

    def _whole(self, wanted: str) -> Iterator[Stanza]:
        """Yield the stanzas of a name with what they inherit, as far as that has bounds."""
        by_name: dict[str, list[Stanza]] = {}
        for each in self.stanzas:
            by_name.setdefault(each.name, []).append(each)
        left = _MOST_INHERITED
        for stanza in by_name.get(wanted, ()):
            inherited: list[Option] = []
            for parent in _parents(stanza, by_name):
                left -= 1 + len(parent.options)
                if left < 0:
                    break
                inherited += parent.options
            yield replace(stanza, options=[*inherited, *stanza.options]) if inherited else stanza


def _parents(stanza: Stanza, by_name: Mapping[str, Sequence[Stanza]]) -> Iterator[Stanza]:
    """Yield all that a stanza inherits from, the farthest first."""
    expanded: set[str] = set()

    def of(child: Stanza) -> Iterator[Stanza]:
        # Each name once, for stanzas that inherit from each other have no end.
        if child.inherits and child.inherits not in expanded:
            expanded.add(child.inherits)
            yield from (each for each in by_name.get(child.inherits, ()) if each is not stanza)

    # No call in a call: the row of them may be longer than Python follows.
    way = [(stanza, of(stanza))]
    while way:
        child, parents = way[-1]
        parent = next(parents, None)
        if parent is not None:
            way.append((parent, of(parent)))
            continue
        way.pop()
        if way:
            yield child


def parse(files: Files, path: str = PATH) -> Interfaces:
    """Return what a file says, with all that it sources."""
    found = Interfaces()
    _parse(files, path, found, 0)
    return found


def _parse(files: Files, path: str, found: Interfaces, depth: int) -> None:
    text = files.text(path)
    if text is None or depth > _DEEPEST or found.files >= _MOST_FILES:
        return
    found.files += 1
    current: list[Option] | None = None
    for number, line in _lines(text):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        match word:
            case "iface":
                words = rest.split()
                if len(words) < 3:
                    current = None
                    continue
                stanza = Stanza(words[0], words[1], words[2], path, number)
                if "inherits" in words[3:-1]:
                    stanza.inherits = words[words.index("inherits") + 1]
                found.stanzas.append(stanza)
                current = stanza.options
            case "mapping":
                found.mappings.append(Option(word, rest, path, number))
                current = []
            case "source" | "source-directory":
                current = None
                for each in _sourced(files, path, word, rest):
                    _parse(files, each, found, depth + 1)
            case _ if word in _AT_BOOT:
                current = None
                found.at_boot += rest.split()
            case _ if word.startswith(("allow-", "no-auto-down", "no-scripts", "rename")):
                current = None
            case _:
                if current is not None:
                    # ifupdown takes one for the other (config.c).
                    current.append(Option(word.replace("-", "_"), rest, path, number))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its number, continued lines joined; comments are left out."""
    parts: list[str] = []
    begun = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if not parts:
            begun = number
            if line.lstrip().startswith("#"):
                continue
        parts.append(line.removesuffix("\\"))
        if line.endswith("\\"):
            continue
        joined = " ".join(" ".join(parts).split())
        parts = []
        if joined:
            yield begun, joined
    if parts and (joined := " ".join(" ".join(parts).split())):
        yield begun, joined


def _sourced(files: Files, path: str, word: str, rest: str) -> list[str]:
    try:
        # Its wildcards and quotes are those of wordexp(3).
        patterns = shlex.split(rest)
    except ValueError:
        return []
    found = []
    for pattern in patterns:
        whole = posixpath.join(posixpath.dirname(path), pattern)
        if word == "source":
            found += files.glob(whole)
            continue
        found += [
            each
            for each in files.glob(posixpath.join(whole, "*"))
            if re.fullmatch(r"[a-zA-Z0-9_-]+", posixpath.basename(each))
        ]
    return found


def _matches(pattern: str, interface: str, mac: str) -> bool:
    """Match a word of an ``auto`` line: a name, ``/pattern`` or ``mac/pattern``."""
    if "/" not in pattern:
        return pattern == interface
    variable, value, *_options = pattern.split("/")
    if not variable:
        return fnmatch.fnmatchcase(interface, value)
    return variable == "mac" and fnmatch.fnmatchcase(mac.lower(), value.lower())


COMMANDS = ("pre_up", "up", "post_up")
"""Options whose values are commands, run while an interface is brought up."""

_ASSIGNMENTS = (
    re.compile(
        r"""(?:/usr)?(?:/s?bin/)?sysctl\s+(?:-\S+\s+)*"""
        r"""["']?(?P<key>[\w./$@{}-]+)\s*=\s*(?P<value>-?\d+)["']?(?:\s*\|\|\s*(?:true|:))?"""
    ),
    re.compile(
        r"""(?:/bin/)?echo\s+["']?(?P<value>-?\d+)["']?\s*>\s*"""
        r"""["']?/proc/sys/(?P<key>[\w./$@{}-]+)["']?(?:\s*\|\|\s*(?:true|:))?"""
    ),
)


def assignment(command: str, interface: str) -> tuple[str, int] | None:
    """Return the kernel parameter that a command sets, with slashes, and the value.

    None where it is no plain ``sysctl KEY=VALUE`` or ``echo VALUE > /proc/sys/KEY``.
    """
    for pattern in _ASSIGNMENTS:
        found = pattern.fullmatch(command.strip())
        if found is None:
            continue
        key = re.sub(r"\$(?:IFACE\b|\{IFACE\})", interface, found["key"])
        if "$" not in key:
            return normalized(key), int(found["value"])
    return None
