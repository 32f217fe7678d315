"""The way out of the containers: packets must pass to the target, if the host's own do."""

from collections.abc import Sequence
from ipaddress import IPv6Address

from wizard.choices import Choices, Mode
from wizard.host import Container, Host
from wizard.modes.shared import chosen_containers
from wizard.obstacles import no_way_out
from wizard.reachability import report
from wizard.reachability.kernel_tables import IFA_F_DADFAILED, IFA_F_TENTATIVE, parse_addresses
from wizard.reachability.report import ContainerReport, ContainerTarget, Question
from wizard.text import clean_line
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.kernel_files import read

PORT = 443
"""The TCP port that is tried on the target beside an echo: some hosts answer the one, some the
other."""

_TIMEOUT = 1.5
"""Seconds to wait for an answer, from the other side of the world if need be."""


class WayOut(Aspect):
    """Looks at the host's own way to the target, and from inside every container that is joined.

    Where the host did not reach the target before the change, and the person went on all the
    same, it is the router on this host that must answer the containers.
    """

    def __init__(self, host: Host, choices: Choices) -> None:
        self._containers = chosen_containers(host, choices)
        self._target = choices.target
        self._unproven = choices.unproven
        self._routed = choices.mode is Mode.ROUTED
        self._evidence: str | None = None
        self._host_gets_out: bool | None = None

    def look(self) -> Facts:
        """Return whether this host reaches the target; the first look is the one before."""
        found = report.host_outward(self._target, _TIMEOUT, PORT)
        if self._host_gets_out is None:
            self._host_gets_out = bool(found.ok)
            self._evidence = f"{self._target}: {found.words}"
        return {"way out": f"this host's own way to {self._target}"} if found.ok else {}

    def obstacles(self) -> Sequence[str]:
        """Say why it could not be tried whether the containers get out."""
        if self._unproven:
            return ()
        if not self._containers:
            return (NOBODY_RUNS,)
        return () if self._host_gets_out else (no_way_out(self._evidence or "not tried"),)

    def faults(self) -> Sequence[str]:
        """Return a sentence for each container whose packets do not pass."""
        out = self._host_gets_out is not False
        question = Question(
            prefix=None,
            target=self._target if out else None,
            target_port=PORT if out else None,
            hop_count=0,
        )
        targets = [ContainerTarget(each.name, each.pid) for each in self._containers]
        reports = report.check(targets, question, _TIMEOUT)
        return tuple(
            sentence
            for each in reports
            if (sentence := fault(each, self._target if out else None, self._routed))
        )

    def unsettled(self) -> Sequence[str]:
        """Return the addresses of containers that the kernel still checks (RFC 4862 §5.4)."""
        return tuple(
            f"the address {address} of the container {clean_line(container.name)}"
            for container in self._containers
            for address in _tentative(container)
        )


NOBODY_RUNS = (
    "None of the chosen services has a running container, so nobody could try whether it works. "
    "Start the deployment with Compose and go on then. To set it up all the same, write "
    "“unproven = true” below [choices] into the answers."
)
"""What to say where no container can be looked into."""


def fault(one: ContainerReport, target: IPv6Address | None, routed: bool) -> str | None:
    """Return what is wrong with the way out of a container, or None.

    ``target`` is None where the router of the container is the farthest that can be asked.
    """
    if target is None:
        if one.gateway_echo.ok:
            return None
        return (
            f"The container {one.name} does not reach its own router on this host over IPv6: "
            f"address: {one.address.words}; default route: {one.default_route.words}; router: "
            f"{one.gateway_echo.words}."
        )
    if not (one.target_echo.ok or one.tcp.ok):
        return (
            f"The container {one.name} does not get out over IPv6, though this host does: to "
            f"{target}, echo: {one.target_echo.words}; TCP: {one.tcp.words}. Its address: "
            f"{one.address.words}; its default route: {one.default_route.words}; its router: "
            f"{one.gateway_echo.words}. Something drops or does not forward its packets: look for "
            "a firewall with “nft list ruleset”, and for what /etc/docker/daemon.json says of IPv6."
        )
    if routed and one.translated:
        return (
            f"The container {one.name} gets out over IPv6, but not with its own address: others "
            f"see {one.source_seen.words}."
        )
    return None


def _tentative(container: Container) -> list[str]:
    if not container.pid:
        return []
    return [
        one["address"]
        for one in parse_addresses(read(f"/proc/{container.pid}/net/if_inet6"))
        if one["flags"] & IFA_F_TENTATIVE and not one["flags"] & IFA_F_DADFAILED
    ]
