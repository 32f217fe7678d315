"""What systemd-networkd does with an interface at boot, from systemd.network(5) of 252 to 258."""

import fnmatch
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from wizard.boot.files import Files, configuration
from wizard.boot.keyfile import Entry, parse, truth
from wizard.boot.link import Link

FOLDERS = (
    "/etc/systemd/network",
    "/run/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
)
CONFIGURATION = tuple(folder.removesuffix("/network") for folder in FOLDERS)

_PER_INTERFACE = 256
"""The release from which on IPv6Forwarding= is for one interface, and IPForward= is ignored."""


@dataclass(frozen=True)
class Networkd:
    """What it does with one interface.

    Attributes:
        path: The .network file that matches.
        hears: Whether it acts on router advertisements.
        gateway: The line that sets an IPv6 default route, or None.
        forwarding: What it sets forwarding of this interface to, or None where it leaves it.
        everywhere: What it sets ``all.forwarding`` to, or None.
        line: Where that stands.
        certain: Whether the match is certain: some criteria cannot be looked at here.
    """

    path: str
    hears: bool
    gateway: Entry | None = None
    forwarding: bool | None = None
    everywhere: bool | None = None
    line: Entry | None = None
    certain: bool = True


def global_forwarding(files: Files, release: int) -> Entry | None:
    """Return the line of networkd.conf(5) that sets forwarding for all, or None."""
    if release < _PER_INTERFACE:
        return None
    found = None
    for entry in _with_drop_ins(files, "networkd.conf", CONFIGURATION):
        if (entry.section, entry.key) == ("Network", "IPv6Forwarding"):
            found = entry if truth(entry.value) is not None else None
    return found


def of(files: Files, link: Link, release: int) -> Networkd | None:
    """Return what networkd does with an interface, or None where it leaves it alone."""
    for path in configuration(files, FOLDERS, ".network"):
        entries = _with_drop_ins(files, path.rpartition("/")[2], FOLDERS)
        matches = _matches([each for each in entries if each.section == "Match"], link)
        if matches is False:
            continue
        if any(
            (each.section, each.key) == ("Link", "Unmanaged") and truth(each.value)
            for each in entries
        ):
            return None
        return _read(path, entries, release, global_forwarding(files, release), matches is True)
    return None


def _read(
    path: str, entries: Sequence[Entry], release: int, everywhere: Entry | None, certain: bool
) -> Networkd:
    last = {each.key: each for each in entries if each.section == "Network" and each.value}
    chosen = truth(last["IPv6AcceptRA"].value) if "IPv6AcceptRA" in last else None
    per_interface = release >= _PER_INTERFACE
    named = last.get("IPv6Forwarding" if per_interface else "IPForward")
    masquerade, sends = last.get("IPMasquerade"), last.get("IPv6SendRA")
    forwards: bool | None = None
    all_forward: bool | None = None
    line = named
    if named is not None:
        forwards = _includes_ipv6(named.value)
        # "If any interface has it on, it is on everywhere", and never switched off (IPForward=).
        all_forward = True if forwards and not per_interface else None
    elif masquerade is not None and masquerade.value.lower() in ("ipv6", "both"):
        forwards, all_forward, line = True, True, masquerade
    elif per_interface and sends is not None and truth(sends.value):
        forwards, line = True, sends
    elif everywhere is not None:
        forwards, line = truth(everywhere.value), everywhere
    return Networkd(
        path,
        # Without a word it does not listen where it lets the interface forward.
        hears=not forwards if chosen is None else chosen,
        gateway=_gateway(entries),
        forwarding=forwards if per_interface else None,
        everywhere=all_forward,
        line=line,
        certain=certain,
    )


def _includes_ipv6(value: str) -> bool:
    word = value.lower()
    return bool(truth(word)) or word in ("ipv6", "both")


def _gateway(entries: Sequence[Entry]) -> Entry | None:
    for each in entries:
        if each.key == "Gateway" and each.section in ("Network", "Route") and ":" in each.value:
            return each
        if each.section == "Route" and (each.key, each.value) == ("Gateway", "_ipv6ra"):
            return each
    return None


def _with_drop_ins(files: Files, name: str, folders: Sequence[str]) -> list[Entry]:
    """Return the assignments of a file and of the drop-ins beside it (systemd.unit(5))."""
    main = next(
        (f"{each}/{name}" for each in folders if files.text(f"{each}/{name}") is not None), None
    )
    paths = [main] if main else []
    paths += configuration(files, [f"{each}/{name}.d" for each in folders], ".conf")
    return [entry for path in paths for entry in parse(files.text(path) or "", path)]


def _matches(criteria: Sequence[Entry], link: Link) -> bool | None:
    """Return whether an interface meets all criteria; None where one cannot be looked at."""
    if not any(each.value for each in criteria):
        # A file without [Match] applies to every interface, but for a loopback of the kernel's.
        return not link.is_loopback
    unsure = False
    for each in criteria:
        known = {
            "Name": (link.name,),
            "MACAddress": (link.mac,),
            "PermanentMACAddress": (link.mac,),
            "Type": (link.type,),
            "Kind": (link.kind,),
            "Driver": (link.driver,),
        }.get(each.key)
        if known is None:
            unsure = True
        elif not _one_of(known[0], each.value):
            return False
    return None if unsure else True


def _one_of(value: str, words: str) -> bool:
    """Match one of several patterns; ``!`` before the first turns all of them round."""
    inverted = words.startswith("!")
    try:
        patterns = shlex.split(words.removeprefix("!"))
    except ValueError:
        return False
    hit = any(fnmatch.fnmatchcase(value.lower(), pattern.lower()) for pattern in patterns)
    return hit is not inverted
