"""Whether the host itself gets out over IPv6."""

from ipaddress import IPv6Address

from wizard.host.host import Outward
from wizard.host.looking import CannotTell
from wizard.host.part import Part, Words
from wizard.host.target import DEFAULT_TARGET

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


def in_words(outward: Outward) -> Words:
    """Say whether it does, and what was seen."""
    return (
        (f"the host gets out ({outward.evidence})", "ok")
        if outward.works
        else (f"the host does not get out ({outward.evidence})", "problem")
    )


PART = Part(
    lambda host: host.outward,
    label="IPv6 internet",
    find=lambda search: detect(search.target),
    words=in_words,
    foremost=True,
    asks_outside=True,
)
