"""Which filters stand in the way, what causes it, and what is typed against each."""

from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from wizard.answers import firewalls, obstacles
from wizard.answers.choices import Choices, Mode
from wizard.host.chain import Declared, ForwardChain
from wizard.host.host import (
    Earlier,
    Engine,
    Firewall,
    Host,
    Ip6tablesCommand,
    Unknown,
)
from wizard.host.obstacle import Cause, Obstacle
from wizard.ruleset.chains import Packet

PRIVATE = Choices(bridge="br-six", prefix=IPv6Network("fd00:1::/64"))
PUBLIC = replace(PRIVATE, mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80"))
RULE = "PREROUTING -j DOCKER"
HIDDEN = Unknown("It hides.", Cause.NOT_FOUND_OUT)


class Shut(ForwardChain):
    """A chain that drops all that is forwarded."""

    def stops(self, packet: Packet) -> bool:
        SEEN.append(packet)
        return True


SEEN: list[Packet] = []


def chain(table: str = "mine", declared: Declared | None = None) -> Firewall:
    made = made_up_hosts.debian12()
    assert not isinstance(made.firewall, Unknown)
    return replace(
        made.firewall,
        forward_chains=(Shut("inet", table, "forward", declared=declared),),
    )


def rules(**told: Any) -> Ip6tablesCommand:
    return replace(Ip6tablesCommand("1.8.9", False, True), **told)


def found(host: Host, choices: Choices | None = PRIVATE) -> list[Obstacle]:
    return list(obstacles.obstacles(host, choices))


def _switched_off() -> Host:
    host = made_up_hosts.debian12()
    assert not isinstance(host.sysctls, Unknown)
    return replace(host, sysctls=replace(host.sysctls, disabled=True))


OFF = _switched_off()
CLOSED = "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"


@pytest.mark.parametrize(
    ("host", "choices", "cause", "begins"),
    [
        (
            made_up_hosts.debian12(firewall=Firewall(ufw=True, ufw_drops_ipv6=True)),
            PRIVATE,
            Cause.UFW_WITHOUT_IPV6,
            "ufw is active without IPv6 (/etc/default/ufw, IPV6), by which it drops all IPv6",
        ),
        (
            made_up_hosts.debian12(firewall=chain()),
            PRIVATE,
            Cause.FORWARD_CHAIN,
            "The chain “forward” of the nftables table “inet mine” drops what the containers send "
            "and the answers to them, whatever Docker",
        ),
        (
            made_up_hosts.debian12(firewall=chain("firewalld")),
            replace(PRIVATE, firewalld=False),
            Cause.FIREWALLD,
            "firewalld drops what the containers send and the answers to them, whatever Docker",
        ),
        (
            made_up_hosts.debian12(ip6tables=rules(other=CLOSED)),
            PUBLIC,
            Cause.FORWARD_RULES,
            "The FORWARD chain of ip6tables-legacy drops what the containers send, the answers to "
            "them and what comes in to them: by its policy.",
        ),
        (
            made_up_hosts.debian14(ip6tables=rules(before_docker="by its policy")),
            PRIVATE,
            Cause.BEFORE_DOCKER,
            "The FORWARD chain of ip6tables drops what the containers send before it leads to",
        ),
        (
            made_up_hosts.debian12(ip6tables=rules(to_docker=(RULE,))),
            PRIVATE,
            Cause.PORTS_TRANSLATED,
            "Something other than Docker makes Docker's rules for IPv6 on this host",
        ),
        (
            made_up_hosts.debian14(ip6tables=rules(imitated="FORWARD -j X")),
            PUBLIC,
            Cause.DOCKER_IMITATED,
            "Something other than Docker makes the rules of an earlier Docker beside those",
        ),
        (
            made_up_hosts.debian12(engine=Engine("17.03.0", "1.27", False)),
            PRIVATE,
            Cause.DOCKER_TOO_OLD,
            "Docker 17.03.0 is older than 17.06",
        ),
        (made_up_hosts.debian12(engine=HIDDEN), PRIVATE, Cause.NOT_FOUND_OUT, "It hides."),
        (made_up_hosts.debian12(networks=HIDDEN), PRIVATE, Cause.NOT_FOUND_OUT, "It hides."),
        (made_up_hosts.debian12(uplink=HIDDEN), PRIVATE, Cause.NOT_FOUND_OUT, "It hides."),
        (made_up_hosts.debian12(debian=HIDDEN), PRIVATE, Cause.NOT_FOUND_OUT, "It hides."),
        (
            made_up_hosts.debian12(ip6tables=HIDDEN),
            PRIVATE,
            Cause.NOT_FOUND_OUT,
            "It hides. Without it the wizard can make no rules.",
        ),
        (made_up_hosts.debian12(earlier=HIDDEN), PRIVATE, Cause.RECORD_UNREADABLE, "It hides."),
        (OFF, PRIVATE, Cause.IPV6_OFF, "IPv6 is switched off on this host, by net.ipv6"),
        (replace(OFF, uplink=HIDDEN), PRIVATE, Cause.IPV6_OFF, "IPv6 is switched off on this"),
    ],
)
def test_what_stands_in_the_way_is_found_with_its_cause(
    host: Host, choices: Choices, cause: Cause, begins: str
) -> None:
    (each,) = found(host, choices)
    assert each.cause is cause
    assert each.found.startswith(begins)
    assert not each.commands or each.remedy.lower().endswith("type:")


@pytest.mark.parametrize(
    "host",
    [
        made_up_hosts.debian12(),
        # Docker makes the rules there, and who is no user with all rights may not read the record.
        made_up_hosts.debian14(ip6tables=HIDDEN),
        made_up_hosts.debian12(earlier=HIDDEN, root=False),
        made_up_hosts.debian14(ip6tables=rules(to_docker=(RULE,))),
        made_up_hosts.debian12(firewall=HIDDEN),
        made_up_hosts.debian13(ip6tables=rules(before_docker="by its policy")),
    ],
)
def test_on_these_hosts_nothing_is_in_the_way(host: Host) -> None:
    for choices in (None, PRIVATE, PUBLIC, replace(PRIVATE, firewalld=False)):
        assert found(host, choices) == []


@pytest.mark.parametrize("hidden", ["engine", "ip6tables"])
@pytest.mark.parametrize(
    "told", [{"before_docker": "by its policy"}, {"to_docker": (RULE,)}, {"imitated": RULE}]
)
def test_of_rules_or_a_docker_that_nobody_knows_no_rule_is_told(
    hidden: str, told: dict[str, Any]
) -> None:
    host = made_up_hosts.debian14(ip6tables=rules(**told))
    host = replace(host, engine=HIDDEN) if hidden == "engine" else replace(host, ip6tables=HIDDEN)
    for choices in (PRIVATE, PUBLIC):
        assert {each.cause for each in found(host, choices)} <= {Cause.NOT_FOUND_OUT}


@pytest.mark.parametrize(
    ("choices", "ends"),
    [(PRIVATE, ["source"]), (PUBLIC, ["source", "destination"])],
)
def test_firewalld_gets_a_policy_of_its_own_for_good(choices: Choices, ends: list[str]) -> None:
    host = made_up_hosts.debian12(firewall=chain("firewalld"))
    (each,) = found(host, replace(choices, firewalld=False))
    change = "firewall-cmd --permanent --policy=docker-ipv6"
    assert each.commands == (
        "firewall-cmd --permanent --new-policy=docker-ipv6",
        f"{change} --add-ingress-zone=ANY",
        f"{change} --add-egress-zone=ANY",
        *(
            f'{change} --add-rich-rule=\'rule family="ipv6" {end} address="{choices.prefix}" '
            "accept'"
            for end in ends
        ),
        "firewall-cmd --reload",
    )
    assert firewalls.stopped_by_firewalld(host, choices)
    for unknown in (
        replace(host, uplink=HIDDEN),
        replace(host, firewall=HIDDEN),
        replace(host, firewall=chain("mine")),
    ):
        assert firewalls.stopped_by_firewalld(unknown, choices) == ()
    assert firewalls.stopped_by_firewalld(host, replace(choices, prefix=None)) == ()


@pytest.mark.parametrize(
    ("choices", "answers", "inwards"),
    [(PRIVATE, "ct state established,related ", ""), (PUBLIC, "", " What may come in is filtered "
     "behind it all the same.")],
)  # fmt: skip
def test_the_lines_for_a_chain_go_where_it_is_declared(
    choices: Choices, answers: str, inwards: str
) -> None:
    lines = ['iifname "br-six" accept', f'oifname "br-six" {answers}accept']
    commands = tuple(f"nft 'insert rule inet mine forward {line}'" for line in lines)
    for declared, where in (
        (None, "at the beginning of that chain, in the file that you keep it in"),
        (
            Declared("/etc/own.nft", 7, "policy drop;"),
            "to /etc/own.nft below line 7 (“policy drop;”)",
        ),
    ):
        (each,) = found(made_up_hosts.debian12(firewall=chain(declared=declared)), choices)
        assert each.commands == commands
        assert each.remedy == (
            f"Add these two lines {where}: “{lines[0]}” and “{lines[1]}”.{inwards} So that they "
            "hold at once, type:"
        )


@pytest.mark.parametrize("choices", [PRIVATE, PUBLIC])
def test_what_has_to_pass_is_asked_of_every_chain(choices: Choices) -> None:
    prefix = choices.prefix
    passing = [
        Packet("br-six", "tcp", 443, "eth0", source=prefix, translated=choices is PRIVATE),
        Packet(
            *("eth0", "tcp", None, "br-six", "established"),
            target=prefix,
            translated=choices is PRIVATE,
        ),
        Packet("eth0", "tcp", None, "br-six", target=prefix),
    ][: 3 if choices is PUBLIC else 2]
    SEEN.clear()
    found(made_up_hosts.debian12(firewall=chain()), choices)
    assert passing == SEEN


@pytest.mark.parametrize(
    ("interfaces", "bridge"),
    [
        (("lo", "eth0", "docker0", "br-six"), "br-six"),
        (("lo", "eth0", "docker0"), "docker0"),
        (("lo", "eth0"), "docker0"),
        (HIDDEN, "docker0"),
    ],
)
def test_firewalld_is_asked_by_the_bridge_or_by_dockers_own_while_there_is_none(
    interfaces: tuple[str, ...] | Unknown, bridge: str
) -> None:
    host = made_up_hosts.debian12(firewall=chain("firewalld"), interfaces=interfaces)
    SEEN.clear()
    assert firewalls.stopped_by_firewalld(host, PRIVATE)
    assert {(each.interface, each.outgoing) for each in SEEN} == {
        (bridge, "eth0"),
        ("eth0", bridge),
    }


@pytest.mark.parametrize("choices", [PRIVATE, PUBLIC])
def test_among_the_rules_of_a_set_up_what_comes_in_is_its_own_business(choices: Choices) -> None:
    host = made_up_hosts.debian12()
    inwards = (
        "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i br-six -j ACCEPT\n"
        "-A FORWARD -o br-six -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n"
    )
    assert list(firewalls.of_ip6tables(inwards, host, choices)) == []
    (each,) = firewalls.of_ip6tables(CLOSED, host, choices)
    assert each.found == (
        "The FORWARD chain of ip6tables drops what the containers send and the answers to them: by "
        "its policy."
    )
    assert each.commands == (
        "ip6tables -I FORWARD -i br-six -j ACCEPT",
        "ip6tables -I FORWARD -o br-six -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    )
    assert list(firewalls.of_ip6tables(CLOSED, replace(host, uplink=HIDDEN), choices)) == []


@pytest.mark.parametrize(("project", "named"), [("mastodon", " mastodon"), ("", "")])
def test_an_earlier_run_is_told_with_its_project(project: str, named: str) -> None:
    started = "2026-11-01T06:00:00"
    earlier = (Earlier(Path("/r"), "applied", started, True, project),)
    (each,) = found(made_up_hosts.debian12(earlier=earlier), Choices(project="mastodon"))
    assert each.cause is Cause.EARLIER_RUN
    whose = f" for {project}" if project else ""
    assert each.found.startswith(f"An earlier run of the wizard{whose} is on this host (")
    assert each.found.endswith(").")
    first = f"“wizard --change{named}” gives it other answers. To begin anew t" if named else "T"
    assert each.remedy.startswith(f"{first}ake it back first, with “wizard --undo{named}”; ")


@pytest.mark.parametrize(
    ("state", "first"), [("unconfirmed", "Keep it, with “wizard --keep”, or t"), ("undoing", "T")]
)
def test_what_waits_for_an_answer_can_be_kept(state: str, first: str) -> None:
    earlier = (Earlier(Path("/r"), state, "2026-11-01T06:00:00", True, "mastodon"),)
    (each,) = found(made_up_hosts.debian12(earlier=earlier), Choices(project="mastodon"))
    assert each.remedy.startswith(f"{first}ake it back")
