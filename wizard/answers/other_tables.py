"""What ip6tables does with the containers' packets in its other tables than filter."""

from collections.abc import Iterator, Sequence

from wizard.answers import forwarded
from wizard.answers.forwarded import Named
from wizard.host.obstacle import Cause, Obstacle
from wizard.platform.text import clean_line, enumerated
from wizard.ruleset import hooks, ip6tables
from wizard.ruleset.chains import Packet

TRANSLATES = (
    "puts this host's own address in place of those of the containers, so that they would not get "
    "out with their public addresses."
)
"""After what does so."""


def dropping(saved: str, program: str, bridge: str, packets: Sequence[Named]) -> Iterator[Obstacle]:
    """Yield which chains drop what has to pass for certain, each with what mends it."""
    for table, chain, priority in hooks.TABLES:
        hook = chain.lower()
        seen = [
            (what, hooks.at(each, hook, priority))
            for what, each in packets
            if hooks.is_told_apart(each, hook)
        ]
        stopped = [each for each in seen if ip6tables.closes(saved, each[1], table, chain)]
        if not stopped:
            continue
        why = clean_line(ip6tables.dropping(saved, stopped[0][1], table, chain))
        asked = dict.fromkeys(_match(chain, bridge, each) for _, each in stopped)
        yield Obstacle(
            Cause.OTHER_TABLES,
            f"The chain {chain} of the table {table} of {program} drops "
            f"{enumerated(what for what, _ in stopped)}: {why}.",
            "To let them through, write this where you keep your rules, and type:",
            tuple(f"{program} -t {table} -I {chain} {each} -j ACCEPT" for each in asked),
        )


def translating(
    saved: str, program: str, bridge: str, packets: Sequence[Named]
) -> Iterator[Obstacle]:
    """Yield whether rules of others change the source of what containers send, for certain.

    What Docker makes for the network itself goes with that (:mod:`wizard.host.gateway_mode`).
    """
    _, sent = packets[0]
    own = f"! -o {bridge} "
    rule = ip6tables.translating(
        "\n".join(line for line in saved.splitlines() if own not in line), sent
    )
    if not rule:
        return
    yield Obstacle(
        Cause.SOURCE_TRANSLATED,
        f"The rule “-t nat {clean_line(rule)}” of {program} {TRANSLATES}",
        "To leave those as they are, write this where you keep your rules, and type:",
        (f"{program} -t nat -I POSTROUTING {_match('POSTROUTING', bridge, sent)} -j ACCEPT",),
    )


def _match(chain: str, bridge: str, packet: Packet) -> str:
    if packet.interface == bridge:
        by_source = chain == "POSTROUTING"
        return f"-s {forwarded.source(packet)}" if by_source else f"-i {bridge}"
    if chain != "PREROUTING":
        return f"-o {bridge}"
    return f"-d {packet.target or forwarded.GLOBAL}"
