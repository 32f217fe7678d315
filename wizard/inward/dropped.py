"""What keeps strangers from a published port once Docker sends them on to its container."""

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv6Network

from wizard.host import filtering
from wizard.host.host import Engine
from wizard.host.parts.ip6tables import FORWARDING, with_docker_accepting
from wizard.host.published import Published
from wizard.inward.closed import InputRules
from wizard.platform.text import clean_line
from wizard.ruleset import hooks, ip6tables, nftables
from wizard.ruleset.chains import Packet

_BEHIND = ("forward", "postrouting")
"""The hooks that are passed on the way to a container; before them all comes to this host."""
_USERS = "DOCKER-USER"

_STRANGERS = IPv6Network("2001:2::/48")
"""Set aside for benchmarks (RFC 5180 §8): no rule names them, and where it does, all of them."""


@dataclass(frozen=True)
class Dropped:
    """What drops the first packet of a stranger for certain, and what lets it pass."""

    by: str
    """In words, as the subject of a sentence."""
    command: str


def dropped(
    rules: InputRules,
    engine: Engine,
    port: Published,
    *,
    uplink: str,
    bridge: str,
    prefix: IPv6Network | None,
) -> Dropped | None:
    """Return what drops what Docker will send on to a container of the bridge, or None."""
    if port.protocol not in ("tcp", "udp"):
        return None
    packet = Packet(
        *(uplink, port.protocol, port.port, bridge),
        source=_STRANGERS,
        target=prefix,
        redirected=True,
    )
    for chain in _chains(rules.nftables or ""):
        if chain.stops(packet):
            table, name = clean_line(f"{chain.family} {chain.table}"), clean_line(chain.name)
            return Dropped(
                f"the chain “{name}” of the nftables table “{table}”",
                f'nft \'insert rule {table} {name} oifname "{bridge}" {port.protocol} dport '
                f"{port.port} accept'",
            )
    saved = rules.ip6tables or ""
    for table, name, priority in _places(saved, engine):
        accepting = with_docker_accepting(saved)
        seen = hooks.at(packet, name.lower(), priority)
        if ip6tables.closes(accepting, seen, table, name):
            why = clean_line(ip6tables.dropping(accepting, seen, table, name))
            return Dropped(
                f"the chain {name} of ip6tables ({why})",
                f"ip6tables -t {table} -I {name} -o {bridge} -p {port.protocol} --dport "
                f"{port.port} -j {'RETURN' if name == _USERS else 'ACCEPT'}",
            )
    return None


def _chains(listed: str) -> Iterator[nftables.Chain]:
    """Yield the chains behind the routing that ip6tables does not work with."""
    try:
        found = [each for hook in _BEHIND for each in nftables.chains(listed, hook)]
    except ValueError:
        return
    yield from (each for each in found if not each.of_ip6tables)


def _places(saved: str, engine: Engine) -> Iterator[tuple[str, str, int]]:
    """Yield the table, name and priority of each chain of ip6tables that is passed.

    Before 28 Docker puts what it accepts for a new network into FORWARD, behind its isolation
    alone, so that nothing of others but DOCKER-USER comes before that.
    """
    makes = filtering.makes_ip6tables(engine)
    if makes:
        yield "filter", _USERS, 0
    if not makes or f":{FORWARDING} " in saved:
        yield "filter", "FORWARD", 0
    yield from (each for each in hooks.TABLES if each[1].lower() in _BEHIND)
