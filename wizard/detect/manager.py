"""Who configures the uplink: systemd-networkd, NetworkManager, ifupdown, dhcpcd, or nobody."""

import fnmatch
from collections.abc import Iterable
from pathlib import Path

from wizard.detect.looking import is_active, read_if_there
from wizard.detect.processes import arguments, process_named, processes_named
from wizard.host import Manager

NETWORKD_LINKS = Path("/run/systemd/netif/links")
NETWORK_MANAGER_DEVICES = Path("/run/NetworkManager/devices")
INTERFACES = Path("/etc/network/interfaces")
INTERFACES_FOLDER = Path("/etc/network/interfaces.d")


def detect(interface: str, index: int) -> Manager:
    """Ask each by the files it keeps while it runs, the surest first.

    Each of them leaves interfaces alone that it was not told about, so that it runs says nothing.
    """
    if is_active("systemd-networkd.service") and managed_by_networkd(
        read_if_there(NETWORKD_LINKS / str(index)) or ""
    ):
        return Manager.NETWORKD
    if process_named("NetworkManager") and managed_by_network_manager(
        read_if_there(NETWORK_MANAGER_DEVICES / str(index)) or ""
    ):
        return Manager.NETWORK_MANAGER
    if configures(map(arguments, processes_named("dhcpcd")), interface):
        return Manager.DHCPCD
    if named_in_interfaces(_interfaces_files(), interface):
        return Manager.IFUPDOWN
    return Manager.KERNEL


def managed_by_networkd(state: str) -> bool:
    """Tell from a file below /run/systemd/netif/links (sd-network.h, setup state)."""
    values = dict(line.partition("=")[::2] for line in state.splitlines())
    return values.get("ADMIN_STATE") in ("configured", "configuring", "pending", "initialized")


def managed_by_network_manager(state: str) -> bool:
    """Tell from a file below /run/NetworkManager/devices; a device it only watches is not its."""
    values = dict(line.partition("=")[::2] for line in state.splitlines())
    return values.get("managed") == "true"


def configures(dhcpcds: Iterable[tuple[str, ...]], interface: str) -> bool:
    """Tell from the words of running dhcpcds whether one does IPv6 on an interface.

    A running dhcpcd shows what it does in their place: ``dhcpcd: eth0 [ip4] [ip6]`` for one
    interface and ``dhcpcd: [manager] [ip4] [ip6]`` for all of them (dhcpcd.c, setproctitle).
    """
    # Before dhcpcd 9.4 the manager called itself the master.
    ours = {interface, "[manager]", "[master]"}
    titles = (set(" ".join(words).split()) for words in dhcpcds)
    return any({"dhcpcd:", "[ip6]"} <= title and not ours.isdisjoint(title) for title in titles)


def named_in_interfaces(texts: Iterable[str], interface: str) -> bool:
    """Tell from interfaces(5) whether ifupdown brings an interface up with an address family.

    A name may be a pattern, and ``inet manual`` alone leaves the work to others.
    """
    for text in texts:
        for line in text.replace("\\\n", " ").splitlines():
            words = line.split()
            if (
                len(words) >= 4
                and words[0] == "iface"
                and words[2] in ("inet", "inet6")
                and words[3] != "manual"
                and fnmatch.fnmatchcase(interface, words[1])
            ):
                return True
    return False


def _interfaces_files() -> list[str]:
    folder = sorted(INTERFACES_FOLDER.glob("*")) if INTERFACES_FOLDER.is_dir() else []
    return [read_if_there(file) or "" for file in (INTERFACES, *folder)]
