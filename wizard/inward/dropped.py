"""What drops packets that Docker sends on to or from a network of its own, and what mends it."""

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
from wizard.ruleset.chains import Network, Packet

_USERS = "DOCKER-USER"

_STRANGERS = IPv6Network("2601:100::/48")
"""Some of those whom a large provider connects (ARIN, 2601::/20), as visitors at large are: unlike
addresses that are set aside, they stand in no list of bogons, whose rules drop no visitor."""


@dataclass(frozen=True)
class Dropped:
    """What drops a packet for certain, and what lets it pass."""

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
    packet = to_port(port, uplink, bridge, prefix, _STRANGERS)
    return dropping(packet, rules, docker_makes=filtering.makes_ip6tables(engine))


def to_port(
    port: Published, uplink: str, bridge: str, target: Network | None, strangers: Network
) -> Packet:
    """Return the first packet of strangers to a published port, as Docker sends it on."""
    return Packet(
        *(uplink, port.protocol, port.port, bridge),
        source=strangers,
        target=target,
        redirected=True,
        version=strangers.version,
    )


def dropping(packet: Packet, rules: InputRules, *, docker_makes: bool) -> Dropped | None:
    """Return what drops a packet that goes to or from a bridge of Docker's, or None.

    ``docker_makes`` says whether Docker makes rules in the tables of ip6tables, or of iptables.
    """
    asks, options = _match(packet)
    for hook in hooks.WAY:
        for chain in _chains(rules.nftables or "", hook, packet.version):
            if chain.stops(packet):
                table, name = clean_line(f"{chain.family} {chain.table}"), clean_line(chain.name)
                return Dropped(
                    f"the chain “{name}” of the nftables table “{table}”",
                    f"nft 'insert rule {table} {name} {asks} accept'",
                )
    program, saved = "ip6tables", rules.ip6tables or ""
    if packet.version == 4:
        program, saved = "iptables", rules.iptables or ""
    accepting = with_docker_accepting(saved)
    for table, name, priority in _places(saved, docker_makes):
        hook = "forward" if name == _USERS else name.lower()
        seen = hooks.at(packet, hook, priority)
        told_apart = hooks.is_told_apart(packet, hook)
        if told_apart and ip6tables.closes(accepting, seen, table, name):
            why = clean_line(ip6tables.dropping(accepting, seen, table, name))
            return Dropped(
                f"the chain {name} of {program} ({why})",
                f"{program} -t {table} -I {name} {options} -j "
                f"{'RETURN' if name == _USERS else 'ACCEPT'}",
            )
    return None


def _match(packet: Packet) -> tuple[str, str]:
    """Return what matches a packet in nftables, and in either iptables."""
    if packet.redirected:
        bridge, protocol, port = packet.outgoing, packet.protocol, packet.port
        return (
            f'oifname "{bridge}" {protocol} dport {port}',
            f"-o {bridge} -p {protocol} --dport {port}",
        )
    if packet.state == "established":
        return (
            f'oifname "{packet.outgoing}" ct state established,related',
            f"-o {packet.outgoing} -m conntrack --ctstate ESTABLISHED,RELATED",
        )
    return f'iifname "{packet.interface}"', f"-i {packet.interface}"


def _chains(listed: str, hook: str, version: int) -> Iterator[nftables.Chain]:
    """Yield the chains of a hook that neither iptables works with.

    Those of firewalld are left out: Docker puts a new bridge into a zone that accepts it.
    """
    try:
        found = nftables.chains(listed, hook, version)
    except ValueError:
        return
    yield from (each for each in found if not (each.of_ip6tables or each.table == "firewalld"))


def _places(saved: str, docker_makes: bool) -> Iterator[tuple[str, str, int]]:
    """Yield the table, name and priority of each chain of either iptables that is passed.

    Before 28 Docker puts what it accepts for a new network into FORWARD, behind its isolation
    alone, so that nothing of others but DOCKER-USER comes before that.
    """
    if docker_makes:
        yield "filter", _USERS, 0
    if not docker_makes or f":{FORWARDING} " in saved:
        yield "filter", "FORWARD", 0
    yield from hooks.TABLES
