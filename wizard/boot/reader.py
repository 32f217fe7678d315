"""Reads from this host what a forecast is made of."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wizard.boot import netplan, services
from wizard.boot.files import Files, HostFiles
from wizard.boot.forecast import Circumstances
from wizard.boot.link import Link
from wizard.host.docker_process import engine_words
from wizard.host.docker_socket import socket_path
from wizard.host.looking import CannotTell, output, read_if_there, understood
from wizard.host.parts import docker_engine, docker_networks
from wizard.platform import foreign_json
from wizard.probes import kernel_tables

NET = Path("/sys/class/net")
_PROGRAMS = ("/usr/sbin/dhclient", "/sbin/dhclient", "/usr/sbin/udhcpc", "/sbin/udhcpc")
_DHCPCD = ("/usr/sbin/dhcpcd", "/sbin/dhcpcd")
_TYPES = {
    "1": "ether", "512": "ppp", "768": "tunnel", "769": "tunnel6", "772": "loopback",
    "776": "sit", "778": "ipgre",
}  # fmt: skip
"""Of linux/if_arp.h, as networkd calls them where no DEVTYPE says more."""

_MADE_BY_DOCKER = re.compile(r"docker0|docker_gwbridge|br-[0-9a-f]{12}|veth[0-9a-f]{7}")
_CONFIGURATION = ("/etc/network/interfaces", "/etc/network/interfaces.d/*", *netplan.SOURCES)


@dataclass(frozen=True)
class Route:
    """An IPv6 default route that is there now, with what made it, as ``ip route`` names that."""

    interface: str
    protocol: str


@dataclass(frozen=True)
class Now:
    """What there is now, to compare with.

    Attributes:
        routes: The IPv6 default routes.
        advertised: The interfaces with an address that runs out unless it is renewed.
        forwards: Whether the kernel forwards.
    """

    routes: tuple[Route, ...]
    advertised: frozenset[str]
    forwards: bool


def files() -> HostFiles:
    """Return the files of this host."""
    return HostFiles()


def circumstances(read: Files) -> Circumstances:
    """Return what the files do not tell. Where Docker does not answer, its part is not known."""
    return Circumstances(
        links=_links(read),
        systemd=systemd_release(),
        docker_forwards=_docker_forwards(read),
        programs=frozenset(each for each in (*_PROGRAMS, *_DHCPCD) if Path(each).exists()),
        command_line=read_if_there(Path("/proc/cmdline")) or "",
    )


def now() -> Now:
    """Return what there is now.

    Raises:
        CannotTell: ``ip`` does not say.
    """
    forwarding = read_if_there(Path("/proc/sys/net/ipv6/conf/all/forwarding")) or "0"
    return Now(
        tuple(routes(_answer("route", "show", "default"))),
        frozenset(advertised(_answer("address", "show", "scope", "global"))),
        forwarding.strip() != "0",
    )


@understood("ip")
def routes(answer: Iterable[Mapping[str, Any]]) -> list[Route]:
    """Return the default routes of the answer of ``ip -json -6 route show default``."""
    found = []
    for each in answer:
        protocol = str(each.get("protocol", ""))
        for hop in each.get("nexthops") or [each]:
            if hop.get("dev") and each.get("type", "unicast") == "unicast":
                found.append(Route(str(hop["dev"]), protocol))
    return found


@understood("ip")
def advertised(answer: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the interfaces with an address by advertisement, from ``ip -json -6 address``.

    An address by DHCPv6 stands alone, without a prefix (RFC 8415 §18.2.10.1), and is renewed by
    its client.
    """
    return [
        str(each["ifname"])
        for each in answer
        if any(
            info.get("dynamic") and info.get("prefixlen") != 128 and info.get("family") == "inet6"
            for info in each.get("addr_info", [])
        )
    ]


def _answer(*words: str) -> list[dict[str, Any]]:
    said = output(("ip", "-json", "-6", *words)).strip()
    try:
        return foreign_json.tables(said)
    except ValueError as error:
        raise CannotTell(f"ip said what is not understood: {error}.") from error


def _links(read: Files) -> tuple[Link, ...]:
    texts = [read.text(path) or "" for pattern in _CONFIGURATION for path in read.glob(pattern)]
    lead = leading(
        read_if_there(Path("/proc/net/ipv6_route")) or "",
        read_if_there(Path("/proc/net/if_inet6")) or "",
    )
    return tuple(
        link(folder)
        for folder in sorted(NET.iterdir())
        if (folder / "ifindex").exists()
        and not (folder / "master").exists()
        and (folder.name in lead or not _is_passing(folder, texts))
    )


def leading(routes: str, addresses: str) -> set[str]:
    """Return the interfaces of default routes, and those with an address that runs out.

    Of those the boot is told, whoever makes them.
    """
    found = {each.interface for each in kernel_tables.parse_routes(routes) if each.default}
    return found | {
        each["interface"]
        for each in kernel_tables.parse_addresses(addresses)
        if each["scope"] == kernel_tables.GLOBAL
        and not each["flags"] & kernel_tables.IFA_F_PERMANENT
    }


def _is_passing(folder: Path, texts: Iterable[str]) -> bool:
    """Whether an interface is made by a program that runs, and no part of a boot itself."""
    if _MADE_BY_DOCKER.fullmatch(folder.name):
        return True
    is_bridge = (folder / "bridge").exists()
    return is_bridge and not any(re.search(rf"\b{re.escape(folder.name)}\b", t) for t in texts)


def link(folder: Path) -> Link:
    """Return an interface as its folder below /sys/class/net tells of it.

    What no device stands behind, such as a VLAN, a bond, a bridge or a tunnel, is made by what
    configures the network, and so comes late; the end of a veth is made by whoever starts a
    container, before anything in there.
    """

    def text(name: str) -> str:
        return (read_if_there(folder / name) or "").strip()

    device = folder / "device"
    named = re.search(r"^DEVTYPE=(\S+)$", text("uevent"), re.MULTILINE)
    driver = device / "driver"
    type_ = _TYPES.get(text("type"), "none")
    has_peer = not device.exists() and text("ifindex") != text("iflink")
    kind = named[1] if named else "veth" if has_peer and type_ == "ether" else ""
    return Link(
        folder.name,
        text("address"),
        kind if named else type_,
        kind,
        driver.resolve().name if driver.exists() else "",
        late=type_ != "loopback" and kind != "veth",
    )


def systemd_release() -> int:
    """Return the release of systemd, or 0 where it does not say."""
    try:
        found = re.match(r"systemd (\d+)", output(("systemctl", "--version")))
    except CannotTell:
        return 0
    return int(found[1]) if found else 0


def _docker_forwards(read: Files) -> bool | None:
    if not services.is_enabled(read, "docker.service"):
        return False
    try:
        engine, networks = docker_engine.detect(), docker_networks.detect()
        words = engine_words(socket_path())
        settings = foreign_json.value(docker_engine.configuration(words))
    except (CannotTell, ValueError):
        return None
    configured = settings.get("ip-forward") if isinstance(settings, dict) else None
    if docker_engine.switch(words, "ip-forward", configured) is False:
        return False
    # From 29 on with nftables it only makes sure of it (Docker Engine 29 release notes).
    if "nftables" in (engine.next_firewall_backend or engine.firewall_backend):
        return False
    return any(each.ipv6 and each.driver == "bridge" for each in networks)
