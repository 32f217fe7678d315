"""IPv4 that Docker takes over to the new network is not dropped there, or nothing is planned."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from tests.unit.test_chains_on_the_way import (
    ACCEPT,
    DROP,
    REPLIES,
    asks,
    listed,
    meta,
    port,
    prefix,
)
from tests.unit.test_past_input import publishing
from wizard.host.host import Engine, Host, Unknown
from wizard.inward.closed import InputRules
from wizard.plan.planning import plan
from wizard.platform.errors import Refused

SENT, ANSWERS = "what they send", "the answers to it"
PORTS = ("0.0.0.0:3000->3000/tcp", "[::]:3000->3000/tcp", "127.0.0.1:4000->4000/tcp")
VISITORS = "what comes to 0.0.0.0:3000/tcp"
OF_DOCKER = Path(__file__).parent / "recorded/docker-29.7.2-nftables/nft.json"
NEW = "172.31.0.0/16"


def ip(field: str, right: object) -> dict[str, Any]:
    return asks({"payload": {"protocol": "ip", "field": field}}, right)


SET_ASIDE = {"set": [prefix("198.18.0.0", 15), prefix("192.0.2.0", 24)]}
IPV6 = [meta("nfproto", "ipv6"), ACCEPT]
TO_OLD = [ip("daddr", prefix("172.16.0.0", 13)), ACCEPT]
FROM_OLD = [ip("saddr", prefix("172.16.0.0", 13)), ACCEPT]
FROM_BRIDGES = [meta("iifname", "br-*"), ACCEPT]


def chain(*rules: list[dict[str, Any]], **fields: Any) -> InputRules:
    text = listed("forward", 0, *rules, policy="drop", **fields)
    return InputRules("", text, "*filter\n:FORWARD ACCEPT [0:0]\n:DOCKER - [0:0]\nCOMMIT\n")


def user(*rules: str) -> InputRules:
    head = ["*filter", ":FORWARD DROP [0:0]", ":DOCKER-USER - [0:0]", ":DOCKER - [0:0]"]
    chained = [f"-A DOCKER-USER {each}" for each in rules]
    return InputRules(
        "", "", "\n".join([*head, "-A FORWARD -j DOCKER-USER", *chained, "COMMIT", ""])
    )


def refused(rules: InputRules, host: Host | None = None) -> str:
    made = deployment(publishing(host or made_up_hosts.debian13(), *PORTS))
    try:
        plan(made.host, made.choices, replace(made.inputs, input=rules))
    except Refused as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("rules", "lost"),
    [
        (chain([REPLIES, ACCEPT], IPV6, FROM_BRIDGES, TO_OLD), [VISITORS]),
        (chain([REPLIES, ACCEPT], IPV6, FROM_OLD, TO_OLD), [SENT, VISITORS]),
        (chain(IPV6, FROM_OLD, TO_OLD), [SENT, ANSWERS, VISITORS]),
        (chain(FROM_OLD, TO_OLD, family="ip"), [SENT, ANSWERS, VISITORS]),
        (chain([REPLIES, ACCEPT], FROM_BRIDGES, [port(3000), ACCEPT]), []),
        # What is set aside is nobody's whom containers reach, or are reached by.
        (chain([ip("saddr", SET_ASIDE), DROP], [ip("daddr", SET_ASIDE), DROP], IPV6, FROM_OLD,
               TO_OLD), [SENT, ANSWERS, VISITORS]),
        # What does not pass today is lost by nothing that is done here.
        (chain(IPV6), []),
        (chain(FROM_OLD, family="ip6"), []),
        (InputRules("", listed("input", 0, policy="drop")), []),
        (user("-i eth0 ! -d 172.16.0.0/13 -j DROP"), [ANSWERS, VISITORS]),
        (user("-d 172.16.0.0/13 -j RETURN", "-i eth0 -m conntrack --ctstate NEW -j DROP"),
         [VISITORS]),
        (user("-s 198.51.100.0/24 -j RETURN", "-i eth0 -j RETURN"), []),
        (user("-i eth0 -j DROP"), []),
        (InputRules(None, None, None), []),
    ],
)  # fmt: skip
def test_what_passes_by_the_old_network_alone_is_told_and_nothing_is_planned(
    rules: InputRules, lost: list[str]
) -> None:
    said = refused(rules)
    # That IPv6 is dropped as well is told of the chains that were detected.
    assert [each for each in (SENT, ANSWERS, VISITORS) if each in said] == lost
    assert bool(said) is bool(lost)
    if lost:
        assert "mastodon_ipv6" in said and NEW in said


@pytest.mark.parametrize(
    ("saved", "told"),
    [("", False), ("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n", False), (None, True)],
)
def test_where_docker_makes_no_rules_for_ipv4_its_proxy_hears_visitors_as_before(
    saved: str | None, told: bool
) -> None:
    said = refused(replace(chain(IPV6, FROM_OLD, TO_OLD), iptables=saved))
    assert SENT in said and ANSWERS in said
    assert (VISITORS in said) is told


@pytest.mark.parametrize(("family", "told"), [("ip", True), ("ip6", False)])
def test_that_is_read_from_its_tables_where_it_keeps_rules_in_nftables(
    family: str, told: bool
) -> None:
    rules = json.loads(chain(IPV6, FROM_OLD, TO_OLD).nftables or "")
    # Docker's documentation has both tables alike; that of IPv6 was recorded.
    recorded = OF_DOCKER.read_text().replace('"ip6"', f'"{family}"')
    rules["nftables"] += json.loads(recorded)["nftables"]
    engine = Engine("29.7.2", "1.52", manages_ip6tables=True, firewall_backend="nftables")
    said = refused(InputRules("", json.dumps(rules)), made_up_hosts.debian13(engine=engine))
    assert SENT in said and ANSWERS in said
    assert (VISITORS in said) is told


def test_the_lines_that_are_told_keep_it() -> None:
    said = refused(chain(IPV6, FROM_OLD, TO_OLD))
    lines = [each.split("'")[1] for each in said.partition("type: ")[2].split("; ")]
    begin = "insert rule inet edge own "
    assert [each.removeprefix(begin) for each in lines] == [
        'iifname "br-ipv6" accept',
        'oifname "br-ipv6" ct state established,related accept',
        'oifname "br-ipv6" tcp dport 3000 accept',
    ]
    to_bridge = meta("oifname", "br-ipv6")
    added = [
        [meta("iifname", "br-ipv6"), ACCEPT],
        [to_bridge, REPLIES, ACCEPT],
        [to_bridge, port(3000), ACCEPT],
    ]
    assert refused(chain(*added, IPV6, FROM_OLD, TO_OLD)) == ""
    typed = refused(user("-i eth0 ! -d 172.16.0.0/13 -j DROP")).partition("type: ")[2]
    assert typed.split("; ") == [
        "iptables -t filter -I DOCKER-USER -o br-ipv6 -m conntrack --ctstate ESTABLISHED,RELATED "
        "-j RETURN",
        "iptables -t filter -I DOCKER-USER -o br-ipv6 -p tcp --dport 3000 -j RETURN",
    ]
    before = [each.partition("DOCKER-USER ")[2] for each in typed.split("; ")]
    assert refused(user(*before, "-i eth0 ! -d 172.16.0.0/13 -j DROP")) == ""


def test_a_network_without_ipv4_takes_nothing_over() -> None:
    rules = chain(IPV6, FROM_OLD, TO_OLD)
    host = made_up_hosts.debian14()
    assert not isinstance(host.networks, Unknown)
    assert refused(rules, host) == ""


def test_zones_of_firewalld_take_in_a_bridge_of_dockers() -> None:
    text = chain(IPV6, FROM_OLD, TO_OLD).nftables or ""
    assert refused(InputRules("", text.replace('"edge"', '"firewalld"'))) == ""
