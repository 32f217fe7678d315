"""What is open from outside on containers that have public addresses."""

from collections.abc import Sequence

from wizard.answers.choices import Choices, Inwards
from wizard.host import filtering
from wizard.host.host import Container, Host
from wizard.modes import shared

_EVERY_IPV6 = (":::", "[::]:")
_ANYWHERE = ("0.0.0.0:", *_EVERY_IPV6)


def open_ports(choices: Choices, containers: Sequence[Container]) -> tuple[str, ...]:
    """Return what is open from outside, each as ``3000/tcp``.

    A port that is published on one address of the host alone, such as 127.0.0.1, is not meant
    for everybody and stays closed.
    """
    ports: dict[str, None] = {}
    for container in containers:
        for port in container.ports:
            published, arrow, inside = port.rpartition("->")
            if (arrow and published.startswith(_ANYWHERE)) or (
                choices.inwards is Inwards.EXPOSED and "/" in inside
            ):
                ports[inside] = None
    return tuple(ports)


def open_on_each(host: Host, choices: Choices) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return the running containers by name, each with what will be open on it from outside.

    Our own rules hold for the whole network. The engine opens each container's own ports, and of
    these what is published over IPv6 (docs.docker.com, port publishing: a port that is published
    on an IPv4 address is not opened on a container's own IPv6 address).
    """
    containers = shared.chosen_containers(host, choices)
    if not filtering.of_routed(host).by_engine:
        ports = open_ports(choices, containers)
        return tuple((each.name, ports) for each in containers)
    return tuple(
        (
            each.name,
            tuple(
                dict.fromkeys(
                    port.rpartition("->")[2]
                    for port in each.ports
                    if "->" in port and port.startswith(_EVERY_IPV6)
                )
            ),
        )
        for each in containers
    )
