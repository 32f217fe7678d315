"""Addresses that the Compose file gives to services for good, and what that costs."""

from collections.abc import Mapping
from ipaddress import IPv6Address

from wizard.answers.address_plan import AddressPlan
from wizard.answers.choices import Choices, Proxy
from wizard.compose.scale import is_scaled
from wizard.host.host import Host
from wizard.modes import shared
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.errors import Refused
from wizard.platform.text import clean_line


def fixed_addresses(choices: Choices, host: Host, inputs: PlanInputs) -> dict[str, IPv6Address]:
    """Return the fixed address of each service that has one.

    With entries for the neighbour proxy that are fixed, every chosen service has.

    Raises:
        Refused: one of them may have several containers, or there are too many.
    """
    if choices.prefix is None:
        return {}
    everyone = choices.proxy is Proxy.FIXED
    services = [
        service.name
        for service in inputs.services
        if service.name in (choices.services if everyone else choices.fixed)
    ]
    for service in services:
        if is_scaled(inputs.compose, service) or shared.is_scaled(host, choices, service):
            raise Refused(
                f"{service} has, or may have, more than one container, and an address is one "
                "container's alone, so it cannot be fixed. "
                + (
                    "Choose the wizard's own service as neighbour proxy, which follows containers."
                    if everyone
                    else f"Leave {service} out of those with a fixed address."
                )
            )
    plan = AddressPlan(choices.prefix)
    if len(services) > plan.most_fixed:
        raise Refused(
            f"{choices.prefix} has room for {plan.most_fixed} fixed addresses, and {len(services)} "
            "services want one. Choose a larger prefix, or fewer services."
        )
    return plan.fixed(services)


def cost(addresses: Mapping[str, IPv6Address]) -> list[str]:
    """Return what a fixed address costs: Compose gives the same to a second container."""
    if not addresses:
        return []
    names = clean_line(", ".join(addresses))
    one = next(iter(addresses))
    return [
        f"With a fixed address, “docker compose run” of {names} ends with “Address already in use” "
        f"while the service itself runs. Type “docker compose exec {clean_line(one)}” and the "
        "command instead, which runs it in the container that is there."
    ]
