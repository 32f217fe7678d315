"""What is open from outside on containers that have public addresses, and what to say of it."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address

from wizard.answers.address_plan import AddressPlan
from wizard.answers.choices import Choices, Inwards
from wizard.host import filtering
from wizard.host.host import Container, Host, Unknown
from wizard.modes import shared
from wizard.platform.text import clean_line

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

    Our own rules hold for the whole network. Docker opens each container's own ports, and of
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


def reachable(
    host: Host,
    choices: Choices,
    containers: Sequence[Container],
    plan: AddressPlan,
    addresses: Mapping[str, IPv6Address],
) -> list[str]:
    """Return who will be reachable from the internet, at which address and port."""
    by_engine = filtering.of_routed(host).by_engine
    opened = dict(open_on_each(host, choices))
    # Docker 27 drops ping from outside, which 28 lets in (Docker Engine 28.0 release notes).
    pings = not (by_engine and _drops_ping(host))
    sentences = []
    for container in containers:
        ports = opened[container.name]
        what = ", ".join((*(("ping",) if pings else ()), *ports)) or "on no port"
        if choices.inwards is Inwards.ALL:
            what = "every port"
        at = addresses.get(container.service) or f"an address out of {plan.dynamic}"
        sentences.append(
            f"Reachable from the internet: {clean_line(container.name)} at {at}, {what}."
        )
    if any(container.service not in addresses for container in containers):
        sentences.append(
            "An address that is not fixed is given to a container when it starts, and may be "
            "another's after the next “up” or reboot. For a service that a name is to lead to (an "
            "AAAA record), press F beside it where services are ticked, or name it under fixed in "
            "the answers: then its address is written into the Compose file and stays."
        )
    return sentences


def filter_remark(host: Host, filtered: filtering.Filtering) -> str | None:
    """Return what to say of who filters, or None where the steps say enough."""
    if not filtered.by_engine:
        # Of a Docker that has none the step itself says enough.
        if isinstance(host.engine, Unknown) or host.engine.release < filtering.ROUTED_GATEWAY:
            return None
        return f"The packet filter is the wizard's own. {filtered.reason}"
    remark = (
        f"No packet filter rules of ours: {filtered.reason} What is not published is dropped, on "
        "the containers' own addresses."
    )
    if _drops_ping(host):
        remark += " It drops ping from outside, too; Docker 28 and later let it in."
    return remark


def _drops_ping(host: Host) -> bool:
    return (
        not isinstance(host.engine, Unknown)
        and host.engine.release < (28, 0)
        and not filtering.uses_nftables(host.engine)
    )
