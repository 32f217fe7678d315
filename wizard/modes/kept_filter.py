"""The step that keeps our packet filter rules in force, whoever flushes them."""

from wizard.filter import unit
from wizard.modes.sources import Sources
from wizard.program import program
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.systemd_unit import FilterService


def kept_filter(rules: Ip6tables, uplink: str, sources: Sources) -> FilterService:
    """Return the step for the service that puts the rules back and closes the way meanwhile."""
    routed = not rules.masquerade
    closes = routed and not rules.everything
    meanwhile = (
        f"Until they stand again, a blackhole route closes the way to {rules.subnet}."
        if closes
        else "Without them IPv6 of the containers is dead until they are back."
    )
    return FilterService(
        unit.PATH,
        unit.unit(
            rules.path,
            uplink,
            rules.bridge,
            rules.subnet if closes else "",
            after_docker=rules.after_docker,
        ),
        sources.files.get(unit.PATH),
        purpose="Put the rules back at once whenever somebody flushes them",
        bridge=rules.bridge if closes and rules.closes_bridge else "",
        explanation=(
            "A reload of nftables, a firewall script or ip6tables -F takes all rules away, also "
            "those that are not its own. This small service hears of it from the kernel and puts "
            f"ours back. {meanwhile} It runs from a copy of the wizard in {program.FOLDER}."
        ),
        starts_copy=True,
    )
