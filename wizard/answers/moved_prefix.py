"""Whether the provider gave the uplink another prefix than the one containers have a part of."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from ipaddress import IPv6Network

from wizard.answers import subprefixes
from wizard.answers.choices import Choices, Proxy
from wizard.answers.names import first_free, sorted_first
from wizard.answers.projects import project_if_any
from wizard.host.host import Host, Unknown, Uplink
from wizard.host.ipv6_already import networks_with_ipv6
from wizard.platform.text import clean_line

_BRIDGE_STEM = 12
"""Characters of a bridge's name that leave room for a dash and a number (IFNAMSIZ, linux/if.h)."""


class State(Enum):
    """What became of a prefix."""

    GONE = auto()
    """It is not on the link."""
    DEPRECATED = auto()
    """Every address of the host in it is (RFC 4862 §5.5.4)."""
    LEFT = auto()
    """The host has no address in it, and the route says so still: DHCPv6 gave one of another."""


_WORDS = {
    State.GONE: (
        "The uplink's prefix has changed: {prefix} of the containers lies in none that it has, so "
        "nobody outside reaches them."
    ),
    State.DEPRECATED: (
        "The prefix in which {prefix} of the containers lies is deprecated: the provider takes it "
        "back, and then nobody outside reaches them."
    ),
    State.LEFT: (
        "This host has no address any more in the prefix in which {prefix} of the containers lies, "
        "so the provider has taken that back, or will, and then nobody outside reaches them."
    ),
}


@dataclass(frozen=True)
class Moved:
    """Another prefix on the uplink than the one that containers have a part of.

    Attributes:
        prefix: What the containers have.
        state: What became of the prefix that this lies in.
        new: What the uplink has in its place; None where that is nothing that can be used.
        evidence: The addresses of the uplink, in words.
    """

    prefix: IPv6Network
    state: State
    new: IPv6Network | None
    evidence: str

    @property
    def sentence(self) -> str:
        """What happened, what it means, and what to do."""
        what = _WORDS[self.state].format(prefix=self.prefix)
        if self.new is None:
            then = "It has no other that containers can have a part of: ask your provider."
        else:
            then = (
                f"The new one is {self.new}. wizard --repair shows how the containers get a part "
                "of that, and wizard --repair --yes does it."
            )
        return f"{what} {then} {self.evidence}"


def moved(choices: Choices, host: Host) -> Moved | None:
    """Return what is there in place of the prefix that containers have a part of, or None.

    One that is still there counts only where the host has a preferred address in another one, and
    one that another interface has does not. Of a prefix that is routed to this host nothing here
    tells whether it still is.
    """
    uplink, prefix = host.uplink, choices.prefix
    if not choices.mode.addresses.public or choices.proxy is Proxy.NONE or prefix is None:
        return None
    if isinstance(uplink, Unknown):
        return None
    around = [each for each in subprefixes.on_link(host) if prefix.subnet_of(each)]
    others = [each for each in _preferred(uplink) if each in subprefixes.on_link(host)]
    new = next((each for each in others if each not in around), None)
    if not around and _is_elsewhere(prefix, host):
        # The default route leads over another interface by now, and the prefix has not moved.
        return None
    state = _state(around, uplink)
    if state is None or (new is None and state is not State.GONE):
        return None
    return Moved(prefix, state, new, _evidence(uplink))


def _is_elsewhere(prefix: IPv6Network, host: Host) -> bool:
    """Return whether this host has an address or a route in what a prefix is a part of."""
    known = () if isinstance(host.prefixes_in_use, Unknown) else host.prefixes_in_use
    return any(
        isinstance(each, IPv6Network) and each != prefix and prefix.subnet_of(each)
        for each in known
    )


def _state(around: Sequence[IPv6Network], uplink: Uplink) -> State | None:
    """Return what became of the prefixes around one; None where one of them is as it should be."""
    if not around:
        return State.GONE
    own = [each for each in uplink.addresses if any(each.interface.ip in one for one in around)]
    if own:
        return State.DEPRECATED if all(each.deprecated for each in own) else None
    # Where somebody configured the route, the host need not have an address there.
    return State.LEFT if set(around) <= set(uplink.heard) else None


def renumbered(choices: Choices, host: Host) -> Choices | None:
    """Return the same answers for the prefix that the uplink has by now; None where it has none.

    What stands in for the network stands beside it for a while, so it has other names.
    """
    found = moved(choices, host)
    if found is None or found.new is None or choices.prefix is None:
        return None
    prefix = _part(choices.prefix, found.new, host)
    if prefix is None:
        return None
    networks = () if isinstance(host.networks, Unknown) else host.networks
    interfaces = () if isinstance(host.interfaces, Unknown) else host.interfaces
    project = project_if_any(host, choices)
    rivals = networks_with_ipv6(host, project, choices.services) if project else ()
    name = sorted_first(re.sub(r"_\d+$", "", choices.network), rivals)
    bridge = re.sub(r"-\d+$", "", choices.bridge)[:_BRIDGE_STEM]
    return replace(
        choices,
        prefix=prefix,
        network=first_free(name, [each.name for each in networks], "_"),
        bridge=first_free(bridge, interfaces, "-"),
    )


def _part(old: IPv6Network, new: IPv6Network, host: Host) -> IPv6Network | None:
    """Return the part of a new prefix in the place that the old one had, or the first free one."""
    if old.prefixlen > new.prefixlen:
        place = int(new.network_address) | int(old.network_address) & int(new.hostmask)
        same = IPv6Network((place, old.prefixlen))
        if same.network_address != new.network_address and not subprefixes.obstacle(same, host):
            return same
    length = max(old.prefixlen, new.prefixlen + 1)
    return subprefixes.first_free(new, length, subprefixes.in_use(host))


def _preferred(uplink: Uplink) -> Iterable[IPv6Network]:
    """Yield the prefixes on the link in which this host has an address that is not deprecated."""
    preferred = [each.interface.ip for each in uplink.addresses if not each.deprecated]
    for prefix in uplink.prefixes:
        if any(each in prefix for each in preferred):
            yield prefix


def _evidence(uplink: Uplink) -> str:
    shown = ", ".join(
        f"{each.interface} ({each.origin}{', deprecated' if each.deprecated else ''})"
        for each in uplink.addresses
        if not each.temporary
    )
    return f"{clean_line(uplink.interface)} has {shown or 'no global address'}."
