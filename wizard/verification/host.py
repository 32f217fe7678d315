"""The host's own ways out: default routes of both families, and routers that answer."""

import json
from ipaddress import IPv4Address, IPv6Address

from wizard.system import System
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.echoes import answers_ipv4, answers_ipv6
from wizard.verification.kernel_files import default_routes_ipv4, default_routes_ipv6, read

_USABLE = {"REACHABLE", "STALE", "DELAY", "PROBE", "PERMANENT", "NOARP"}
"""States of a neighbour whose link-layer address is known (ip-neighbour(8))."""


class HostRoutes(Aspect):
    """Looks at the host's routers, and at the way to a target."""

    def __init__(self, system: System, target: IPv6Address) -> None:
        self._system = system
        self._target = target

    def look(self) -> Facts:
        """Return default routes, routers as neighbours, and who answers."""
        found: dict[str, str] = {}
        routers4 = default_routes_ipv4(read("/proc/net/route"))
        routers6 = default_routes_ipv6(read("/proc/net/ipv6_route"))
        if routers4:
            found["route 4"] = "the IPv4 default route of this host"
        if routers6:
            found["route 6"] = "the IPv6 default route of this host"
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

    def _is_known(self, interface: str, router: IPv4Address | IPv6Address) -> bool:
        asked = ("ip", "-json", "neighbour", "show", "to", str(router), "dev", interface)
        try:
            listed = json.loads(self._system.run(asked).output or "[]")
        except ValueError:
            return False
        return any(_USABLE & set(each.get("state", [])) for each in listed)
