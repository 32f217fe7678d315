"""The networks of Docker."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any

from wizard.host import bridge_options
from wizard.host.docker_socket import ASKED, connect, explained
from wizard.host.host import ExistingNetwork
from wizard.host.looking import understood
from wizard.host.part import Part, Words
from wizard.platform.text import clean_line


@understood(ASKED)
def detect() -> tuple[ExistingNetwork, ...]:
    """Ask Docker."""
    client = connect()
    from docker.errors import DockerException
    from requests.exceptions import RequestException

    with client:
        try:
            return parse(client.networks())
        except (DockerException, RequestException) as error:
            raise explained(error) from error


def parse(answer: Sequence[Mapping[str, Any]]) -> tuple[ExistingNetwork, ...]:
    """Tell the networks from Docker's answer to ``/networks``, in the order of their names."""
    networks = (_network(entry) for entry in answer)
    return tuple(sorted(networks, key=lambda network: network.name))


def _network(entry: Mapping[str, Any]) -> ExistingNetwork:
    name, driver = clean_line(str(entry["Name"])), clean_line(str(entry["Driver"]))
    identifier = clean_line(str(entry["Id"]))
    options = _pairs(entry.get("Options"))
    return ExistingNetwork(
        id=identifier,
        name=name,
        driver=driver,
        # What the bridge driver calls a bridge that was given no name (moby, bridge driver).
        bridge=dict(options).get(bridge_options.NAME) or f"br-{identifier[:12]}"
        if driver == "bridge"
        else None,
        internal=bool(entry.get("Internal")),
        ipv6=bool(entry.get("EnableIPv6")),
        attachable=bool(entry.get("Attachable")),
        subnets=tuple(_subnets(entry.get("IPAM") or {})),
        labels=_pairs(entry.get("Labels")),
        options=options,
    )


def _subnets(ipam: Mapping[str, Any]) -> list[IPv4Network | IPv6Network]:
    subnets = []
    for pool in ipam.get("Config") or ():
        try:
            subnets.append(ip_network(pool["Subnet"], strict=False))
        except (KeyError, ValueError):
            continue
    return subnets


def _pairs(values: Mapping[str, str] | None) -> tuple[tuple[str, str], ...]:
    return tuple(
        sorted(
            (clean_line(str(key)), clean_line(str(text))) for key, text in (values or {}).items()
        )
    )


def in_words(networks: tuple[ExistingNetwork, ...]) -> Words:
    """Name the networks, and those with IPv6."""
    with_ipv6 = [network.name for network in networks if network.ipv6]
    names = ", ".join(network.name for network in networks) or "none"
    return f"{names}; with IPv6: {', '.join(with_ipv6) or 'none'}", "ok"


PART = Part(
    lambda host: host.networks,
    label="Docker networks",
    find=lambda _: detect(),
    words=in_words,
    asked=ASKED,
)
