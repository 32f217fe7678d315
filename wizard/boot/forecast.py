"""What IPv6 forwarding and accept_ra will be after the next boot, computed from what sets them.

The order is that of a boot: the kernel's defaults and its command line; systemd-sysctl and ufw;
ifupdown, systemd-networkd, NetworkManager or dhcpcd for each interface; Docker; the wizard's own
service.

On a real host udev runs systemd-sysctl once more for every interface that appears, with the lines
that name this interface alone (99-systemd.rules, ``ACTION=="add", SUBSYSTEM=="net"``). So a line
for one interface holds however late its driver is loaded, and one for ``default`` holds for an
interface only where that comes after systemd-sysctl: of a device both are possible.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wizard.boot import (
    interfaces,
    netplan,
    network_manager,
    networkd,
    scripts,
    services,
    sysctl_d,
    ufw,
)
from wizard.boot.files import Files
from wizard.boot.interfaces import Interfaces, Stanza
from wizard.boot.keyfile import truth
from wizard.boot.link import Link
from wizard.boot.scripts import Line
from wizard.host.manager import leaves_to_dhcpcd

FORWARDING, ACCEPT_RA = "forwarding", "accept_ra"

OWN_SERVICE = "docker-ipv6-wizard-uplink.service"
_OWN_MODULE = "wizard.uplink"

_DHCP_CLIENTS = ("/usr/sbin/dhclient", "/sbin/dhclient", "/usr/sbin/udhcpc", "/sbin/udhcpc")
"""Which ifupdown prefers to dhcpcd for IPv4 (interfaces(5), the dhcp method)."""

_DHCPCD = ("/usr/sbin/dhcpcd", "/sbin/dhcpcd")


@dataclass(frozen=True)
class Value:
    """What a parameter may be, and what sets it so."""

    possible: frozenset[int]
    source: str = "the kernel"

    @property
    def known(self) -> int | None:
        """The one value that is possible, or None where there are several."""
        return next(iter(self.possible)) if len(self.possible) == 1 else None


@dataclass(frozen=True)
class Circumstances:
    """What the files do not tell.

    Attributes:
        links: The interfaces that will be there.
        systemd: The release of systemd.
        docker_forwards: Whether Docker starts at boot and has a network with IPv6, and so
            switches forwarding on for every interface; None where that is not known.
        programs: Paths of programs that are installed, of those that ifupdown looks for.
        command_line: The kernel's.
    """

    links: tuple[Link, ...]
    systemd: int
    docker_forwards: bool | None = False
    programs: frozenset[str] = frozenset()
    command_line: str = ""


@dataclass(frozen=True)
class Hearing:
    """How an interface comes to an IPv6 default route after the boot.

    Attributes:
        program: What acts on router advertisements there instead of the kernel, or empty.
        gateway: Where a default route is set, as ``/path:line``, or empty.
    """

    program: str = ""
    gateway: str = ""


@dataclass(frozen=True)
class Forecast:
    """What is foreseen; ``values`` by group (``all``, ``default``, an interface) and parameter."""

    values: Mapping[tuple[str, str], Value]
    hearing: Mapping[str, Hearing]
    unread: tuple[Line, ...] = ()

    def value(self, group: str, parameter: str) -> Value | None:
        """Return what a parameter will be, or None where the group was not looked at."""
        return self.values.get((group, parameter))

    def has_route_by_advertisement(self, interface: str) -> bool | None:
        """Return whether a route that a router advertises will stay; None where not known."""
        hearing = self.hearing.get(interface)
        accept_ra = self.value(interface, ACCEPT_RA)
        forwarding = self.value(interface, FORWARDING)
        if hearing is None or accept_ra is None or forwarding is None:
            return None
        if hearing.program:
            return True
        outcomes = {
            accepts == 2 or (accepts == 1 and not forwards)
            for accepts in accept_ra.possible
            for forwards in forwarding.possible
        }
        return outcomes.pop() if len(outcomes) == 1 else None


@dataclass
class _Kernel:
    """The values while the boot goes on."""

    links: Sequence[Link]
    values: dict[tuple[str, str], Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for group in ("all", "default", *(link.name for link in self.links)):
            self.values[group, FORWARDING] = Value(frozenset({0}))
            self.values[group, ACCEPT_RA] = Value(frozenset({1}))

    def keys(self) -> Iterable[str]:
        """Return the paths below /proc/sys."""
        return (f"net/ipv6/conf/{group}/{parameter}" for group, parameter in self.values)

    def set_key(self, key: str, value: int, source: str) -> None:
        """Set a parameter by its path below /proc/sys, if it is one that is foreseen."""
        parts = key.split("/")
        if len(parts) == 5 and parts[:3] == ["net", "ipv6", "conf"]:
            self.set(parts[3], parts[4], value, source)

    def set(self, group: str, parameter: str, value: int, source: str) -> None:
        """Set a parameter, with what the kernel sets besides (ip-sysctl.rst, addrconf.c)."""
        if (group, parameter) not in self.values:
            return
        self.values[group, parameter] = Value(frozenset({value}), source)
        if (group, parameter) == ("all", FORWARDING):
            for other, name in self.values:
                if name == FORWARDING:
                    self.values[other, name] = Value(frozenset({value}), source)
        if group == "default":
            for link in self.links:
                if link.late:
                    self.add(link.name, parameter, value, source)

    def add(self, group: str, parameter: str, value: int, source: str) -> None:
        """Let a parameter be another value too."""
        before = self.values[group, parameter].possible
        self.values[group, parameter] = Value(before | {value}, source)


def foresee(files: Files, about: Circumstances) -> Forecast:
    """Return what the next boot makes of forwarding and accept_ra. Nothing is changed."""
    kernel = _Kernel(about.links)
    configured = interfaces.parse(files)
    unread = scripts.lines(files, configured)
    unread += [
        Line(path, 1, "netplan has not made its files of it yet") for path in netplan.pending(files)
    ]
    _set_by_sysctl(kernel, sysctl_d.of_command_line(about.command_line))
    _set_by_sysctl(kernel, sysctl_d.settings(files))
    _set_by_ufw(kernel, files)
    everywhere = (
        networkd.global_forwarding(files, about.systemd)
        if services.is_enabled(files, "systemd-networkd.service")
        else None
    )
    if everywhere is not None:
        forwards = truth(everywhere.value)
        kernel.set("all", FORWARDING, int(bool(forwards)), f"{everywhere.path}:{everywhere.line}")
    hearing = {}
    for link in about.links:
        hearing[link.name] = _bring_up(kernel, files, about, configured, link, unread)
    if about.docker_forwards is not False:
        if about.docker_forwards:
            kernel.set("all", FORWARDING, 1, "Docker")
        else:
            for group, parameter in list(kernel.values):
                if parameter == FORWARDING:
                    kernel.add(group, parameter, 1, "Docker")
    _run_own_service(kernel, files)
    return Forecast(kernel.values, hearing, tuple(dict.fromkeys(unread)))


def _set_by_sysctl(kernel: _Kernel, lines: Sequence[sysctl_d.Setting]) -> None:
    for each in sysctl_d.expanded(lines, kernel.keys()):
        try:
            value = int(each.value or "", 0)
        except ValueError:
            continue
        kernel.set_key(each.key, value, f"{each.path}:{each.line}")


def _set_by_ufw(kernel: _Kernel, files: Files) -> None:
    """Let ufw set its parameters; nothing orders it before or after systemd-sysctl."""
    before = dict(kernel.values)
    _set_by_sysctl(kernel, ufw.settings(files))
    for (group, parameter), value in before.items():
        after = kernel.values[group, parameter]
        if value.source.startswith("/") and value.source != after.source:
            kernel.values[group, parameter] = replace(
                after, possible=value.possible | after.possible
            )


def _bring_up(
    kernel: _Kernel,
    files: Files,
    about: Circumstances,
    configured: Interfaces,
    link: Link,
    unread: list[Line],
) -> Hearing:
    """Let each program that configures an interface do so; the last one to hear it counts."""
    hearing = Hearing()
    if services.is_enabled(files, "networking.service") and not _excluded(files, link):
        hearing = _by_ifupdown(kernel, about, configured, link, unread)
    if services.is_enabled(files, "systemd-networkd.service"):
        by_networkd = networkd.of(files, link, about.systemd)
        if by_networkd is not None:
            return _by_networkd(kernel, link, by_networkd, unread)
    if services.is_enabled(files, "NetworkManager.service") and not _named(configured, link):
        by_manager = network_manager.of(files, link)
        if by_manager is not None:
            if by_manager.sets_accept_ra:
                kernel.set(link.name, ACCEPT_RA, 0, "NetworkManager")
            gateway = by_manager.gateway
            return Hearing(
                "NetworkManager" if by_manager.hears else "",
                f"{gateway.path}:{gateway.line}" if gateway else "",
            )
    if (
        services.is_enabled(files, "dhcpcd.service")
        and not link.is_loopback
        and leaves_to_dhcpcd(files.text("/etc/dhcpcd.conf") or "", link.name)
    ):
        kernel.set(link.name, ACCEPT_RA, 0, "dhcpcd")
        return Hearing("dhcpcd", hearing.gateway)
    return hearing


def _excluded(files: Files, link: Link) -> bool:
    """Whether /etc/default/networking keeps ifupdown from an interface at boot."""
    values = {
        key.strip(): value.strip().strip("\"'")
        for line in (files.text("/etc/default/networking") or "").splitlines()
        for key, sign, value in [line.partition("=")]
        if sign and not line.lstrip().startswith("#")
    }
    if values.get("CONFIGURE_INTERFACES", "yes") == "no":
        return True
    patterns = values.get("EXCLUDE_INTERFACES", "").split()
    return any(fnmatch.fnmatchcase(link.name, pattern) for pattern in patterns)


def _named(configured: Interfaces, link: Link) -> bool:
    """Whether /etc/network/interfaces has an interface, which NetworkManager then leaves alone."""
    return any(each.name == link.name for each in configured.stanzas)


def _by_ifupdown(
    kernel: _Kernel,
    about: Circumstances,
    configured: Interfaces,
    link: Link,
    unread: list[Line],
) -> Hearing:
    """Do what ``ifup`` does: for each stanza first pre-up, then the method, then up."""
    stanzas = configured.of(link.name, link.mac)
    mapping = configured.mapping(link.name)
    if mapping is not None:
        unread.append(Line(mapping.path, mapping.line, f"mapping {mapping.value}"))
    program, gateway = "", ""
    for stanza in stanzas:
        _run_commands(kernel, stanza, link, ("pre_up",))
        if stanza.family == "inet6":
            _set_by_method(kernel, stanza, link)
            found = stanza.value("gateway")
            if stanza.method == "static" and found is not None:
                gateway = f"{found.path}:{found.line}"
        elif stanza.method == "dhcp" and _is_done_by_dhcpcd(about):
            # It is started without -4, and so does IPv6 on the interface as well.
            program = "dhcpcd"
            kernel.set(link.name, ACCEPT_RA, 0, "dhcpcd")
        _run_commands(kernel, stanza, link, ("up", "post_up"))
        for option in stanza.options:
            if option.name in interfaces.COMMANDS and _adds_default_route(option.value):
                gateway = f"{option.path}:{option.line}"
    return Hearing(program, gateway)


def _set_by_method(kernel: _Kernel, stanza: Stanza, link: Link) -> None:
    """Set accept_ra as the methods of inet6 do (``ifup --no-act --verbose`` of 0.8.41 to 0.8.44).

    Without an ``accept_ra`` that is 2 for ``auto``, 1 for ``dhcp``, and for ``static`` 0 where it
    has a gateway, and nothing else.
    """
    if stanza.method not in ("auto", "dhcp", "static"):
        return
    option, gateway = stanza.value("accept_ra"), stanza.value("gateway")
    if option is not None and option.value.isdigit():
        kernel.set(link.name, ACCEPT_RA, int(option.value), f"{option.path}:{option.line}")
    elif stanza.method != "static":
        default = 2 if stanza.method == "auto" else 1
        kernel.set(link.name, ACCEPT_RA, default, f"{stanza.path}:{stanza.line}")
    elif gateway is not None:
        kernel.set(link.name, ACCEPT_RA, 0, f"{gateway.path}:{gateway.line}")


def _run_commands(kernel: _Kernel, stanza: Stanza, link: Link, names: Sequence[str]) -> None:
    for option in stanza.options:
        if option.name in names:
            found = interfaces.assignment(option.value, link.name)
            if found is not None:
                kernel.set_key(*found, f"{option.path}:{option.line}")


def _adds_default_route(command: str) -> bool:
    words = command.split()
    is_ipv6 = "-6" in words or "::/0" in command or "-A inet6" in command
    return is_ipv6 and "route" in words and ("default" in words or "::/0" in command)


def _is_done_by_dhcpcd(about: Circumstances) -> bool:
    return bool(about.programs & set(_DHCPCD)) and not about.programs & set(_DHCP_CLIENTS)


def _by_networkd(kernel: _Kernel, link: Link, by: networkd.Networkd, unread: list[Line]) -> Hearing:
    source = f"{by.line.path}:{by.line.line}" if by.line else by.path
    if not link.is_loopback:
        # It hears advertisements itself, and keeps the kernel from it (networkd-sysctl.c).
        kernel.set(link.name, ACCEPT_RA, 0, "systemd-networkd")
    if by.everywhere is not None:
        kernel.set("all", FORWARDING, int(by.everywhere), source)
    if by.forwarding is not None:
        kernel.set(link.name, FORWARDING, int(by.forwarding), source)
    if not by.certain:
        unread.append(Line(by.path, 1, "[Match] names what is not looked at here"))
    gateway = f"{by.gateway.path}:{by.gateway.line}" if by.gateway else ""
    return Hearing("systemd-networkd" if by.hears else "", gateway)


def _run_own_service(kernel: _Kernel, files: Files) -> None:
    """Let the wizard's own service keep what it was told to, whatever others have set."""
    if not services.is_enabled(files, OWN_SERVICE):
        return
    for words in services.starts_with(files, OWN_SERVICE):
        if _OWN_MODULE not in words:
            continue
        told = words[words.index(_OWN_MODULE) + 1 :]
        if "--forwarding" in told:
            kernel.set("all", FORWARDING, 1, OWN_SERVICE)
        for interface in told:
            if not interface.startswith("--"):
                kernel.set(interface, ACCEPT_RA, 2, OWN_SERVICE)
