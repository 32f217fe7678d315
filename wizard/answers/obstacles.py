"""What stands in the way on a host: one list, for the host screen, every plan and every apply."""

from collections.abc import Callable, Iterator, Sequence

from wizard.answers.choices import Choices
from wizard.host import deprecated, filtering
from wizard.host.host import Earlier, ForwardChain, Host, Outward, Sysctls, Unknown
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.parts import docker_engine
from wizard.platform.text import clean_line
from wizard.record.record import words_of
from wizard.ruleset.chains import Packet

GO_ON_BY_FILE = (
    " To continue all the same, write “unproven = true” below [choices] into an answers file, and "
    "start “wizard --answers FILE”."
)
"""How to go on without a way out where nobody can be asked."""

Finder = Callable[[Host, Choices | None], Iterator[Obstacle]]
"""Yields what stands in the way on a host; the choices may be open yet."""


def obstacles(host: Host, choices: Choices | None = None) -> tuple[Obstacle, ...]:
    """Return what stands in the way on this host. With any of these nothing can be planned."""
    return tuple(dict.fromkeys(each for find in FINDERS for each in find(host, choices)))


def _not_known(part: Unknown, meaning: str = "") -> Obstacle:
    return Obstacle(part.cause, f"{part.reason} {meaning}".rstrip())


def _debian(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.debian, Unknown):
        yield _not_known(host.debian)


def _engine(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.engine, Unknown):
        yield _not_known(host.engine)
        return
    yield from docker_engine.obstacles(host.engine)
    if isinstance(host.networks, Unknown):
        yield _not_known(host.networks)
    if not host.engine.manages_ip6tables and isinstance(host.ip6tables, Unknown):
        yield _not_known(host.ip6tables, "Without it the wizard can make no rules.")


def _uplink(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.sysctls, Sysctls) and host.sysctls.disabled:
        yield Obstacle(
            Cause.IPV6_OFF,
            "IPv6 is switched off on this host, by net.ipv6.conf.all.disable_ipv6=1 or by "
            "ipv6.disable=1 on the kernel's command line.",
            "Switch it on, set up the uplink, and start the wizard again.",
        )
    elif isinstance(host.uplink, Unknown):
        yield _not_known(host.uplink)


def _deprecated(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    yield from deprecated.obstacles(host)


def _earlier(host: Host, _choices: Choices | None) -> Iterator[Obstacle]:
    if host.root and isinstance(host.earlier, Unknown):
        yield Obstacle(Cause.RECORD_UNREADABLE, host.earlier.reason)
    if isinstance(host.earlier, Earlier) and host.earlier.in_the_way:
        yield Obstacle(
            Cause.EARLIER_RUN,
            "An earlier run of the wizard is on this host "
            f"({words_of(host.earlier.state)}, started {host.earlier.started}).",
            "Take it back first, with “wizard --undo”; “wizard --status” tells what it did.",
        )


def _outward(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    unproven = choices is not None and choices.unproven
    if any(_uplink(host, choices)):
        # Why it does not is said there.
        return
    if isinstance(host.outward, Outward) and not (host.outward.works or unproven):
        yield no_way_out(host.outward.evidence)


def no_way_out(evidence: str) -> Obstacle:
    """Return what to say where the host itself reaches nobody over IPv6."""
    return Obstacle(
        Cause.NO_WAY_OUT,
        f"The host itself does not get out over IPv6 ({evidence}). Its containers will not either "
        "until it does, and whether they work could not be tried.",
        "Put that right first. If another address does answer this host, name it with “wizard "
        f"--target ADDRESS”.{GO_ON_BY_FILE}",
    )


def _forward_chains(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    if isinstance(host.firewall, Unknown) or isinstance(host.uplink, Unknown):
        return
    bridge = clean_line((choices or Choices()).bridge)
    public = choices is not None and choices.mode.addresses.public
    engine = host.engine
    apart = not isinstance(engine, Unknown) and filtering.uses_nftables(engine)
    packets = _packets(bridge, host.uplink.interface, public)
    for chain in host.firewall.forward_chains:
        stopped = [what for what, packet in packets if chain.stops(packet)]
        if not stopped:
            continue
        if chain.of_ip6tables:
            # Docker accepts in it, unless it keeps its rules in tables of its own.
            if apart:
                yield _policy(bridge)
        # firewalld says by its own commands what it forwards; the packets tell how it is.
        elif chain.table != "firewalld":
            yield _dropping(chain, bridge, public, stopped)


def _packets(bridge: str, uplink: str, public: bool) -> tuple[tuple[str, Packet], ...]:
    """Return the packets that have to pass, each with what it is in words."""
    packets = (
        ("what the containers send", Packet(bridge, "tcp", 443, uplink)),
        ("the answers to them", Packet(uplink, "tcp", None, bridge, "established")),
    )
    asked = Packet(uplink, "tcp", None, bridge)
    return (*packets, ("what comes in to them", asked)) if public else packets


def _policy(bridge: str) -> Obstacle:
    commands = (
        f"ip6tables -I FORWARD -i {bridge} -j ACCEPT",
        f"ip6tables -I FORWARD -o {bridge} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    )
    return Obstacle(
        Cause.FORWARD_POLICY,
        "Docker keeps its rules in tables of nftables here, and the FORWARD chain of ip6tables "
        "drops what it does not name, perhaps since a time when Docker worked with it. What one "
        "table accepts another still drops (docs.docker.com, Docker with nftables), so the "
        "containers would reach nobody.",
        "If nothing else on this host needs that policy, type: ip6tables --policy FORWARD ACCEPT. "
        "Otherwise let them through, and write the same where you keep your rules:",
        commands,
    )


def _dropping(chain: ForwardChain, bridge: str, public: bool, stopped: Sequence[str]) -> Obstacle:
    place = f"{chain.family} {chain.table} {chain.chain}"
    answers = "" if public else "ct state established,related "
    lines = [f'iifname "{bridge}" accept', f'oifname "{bridge}" {answers}accept']
    commands = tuple(f"nft 'insert rule {place} {line}'" for line in lines)
    inwards = " What may come in is filtered behind it all the same." if public else ""
    where = "at the beginning of that chain, in the file that you keep it in"
    if chain.declared is not None:
        there = chain.declared
        where = f"to {there.path} below line {there.line} (“{there.text}”)"
    return Obstacle(
        Cause.FORWARD_CHAIN,
        f"The chain “{chain.chain}” of the nftables table “{chain.family} {chain.table}” drops "
        f"{' and '.join(stopped)}, whatever Docker and ip6tables accept.",
        f"Add these two lines {where}: “{lines[0]}” and “{lines[1]}”.{inwards} So that they hold "
        "at once, type:",
        commands,
    )


FINDERS: tuple[Finder, ...] = (
    _debian,
    _engine,
    _uplink,
    _deprecated,
    _earlier,
    _outward,
    _forward_chains,
)
"""Everything that may stand in the way, in the order in which it is said."""
