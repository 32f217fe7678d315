"""Rules that somebody has flushed of what Docker made for a set-up, and what that means."""

from collections.abc import Iterator

from wizard.answers.choices import Choices
from wizard.filter import docker_rules
from wizard.host import filtering
from wizard.host.host import Host, Unknown
from wizard.platform.text import clean_line
from wizard.record.record import Record
from wizard.ruleset import ip6tables
from wizard.ruleset.chains import Packet
from wizard.steps.ip6tables import Ip6tables


def told(record: Record, host: Host, choices: Choices, saved: str) -> Iterator[str]:
    """Yield a sentence where rules that a run counts on are gone from what Docker made.

    What is said of meanwhile is read from the rules as they are, not from what Docker would do
    on the host of today.

    Args:
        record: The record of the run.
        host: The host as it is now.
        choices: What the run was made from.
        saved: What ``ip6tables-save`` prints.
    """
    engine, public = host.engine, choices.mode.addresses.public
    if isinstance(engine, Unknown) or not filtering.makes_ip6tables(engine):
        return
    if public and any(step.kind == Ip6tables.kind for step in record.steps):
        # The wizard's own, which are kept, let everything by before Docker's.
        return
    bridge = choices.bridge
    stand = docker_rules.stand(saved, bridge)
    stand = stand and (public or docker_rules.masquerade(saved, bridge))
    uplink = "-" if isinstance(host.uplink, Unknown) else host.uplink.interface
    if stand and not (public and docker_rules.stands_in_for(bridge, saved)):
        return
    found = (
        f"Docker {clean_line(engine.version)} closes {clean_line(bridge)} by the policy of "
        "ip6tables' FORWARD chain, and somebody has taken that away."
        if stand
        else f"Docker's own rules for {clean_line(bridge)} are gone from ip6tables, and likely "
        "those for IPv4 as well: something has flushed them, such as a reload of nftables with "
        "“flush ruleset” in its file."
    )
    meanwhile = _public(saved, uplink, bridge) if public else _private(saved, uplink, bridge)
    yield f"{found} {meanwhile} Docker makes them again when it starts: systemctl restart docker"


def _public(saved: str, uplink: str, bridge: str) -> str:
    if docker_rules.stands_in_for(bridge, saved):
        return "Until then nobody gets in to these containers from outside."
    if docker_rules.close(saved, uplink, bridge):
        return "Until then IPv6 does not pass."
    return "Until then everybody gets in to every port of these containers."


def _private(saved: str, uplink: str, bridge: str) -> str:
    leaving = ip6tables.closes(saved, Packet(bridge, "tcp", 443, uplink))
    if leaving or not docker_rules.masquerade(saved, bridge):
        return "Until then IPv6 does not pass."
    return "Until then IPv6 passes, and nothing of Docker's filters it."
