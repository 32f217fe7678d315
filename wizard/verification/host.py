"""The host's own ways out: routes, addresses, what renews them, its source, routers that answer."""

import socket
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address

from wizard.platform import foreign_json
from wizard.platform.parameter_names import name
from wizard.platform.system import System
from wizard.platform.text import clean_line
from wizard.probes.echo_ipv4 import answers as answers_ipv4
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.echoes import answers_ipv6
from wizard.verification.kernel_files import (
    GlobalAddress,
    advertised_interfaces,
    default_routes_ipv4,
    default_routes_ipv6,
    global_addresses,
    read,
)

_USABLE = {"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"}
"""States of a neighbour whose link-layer address is known (ip-neighbour(8))."""

_DISCARD = 9
"""A port to name where no packet is sent (RFC 863)."""


class HostRoutes(Aspect):
    """Looks at the host's routers, and at the way to a target.

    Args:
        system: The host.
        target: An address on the IPv6 internet.
        bridges: The interfaces of Docker's networks, whose addresses come and go with those.
    """

    def __init__(self, system: System, target: IPv6Address, bridges: Collection[str] = ()) -> None:
        self._system = system
        self._target = target
        self._bridges = frozenset(bridges)

    def look(self) -> Facts:
        """Return routes, addresses and what renews them, the source, and who answers."""
        found: dict[str, str] = {}
        routers4 = default_routes_ipv4(read("/proc/net/route"))
        routers6 = default_routes_ipv6(read("/proc/net/ipv6_route"))
        for family, routes in (("4", routers4), ("6", routers6)):
            for interface, router in routes:
                over = f"over {clean_line(interface)}" + (f" via {router}" if router else "")
                found[f"route {family} {interface} {router}"] = (
                    f"the IPv{family} default route of this host {over}"
                )
        found |= self._addresses()
        answers = answers_ipv6(routers6, self._target)
        if "router" in answers:
            found["router 6"] = "the way to the IPv6 router, which answered"
        if "target" in answers:
            found["target"] = f"the way to {self._target}, which answered"
        if any(answers_ipv4(router) for _interface, router in routers4 if router):
            found["router 4"] = "the way to the IPv4 router, which answered"
        for family, routers in (("4", routers4), ("6", routers6)):
            if any(router and self._is_known(interface, router) for interface, router in routers):
                found[f"neighbour {family}"] = f"the IPv{family} router as a neighbour on the link"
        return found

    def unsettled(self) -> Sequence[str]:
        """Return the addresses of the host that are not past duplicate detection yet.

        Until then the kernel takes none of them for a source, and after that it may. On an
        interface without a carrier that does not begin.
        """
        return [
            f"{each.address} on {clean_line(each.interface)}, which may be another host's"
            for each in self._of_host()
            if each.tentative and read(f"/sys/class/net/{each.interface}/carrier").strip() == "1"
        ]

    def _of_host(self) -> list[GlobalAddress]:
        every = global_addresses(read("/proc/net/if_inet6"))
        return [each for each in every if each.interface not in self._bridges]

    def _addresses(self) -> dict[str, str]:
        found = {}
        addresses = self._of_host()
        for each in addresses:
            if not (each.temporary or each.tentative):
                found[f"address {each.interface} {each.address}"] = (
                    f"the address {each.address} of {clean_line(each.interface)}"
                )
        living = advertised_interfaces(read("/proc/net/ipv6_route"))
        living |= {each.interface for each in addresses if not each.lasts}
        for interface in living:
            if hears(interface):
                shown = clean_line(interface)
                found[f"renewal {interface}"] = (
                    f"what renews the IPv6 routes and addresses of {shown}, which run out: it does "
                    f"not hear router advertisements any more ({name(shown, 'accept_ra')})"
                )
        source = source_for(self._target)
        if source is not None:
            found[f"source {source}"] = (
                f"the address {source} as the one from which this host speaks to {self._target}"
            )
        return found

    def _is_known(self, interface: str, router: IPv4Address | IPv6Address) -> bool:
        asked = ("ip", "-json", "neighbour", "show", "to", str(router), "dev", interface)
        try:
            listed = foreign_json.tables(self._system.run(asked).output)
        except ValueError:
            return False
        return any(_USABLE & set(each.get("state", [])) for each in listed)


def hears(interface: str) -> bool:
    """Return whether the kernel acts on router advertisements on an interface.

    With accept_ra 1 it does where the interface does not forward, with 2 always (ip-sysctl.rst).
    """
    accept_ra = read(f"/proc/sys/net/ipv6/conf/{interface}/accept_ra").strip()
    forwarding = read(f"/proc/sys/net/ipv6/conf/{interface}/forwarding").strip()
    return accept_ra == "2" or (accept_ra == "1" and forwarding == "0")


def source_for(target: IPv6Address) -> IPv6Address | None:
    """Return the address that the kernel takes to speak to a target (RFC 6724 §5); no packet."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as asked:
            asked.connect((str(target), _DISCARD))
            return IPv6Address(asked.getsockname()[0])
    except OSError:
        return None
