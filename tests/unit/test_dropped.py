"""A published port that is open today is lost where rules drop what Docker will send on."""

from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.unit.test_chains_on_the_way import (
    ACCEPT,
    BOGON,
    DROP,
    NEW,
    REPLIES,
    ip6,
    listed,
    meta,
    port,
    prefix,
)
from tests.unit.test_past_input import EVERYWHERE, publishing
from wizard.answers.choices import Mode
from wizard.host.host import Engine, Host
from wizard.inward.closed import InputRules
from wizard.noticed.losses import LossCause
from wizard.plan.planning import Plan, plan

DNAT = {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}
SET_ASIDE = {"set": [prefix("2001:2::", 48), prefix("2001:db8::", 32), prefix("100::", 64)]}
OF_DOCKER = [
    ":DOCKER-FORWARD - [0:0]",
    ":DOCKER-USER - [0:0]",
    "-A FORWARD -j DOCKER-USER",
    "-A FORWARD -j DOCKER-FORWARD",
    "-A DOCKER-FORWARD -i docker0 -j ACCEPT",
]


def saved(*rules: str, policy: str = "DROP") -> str:
    return "\n".join(["*filter", f":FORWARD {policy} [0:0]", *rules, "COMMIT", ""])


def planned(rules: InputRules, host: Host | None = None, mode: Mode = Mode.ULA) -> Plan:
    made = deployment(publishing(host or made_up_hosts.debian14(), *EVERYWHERE))
    choices = made.choices
    if mode is Mode.ROUTED:
        choices = replace(choices, mode=mode, prefix=IPv6Network("2001:db8:1:2:1::/80"))
    return plan(made.host, choices, replace(made.inputs, input=rules))


def lost(rules: InputRules, host: Host | None = None) -> list[str]:
    losses = planned(rules, host).losses
    return [each.name for each in losses if each.cause is LossCause.DROPPED]


BOTH = ["[::]:3000/tcp", "[::]:5353/udp"]
TCP, UDP = BOTH[:1], BOTH[1:]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], BOTH),
        ([[REPLIES, ACCEPT], [meta("iifname", "br-*"), ACCEPT]], BOTH),
        ([[meta("oifname", "br-*"), ACCEPT]], []),
        ([[DNAT, ACCEPT]], []),
        ([[port(3000), ACCEPT]], UDP),
        # What is published as 5353 comes to port 53 of the container.
        ([[{"match": {"op": "==", "left": {"payload": {"protocol": "udp", "field": "dport"}},
                      "right": 53}}, ACCEPT]], TCP),
        ([[{"limit": {"rate": 5}}, ACCEPT]], []),
    ],
)  # fmt: skip
def test_by_a_chain_of_nftables(rules: list[list[dict[str, Any]]], expected: list[str]) -> None:
    assert lost(InputRules("", listed("forward", 0, *rules, policy="drop"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # Before it is routed it comes to this host, as it does today.
        (listed("prerouting", -300, policy="drop"), []),
        (listed("forward", 0, [NEW, DROP], family="bridge"), []),
        (listed("postrouting", 0, [meta("oifname", "br-*"), NEW, DROP]), BOTH),
        (listed("postrouting", 0, [BOGON, DROP]), []),
        # What is set aside is no visitor's address (RFC 6890, and RFC 5180 for benchmarks).
        (listed("forward", 0, [ip6("saddr", SET_ASIDE), DROP]), []),
        (listed("forward", 0, [ip6("saddr", SET_ASIDE, "!="), DROP]), BOTH),
        ("[]", []),
    ],
)
def test_behind_the_routing_alone(text: str, expected: list[str]) -> None:
    assert lost(InputRules("", text)) == expected


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (OF_DOCKER, []),
        ([*OF_DOCKER, "-A DOCKER-USER -i eth0 -m conntrack --ctstate NEW -j DROP"], BOTH),
        ([*OF_DOCKER, "-A DOCKER-USER -i eth0 -m conntrack ! --ctstate DNAT -j DROP"], []),
        ([*OF_DOCKER, "-A DOCKER-USER -d fd00::/8 -p tcp -m tcp --dport 3000 -j DROP"], TCP),
        ([*OF_DOCKER, "-A DOCKER-USER -d 2001:db8::/32 -j DROP"], []),
        (
            [
                *OF_DOCKER,
                "-A DOCKER-USER -p udp -m udp --dport 53 -j RETURN",
                "-A DOCKER-USER -d fd00::/8 -j DROP",
            ],
            TCP,
        ),
        (["-A FORWARD -i eth0 -m conntrack --ctstate NEW -j DROP", *OF_DOCKER], BOTH),
        # Strangers are none of those whom a rule names.
        (
            [
                *OF_DOCKER,
                "-A DOCKER-USER -s fe80::/10 -j RETURN",
                "-A DOCKER-USER -s 2001:db8:5::/48 -j ACCEPT",
                "-A DOCKER-USER -d fd00::/8 -m conntrack --ctstate NEW -j DROP",
            ],
            BOTH,
        ),
        ([*OF_DOCKER, "-A DOCKER-USER ! -s 2001:db8:5::/48 -i eth0 -j DROP"], BOTH),
        ([*OF_DOCKER, "-A DOCKER-USER -s ::/0 -j RETURN", "-A DOCKER-USER -j DROP"], []),
        ([*OF_DOCKER, "-A FORWARD -i eth0 -j DROP"], []),
    ],
)
def test_by_rules_that_come_before_what_docker_accepts(
    rules: list[str], expected: list[str]
) -> None:
    chains, others = ([each for each in rules if each[0] == sign] for sign in ":-")
    assert lost(InputRules(saved(*chains, *others))) == expected


def test_by_the_table_mangle() -> None:
    mangle = "*mangle\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i eth0 -p tcp -j DROP\nCOMMIT\n"
    assert lost(InputRules(mangle + saved(*OF_DOCKER))) == TCP


def test_what_an_earlier_docker_accepts_stands_before_what_others_drop_in_forward() -> None:
    engine = Engine("27.5.1", "1.47", manages_ip6tables=True)
    host = made_up_hosts.debian14(engine=engine)
    assert lost(InputRules(saved("-A FORWARD -j DROP")), host) == []
    users = [":DOCKER-USER - [0:0]", "-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -j DROP"]
    assert lost(InputRules(saved(*users)), host) == BOTH


def test_only_where_docker_sends_it_on_and_this_host_lets_it_in_today() -> None:
    rules = InputRules("", listed("forward", 0, policy="drop"))
    assert lost(rules, made_up_hosts.debian13()) == []
    closing = "*filter\n:INPUT DROP [0:0]\nCOMMIT\n"
    assert lost(replace(rules, ip6tables=closing)) == []
    assert {each.cause for each in planned(rules, mode=Mode.ROUTED).losses} == {LossCause.ROUTED}


def test_it_is_said_why_and_what_keeps_it_and_that_is_not_said_to_be_open() -> None:
    made = planned(InputRules("", listed("forward", 0, policy="drop")))
    said = [each for each in made.notices if "stops answering" in each]
    assert "(web, tcp)" in said[0] and "(web, udp)" in said[1]
    assert "the chain “own” of the nftables table “inet edge” drops it" in said[0]
    command = 'insert rule inet edge own oifname "br-ipv6" tcp dport 3000 accept'
    assert f"type: nft '{command}'. Or leave web out" in said[0]
    assert not [each for each in made.notices if "The whole internet can connect" in each]
    # What is typed keeps it.
    mended = listed("forward", 0, [meta("oifname", "br-ipv6"), port(3000), ACCEPT], policy="drop")
    assert lost(InputRules("", mended)) == UDP


def test_the_rule_that_drops_it_is_named_with_one_that_leads_on_to_dockers_own() -> None:
    rule = "-A DOCKER-USER -i eth0 -j DROP"
    made = planned(InputRules(saved(*OF_DOCKER, rule)))
    said = next(each for each in made.notices if "stops answering" in each)
    assert f"the chain DOCKER-USER of ip6tables (by its rule “{rule}”) drops it" in said
    typed = "-I DOCKER-USER -o br-ipv6 -p tcp --dport 3000 -j RETURN"
    assert f"ip6tables -t filter {typed}" in said
    first = typed.replace("-I", "-A")
    assert lost(InputRules(saved(*OF_DOCKER, first, rule))) == UDP
