"""The way of a container's packets as a picture, and where it ends, why, and what to do.

Pure. What came from a namespace or from the network is cleaned before it comes here.
"""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv6Address

from wizard.probes.address_selection import UNIQUE_LOCAL
from wizard.probes.findings import Finding

_REPAIR = "wizard --repair shows what is missing, and puts it back."


class Stop(StrEnum):
    """Where packets get no further."""

    NOWHERE = "nowhere"
    CONTAINER = "in the container"
    HOST = "before this host"
    BEYOND = "after this host"


@dataclass(frozen=True)
class Path:
    """The way from a container to the target; every text is fit to be shown."""

    address: str
    """Of the container; empty where it has none."""
    seen: str
    """By which address others see it; empty where that is not known."""
    target: str
    took: str
    """How long an answer took, such as “12 ms”; empty where none came."""
    stop: Stop
    cause: str = ""
    """The likely cause, in a sentence; empty where they arrive."""
    evidence: str = ""
    """What tells of it, in a sentence."""
    advice: str = ""
    """What to do, in a sentence or two."""

    @property
    def why(self) -> str:
        """The cause, what tells of it and what to do, in sentences; empty where they arrive."""
        return " ".join(filter(None, (self.cause, self.evidence, self.advice)))

    def picture(self, name: str) -> str:
        """Return it on one line: from the container of this name as far as packets get."""
        places = [f"{name} {self.address}".strip(), "this host"]
        if self.stop is Stop.CONTAINER:
            return f"{places[0]} → stops here"
        if self.stop is Stop.HOST:
            return f"{places[0]} → stops before this host"
        if self.seen:
            places.append(f"seen as {'itself' if self.seen == self.address else self.seen}")
        if self.stop is Stop.BEYOND:
            return " → ".join([*places, f"stops before {self.target}"])
        return f"{' → '.join([*places, self.target])}  {self.took}".rstrip()


@dataclass(frozen=True)
class Seen:
    """What was found of the way, one thing after the other from the container outwards."""

    address: Finding
    default_route: Finding
    router: Finding
    reached: Finding
    """Whether the target was, by what decides."""
    last: str = ""
    """The last who answered on the way, where anybody did."""
    host: Finding | None = None
    """Whether this host itself reaches the target; None where it was not tried."""


def path_of(seen: Seen, source: str, seen_as: str, target: str, took: str) -> Path:
    """Return the way, and where it ends.

    Args:
        seen: What was found.
        source: The container's own address, as packets leave it; empty where there is none.
        seen_as: By which address others see it; empty where that is not known.
        target: Whom it should reach.
        took: How long an answer took, in words.
    """
    stop, cause, evidence, advice = _where(seen, source, seen_as, target)
    arrives = stop is Stop.NOWHERE
    return Path(source, seen_as, target, took if arrives else "", stop, cause, evidence, advice)


def _where(seen: Seen, source: str, seen_as: str, target: str) -> tuple[Stop, str, str, str]:
    if not seen.address.ok:
        return (
            Stop.CONTAINER,
            "The container is not on the network that was made for it, or IPv6 is off in it.",
            f"Its address: {seen.address.words}.",
            _REPAIR,
        )
    if not seen.default_route.ok:
        return (
            Stop.CONTAINER,
            "The container knows no way out over IPv6.",
            f"Its default route: {seen.default_route.words}.",
            _REPAIR,
        )
    if seen.reached.ok:
        return Stop.NOWHERE, "", "", ""
    if seen.router.ok is False:
        return (
            Stop.HOST,
            "This host does not answer its container: a rule drops that, or the bridge is gone.",
            f"Its router: {seen.router.words}.",
            _REPAIR,
        )
    if seen.host is not None and seen.host.ok is False:
        return (
            Stop.BEYOND,
            f"This host itself does not reach {target} over IPv6.",
            f"From the host: {seen.host.words}.",
            "Nothing in the containers helps before that does: wizard --detect says how the uplink "
            "stands.",
        )
    return Stop.BEYOND, *_beyond(seen, source, seen_as)


def _beyond(seen: Seen, source: str, seen_as: str) -> tuple[str, str, str]:
    evidence = f"From the container: {seen.reached.words}"
    evidence += f"; the last who answered on the way is {seen.last}." if seen.last else "."
    if ", says " in seen.reached.words:
        return (
            "Somebody on the way turns the packets away.",
            evidence,
            f"If that is an address of this host: {_REPAIR} Otherwise ask your provider.",
        )
    private = bool(source) and IPv6Address(source) in UNIQUE_LOCAL
    if private and seen_as == source:
        return (
            "Packets leave this host with the private address, to which nobody can answer: the "
            "rule that hides it is missing.",
            evidence,
            _REPAIR,
        )
    if seen.last:
        return (
            f"Packets leave this host, and get no further than {seen.last}.",
            evidence,
            "Nothing on this host mends that: ask your provider, or try another server with wizard "
            "--check --target ADDRESS.",
        )
    if private:
        return (
            "This host likely does not pass it on: forwarding is off, or a rule drops it.",
            evidence,
            _REPAIR,
        )
    return (
        "Answers likely do not come back: your provider's router does not know that this address "
        "is behind this host.",
        evidence,
        f"{_REPAIR} If nothing is missing, ask your provider whether its router asks for each "
        "address, or sends the whole prefix here.",
    )
