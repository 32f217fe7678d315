"""Whether the host itself gets out over IPv6."""

from ipaddress import IPv6Address

from wizard.host.host import Outward
from wizard.host.looking import CannotTell

DEFAULT_TARGET = IPv6Address("2606:4700:4700::1111")
"""A public resolver that answers echo requests; what ``--check`` tries unless told otherwise."""

PORT = 443
"""Tried beside the echo, since some hosts answer the one and some the other."""

TIMEOUT = 1.5
"""Seconds to wait for an answer, from the other side of the world if need be."""


def detect(target: IPv6Address | None = None) -> Outward:
    """Send an echo request to a target and open a TCP connection to it.

    Raises:
        CannotTell: It could not be tried.
    """
    from wizard.probes.report import host_outward

    target = target or DEFAULT_TARGET
    finding = host_outward(target, TIMEOUT, PORT)
    if finding.ok is None:
        raise CannotTell(
            "Whether the host gets out over IPv6 was not found out: "
            f"{finding.words.removeprefix('unknown: ')}."
        )
    return Outward(finding.ok, f"{target}: {finding.words}")
