"""The step that keeps the packet filter in force, whoever flushes it: our rules, or Docker's."""

from wizard.filter import unit
from wizard.modes.plan_inputs import PlanInputs
from wizard.program import program
from wizard.steps.ip6tables import PATH, Ip6tables
from wizard.steps.systemd_unit import FilterService


def kept_filter(rules: Ip6tables, uplink: str, inputs: PlanInputs) -> FilterService:
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
        inputs.files.get(unit.PATH),
        purpose="Put the rules back at once whenever somebody flushes them",
        bridge=rules.bridge if closes and rules.closes_bridge else "",
        explanation=(
            "A reload of nftables, a firewall script or ip6tables -F takes all rules away, also "
            "those that are not its own. This small service hears of it from the kernel and puts "
            f"ours back. {meanwhile} It runs from a copy of the wizard in {program.FOLDER}."
        ),
        starts_copy=True,
    )


def closed_meanwhile(bridge: str, subnet: str, uplink: str, inputs: PlanInputs) -> FilterService:
    """Return the step for the service that closes a bridge while Docker's own rules are gone."""
    return FilterService(
        unit.PATH,
        unit.unit(PATH, uplink, bridge, subnet, of_docker=True),
        inputs.files.get(unit.PATH),
        purpose="Let nobody in while Docker's own rules are gone",
        bridge=bridge,
        explanation=(
            "A reload of nftables, a firewall script or ip6tables -F takes Docker's rules away, "
            "and Docker makes them again only when it is restarted. Every port of the containers "
            "would be open until then. This small service hears of it from the kernel: it lets "
            "containers out and nobody in, until Docker's rules are there again. It runs from a "
            f"copy of the wizard in {program.FOLDER}."
        ),
        starts_copy=True,
    )
