"""Published ports that this host closes stay closed where Docker forwards past its rules."""

from dataclasses import dataclass
from typing import ClassVar

from wizard.platform.own_names import CHAIN
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.own_chains import Table

DOCKER_USER = "DOCKER-USER"
"""The chain that Docker goes through before all of its own, and leaves alone (docs.docker.com,
packet filtering and firewalls)."""


@dataclass(frozen=True)
class ClosedPorts(Ip6tables):
    """Drop what comes on the uplink for some published ports, before Docker lets it in.

    ``ports`` are those of the host, each as ``3000/tcp``: by the time that Docker has written the
    container's address and port into the packet, the kernel alone still knows what it was for.
    """

    kind: ClassVar[str] = "closed-ports"

    masquerade: bool = False
    uplink: str = ""

    @property
    def title(self) -> str:
        """What it does."""
        return f"Keep {', '.join(self.ports)} closed over IPv6 on {self.uplink}, as this host does"

    @property
    def reason(self) -> str:
        """Why it is needed."""
        return (
            "This host's rules for what comes to itself (INPUT) close these ports. Once containers "
            "have IPv6 addresses, Docker forwards what comes to them, and that passes by INPUT. "
            f"Docker's own chain {DOCKER_USER} is gone through first. All rules are in a chain "
            f"called {CHAIN}; no other rule is touched."
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """Our rules, as ip6tables writes them."""
        way = ("-i", self.uplink, "-o", self.bridge)
        rules = []
        for port in self.ports:
            number, _, protocol = port.partition("/")
            first = ("-m", "conntrack", "--ctstate", "NEW", "--ctorigdstport", number)
            rules.append((*way, "-p", protocol, *first, "-j", "DROP"))
        return (Table("filter", DOCKER_USER, tuple(rules)),)

    @property
    def after_docker(self) -> bool:
        """It makes the chain that leads to ours."""
        return True
