"""Names of the new network and of its bridge: what they may be, and which are free."""

import re
from collections.abc import Sequence

from wizard.answers.choices import Choices
from wizard.answers.projects import project_if_any
from wizard.host.host import ExistingNetwork, Host, Unknown
from wizard.host.ipv6_already import networks_with_ipv6
from wizard.platform.text import clean_line

_BRIDGE_LENGTH = 15
"""The kernel's interface names hold IFNAMSIZ - 1 characters (linux/if.h)."""

_NETWORK_LENGTH = 1000
"""It is a key in the Compose file, and such a one holds 1,024 characters (YAML 1.2, §8.2.2)."""

# Docker's own rule for names (moby, daemon/names); the kernel takes all of them for a bridge.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")

_NAME_IN_WORDS = "letters, digits, dots, dashes and underscores only, and a letter or digit first"

_PREDEFINED_NETWORKS = {"bridge", "default", "host", "none"}
"""Names that Docker keeps for itself (moby, runconfig)."""

_GROUPS = {"all", "default"}
"""Names below net.ipv6.conf that the kernel keeps from interfaces (net/ipv6/addrconf.c)."""


def check_network_name(name: str, host: Host) -> str | None:
    """Return a sentence that says why the Docker network cannot have this name, or None."""
    if not name:
        return "Type a name for the Docker network, such as mastodon_ipv6."
    shown = clean_line(name)
    if not _NAME.fullmatch(name):
        return f"{shown} cannot be the name of a Docker network: {_NAME_IN_WORDS}."
    if len(name) > _NETWORK_LENGTH:
        return (
            f"{shown[:20]}… has {len(name)} characters, and a Compose file takes "
            f"{_NETWORK_LENGTH} at most for the name of a network."
        )
    if name in _PREDEFINED_NETWORKS:
        return f"Docker keeps the name {shown} for itself. Take another name."
    networks = host.networks
    if not isinstance(networks, Unknown):
        for network in networks:
            if network.name == name:
                return f"A Docker network called {shown} already exists. Take another name."
    return None


def check_network(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why the name of the network will not do, or None."""
    return check_network_name(choices.network, host) or check_gateway(choices, host)


def check_bridge(name: str, host: Host) -> str | None:
    """Return a sentence that says why the bridge cannot have this name, or None."""
    if not name:
        return "Type a name for the bridge interface, such as br-ipv6."
    shown = clean_line(name)
    if len(name) > _BRIDGE_LENGTH:
        return (
            f"{shown} has {len(name)} characters, and the kernel takes {_BRIDGE_LENGTH} at most "
            "for the name of an interface."
        )
    if not _NAME.fullmatch(name):
        return f"{shown} cannot be the name of an interface: {_NAME_IN_WORDS}."
    if name in _GROUPS:
        return f"The kernel keeps the name {shown} for itself. Take another name."
    interfaces = host.interfaces
    if not isinstance(interfaces, Unknown) and name in interfaces:
        return f"This host already has an interface called {shown}. Take another name."
    return None


def check_gateway(choices: Choices, host: Host) -> str | None:
    """Return a sentence that says why another network would keep the gateway, or None.

    Of a container's networks with both families Docker takes as the gateway the one whose name
    sorts first, unless priorities are set (moby, libnetwork, endpoints of a sandbox).
    """
    project = project_if_any(host, choices)
    if project is None or not choices.network:
        return None
    rivals = networks_with_ipv6(host, project, choices.services)
    winner = sorted_first(choices.network, rivals)
    if winner == choices.network:
        return None
    first = min(network.name for network in rivals)
    return (
        f"{clean_line(first)}, which the chosen services are on, has IPv6 too, and Docker sends "
        "them out through the network whose name sorts first. Take a name for the new network that "
        f"sorts before it, such as {clean_line(winner)}."
    )


def first_free(name: str, taken: Sequence[str], between: str = "") -> str:
    """Return the name, or the first of those with a number behind it, that is not taken."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}{between}{number}", number + 1
    return candidate


def sorted_first(name: str, networks: Sequence[ExistingNetwork]) -> str:
    """Return the name, with as little before it as lets it sort before those of the networks."""
    others = [network.name for network in networks]
    # Of what Docker takes in a name a dash sorts first, and behind the first character a nought.
    for before in ("", "a_", "0_", *("0" + "-" * length for length in range(1, 64))):
        if all(before + name < other for other in others):
            return before + name
    return name
