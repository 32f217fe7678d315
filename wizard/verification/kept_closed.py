"""What this host closes to strangers stays closed where Docker forwards past its rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv6Address
from typing import Any

from wizard.answers.choices import Choices
from wizard.host.host import Container, Host, Unknown
from wizard.host.published import Published
from wizard.modes import closed_ports
from wizard.plan.planning import Plan
from wizard.platform.text import clean_line
from wizard.steps.closed_ports import ClosedPorts
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.from_outside import from_a_stranger


@dataclass(frozen=True)
class Place:
    """A port of the host that leads to one of a container, at an address of the host."""

    address: str
    port: int
    protocol: str
    pid: int
    """The container's process."""
    inside: int
    """The port of the container."""


def kept_closed(host: Host, plan: Plan) -> tuple[Place, ...]:
    """Return the ports that a plan keeps closed, at an address at which Docker publishes each."""
    kept = {port for step in plan.steps if isinstance(step, ClosedPorts) for port in step.ports}
    return tuple(
        dict.fromkeys(
            Place(f"{address}", port.host_port, port.protocol, container.pid, port.port)
            for address, container, port in _published(host, plan.choices)
            if port.of_host in kept
        )
    )


def _published(host: Host, choices: Choices) -> Iterable[tuple[IPv6Address, Container, Published]]:
    own = [] if isinstance(host.uplink, Unknown) else host.uplink.addresses
    for container, port in closed_ports.forwarded(host, choices):
        if port.address != IPv6Address("::"):
            yield IPv6Address(port.address), container, port
        elif own:
            yield own[0].interface.ip, container, port


class KeptClosed(Aspect):
    """Tries them as a stranger whose packets come in on the uplink."""

    def __init__(self, host: Host, plan: Plan) -> None:
        self._uplink = "" if isinstance(host.uplink, Unknown) else host.uplink.interface
        self._places = kept_closed(host, plan)

    def look(self) -> Facts:
        """Nothing of what strangers reached before can be lost by this."""
        return {}

    def faults(self) -> Sequence[str]:
        """Return a sentence if one of them is open, or where that cannot be tried."""
        if not self._places:
            return ()
        answer = from_a_stranger(
            {
                "places": [],
                "avoid": [],
                "uplink": self._uplink,
                "host": [asdict(place) for place in self._places],
            }
        )
        if "found" not in answer:
            return (
                "Whether the ports that this host closes over IPv6 stay closed could not be tried: "
                f"{clean_line(str(answer.get('failed'))).rstrip('.')}. Start again once it can "
                "be, or publish them over IPv4 alone, as the preview says.",
            )
        return faults_in(answer["found"])


def faults_in(findings: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return which of the ports that were tried are open, as a sentence."""
    came = [
        f"[{each['address']}]:{each['port']}/{each['protocol']}"
        for each in findings
        if each["came"]
    ]
    if not came:
        return ()
    return (
        "From outside, ports could be reached over IPv6 that this host's own rules (INPUT) close: "
        f"{', '.join(came)}. Something lets them in before the rule in DOCKER-USER, or Docker does "
        "not go through that chain. Publish them over IPv4 alone, as the preview says, or look at "
        "ip6tables -S DOCKER-USER and nft list ruleset, and start again.",
    )
