"""What the person wants: one frozen value."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import assert_never

from wizard.host.target import DEFAULT_TARGET
from wizard.platform.later import later

with later():
    from wizard.answers import addresses


class Mode(StrEnum):
    """How containers get IPv6, by the word for it in the answers; wizard/modes/ has the rest."""

    ULA = "ula"
    ROUTED = "routed"

    @property
    def addresses(self) -> "addresses.Addresses":
        """The kind of addresses that it gives."""
        match self:
            case Mode.ULA:
                return addresses.PRIVATE
            case Mode.ROUTED:
                return addresses.PUBLIC
            case _:
                assert_never(self)


class Proxy(StrEnum):
    """Who answers when the router asks for a container's address (RFC 4861 §7.2.8)."""

    SERVICE = "service"
    """The kernel, with an entry for each container that a small service of ours keeps in step."""
    NDPPD = "ndppd"
    FIXED = "fixed"
    """The kernel, with entries for the addresses of today."""
    NONE = "none"
    """Nobody: the prefix is routed to this host."""


class Inwards(StrEnum):
    """What may open a connection to a container from outside."""

    PUBLISHED = "published"
    EXPOSED = "exposed"
    ALL = "all"


class Placement(StrEnum):
    """Where the change to the Compose deployment is written."""

    IN_PLACE = "in-place"
    OVERRIDE = "override"


@dataclass(frozen=True)
class Choices:
    """The answers so far; None and an empty tuple stand for a question not yet answered."""

    mode: Mode = Mode.ULA
    prefix: IPv6Network | None = None
    network: str = ""
    bridge: str = "br-ipv6"
    project: str | None = None
    file: Path | None = None
    services: tuple[str, ...] = field(default=())
    placement: Placement = Placement.IN_PLACE
    target: IPv6Address = DEFAULT_TARGET
    proxy: Proxy = Proxy.SERVICE
    """For public addresses alone."""
    inwards: Inwards = Inwards.PUBLISHED
    """For public addresses alone."""
    fixed: tuple[str, ...] = field(default=())
    """The services whose address is written into the Compose file. For public addresses alone."""
    follow: bool = False
    """Let a service have the containers follow when the uplink gets another prefix. For public
    addresses alone."""
    window: int = 120
    """Seconds that there are to say "keep" before everything is taken back, from 30 to 900."""
    accepted: tuple[str, ...] = ()
    """Published ports that may stop answering over IPv6, by their names, such as
    ``[::]:3000/tcp``."""
    firewalld: bool = True
    """Let the wizard add a policy to firewalld where that drops what has to pass."""
    unproven: bool = False
    """Go on where it cannot be tried whether the containers get out: this host itself does not
    reach the target, or none of the chosen services has a running container."""
