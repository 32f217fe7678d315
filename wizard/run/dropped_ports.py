"""Published ports that strangers do not reach any more, for rules drop what Docker sends on."""

from collections.abc import Callable, Mapping

from wizard.answers.choices import Choices
from wizard.answers.prefixes import first_subnet
from wizard.host.host import Host, Unknown
from wizard.host.published import Published, published
from wizard.inward import closed
from wizard.inward.dropped import dropped
from wizard.modes.shared import chosen_containers
from wizard.platform.system import System
from wizard.platform.text import clean_line


def told(
    host: Host, choices: Choices, system: System, is_closed: Callable[[Published], bool]
) -> Mapping[str, str]:
    """Return a sentence for each such port, by the port of the host as in ``3000/tcp``.

    With public addresses no port of the host is published, and before Docker 27 a program on the
    host hears what comes there. What this host closes, or somebody accepted, is left out.
    """
    engine, uplink = host.engine, host.uplink
    if isinstance(engine, Unknown) or isinstance(uplink, Unknown):
        return {}
    if choices.mode.addresses.public or not engine.manages_ip6tables:
        return {}
    rules, found = closed.read(system), dict[str, str]()
    for container in chosen_containers(host, choices):
        for port in published(container):
            if port.address.version == 4 or port.address.is_loopback or is_closed(port):
                continue
            by = dropped(
                rules,
                engine,
                port,
                uplink=uplink.interface,
                bridge=choices.bridge,
                prefix=first_subnet(choices.prefix) if choices.prefix else None,
            )
            if by is not None and port.name not in choices.accepted:
                found[port.of_host] = (
                    f"Nobody outside reaches {port.name} ({clean_line(container.service)}) over "
                    f"IPv6: {by.by} drops what Docker sends on to {clean_line(container.name)}. To "
                    f"let it through, write this where you keep your rules, and type: {by.command}"
                )
    return found
