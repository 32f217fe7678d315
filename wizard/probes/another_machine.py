"""Tries what comes in from another machine of the person's, by one command over ssh."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.platform.errors import Refused
from wizard.platform.system import System
from wizard.platform.text import clean_line, enumerated

_MACHINE = re.compile(r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9:%\[][A-Za-z0-9._:%\[\]-]*")

_SECONDS = 3
"""Seconds that an answer is waited for."""

_PATIENCE = 100
"""Seconds for all of it, before ssh counts as a command that hangs."""

_MOST = 64 * 1024
"""Octets that are read of what the machine says, which may be without an end."""

_LONGEST = 200
"""Characters of its last line that are shown."""

_SSH = f'timeout {_PATIENCE} ssh "$@" 2>&1 | head --bytes={_MOST}'

_FUNCTIONS = f"""\
echoed() {{
    command -v ping >/dev/null || return 0
    ping -6 -n -c 1 -W {_SECONDS} "$1" >/dev/null 2>&1 && said=yes || said=no
    echo "echo $1 $said"
}}
connected() {{
    command -v timeout bash >/dev/null || return 0
    timeout {_SECONDS} bash -c ': </dev/tcp/$0/$1' "$1" "$2" 2>/dev/null && said=yes || said=no
    echo "tcp $1 $2 $said"
}}
"""


@dataclass(frozen=True)
class Place:
    """An address at which something should answer: an echo request, and TCP ports."""

    name: str
    address: str
    ports: tuple[int, ...] = ()
    echo: bool = True


@dataclass(frozen=True)
class Found:
    """What came of it, in sentences."""

    silent: tuple[str, ...] = ()
    """One for each that did not answer."""
    notes: tuple[str, ...] = ()


def in_words(places: Sequence[Place]) -> str:
    """Return who should answer to what, as part of a sentence."""
    asked: dict[str, list[str]] = {}
    for each in places:
        what = enumerated([*(["ping"] if each.echo else []), *(f"TCP {one}" for one in each.ports)])
        asked.setdefault(what, []).append(clean_line(each.name))
    return "; ".join(f"{enumerated(names)} ({what})" for what, names in asked.items())


def machine(text: str) -> str:
    """Return a machine as ssh(1) takes it: a name or an address, perhaps after a user and ``@``.

    Raises:
        Refused: it is none.
    """
    if not _MACHINE.fullmatch(text):
        raise Refused(
            f"“{clean_line(text)}” is no machine that ssh could go to. Name one of your own by "
            "its name or address, such as root@2001:db8::1."
        )
    return text


def ask(system: System, whom: str, places: Sequence[Place]) -> Found:
    """Let a machine try every place, and say what came of it; nobody else is asked.

    ssh asks for no password: the machine has to take a key of this user's.
    """
    calls = [
        line
        for place in places
        for line in (
            *([f"echoed {shlex.quote(place.address)}"] if place.echo else []),
            *(f"connected {shlex.quote(place.address)} {port}" for port in place.ports),
        )
    ]
    options = ("-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10")
    script = _FUNCTIONS + "\n".join((*calls, "echo done", ""))
    result = system.run(("sh", "-c", _SSH, "ssh", *options, "--", whom, "sh"), script)
    lines = result.output.splitlines()
    if "done" not in lines:
        last = (lines or ["it printed nothing"])[-1].strip()[:_LONGEST].rstrip(".")
        return Found(notes=(f"Inwards was not tried: ssh to {whom} failed: {clean_line(last)}.",))
    return _judged(whom, places, set(lines))


def _judged(whom: str, places: Sequence[Place], lines: set[str]) -> Found:
    silent, tried = [], []
    for place in places:
        asked = [("an echo request", f"echo {place.address}")] if place.echo else []
        asked += [(f"TCP port {port}", f"tcp {place.address} {port}") for port in place.ports]
        for what, line in asked:
            if f"{line} no" in lines:
                silent.append(
                    f"{clean_line(place.name)} does not answer {what} at {place.address} when "
                    f"{whom} asks."
                )
            elif f"{line} yes" in lines:
                tried.append(f"{what} at {place.address}")
    notes = f"From {whom} answered: {', '.join(tried)}." if tried else f"{whom} got no answer."
    return Found(tuple(silent), (notes,))
