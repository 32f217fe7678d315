"""How the person is logged in, and how to log in a second time."""

import os
import pwd
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from wizard.platform.variables import LOGIN
from wizard.program import program

# Addresses that lead here only from nearby, so that they are not what the person types at home.
_NEARBY = tuple(
    map(
        ip_network,
        (
            *("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.168.0.0/16", "::1/128", "fc00::/7", "fe80::/10"),
        ),
    )
)

_PORT = re.compile(r"[0-9]{1,5}")

_FAR = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses of documentation (RFC 5737, RFC 3849): asked for the way there, never sent to."""


@dataclass(frozen=True)
class Logins:
    """What a person types to prove that a new login works."""

    over_ssh: bool
    """Whether the wizard runs in an SSH session."""
    commands: tuple[str, ...]
    """A login for each family that this host has, IPv6 first; empty where none is known."""
    keep: str
    """The line to type after it."""


def find() -> Logins:
    """Find out how this process was logged in; the host is only read."""
    environment = _environment()
    connection = environment.get("SSH_CONNECTION", "").split()
    rights = "sudo " if environment.get("SUDO_USER") else ""
    keep = rights + program.typed("--keep")
    # What a process before this one has in it is its owner's word.
    if len(connection) != 4 or not _PORT.fullmatch(connection[3]):
        return Logins(False, (), keep)
    if told := environment.get(LOGIN):
        return Logins(True, (told,), keep)
    user = environment.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    client, _port, server, port = connection
    options = "" if port == "22" else f" -p {port}"
    places = {family: _place(family, client, server) for family in (6, 4)}
    commands = [
        f"ssh -{family}{options} {user}@{place}" for family, place in places.items() if place
    ]
    return Logins(True, tuple(commands), keep)


def _place(family: int, client: str, server: str) -> str:
    """Return what the person puts after the @ to come in by a family, or an empty text."""
    reached = _parsed(server)
    if reached is None or reached.version != family:
        found = _source(family)
        return str(found) if found and not _is_nearby(found) else ""
    if _is_nearby(reached) and not _is_nearby(_parsed(client)):
        # Behind the provider's address translation the host does not know its address outside.
        return "(the address that you used)"
    return str(reached)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _is_nearby(address: IPv4Address | IPv6Address | None) -> bool:
    return address is not None and any(address in each for each in _NEARBY)


def _source(family: int) -> IPv4Address | IPv6Address | None:
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    try:
        with socket.socket(kind, socket.SOCK_DGRAM) as asking:
            asking.connect((_FAR[family], 9))
            return _parsed(str(asking.getsockname()[0]))
    except OSError:
        return None


def _environment() -> Mapping[str, str]:
    """Return the variables of this process, or of the one before sudo(8) took most of them."""
    own = dict(os.environ)
    process = os.getppid()
    while "SSH_CONNECTION" not in own and process > 1:
        found = _of(process)
        own |= {name: found[name] for name in ("SSH_CONNECTION", LOGIN) if name in found}
        process = _parent(process)
    return own


def _of(process: int) -> Mapping[str, str]:
    try:
        text = Path(f"/proc/{process}/environ").read_bytes().decode("utf-8", "replace")
    except OSError:
        return {}
    pairs = (each.partition("=") for each in text.split("\0"))
    return {name: value for name, _sign, value in pairs}


def _parent(process: int) -> int:
    try:
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
        return int(stat.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0
