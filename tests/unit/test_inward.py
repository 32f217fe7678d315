"""Whether a host's own rules close a port to strangers: for certain, or nobody knows."""

import json
from typing import Any

import pytest

from wizard.ruleset import ip6tables, nftables
from wizard.ruleset.chains import Packet

WEB = Packet("eth0", "tcp", 3000)
NAMES = Packet("eth0", "udp", 53)


def saved(*rules: str, policy: str = "ACCEPT") -> str:
    chains = dict.fromkeys(rule.split()[1] for rule in rules if not rule.startswith("-A INPUT"))
    head = [
        f":INPUT {policy} [5:400]",
        ":FORWARD DROP [0:0]",
        *(f":{each} - [0:0]" for each in chains),
    ]
    return "\n".join(["# Generated", "*filter", *head, *rules, "COMMIT", ""])


IP6TABLES: dict[str, tuple[str, bool | None]] = {
    "nothing": ("", False),
    "an empty chain": (saved(), False),
    "a policy": (saved(policy="DROP"), True),
    "a policy, and the port let in": (
        saved("-A INPUT -p tcp -m tcp --dport 3000 -j ACCEPT", policy="DROP"),
        False,
    ),
    "a policy, and another port let in": (
        saved("-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", policy="DROP"),
        True,
    ),
    "a policy, and friends let in": (
        saved("-A INPUT -s 2001:db8:f::/48 -j ACCEPT", policy="DROP"),
        True,
    ),
    "a policy, and all but somebody let in": (
        saved("-A INPUT ! -s 2001:db8:f::/48 -j ACCEPT", policy="DROP"),
        False,
    ),
    "a policy, and answers let in": (
        saved(
            "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "-A INPUT -i lo -j ACCEPT",
            "-A INPUT -p ipv6-icmp -j ACCEPT",
            policy="DROP",
        ),
        True,
    ),
    "the port": (saved("-A INPUT -p tcp -m tcp --dport 3000 -j DROP"), True),
    "the port, refused": (
        saved("-A INPUT -p tcp -m tcp --dport 3000 -j REJECT --reject-with icmp6-port-unreachable"),
        True,
    ),
    "a range": (saved("-A INPUT -p tcp -m multiport --dports 80,2000:4000 -j DROP"), True),
    "a range without it": (
        saved("-A INPUT -p tcp -m multiport --dports 80,3001:4000 -j DROP"),
        False,
    ),
    "all but": (saved("-A INPUT -p tcp -m tcp ! --dport 22 -j DROP"), True),
    "the uplink": (saved("-A INPUT -i eth0 -p tcp -m tcp --dport 3000 -j DROP"), True),
    "uplinks of a kind": (saved("-A INPUT -i eth+ -j DROP"), True),
    "another interface": (saved("-A INPUT -i eth1 -p tcp -m tcp --dport 3000 -j DROP"), False),
    "all interfaces but it": (saved("-A INPUT ! -i eth0 -j DROP"), False),
    "another protocol": (saved("-A INPUT -p udp -m udp --dport 3000 -j DROP"), False),
    "whatever opens a connection": (
        saved("-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"),
        True,
    ),
    "the same in short": (saved("-A INPUT -p tcp -m tcp --syn -j DROP"), True),
    "flags that no first packet has": (
        saved("-A INPUT -p tcp -m tcp --tcp-flags ALL FIN -j ACCEPT", policy="DROP"),
        None,
    ),
    "a rule too late": (
        saved("-A INPUT -p tcp -j ACCEPT", "-A INPUT -p tcp -m tcp --dport 3000 -j DROP"),
        False,
    ),
    "so many a second": (
        saved("-A INPUT -p tcp -m limit --limit 5/sec -j ACCEPT", policy="DROP"),
        None,
    ),
    "a set": (saved("-A INPUT -m set --match-set bad src -j DROP"), None),
    "a match that can only drop what is dropped": (
        saved("-A INPUT -m set --match-set bad src -j DROP", policy="DROP"),
        True,
    ),
    "a chain of one's own": (
        saved(
            "-A INPUT -j mine",
            '-A mine -p tcp -m tcp --dport 3000 -m comment --comment "the web" -j DROP',
        ),
        True,
    ),
    "a chain that one comes back from": (
        saved(
            "-A INPUT -j mine",
            "-A INPUT -j DROP",
            "-A mine -p tcp -m tcp --dport 3000 -j RETURN",
            "-A mine -j ACCEPT",
        ),
        True,
    ),
    "a chain that one does not come back from": (
        saved("-A INPUT -g mine", "-A INPUT -j DROP", "-A mine -p udp -j DROP"),
        False,
    ),
    "chains that lead to each other": (saved("-A INPUT -j a", "-A a -j b", "-A b -j a"), None),
    "a queue": (saved("-A INPUT -j NFQUEUE --queue-num 0"), None),
    "a log before the drop": (
        saved('-A INPUT -j LOG --log-prefix "no: "', "-A INPUT -j DROP"),
        True,
    ),
    "another table": ("*nat\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\nCOMMIT\n", False),
    "words that do not end": (saved('-A INPUT -m comment --comment "oh -j DROP'), None),
}

UFW = """\
*filter
:INPUT DROP [0:0]
:ufw6-before-input - [0:0]
:ufw6-user-input - [0:0]
:ufw6-skip-to-policy-input - [0:0]
-A INPUT -j ufw6-before-input
-A INPUT -j ufw6-user-input
-A ufw6-before-input -i lo -j ACCEPT
-A ufw6-before-input -m rt --rt-type 0 -j DROP
-A ufw6-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw6-before-input -p ipv6-icmp -m icmp6 --icmpv6-type 1 -j ACCEPT
-A ufw6-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw6-before-input -s fe80::/10 -d fe80::/10 -p udp -m udp --sport 547 --dport 546 -j ACCEPT
-A ufw6-before-input -d ff02::fb/128 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw6-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw6-user-input -p tcp -m multiport --dports 80,443 -j ACCEPT
COMMIT
"""


@pytest.mark.parametrize(("text", "wanted"), IP6TABLES.values(), ids=IP6TABLES.keys())
def test_the_input_chain_of_ip6tables(text: str, wanted: bool | None) -> None:
    assert ip6tables.closes(text, WEB) is wanted


def test_ufw_closes_what_nobody_allowed() -> None:
    assert ip6tables.closes(UFW, WEB) is True
    assert ip6tables.closes(UFW, Packet("eth0", "tcp", 443)) is False


def listed(*rules: list[dict[str, Any]], policy: str = "accept", **base: str) -> str:
    chain = {
        "family": "inet",
        "table": "mine",
        "name": "in",
        "hook": "input",
        "policy": policy,
    } | base
    entries: list[dict[str, Any]] = [{"metainfo": {}}, {"chain": chain}]
    place = {key: chain[key] for key in ("family", "table")} | {"chain": chain["name"]}
    entries += [{"rule": place | {"expr": rule}} for rule in rules]
    return json.dumps({"nftables": entries})


def match(left: dict[str, Any], right: Any, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


TCP_PORT = {"payload": {"protocol": "tcp", "field": "dport"}}
STATE = {"ct": {"key": "state"}}
INCOMING = {"meta": {"key": "iifname"}}
DROP: dict[str, Any] = {"drop": None}
ACCEPT: dict[str, Any] = {"accept": None}
ANSWERS = [match(STATE, ["established", "related"], "in"), ACCEPT]

NFTABLES: dict[str, tuple[str, bool | None]] = {
    "nothing": ("", False),
    "no JSON": ("table inet", None),
    "a policy": (listed(policy="drop"), True),
    "a policy, and answers let in": (listed(ANSWERS, policy="drop"), True),
    "a policy, and the port let in": (
        listed(
            ANSWERS, [match(TCP_PORT, {"set": [22, 3000]}), {"counter": {}}, ACCEPT], policy="drop"
        ),
        False,
    ),
    "a policy, and a range let in": (
        listed([match(TCP_PORT, {"range": [2000, 4000]}), ACCEPT], policy="drop"),
        False,
    ),
    "a policy, and a set with a name": (
        listed([match(TCP_PORT, "@open"), ACCEPT], policy="drop"),
        None,
    ),
    "a map of states": (
        listed(
            [
                {
                    "vmap": {
                        "key": STATE,
                        "data": {"set": [["established", ACCEPT], ["invalid", DROP]]},
                    }
                }
            ],
            policy="drop",
        ),
        True,
    ),
    "a map of interfaces": (
        listed(
            [{"vmap": {"key": INCOMING, "data": {"set": [["lo", ACCEPT], ["eth0", ACCEPT]]}}}],
            policy="drop",
        ),
        False,
    ),
    "a map with a name": (
        listed([{"vmap": {"key": INCOMING, "data": "@zones"}}], policy="drop"),
        None,
    ),
    "the port": (listed([match(TCP_PORT, 3000), DROP]), True),
    "the port over IPv4": (
        listed([match({"meta": {"key": "nfproto"}}, "ipv4"), match(TCP_PORT, 3000), DROP]),
        False,
    ),
    "for IPv4 addresses": (
        listed([match({"payload": {"protocol": "ip", "field": "saddr"}}, "192.0.2.1"), DROP]),
        False,
    ),
    "the uplink": (listed([match(INCOMING, "eth0"), match(TCP_PORT, 3000), {"reject": {}}]), True),
    "all but the uplink": (listed([match(INCOMING, "eth0", "!="), DROP]), False),
    "so many a second": (
        listed([match(TCP_PORT, 3000), {"limit": {"rate": 4}}, ACCEPT], policy="drop"),
        None,
    ),
    "the table of ip6tables": (
        listed(policy="drop", family="ip6", table="filter", name="INPUT"),
        False,
    ),
    "another hook": (listed(policy="drop", hook="forward"), False),
    "another family": (listed(policy="drop", family="ip"), False),
}


@pytest.mark.parametrize(("text", "wanted"), NFTABLES.values(), ids=NFTABLES.keys())
def test_chains_of_the_input_hook_of_nftables(text: str, wanted: bool | None) -> None:
    assert nftables.closes(text, WEB) is wanted


PROTOCOL = {"meta": {"key": "l4proto"}}
BOTH = {"concat": [PROTOCOL, {"payload": {"protocol": "th", "field": "dport"}}]}

MORE: dict[str, tuple[list[dict[str, Any]], bool | None]] = {
    "a log before the drop": ([{"log": {"prefix": "no: "}}, DROP], True),
    "what is no part of a connection": ([match(STATE, "invalid"), DROP], False),
    "the protocol by its name": ([match(PROTOCOL, "tcp"), DROP], True),
    "the protocol by its number": ([match(PROTOCOL, {"set": [6, 17]}), DROP], True),
    "another protocol by its name": ([match(PROTOCOL, "udp"), DROP], False),
    "another protocol by its number": ([match(PROTOCOL, 17), DROP], False),
    "protocol and port": ([match(BOTH, {"set": [{"concat": ["tcp", 3000]}]}), DROP], True),
    "protocol and another port": ([match(BOTH, {"set": [{"concat": ["tcp", 22]}]}), DROP], False),
    "another protocol and the port": (
        [match(BOTH, {"set": [{"concat": ["udp", 3000]}]}), DROP],
        False,
    ),
    "one of several protocols and ports": (
        [match(BOTH, {"set": [{"concat": ["udp", 53]}, {"concat": ["tcp", 3000]}]}), DROP],
        True,
    ),
    "what was sent elsewhere before": (
        [match({"ct": {"key": "status"}}, "dnat"), ACCEPT],
        None,
    ),
}


@pytest.mark.parametrize(("rule", "wanted"), MORE.values(), ids=MORE.keys())
def test_what_a_rule_of_nftables_asks_for(rule: list[dict[str, Any]], wanted: bool | None) -> None:
    policy = "accept" if DROP in rule else "drop"
    assert nftables.closes(listed(rule, policy=policy), WEB) is wanted


def among(text: str, *entries: dict[str, Any]) -> str:
    made = json.loads(text)
    made["nftables"] += entries
    return json.dumps(made)


NAMED = {"family": "inet", "table": "mine", "name": "open"}


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        ({"elem": [22, 3000]}, False),
        ({"elem": [{"elem": {"val": 3000, "comment": "the web"}}]}, False),
        ({"elem": [22]}, True),
        ({}, True),
        ({"elem": [22], "flags": ["dynamic"]}, None),
        ({"elem": [22], "flags": ["timeout"]}, None),
        ({"elem": [{"range": [22, 80]}], "flags": ["interval"]}, True),
        ({"elem": [{"range": [22, 3000]}], "flags": ["interval"]}, False),
        ({"elem": [3000], "table": "another"}, None),
    ],
)
def test_a_set_with_a_name_holds_what_is_listed_unless_that_changes_by_itself(
    held: dict[str, Any], wanted: bool | None
) -> None:
    text = listed([match(TCP_PORT, "@open"), ACCEPT], policy="drop")
    assert nftables.closes(among(text, {"set": NAMED | held}), WEB) is wanted


def test_a_table_that_is_switched_off_drops_nothing() -> None:
    text, table = listed(policy="drop"), {"family": "inet", "name": "mine"}
    for flags, wanted in (([], True), (["owner"], True), (["dormant"], False)):
        assert nftables.closes(among(text, {"table": table | {"flags": flags}}), WEB) is wanted


def test_a_chain_that_is_led_to_is_gone_through() -> None:
    entries = json.loads(listed([{"jump": {"target": "more"}}], policy="drop"))
    place = {"family": "inet", "table": "mine", "chain": "more"}
    entries["nftables"].append({"rule": place | {"expr": [match(TCP_PORT, 3000), ACCEPT]}})
    assert nftables.closes(json.dumps(entries), WEB) is False
    assert nftables.closes(json.dumps(entries), NAMES) is True


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"nftables": 3}', '{"nftables": [{"chain": 3}]}', "[" * 9999]
)
def test_what_makes_no_sense_is_not_known(text: str) -> None:
    assert nftables.closes(text, WEB) in (None, False)
