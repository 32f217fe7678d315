"""Routed GUA + NDP proxy: every container has a global address of its own, both ways."""

from collections.abc import Sequence
from dataclasses import replace

from wizard.answers import moved_prefix, subprefixes
from wizard.answers.address_plan import AddressPlan
from wizard.answers.checks import check_inwards
from wizard.answers.choices import Choices, Inwards, Mode, Proxy
from wizard.host import bridge_options, filtering, gateway_mode
from wizard.host.host import Container, Host, Origin, Unknown
from wizard.host.known import KnownHost
from wizard.modes import advertisements, shared
from wizard.modes.base import Behaviour, Open
from wizard.modes.compose_files import with_compose_files
from wizard.modes.fixed_addresses import cost, fixed_addresses
from wizard.modes.kept_filter import closed_meanwhile, kept_filter
from wizard.modes.mode_plan import ModePlan
from wizard.modes.open_ports import filter_remark, open_on_each, open_ports, reachable
from wizard.modes.plan_inputs import PlanInputs
from wizard.ndp import fixed_unit, unit
from wizard.platform.errors import Refused
from wizard.platform.parameter_names import name
from wizard.platform.text import enumerated
from wizard.prefix import unit as prefix_unit
from wizard.program import program
from wizard.steps import ndppd, systemd_unit
from wizard.steps.actions import Run
from wizard.steps.base import Step
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.ndppd import Ndppd
from wizard.steps.neighbour_proxy import NeighbourProxy
from wizard.steps.package import Package
from wizard.steps.systemd_unit import SystemdUnit


def mode_plan(host: KnownHost, choices: Choices, inputs: PlanInputs) -> ModePlan:
    """Return the steps: forwarding, filter, network, file, containers, and who answers for them.

    Raises:
        Refused: Docker, the uplink or the prefix is not known.
    """
    if choices.prefix is None:
        raise Refused("A prefix has to be chosen first.")
    uplink, subnet = host.uplink.interface, str(choices.prefix)
    containers = shared.chosen_containers(host, choices)
    plan = AddressPlan(choices.prefix)
    addresses = fixed_addresses(choices, host, inputs)
    has_gateway_modes = host.engine.release >= filtering.ROUTED_GATEWAY
    filtered = filtering.of_routed(host)

    options = (bridge_options.ROUTED,) if has_gateway_modes else ()
    network, compose_files = with_compose_files(
        host,
        choices,
        inputs,
        shared.network(host, choices, subnet, inputs, options, plan),
        addresses,
    )
    rules = None if filtered.by_engine else _rules(host, choices, containers, inputs)
    fixed = (
        NeighbourProxy(uplink, tuple(map(str, addresses.values())))
        if choices.proxy is Proxy.FIXED and addresses
        else None
    )
    neighbours = [each for each in fixed.actions() if isinstance(each, Run)] if fixed else []
    ours = (
        systemd_unit.rules_and_sysctls(inputs.files.get(systemd_unit.PATH), rules, neighbours)
        if rules or neighbours
        else None
    )
    kept = kept_filter(rules, uplink, inputs) if rules else None
    # Before there is anything behind the bridge, and until there is nothing any more.
    meanwhile = (
        closed_meanwhile(choices.bridge, subnet, uplink, inputs) if filtered.by_engine else None
    )
    closing: tuple[Step | None, ...] = (network, rules, ours, kept)
    if rules is not None and not rules.engine_masquerades:
        # Closed before there is anything behind it, and open only when there is nothing any more.
        closing = (rules, ours, kept, network)
    steps: list[Step | None] = [
        shared.forwarding(host, inputs, _proxy_sysctls(choices, uplink)),
        # Before the unit, which makes the same entries: what is there already is somebody else's.
        fixed,
        meanwhile,
        *closing,
        # After the network, so that it ends before what Docker switched on for that is put back.
        advertisements.keep_listening(host, inputs),
        _put_back(fixed, inputs) if fixed else None,
        *_answering(host, choices, subnet, inputs),
        *compose_files,
        shared.attach(host, choices, addresses),
        _following(choices, inputs),
    ]
    remarks = [
        *reachable(host, choices, containers, plan, addresses),
        _not_following(choices) if choices.follow else lasting(host),
        several_ways(host, choices),
        filter_remark(host, filtered),
    ]
    return shared.mode_plan(host, choices, inputs, steps, remarks, cost(addresses))


def _rules(
    host: KnownHost, choices: Choices, containers: Sequence[Container], inputs: PlanInputs
) -> Ip6tables:
    return Ip6tables(
        choices.bridge,
        str(choices.prefix),
        masquerade=False,
        ports=open_ports(choices, containers),
        everything=choices.inwards is Inwards.ALL,
        engine_masquerades=_masquerades(host),
        legacy=not isinstance(host.ip6tables, Unknown) and host.ip6tables.legacy,
        previous=inputs.files.get(Ip6tables.path),
    )


def _masquerades(host: KnownHost) -> bool:
    """Return whether Docker masquerades what leaves: one that makes rules and knows no modes.

    It does so for any prefix (Docker Engine 27.0 release notes); a network in routed mode it
    leaves alone.
    """
    engine = host.engine
    return engine.manages_ip6tables and engine.release < filtering.ROUTED_GATEWAY


def _proxy_sysctls(choices: Choices, uplink: str) -> tuple[tuple[str, str], ...]:
    if choices.proxy not in (Proxy.SERVICE, Proxy.FIXED):
        return ()
    # A router that asks a neighbour again does so by unicast, which the kernel answers only with
    # all.proxy_ndp (ip6_forward); only addresses with an entry are answered for in any case.
    # proxy_delay is 0.8 s at most by default (ip-sysctl.rst), which a router waits out.
    return (
        (name(uplink, "proxy_ndp"), "1"),
        (name("all", "proxy_ndp"), "1"),
        (name(uplink, "proxy_delay", "neigh"), "0"),
    )


def _put_back(fixed: NeighbourProxy, inputs: PlanInputs) -> SystemdUnit:
    return SystemdUnit(
        fixed_unit.PATH,
        fixed_unit.unit(fixed.uplink, fixed.addresses),
        inputs.files.get(fixed_unit.PATH),
        purpose=f"Put these entries back whenever {fixed.uplink} has been down",
        explanation=(
            f"The kernel drops them when {fixed.uplink} is taken down, as “ifdown” and a restart "
            "of the network do. This small service hears of it from the kernel. It runs from a "
            f"copy of the wizard in {program.FOLDER}."
        ),
        starts_copy=True,
    )


def _answering(
    host: KnownHost, choices: Choices, subnet: str, inputs: PlanInputs
) -> tuple[Step, ...]:
    uplink = host.uplink.interface
    if choices.proxy is Proxy.SERVICE:
        return (
            SystemdUnit(
                unit.PATH,
                unit.unit(uplink, choices.network, subnet, host.engine.socket),
                inputs.files.get(unit.PATH),
                purpose="Answer for every container when the router asks",
                explanation=(
                    "The provider's router asks on the link who has an address, and no container "
                    "hears that. This service tells the kernel to answer for exactly the "
                    "addresses that containers have, and follows them as they come and go. It "
                    f"runs from a copy of the wizard in {program.FOLDER}, which stays there when "
                    "the wizard itself is moved or removed, until wizard --undo."
                ),
                starts_copy=True,
            ),
        )
    if choices.proxy is Proxy.NDPPD:
        return (
            Package("ndppd", "ndppd is a program that answers for neighbours."),
            Ndppd(uplink, subnet, inputs.files.get(ndppd.PATH)),
        )
    return ()


_FOLLOWS = (Proxy.SERVICE, Proxy.FIXED)


def _following(choices: Choices, inputs: PlanInputs) -> SystemdUnit | None:
    if not choices.follow or choices.proxy not in _FOLLOWS:
        return None
    return SystemdUnit(
        prefix_unit.PATH,
        prefix_unit.unit(),
        inputs.files.get(prefix_unit.PATH),
        purpose="Follow when this host gets another prefix",
        explanation=(
            "When the provider deprecates the prefix of this host or takes it away, and another is "
            "there for some seconds, this service does by itself what wizard --repair --yes does: "
            "the containers get addresses of the new one beside those that they have, and then the "
            "new ones alone. It does so at most once in ten minutes, says so in the journal, and "
            "goes back where packets do not pass. Whoever is on the link with this host, and is "
            "believed by its kernel, can make it do so."
        ),
        starts_copy=True,
    )


def _not_following(choices: Choices) -> str | None:
    """Return what to say where containers are meant to follow and will not."""
    if choices.proxy in _FOLLOWS:
        return None
    why = (
        "ndppd cannot answer for the old addresses and the new ones at the same time"
        if choices.proxy is Proxy.NDPPD
        else "nothing on this host tells when a prefix that is routed to it becomes another one"
    )
    return f"The containers do not follow another prefix by themselves, for {why}."


def lasting(host: Host) -> str | None:
    """Return what to say where the provider may change the prefix of this host, or None."""
    if isinstance(host.uplink, Unknown):
        return None
    origins = {address.origin for address in host.uplink.addresses}
    if origins & {Origin.ADVERTISEMENT, Origin.DHCPV6} and Origin.STATIC not in origins:
        return (
            "The prefix of this host comes by router advertisement or DHCPv6. If your provider "
            "changes it, wizard --check says so and wizard --repair follows; with “follow = true” "
            "in the answers a service does so by itself."
        )
    return None


_OWN_TABLE = 146
"""A table of routes that nothing on a Debian has; any other number does as well."""


def several_ways(host: Host, choices: Choices) -> str | None:
    """Return what to say where packets of containers may leave over another interface, or None.

    Whoever provides that takes packets from addresses of its own alone (RFC 3704 §2, BCP 38). The
    host itself is safe from that: it takes the address of the interface.
    """
    uplink = host.uplink
    if isinstance(uplink, Unknown) or not uplink.beside or choices.prefix is None:
        return None
    others = enumerated(uplink.beside)
    gateway = f"via {uplink.gateway} " if uplink.gateway else ""
    return (
        f"This host's IPv6 default routes lead over {others} as well as {uplink.interface}, and "
        f"none is preferred. Packets from {choices.prefix} may leave by each, and a provider may "
        "drop those from addresses of another one, so that some connections hang. These lines lead "
        f"all of them over {uplink.interface}; have them run at boot, too: "
        f"ip -6 route add default {gateway}dev {uplink.interface} table {_OWN_TABLE}; "
        f"ip -6 rule add from {choices.prefix} table {_OWN_TABLE} priority 1000"
    )


def _consequences(host: Host) -> tuple[str, ...]:
    """Return what public addresses mean on this host, the most important first."""
    prefix = "your provider's prefix"
    usable = subprefixes.usable(host)
    if usable:
        prefix = f"your provider's prefix {usable[0]}"
    return (
        f"Each container gets an address of its own out of {prefix}. The whole internet can reach "
        "it there, and sees it by that address.",
        "Such addresses rank above IPv4, so servers with both are reached over IPv6.",
        _who_filters(host),
    )


def _who_filters(host: Host) -> str:
    if isinstance(host.engine, Unknown):
        return "What comes in is filtered: what containers publish is let in."
    found = filtering.of_routed(host)
    if found.by_engine:
        return found.reason
    return (
        f"{found.reason.rstrip('.')}, so the wizard adds rules: ping and the ports that containers "
        "publish come in, unless you choose otherwise."
    )


def _catch(host: Host) -> str:
    answer = ""
    if not isinstance(host.uplink, Unknown):
        answer = f" on {host.uplink.interface}"
    return (
        "The catch with public addresses: no translation stands between a container and the "
        "internet any more, only the packet filter. And if the provider's router asks for each "
        f"address{answer}, something on this host has to answer as long as the containers run."
    )


def _questions(choices: Choices, host: Host | None) -> tuple[str, ...]:
    asked = ("addresses", "upstream", "network", "compose")
    return (*asked, "inwards") if host is not None and _can_choose_inwards(choices, host) else asked


def _can_choose_inwards(choices: Choices, host: Host) -> bool:
    """Return whether anything but published ports can be let in; a newer Docker decides itself."""
    return any(
        check_inwards(replace(choices, inwards=each), host) is None
        for each in Inwards
        if each is not Inwards.PUBLISHED
    )


def _opens(host: Host, choices: Choices) -> Open:
    return Open(open_on_each(host, choices), choices.inwards is not Inwards.ALL)


def _deviations(host: Host, choices: Choices) -> tuple[str, ...]:
    hidden = gateway_mode.hides(host, choices.network)
    found = moved_prefix.moved(choices, host)
    return (*((hidden,) if hidden else ()), *((found.sentence,) if found else ()))


BEHAVIOUR = Behaviour(
    mode=Mode.ROUTED,
    label="Public: routed",
    summary="Each container has a public address.",
    explanation=(
        "With public addresses every container is seen from outside at an address of its own. "
        "That needs a piece of your provider's prefix, and often a neighbour proxy: a helper that "
        "answers the provider's router in the containers' place. The wizard finds out whether it "
        "is needed, and sets it up."
    ),
    consequences=_consequences,
    catch=_catch,
    questions=_questions,
    mode_plan=mode_plan,
    opens=_opens,
    deviations=_deviations,
)
