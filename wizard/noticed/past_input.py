"""Published ports that Docker forwards past the rules with which this host closes its own ports."""

from ipaddress import IPv6Address

from wizard.choices import Choices, Mode
from wizard.host import Host, Unknown
from wizard.modes.shared import chosen_containers
from wizard.published import parse
from wizard.text import clean_line

_ANY = IPv6Address("::")


def notices(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return what becomes open over IPv6 where the engine forwards published ports itself.

    Until a container has an IPv6 address, a program of Docker's on the host answers, and what comes
    to it passes INPUT. From then on it is sent on to the container and passes FORWARD
    (docs.docker.com, packet filtering and firewalls; seen on 28.5.2).
    """
    engine = host.engine
    if choices.mode is not Mode.ULA or isinstance(engine, Unknown) or not engine.manages_ip6tables:
        return ()
    opened: dict[str, None] = {}
    kept: dict[str, None] = {}
    for container in chosen_containers(host, choices):
        for text in container.ports:
            for port in parse(text):
                if port.address == _ANY:
                    name = f"{port.host_port}/{port.protocol} ({clean_line(container.service)})"
                    opened[name] = None
                    closed = f"0.0.0.0:{port.host_port}:{port.port}"
                    kept[closed if port.protocol == "tcp" else f"{closed}/{port.protocol}"] = None
    if not opened:
        return ()
    bindings = ", ".join(f'"{each}"' for each in kept)
    return (
        f"The whole internet can connect to these published ports over IPv6: {', '.join(opened)}. "
        "Docker sends what comes to them on to the containers, and that passes the FORWARD chain: "
        "rules of the INPUT chain, ufw's among them, do not close them any more. Where one is to "
        "stay closed over IPv6, publish it over IPv4 alone in the Compose file before you go on "
        f"({bindings}; 127.0.0.1 in place of 0.0.0.0 for this host alone) and run Compose's up -d.",
    )
