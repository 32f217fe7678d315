"""Containers that reach each other by name, which has an IPv6 address, too, from now on."""

from ipaddress import IPv6Address

from wizard.answers.choices import Choices
from wizard.host.host import Container, Host
from wizard.host.published import hears
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line

MOST = 8
"""Names that are listed."""


def notices(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return which names of chosen services lead to a port where nobody listens over IPv6."""
    chosen = chosen_containers(host, choices)
    found: dict[str, None] = {}
    for container in chosen:
        others = any(other.service != container.service for other in chosen)
        for port in ipv4_only_ports(container) if others else ():
            found[f"{clean_line(container.service)} port {port}"] = None
    if not found:
        return ()
    names = list(found)
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return (
        "Between the chosen services, Docker's DNS gives an IPv6 address for each name, too, and "
        f"nobody listens there over IPv6: {', '.join(names[:MOST])}{more}. Programs that go on to "
        "the IPv4 address when IPv6 is refused, as most do, notice nothing; one that tries the "
        "first address alone is refused. Let the program that listens do so on ::, or name its "
        "IPv4 address there.",
    )


def ipv4_only_ports(container: Container) -> list[int]:
    """Return the TCP ports on which a container hears others over IPv4 and not over IPv6."""
    listeners = container.listeners or ()
    return sorted(
        {
            each.port
            for each in listeners
            if each.protocol == "tcp"
            and each.address != IPv6Address("::")
            and not hears(listeners, "tcp", each.port, 6)
        }
    )
