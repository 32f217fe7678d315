"""Published ports that strangers do not reach, for rules drop what Docker sends on to them.

That may be meant so: whoever closes a port on purpose, or to all but some, is told of it alone.
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address

from wizard.answers.choices import Choices
from wizard.answers.forwarded import GLOBAL
from wizard.host.host import Host, Unknown
from wizard.host.published import Published, published
from wizard.inward import closed
from wizard.modes.closed_ports import dropped_by
from wizard.modes.shared import chosen_containers
from wizard.platform.system import System
from wizard.platform.text import clean_line

_ANYWHERE = IPv6Address("::")


def told(
    host: Host, choices: Choices, system: System, is_closed: Callable[[Published], bool]
) -> Mapping[str, str]:
    """Return a sentence for each such port, by the port of the host as in ``3000/tcp``.

    With public addresses no port of the host is published, and before Docker 27 a program on the
    host hears what comes there. What this host closes, or somebody accepted, is left out, and so
    is what is published where others than strangers come, as at an address of a VPN.
    """
    engine, uplink = host.engine, host.uplink
    if isinstance(engine, Unknown) or isinstance(uplink, Unknown):
        return {}
    if choices.mode.addresses.public or not engine.manages_ip6tables:
        return {}
    rules, found = closed.read(system), dict[str, str]()
    for container in chosen_containers(host, choices):
        for port in published(container):
            if not _is_for_strangers(port) or is_closed(port):
                continue
            by = dropped_by(rules, engine, uplink, choices, port)
            if by is not None and port.name not in choices.accepted:
                found[port.of_host] = (
                    f"Strangers do not reach {port.name} ({clean_line(container.service)}) over "
                    f"IPv6: {by.by} drops what Docker sends on to {clean_line(container.name)}. If "
                    "they should, write this where you keep your rules, and type: "
                    f"{by.command}"
                )
    return found


def _is_for_strangers(port: Published) -> bool:
    """Return whether a port is published where strangers come to over IPv6."""
    return port.address == _ANYWHERE or port.address in GLOBAL
