"""A reload of this host's own firewall that takes away the rules which Docker makes."""

from collections.abc import Iterator

from wizard.answers.choices import Choices
from wizard.host import filtering
from wizard.host.host import Host, Unknown


def notices(host: Host, choices: Choices) -> Iterator[str]:
    """Yield a sentence where this host's firewall flushes rules that Docker makes for IPv6.

    Docker makes them when it starts, and hears of no flush (seen on 28.5.2).
    """
    engine, firewall = host.engine, host.firewall
    if isinstance(engine, Unknown) or isinstance(firewall, Unknown):
        return
    if not firewall.flushed_by or not engine.manages_ip6tables:
        return
    if choices.mode.addresses.public and not filtering.of_routed(host).by_engine:
        # Rules of ours, which are kept.
        return
    until = (
        "nobody gets in to the containers from outside"
        if choices.mode.addresses.public
        else "IPv6 of the containers does not pass"
    )
    yield (
        f"On this host {firewall.flushed_by} takes Docker's rules away, and likely those for IPv4 "
        f"too. Docker makes them again when it is restarted, and until then {until}. So type "
        "afterwards: systemctl restart docker"
    )
