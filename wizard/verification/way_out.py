"""The way out of the containers: packets must pass to the target, if the host's own do."""

from collections.abc import Sequence
from ipaddress import IPv6Address

from wizard.answers.choices import Choices
from wizard.answers.obstacles import no_way_out
from wizard.host.host import Container, Host
from wizard.modes.shared import chosen_containers
from wizard.platform.text import clean_line
from wizard.probes import report
from wizard.probes.kernel_tables import IFA_F_DADFAILED, IFA_F_TENTATIVE, parse_addresses
from wizard.probes.report import ContainerReport, ContainerTarget, HostWay, Question
from wizard.verification.aspect import Aspect, Facts
from wizard.verification.kernel_files import read

PORT = 443
"""The TCP port that is tried on the target beside an echo: some hosts answer the one, some the
other."""

_TIMEOUT = 1.5
"""Seconds to wait for an answer, from the other side of the world if need be."""


class WayOut(Aspect):
    """Looks at the host's own way to the target, and from inside every container that is joined.

    What the target answered to this host before the change, an echo or a connection by TCP, it
    must answer to the containers after it; a connection tells more than an echo.
    Where the host did not reach the target before the change, and the person went on all the
    same, it is the router on this host that must answer the containers.
    """

    def __init__(self, host: Host, choices: Choices) -> None:
        self._containers = chosen_containers(host, choices)
        self._target = choices.target
        self._unproven = choices.unproven
        self._public = choices.mode.addresses.public
        self._before: HostWay | None = None

    def look(self) -> Facts:
        """Return whether this host reaches the target; the first look is the one before."""
        found = report.host_way(self._target, _TIMEOUT, PORT)
        self._before = self._before or found
        ways = (("echo", found.echo), ("TCP", found.tcp))
        return {
            f"way out by {name}": f"this host's own way to {self._target} (by {name})"
            for name, finding in ways
            if finding.ok
        }

    def obstacles(self) -> Sequence[str]:
        """Say why it could not be tried whether the containers get out."""
        if self._unproven:
            return ()
        if not self._containers:
            return (NOBODY_RUNS,)
        if self._before is None or self._before.outward.ok:
            return ()
        return (no_way_out(f"{self._target}: {self._before.outward.words}").sentence,)

    def faults(self) -> Sequence[str]:
        """Return a sentence for each container whose packets do not pass."""
        target = self._target if self._before is None or self._before.outward.ok else None
        by_tcp = target is not None and (self._before is None or bool(self._before.tcp.ok))
        question = Question(
            prefix=None,
            target=target,
            target_port=PORT if by_tcp else None,
            hop_count=0,
            accepts_host=self._before is not None and self._before.accepts,
        )
        targets = [ContainerTarget(each.name, each.pid) for each in self._containers]
        reports = report.check(targets, question, _TIMEOUT)
        return tuple(
            sentence for each in reports if (sentence := fault(each, target, self._public))
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
    "Start the deployment with Compose, and then continue. To set it up all the same, write "
    "“unproven = true” below [choices] into the answers."
)
"""What to say where no container can be looked into."""


def fault(one: ContainerReport, target: IPv6Address | None, public: bool) -> str | None:
    """Return what is wrong with the way out of a container, or None.

    ``target`` is None where the router of the container is the farthest that can be asked, and
    ``public`` says whether others are to see the container's own address.
    """
    if target is None:
        if one.gateway_echo.ok:
            return None
        return (
            f"The container {one.name} does not reach its own router on this host over IPv6: "
            f"address: {one.address.words}; default route: {one.default_route.words}; router: "
            f"{one.gateway_echo.words}."
        )
    if not (one.target_echo if one.tcp.ok is None else one.tcp).ok:
        return (
            f"The container {one.name} does not get out over IPv6, though this host does: to "
            f"{target}, echo: {one.target_echo.words}; TCP: {one.tcp.words}. Its address: "
            f"{one.address.words}; its default route: {one.default_route.words}; its router: "
            f"{one.gateway_echo.words}. Something drops or does not forward its packets: look for "
            "a firewall with “nft list ruleset”, and for what /etc/docker/daemon.json says of IPv6."
        )
    if public and one.translated:
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
