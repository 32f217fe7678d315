"""What this host closes to strangers stays closed where Docker forwards past its rules."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Any

from wizard.answers.choices import Choices
from wizard.host.host import Host, Unknown
from wizard.host.published import Published
from wizard.modes import closed_ports
from wizard.plan.planning import Plan
from wizard.platform.text import clean_line
from wizard.steps.closed_ports import ClosedPorts
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.from_outside import from_a_stranger

Place = tuple[str, int]
"""An address of the host, and a TCP port there."""


def kept_closed(host: Host, plan: Plan) -> tuple[Place, ...]:
    """Return the ports that a plan keeps closed, at an address at which Docker publishes each.

    By TCP alone: a datagram that nobody answers tells nothing.
    """
    kept = {port for step in plan.steps if isinstance(step, ClosedPorts) for port in step.ports}
    return tuple(
        dict.fromkeys(
            (f"{address}", port.host_port)
            for address, port in _published(host, plan.choices)
            if port.protocol == "tcp" and f"{port.host_port}/{port.protocol}" in kept
        )
    )


def _published(host: Host, choices: Choices) -> Iterable[tuple[IPv6Address, Published]]:
    own = [] if isinstance(host.uplink, Unknown) else host.uplink.addresses
    for _container, port in closed_ports.forwarded(host, choices):
        if port.address != IPv6Address("::"):
            yield IPv6Address(port.address), port
        elif own:
            yield own[0].interface.ip, port


class KeptClosed(Aspect):
    """Connects to them as a stranger whose packets come in on the uplink."""

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
                "host": [{"address": address, "port": port} for address, port in self._places],
            }
        )
        if "found" not in answer:
            return (
                "Whether the ports that this host closes over IPv6 stay closed could not be tried: "
                f"{clean_line(str(answer.get('failed'))).rstrip('.')}. Publish them over IPv4 "
                "alone, as the preview says, and start again.",
            )
        return faults_in(answer["found"])


def faults_in(findings: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return which of the ports that were tried are open, as a sentence."""
    came = [f"[{each['address']}]:{each['port']}" for each in findings if each["came"]]
    if not came:
        return ()
    return (
        "From outside, ports could be reached over IPv6 that this host's own rules (INPUT) close: "
        f"{', '.join(came)}. Something lets them in before the rule in DOCKER-USER, or Docker does "
        "not go through that chain. Publish them over IPv4 alone, as the preview says, or look at "
        "ip6tables -S DOCKER-USER and nft list ruleset, and start again.",
    )
