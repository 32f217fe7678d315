"""ULA + NAT66: unique local addresses inside, the host's own address outside."""

from wizard.answers.choices import Choices, Mode
from wizard.answers.prefixes import first_subnet
from wizard.host import bridge_options
from wizard.host.host import Engine, Host, Unknown
from wizard.host.known import KnownHost
from wizard.modes import advertisements, closed_ports, shared
from wizard.modes.base import Behaviour, Open
from wizard.modes.compose_files import with_compose_files
from wizard.modes.kept_filter import kept_filter
from wizard.modes.mode_plan import ModePlan
from wizard.modes.plan_inputs import PlanInputs
from wizard.platform.errors import Refused
from wizard.steps import systemd_unit
from wizard.steps.base import Step
from wizard.steps.ip6tables import Ip6tables

_MASQUERADING = {
    bridge_options.GATEWAY_MODE: "nat",
    bridge_options.MASQUERADE: "true",
}
"""What a bridge network of Docker's has unless the host's own defaults say otherwise."""


def mode_plan(host: KnownHost, choices: Choices, inputs: PlanInputs) -> ModePlan:
    """Return the steps: forwarding, rules where Docker makes none, network, file, containers.

    From 27 on Docker masquerades every IPv6 bridge network by itself
    (Docker Engine 27.0 release notes, "ip6tables" is on by default).

    Raises:
        Refused: Docker or the prefix is not known, or the Compose file cannot be changed.
    """
    if choices.prefix is None:
        raise Refused("A prefix has to be chosen first.")
    subnet = str(first_subnet(choices.prefix))
    steps: list[Step | None] = [shared.forwarding(host, inputs)]
    remarks = []
    closed = closed_ports.step(host, choices, inputs)
    rules: Ip6tables | None = closed
    if closed is None and host.engine.manages_ip6tables:
        remarks.append(
            f"No packet filter rules and no unit: Docker {host.engine.version} makes the rules for "
            "IPv6 itself, masquerade among them, and puts them back whenever it starts."
        )
    elif closed is None:
        rules = Ip6tables(
            choices.bridge,
            subnet,
            legacy=not isinstance(host.ip6tables, Unknown) and host.ip6tables.legacy,
            previous=inputs.files.get(Ip6tables.path),
        )
    if rules is not None:
        steps += [
            rules,
            systemd_unit.rules_and_sysctls(inputs.files.get(systemd_unit.PATH), rules),
            kept_filter(rules, host.uplink.interface, inputs),
        ]
    network, compose_files = with_compose_files(
        host,
        choices,
        inputs,
        shared.network(host, choices, subnet, inputs, _masquerading(host.engine)),
    )
    # After the network, so that it ends before what Docker switched on for that is put back.
    keep_listening = advertisements.keep_listening(host, inputs)
    steps += [network, keep_listening, *compose_files, shared.attach(host, choices)]
    return shared.mode_plan(host, choices, inputs, steps, remarks)


def _masquerading(engine: Engine) -> tuple[tuple[str, str], ...]:
    """Return the options that the network has to name, since the host's defaults say otherwise."""
    defaults = dict(engine.network_defaults)
    return tuple(
        (key, value) for key, value in _MASQUERADING.items() if defaults.get(key, value) != value
    )


def _consequences(host: Host) -> tuple[str, ...]:
    """Return what private addresses mean on this host, the most important first."""
    own = "the address of this host"
    if not isinstance(host.uplink, Unknown) and host.uplink.addresses:
        own = f"this host's own address ({host.uplink.addresses[0].interface.ip})"
    rules, but = "The packet filter rules for it are made.", ""
    if not isinstance(host.engine, Unknown):
        version = f"Docker {host.engine.version}"
        rules = (
            f"{version} makes the rules for this itself."
            if host.engine.manages_ip6tables
            else f"{version} makes no rules for IPv6, so the wizard adds them, also for after "
            "a reboot."
        )
    if not isinstance(host.engine, Unknown) and host.engine.manages_ip6tables:
        but = ", but to the ports that they publish on every address of this host"
    return (
        f"Containers get addresses that only this host knows, and go out with {own}.",
        f"They reach the IPv6 internet, and nobody outside can connect to them{but}.",
        rules,
    )


def _catch(_host: Host) -> str:
    return (
        "The catch with private addresses: by the rules (RFC 6724) they rank below IPv4, so a "
        "server that has both is reached over IPv4. Mastodon tries IPv6 first all the same. "
        "Other programs can be told to in Debian images (/etc/gai.conf of glibc), but not in "
        "Alpine ones (musl)."
    )


BEHAVIOUR = Behaviour(
    mode=Mode.ULA,
    label="Private: ULA and NAT66",
    summary="They go out with this host's own address.",
    explanation=(
        "With private addresses the host puts its own public address on every packet that leaves, "
        "and hands the answers back to the right container. That is called masquerading or NAT66, "
        "and it is what Docker has always done with IPv4. It works wherever the host itself has "
        "IPv6, and asks nothing of your provider."
    ),
    consequences=_consequences,
    catch=_catch,
    questions=lambda _choices, _host: ("addresses", "network", "compose"),
    mode_plan=mode_plan,
    opens=lambda _host, _choices: Open(),
    deviations=lambda _host, _choices: (),
)
