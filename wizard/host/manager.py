"""Who configures the uplink: systemd-networkd, NetworkManager, ifupdown, dhcpcd, or nobody."""

import fnmatch
import pwd
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from wizard.boot.files import HostFiles
from wizard.boot.interfaces import Interfaces, parse
from wizard.host.host import Manager
from wizard.host.looking import is_active, read_if_there
from wizard.host.processes import number_in, trusted

NETWORKD_LINKS = Path("/run/systemd/netif/links")
NETWORK_MANAGER_DEVICES = Path("/run/NetworkManager/devices")
DHCPCD = Path("/run/dhcpcd")
DHCPCD_CONFIGURATION = Path("/etc/dhcpcd.conf")

_DHCPCD_USERS = ("dhcpcd", "_dhcpcd")
"""Whom dhcpcd's main process becomes: Debian's user, and the one of its own sources."""


def manager_of(interface: str) -> Manager:
    """Tell who configures an interface.

    Raises:
        OSError: there is no such interface.
    """
    return detect(interface, socket.if_nametoindex(interface))


def detect(interface: str, index: int) -> Manager:
    """Ask each by what it keeps while it runs and only root of this host can have made.

    Each of them leaves interfaces alone that it was not told about, so that it runs says nothing.
    """
    if is_active("systemd-networkd.service") and managed_by_networkd(networkd_keeps(index)):
        return Manager.NETWORKD
    if is_active("NetworkManager.service") and managed_by_network_manager(
        read_if_there(NETWORK_MANAGER_DEVICES / str(index)) or ""
    ):
        return Manager.NETWORK_MANAGER
    if configures(running_dhcpcds(), interface) and leaves_to_dhcpcd(
        read_if_there(DHCPCD_CONFIGURATION) or "", interface
    ):
        return Manager.DHCPCD
    if named_in_interfaces(parse(HostFiles()), interface):
        return Manager.IFUPDOWN
    return Manager.KERNEL


def networkd_keeps(index: int) -> str:
    """Return what systemd-networkd keeps of an interface, or nothing."""
    return read_if_there(NETWORKD_LINKS / str(index)) or ""


def values(state: str) -> dict[str, str]:
    """Return the values of a text that has one a line."""
    return dict(line.partition("=")[::2] for line in state.splitlines())


def managed_by_networkd(state: str) -> bool:
    """Tell from a file below /run/systemd/netif/links (sd-network.h, setup state)."""
    return values(state).get("ADMIN_STATE") in (
        "configured",
        "configuring",
        "pending",
        "initialized",
    )


def managed_by_network_manager(state: str) -> bool:
    """Tell from a file below /run/NetworkManager/devices; a device it only watches is not its."""
    return values(state).get("managed") == "true"


def configures(dhcpcds: Iterable[tuple[str, ...]], interface: str) -> bool:
    """Tell from the words of running dhcpcds whether one does IPv6 on an interface.

    A running dhcpcd shows what it does in their place: ``dhcpcd: eth0 [ip4] [ip6]`` for one
    interface and ``dhcpcd: [manager] [ip4] [ip6]`` for all of them (dhcpcd.c, setproctitle).
    """
    # Before dhcpcd 9.4 the manager called itself the master.
    ours = {interface, "[manager]", "[master]"}
    titles = (set(" ".join(words).split()) for words in dhcpcds)
    return any({"dhcpcd:", "[ip6]"} <= title and not ours.isdisjoint(title) for title in titles)


def running_dhcpcds(folder: Path = DHCPCD) -> Iterator[tuple[str, ...]]:
    """Yield the words of each dhcpcd whose PID file stands in a folder that is root's.

    The file is ``pid`` for all interfaces and ``eth0.pid``, ``eth0-4.pid`` or ``eth0-6.pid`` for
    one (dhcpcd(8), FILES); it names the main process, which has given up its rights.
    """
    users = {0, *filter(None, map(_uid_of, _DHCPCD_USERS))}
    for file in (folder / "pid", *sorted(folder.glob("*.pid"))):
        process = trusted(number_in(file), "dhcpcd", users)
        if process is not None:
            yield process.words


def leaves_to_dhcpcd(configuration: str, interface: str) -> bool:
    """Tell from dhcpcd.conf(5) whether dhcpcd takes an interface, and its advertisements."""
    allowed: list[str] = []
    denied: list[str] = []
    block = ""
    for words in map(str.split, configuration.splitlines()):
        match words:
            case ["allowinterfaces", *patterns]:
                allowed += patterns
            case ["denyinterfaces", *patterns]:
                denied += patterns
            case ["interface" | "ssid" | "profile", name, *_]:
                block = name
            case ["noipv6rs" | "noipv6"] if block in ("", interface):
                return False
    return _matches(interface, allowed or ["*"]) and not _matches(interface, denied)


def named_in_interfaces(configured: Interfaces, interface: str) -> bool:
    """Tell from interfaces(5) whether ifupdown brings an interface up with an address family.

    A name may be a pattern, and ``inet manual`` alone leaves the work to others.
    """
    return any(
        each.family in ("inet", "inet6")
        and each.method != "manual"
        and fnmatch.fnmatchcase(interface, each.name)
        for each in configured.stanzas
    )


def _matches(interface: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(interface, pattern) for pattern in patterns)


def _uid_of(user: str) -> int | None:
    try:
        return pwd.getpwnam(user).pw_uid
    except KeyError:
        return None
