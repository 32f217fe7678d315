"""The IPv6 default routes that this host has."""

from wizard.platform import foreign_json
from wizard.platform.system import System


def default_routes(system: System) -> list[tuple[str, str]]:
    """Return interface and router of each IPv6 default route."""
    return [(each, router) for each, router, _protocol in _default_routes(system)]


def advertised_routes(system: System) -> list[tuple[str, str]]:
    """Return the same of those that came by router advertisement."""
    found = _default_routes(system)
    return [(each, router) for each, router, protocol in found if protocol == "ra"]


def _default_routes(system: System) -> list[tuple[str, str, str]]:
    result = system.run(("ip", "-6", "-json", "route", "show", "default"))
    try:
        return [
            (str(hop.get("dev", "")), str(hop.get("gateway", "")), str(route.get("protocol", "")))
            for route in foreign_json.tables(result.output)
            for hop in route.get("nexthops") or [route]
        ]
    except (ValueError, TypeError, AttributeError):
        return []
