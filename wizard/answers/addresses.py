"""The kinds of addresses that containers can have, and which prefixes of a kind they can take."""

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Network

from wizard.answers import subprefixes, unique_local
from wizard.host.host import Host


def _nothing(_host: Host) -> None:
    return None


@dataclass(frozen=True)
class Addresses:
    """A kind of addresses; each function answers in a sentence, or with None for no objection."""

    public: bool
    """Whether others see and reach each container by its own address; else they see the host's."""
    why_none: Callable[[Host], str | None]
    """Says why containers on a host cannot have such addresses."""
    why_nothing_proposed: Callable[[Host], str | None]
    """Says why no prefix can be proposed on a host, and what to do."""
    propose: Callable[[Host], IPv6Network | None]
    """Returns a prefix that nothing on a host uses, or None where there is none."""
    obstacle: Callable[[IPv6Network, Host], str | None]
    """Says why containers on a host cannot have a prefix."""


PRIVATE = Addresses(
    public=False,
    why_none=_nothing,
    why_nothing_proposed=_nothing,
    propose=unique_local.propose,
    obstacle=unique_local.obstacle,
)
"""Unique local addresses (RFC 4193)."""

PUBLIC = Addresses(
    public=True,
    why_none=subprefixes.why_none,
    why_nothing_proposed=subprefixes.why_nothing_proposed,
    propose=subprefixes.propose,
    obstacle=subprefixes.obstacle,
)
"""Global addresses, out of the uplink's prefix or of one that is routed to the host."""
