"""What other keepers of the packet filter drop of the containers' packets, and what mends it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from wizard.answers import forwarded, other_tables
from wizard.answers.choices import Choices
from wizard.host import filtering
from wizard.host.chain import ForwardChain
from wizard.host.host import Host, Unknown
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.parts.ip6tables import FORWARDING
from wizard.platform import saved_rules
from wizard.platform.own_names import CHAIN
from wizard.platform.text import clean_line, enumerated
from wizard.ruleset import ip6tables
from wizard.ruleset.chains import Packet

_DOCKER = "docker0"
_USERS = "-j DOCKER-USER"
"""What leads to the chain that Docker leaves to the administrator."""
_LEADING_TO_DOCKER: tuple[str, ...] = (
    f"ip6tables -I FORWARD -j {FORWARDING}",
    f"ip6tables -I FORWARD {_USERS}",
)
_FIREWALLD = "firewalld"
"""Its table (firewalld.conf(5), with nftables)."""


def obstacles(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    """Yield what stands in the way of every plan.

    What firewalld drops is none where the choices let the wizard mend that itself.
    """
    yield from ufw(host)
    yield from forward_chains(host, choices)
    yield from _before_docker(host, choices)
    if choices is not None and not choices.firewalld:
        yield from firewalld(host, choices)
    if choices is not None:
        yield from _translated(host, choices)
        yield from _imitated(host, choices)


def ufw(host: Host) -> Iterator[Obstacle]:
    """Yield that ufw drops all IPv6, now or from its next reload on."""
    if not isinstance(host.firewall, Unknown) and host.firewall.ufw_drops_ipv6:
        yield Obstacle(
            Cause.UFW_WITHOUT_IPV6,
            "ufw is active without IPv6 (/etc/default/ufw, IPV6), by which it drops all IPv6 of "
            "this host, and so that of containers.",
            "Write IPV6=yes there, and type “ufw reload”. What was allowed before is for IPv4 "
            "alone: type “ufw allow” anew for what should be reached over IPv6 as well.",
        )


def forward_chains(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    """Yield which chains drop for certain what has to pass, each with what mends it.

    Those of nftables, and of the ip6tables that Docker does not work with.
    """
    if isinstance(host.firewall, Unknown) or isinstance(host.uplink, Unknown):
        return
    bridge = clean_line((choices or Choices()).bridge)
    public = choices is not None and choices.mode.addresses.public
    engine = host.engine
    apart = not isinstance(engine, Unknown) and filtering.uses_nftables(engine)
    packets = forwarded.packets(bridge, host.uplink.interface, choices, public=public)
    for chain in host.firewall.forward_chains:
        of_others = not chain.of_ip6tables and chain.table != filtering.TABLE
        if public and of_others and chain.translates(packets[0][1]):
            yield _translating(chain, bridge, packets[0][1])
        stopped = [(what, packet) for what, packet in packets if chain.stops(packet)]
        if not stopped:
            continue
        if chain.of_ip6tables:
            # Docker accepts in it, unless it keeps its rules in tables of its own.
            if apart and chain.hook == "forward":
                yield _policy(bridge)
        elif chain.table != _FIREWALLD:
            yield _dropping(chain, bridge, public, stopped)
    if not isinstance(host.ip6tables, Unknown):
        other = "ip6tables-nft" if host.ip6tables.legacy else "ip6tables-legacy"
        yield from _of_rules(
            host.ip6tables.other,
            other,
            packets,
            _accepting(other, bridge, answers_alone=not public),
        )
        for saved, program in (
            (host.ip6tables.beside_filter, "ip6tables"),
            (host.ip6tables.other, other),
        ):
            yield from other_tables.dropping(saved, program, bridge, packets)
            if public:
                yield from other_tables.translating(saved, program, bridge, packets)


def firewalld(host: Host, choices: Choices) -> Iterator[Obstacle]:
    """Yield what firewalld stops, with the commands by which it lets that through for good."""
    stopped = stopped_by_firewalld(host, choices)
    if not stopped:
        return
    public = choices.mode.addresses.public
    change = "firewall-cmd --permanent --policy=docker-ipv6"
    commands = (
        "firewall-cmd --permanent --new-policy=docker-ipv6",
        f"{change} --add-ingress-zone=ANY",
        f"{change} --add-egress-zone=ANY",
        *(
            f'{change} --add-rich-rule=\'rule family="ipv6" {end} '
            f'address="{choices.prefix}" accept\''
            for end in ("source", "destination")[: 1 + public]
        ),
        "firewall-cmd --reload",
    )
    yield Obstacle(
        Cause.FIREWALLD,
        f"firewalld drops {enumerated(stopped)}, whatever Docker and ip6tables accept.",
        "To let it through, now and after every reload and reboot, type:",
        commands,
    )


def of_ip6tables(saved: str, host: Host, choices: Choices) -> Iterator[Obstacle]:
    """Yield whether FORWARD drops what the containers need, with a set-up among its rules.

    ``saved`` is what ip6tables saves. What comes in is left out, of which the set-up itself drops
    some; nor is it accepted by the commands, but led to the rules that filter it.
    """
    if isinstance(host.uplink, Unknown):
        return
    bridge = clean_line(choices.bridge)
    chains = saved_rules.parse(saved, "filter")[1]
    commands: tuple[str, ...] = _accepting("ip6tables", bridge)
    if FORWARDING in chains:
        commands = _LEADING_TO_DOCKER
    elif CHAIN in chains:
        commands = (f"ip6tables -I FORWARD -j {CHAIN}",)
    packets = forwarded.packets(bridge, host.uplink.interface, choices, public=False)
    for each in _of_rules(saved, "ip6tables", packets, commands):
        yield replace(each, commands=_returning(bridge)) if _USERS in each.found else each


def _of_rules(
    saved: str,
    program: str,
    packets: Sequence[tuple[str, Packet]],
    commands: tuple[str, ...],
) -> Iterator[Obstacle]:
    stopped = [(what, packet) for what, packet in packets if ip6tables.closes(saved, packet)]
    if not stopped:
        return
    yield Obstacle(
        Cause.FORWARD_RULES,
        f"The FORWARD chain of {program} drops {enumerated(what for what, _ in stopped)}: "
        f"{clean_line(ip6tables.dropping(saved, stopped[0][1]))}.",
        "To let them through, write this where you keep your rules, and type:",
        commands,
    )


def stopped_by_firewalld(host: Host, choices: Choices) -> tuple[str, ...]:
    """Return what firewalld stops, in words, once the prefix is known.

    Docker puts its bridges into the zone that docker0 is in, which stands for one to be made.
    """
    if choices.prefix is None or isinstance(host.uplink, Unknown):
        return ()
    if isinstance(host.firewall, Unknown):
        return ()
    interfaces = () if isinstance(host.interfaces, Unknown) else host.interfaces
    bridge = next((each for each in (choices.bridge, _DOCKER) if each in interfaces), _DOCKER)
    public = choices.mode.addresses.public
    packets = forwarded.packets(bridge, host.uplink.interface, choices, public=public)
    chains = host.firewall.forward_chains
    own = [each for each in chains if (each.table, each.hook) == (_FIREWALLD, "forward")]
    return tuple(what for what, packet in packets if any(each.stops(packet) for each in own))


def _before_docker(host: Host, choices: Choices | None) -> Iterator[Obstacle]:
    """Yield whether FORWARD drops before Docker's chains what those would accept.

    Docker leads to them when it starts, and not when a network is made (seen on 28.5.2).
    """
    if isinstance(host.ip6tables, Unknown) or isinstance(host.engine, Unknown):
        return
    makes = filtering.makes_ip6tables(host.engine)
    if not host.ip6tables.before_docker or not makes or host.engine.release < filtering.OWN_CHAINS:
        return
    remedy = (
        "To have it lead to them first, write this at the end of the file in which you keep your "
        "rules, and type:"
    )
    commands = _LEADING_TO_DOCKER
    if _USERS in host.ip6tables.before_docker:
        commands = _returning(clean_line((choices or Choices()).bridge))
    elif not host.ip6tables.has_docker:
        remedy = (
            "They are not there any more, as after a restore of saved rules. Docker makes them "
            "when it starts; containers without “live-restore” stop and start with it. Type:"
        )
        commands = ("systemctl restart docker",)
    yield Obstacle(
        Cause.BEFORE_DOCKER,
        "The FORWARD chain of ip6tables drops what the containers send before it leads to "
        f"Docker's chains, which would accept it: {host.ip6tables.before_docker}.",
        remedy,
        commands,
    )


_STOP_IT = (
    "Stop what makes them (docker-ipv6nat is a container of the image robbertkl/ipv6nat, which "
    "“docker stop” ends and “docker rm” takes away), or choose {}. What it has left goes with the "
    "next boot; to take it out at once, type:"
)


def _translated(host: Host, choices: Choices) -> Iterator[Obstacle]:
    """Yield whether others send on what comes to published ports, as docker-ipv6nat does.

    It does so for networks with unique local addresses alone (its README).
    """
    if isinstance(host.ip6tables, Unknown) or isinstance(host.engine, Unknown):
        return
    rules = host.ip6tables.to_docker
    if not rules or host.engine.manages_ip6tables or choices.mode.addresses.public:
        return
    yield Obstacle(
        Cause.PORTS_TRANSLATED,
        "Something other than Docker makes Docker's rules for IPv6 on this host, as docker-ipv6nat "
        f"does: in ip6tables the table nat has the rule “-A {rules[0]}”. With private addresses "
        "such rules send what comes to published ports on to the containers, and the wizard's own "
        "rules drop it there, so that these ports would stop answering over IPv6.",
        _STOP_IT.format("public addresses, which it leaves alone"),
        tuple(f"ip6tables -t nat -D {each}" for each in rules),
    )


def _imitated(host: Host, choices: Choices) -> Iterator[Obstacle]:
    """Yield whether others make Docker's rules beside Docker, which they empty to begin with."""
    if isinstance(host.ip6tables, Unknown) or isinstance(host.engine, Unknown):
        return
    rule = host.ip6tables.imitated
    makes = filtering.makes_ip6tables(host.engine)
    if not rule or not makes or not choices.mode.addresses.public:
        return
    yield Obstacle(
        Cause.DOCKER_IMITATED,
        "Something other than Docker makes the rules of an earlier Docker beside those of this "
        f"one, as docker-ipv6nat does: ip6tables has the rule “-A {rule}”. Whenever that starts, "
        "as at every boot, it empties the chain DOCKER, and from then on nothing comes in to "
        "public addresses.",
        _STOP_IT.format("private addresses; this Docker does without such a program"),
        (f"ip6tables -D {rule}",),
    )


def _accepting(program: str, bridge: str, *, answers_alone: bool = True) -> tuple[str, str]:
    answers = "-m conntrack --ctstate ESTABLISHED,RELATED " if answers_alone else ""
    return (
        f"{program} -I FORWARD -i {bridge} -j ACCEPT",
        f"{program} -I FORWARD -o {bridge} {answers}-j ACCEPT",
    )


def _returning(bridge: str) -> tuple[str, str]:
    """Return the commands that lead past what an administrator drops, to what Docker drops."""
    return (
        f"ip6tables -I DOCKER-USER -i {bridge} -j RETURN",
        f"ip6tables -I DOCKER-USER -o {bridge} -j RETURN",
    )


def _policy(bridge: str) -> Obstacle:
    return Obstacle(
        Cause.FORWARD_POLICY,
        "Docker keeps its rules in tables of nftables here, and the FORWARD chain of ip6tables "
        "drops what it does not name, perhaps since a time when Docker worked with it. What one "
        "table accepts another still drops (docs.docker.com, Docker with nftables), so the "
        "containers would reach nobody.",
        "If nothing else on this host needs that policy, type: ip6tables --policy FORWARD ACCEPT. "
        "Otherwise let them through, and write the same where you keep your rules:",
        _accepting("ip6tables", bridge),
    )


def _dropping(
    chain: ForwardChain, bridge: str, public: bool, stopped: Sequence[tuple[str, Packet]]
) -> Obstacle:
    if chain.hook == "forward":
        answers = "" if public else "ct state established,related "
        lines = [f'iifname "{bridge}" accept', f'oifname "{bridge}" {answers}accept']
    else:
        lines = forwarded.lines(chain.hook, bridge, [each for _, each in stopped])
    inwards = " What may come in is filtered behind it all the same." if public else ""
    return Obstacle(
        Cause.FORWARD_CHAIN,
        f"{_named(chain)} drops {enumerated(what for what, _ in stopped)}, whatever Docker and "
        "ip6tables accept.",
        f"{_to_add(chain, lines)}{inwards} So that they hold at once, type:",
        _at_once(chain, lines),
    )


def _translating(chain: ForwardChain, bridge: str, sent: Packet) -> Obstacle:
    found = f"{_named(chain)} {other_tables.TRANSLATES}"
    if chain.table == _FIREWALLD:
        # Nobody else may write into it where firewalld owns it, and its reload makes it anew.
        return Obstacle(
            Cause.SOURCE_TRANSLATED,
            found,
            "Have the rich rule that masquerades IPv6 leave them out, by “source NOT "
            f'address="{forwarded.source(sent)}"” in it (firewalld.richlanguage(5)). To see which '
            "zone or policy has that rule, type:",
            ("firewall-cmd --list-all-zones", "firewall-cmd --list-all-policies"),
        )
    lines = forwarded.lines(chain.hook, bridge, [sent])
    return Obstacle(
        Cause.SOURCE_TRANSLATED,
        found,
        f"{_to_add(chain, lines)} So that it holds at once, type:",
        _at_once(chain, lines),
    )


def _named(chain: ForwardChain) -> str:
    return f"The chain “{chain.chain}” of the nftables table “{chain.family} {chain.table}”"


def _to_add(chain: ForwardChain, lines: Sequence[str]) -> str:
    where = "at the beginning of that chain, in the file that you keep it in"
    if chain.declared is not None:
        there = chain.declared
        where = f"to {there.path} below line {there.line} (“{there.text}”)"
    these = "this line" if len(lines) == 1 else "these two lines"
    return f"Add {these} {where}: {enumerated(f'“{each}”' for each in lines)}."


def _at_once(chain: ForwardChain, lines: Sequence[str]) -> tuple[str, ...]:
    place = f"{chain.family} {chain.table} {chain.chain}"
    return tuple(f"nft 'insert rule {place} {line}'" for line in lines)
