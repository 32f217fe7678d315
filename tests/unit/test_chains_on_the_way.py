"""What drops or translates the containers' packets before and after the forward hook is told."""

import json
from dataclasses import replace
from ipaddress import IPv6Network
from typing import Any

import pytest

from tests import made_up_hosts
from wizard.answers import firewalls
from wizard.answers import obstacles as in_the_way
from wizard.answers.choices import Choices, Mode
from wizard.filter import docker_rules
from wizard.host import filtering, forward_chains, nftables_files
from wizard.host.host import Firewall, Host, Ip6tablesCommand
from wizard.host.obstacle import Cause, Obstacle
from wizard.host.parts import ip6tables

PRIVATE = Choices(prefix=IPv6Network("fd12:3456:789a::/64"))
PUBLIC = Choices(mode=Mode.ROUTED, prefix=IPv6Network("2001:db8:1:2:1::/80"))
BOTH = (PRIVATE, PUBLIC)

DROP: dict[str, Any] = {"drop": None}
ACCEPT: dict[str, Any] = {"accept": None}
MASQUERADE: dict[str, Any] = {"masquerade": None}


def prefix(address: str, length: int) -> dict[str, Any]:
    return {"prefix": {"addr": address, "len": length}}


def asks(left: dict[str, Any], right: object, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": left, "right": right}}


def meta(key: str, right: object, op: str = "==") -> dict[str, Any]:
    return asks({"meta": {"key": key}}, right, op)


def ip6(field: str, right: object, op: str = "==") -> dict[str, Any]:
    return asks({"payload": {"protocol": "ip6", "field": field}}, right, op)


def port(number: int) -> dict[str, Any]:
    return asks({"payload": {"protocol": "tcp", "field": "dport"}}, number)


BOGON = ip6("saddr", prefix("fc00::", 7))
INVALID = asks({"ct": {"key": "state"}}, "invalid", "in")
NEW = asks({"ct": {"key": "state"}}, "new", "in")
REPLIES = asks({"ct": {"key": "state"}}, ["established", "related"], "in")
REVERSE_PATH = asks({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False)
OUT = meta("oifname", "eth0")
NOT_THE_HOST = ip6(
    "daddr", {"set": ["2001:db8:1:2::10", prefix("fe80::", 10), prefix("ff00::", 8)]}, "!="
)


def listed(
    hook: str, priority: int, *rules: list[dict[str, Any]], family: str = "inet", **fields: Any
) -> str:
    """A table as nft 1.1.3 lists it with -j."""
    place = {"family": family, "table": "edge"}
    base = {"name": "own", "type": "filter", "hook": hook, "prio": priority, "policy": "accept"}
    made = [{"rule": {**place, "chain": "own", "expr": each}} for each in rules]
    return json.dumps({"nftables": [{"chain": {**place, **base, **fields}}, *made]})


def host_with(text: str) -> Host:
    return made_up_hosts.debian13(firewall=Firewall(forward_chains=forward_chains.parse(text)))


def found(host: Host, choices: Choices) -> list[Obstacle]:
    return list(in_the_way.obstacles(host, choices))


def edge(device: str = "eth0") -> dict[str, Any]:
    return {"family": "netdev", "dev": device}


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        (listed("prerouting", -300, [BOGON, DROP]), (PRIVATE,)),
        (listed("prerouting", 0, [BOGON, DROP]), (PRIVATE,)),
        (listed("postrouting", 0, [OUT, BOGON, DROP]), (PRIVATE,)),
        # By then it has the host's address.
        (listed("postrouting", 300, [OUT, BOGON, DROP]), ()),
        (listed("prerouting", -300, [meta("oifname", ""), BOGON, DROP]), (PRIVATE,)),
        (listed("prerouting", -300, [OUT, DROP]), ()),
        (listed("prerouting", -300, policy="drop"), BOTH),
        (listed("prerouting", -300, [meta("iifname", "br-*"), ACCEPT], policy="drop"), (PUBLIC,)),
        # Connections are not looked up yet.
        (listed("prerouting", -300, [NEW, DROP]), ()),
        (listed("prerouting", -150, [NEW, DROP]), BOTH),
        (listed("prerouting", -150, [INVALID, DROP]), ()),
        (listed("prerouting", -300, [REVERSE_PATH, DROP]), ()),
        (listed("prerouting", -300, [port(25), DROP]), ()),
        (listed("postrouting", 0, [meta("oifname", "br-ipv6"), REPLIES, DROP]), BOTH),
        (listed("ingress", -500, [NOT_THE_HOST, DROP], **edge()), (PUBLIC,)),
        (listed("ingress", 0, [NOT_THE_HOST, DROP], dev=["lo", "eth0"]), (PUBLIC,)),
        (listed("ingress", -500, [NOT_THE_HOST, DROP], **edge("eth1")), ()),
        # nft 1.0.6 does not tell of which interface it is.
        (listed("ingress", -500, [NOT_THE_HOST, DROP], family="netdev"), ()),
        (listed("ingress", 0, [asks({"payload": {"protocol": "ether", "field": "type"}}, "ip6"),
                               NOT_THE_HOST, DROP], **edge()), (PUBLIC,)),
        (listed("ingress", 0, [meta("protocol", "ip"), DROP], **edge()), ()),
        (listed("egress", 0, [ip6("saddr", "2001:db8:1:2::10", "!="), DROP], **edge()), (PUBLIC,)),
        (listed("prerouting", -300, [BOGON, DROP], family="ip6"), (PRIVATE,)),
        (listed("prerouting", -300, [BOGON, DROP], family="ip"), ()),
        (listed("prerouting", -300, [BOGON, DROP], family="bridge"), ()),
        # Of a connection it sees the first packet alone.
        (listed("postrouting", 100, [meta("oifname", "br-ipv6"), REPLIES, DROP], type="nat"), ()),
        (listed("prerouting", -100, [{"tproxy": {"port": 1}}, DROP], policy="drop"), ()),
        (listed("input", 0, policy="drop"), ()),
        (listed("output", 0, policy="drop"), ()),
    ],
)  # fmt: skip
def test_a_chain_that_drops_what_containers_send_or_get_is_told_where_it_is_certain(
    text: str, stopped: tuple[Choices, ...]
) -> None:
    host = host_with(text)
    told = {each: [one.cause for one in found(host, each)] for each in BOTH}
    assert told == {each: [Cause.FORWARD_CHAIN] if each in stopped else [] for each in BOTH}


@pytest.mark.parametrize(
    ("text", "choices", "lines"),
    [
        (listed("prerouting", -300, [BOGON, DROP]), PRIVATE, ['iifname "br-ipv6" accept']),
        (
            listed("postrouting", 0, policy="drop"),
            PRIVATE,
            ["ip6 saddr fd12:3456:789a::/64 accept", 'oifname "br-ipv6" accept'],
        ),
        (
            listed("ingress", 0, [NOT_THE_HOST, DROP], **edge()),
            PUBLIC,
            ["ip6 daddr 2001:db8:1:2:1::/80 accept"],
        ),
        (
            listed("egress", 0, [ip6("saddr", "2001:db8:1:2::10", "!="), DROP], **edge()),
            PUBLIC,
            ["ip6 saddr 2001:db8:1:2:1::/80 accept"],
        ),
        (
            listed("prerouting", -300, policy="drop"),
            PUBLIC,
            ['iifname "br-ipv6" accept', "ip6 daddr 2001:db8:1:2:1::/80 accept"],
        ),
    ],
)
def test_the_lines_that_are_told_match_at_that_hook_and_mend_it(
    text: str, choices: Choices, lines: list[str]
) -> None:
    (told,) = found(host_with(text), choices)
    family = json.loads(text)["nftables"][0]["chain"]["family"]
    assert told.commands == tuple(f"nft 'insert rule {family} edge own {each}'" for each in lines)
    assert all(f"“{each}”" in told.sentence for each in lines)
    entries = json.loads(text)["nftables"]
    place = {"family": family, "table": "edge", "chain": "own"}
    entries[1:1] = [{"rule": {**place, "expr": [as_json(each), ACCEPT]}} for each in lines]
    assert found(host_with(json.dumps({"nftables": entries})), choices) == []


def as_json(line: str) -> dict[str, Any]:
    match line.split():
        case ["ip6", field, network, "accept"]:
            address, _, length = network.partition("/")
            return ip6(field, prefix(address, int(length)))
        case [key, name, "accept"]:
            return meta(key, name.strip('"'))
    raise AssertionError(line)


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        (listed("postrouting", 100, [OUT, MASQUERADE], type="nat"), True),
        (listed("postrouting", 100, [OUT, {"snat": {"addr": "::1"}}], type="nat"), True),
        (listed("postrouting", 100, [meta("oifname", "wg0"), MASQUERADE], type="nat"), False),
        (listed("postrouting", 100, [BOGON, MASQUERADE], type="nat"), False),
        (
            listed(
                "postrouting",
                100,
                [ip6("saddr", prefix("2001:db8:1:2:1::", 80)), ACCEPT],
                [OUT, MASQUERADE],
                type="nat",
            ),
            False,
        ),
        (listed("postrouting", 100, [OUT, MASQUERADE], type="nat", family="ip"), False),
    ],
)
def test_what_hides_public_addresses_behind_the_hosts_is_told_for_those_alone(
    text: str, is_told: bool
) -> None:
    host = host_with(text)
    assert found(host, PRIVATE) == []
    told = found(host, PUBLIC)
    assert [each.cause for each in told] == [Cause.SOURCE_TRANSLATED] * is_told
    for each in told:
        line = "ip6 saddr 2001:db8:1:2:1::/80 accept"
        assert each.commands == (f"nft 'insert rule inet edge own {line}'",)


def test_what_docker_makes_for_the_network_itself_is_no_rule_of_others() -> None:
    # The service that filters loads nothing of the host.
    assert filtering.TABLE == docker_rules.TABLE
    text = listed("postrouting", 100, [OUT, MASQUERADE], type="nat")
    text = text.replace("edge", filtering.TABLE)
    assert found(host_with(text), PUBLIC) == []
    own = f"-A POSTROUTING -s 2001:db8:1:2:1::/80 ! -o {PUBLIC.bridge} -j MASQUERADE\n"
    theirs = "-A POSTROUTING -o eth0 -j MASQUERADE\n"
    for rules, causes in ((own, []), (own + theirs, [Cause.SOURCE_TRANSLATED])):
        saved = f"*nat\n:POSTROUTING ACCEPT [0:0]\n{rules}COMMIT\n"
        command = Ip6tablesCommand("1.8.11", False, beside_filter=saved)
        told = firewalls.forward_chains(made_up_hosts.debian13(ip6tables=command), PUBLIC)
        assert [each.cause for each in told] == causes


def test_no_line_of_nftables_is_told_for_the_table_that_firewalld_owns() -> None:
    text = listed("postrouting", 100, [OUT, MASQUERADE], type="nat").replace("edge", "firewalld")
    (told,) = found(host_with(text), PUBLIC)
    assert told.cause is Cause.SOURCE_TRANSLATED
    assert {each.split()[0] for each in told.commands} == {"firewall-cmd"}
    assert 'source NOT address="2001:db8:1:2:1::/80"' in told.remedy
    # What is told lets them be.
    without = ip6("saddr", prefix("2001:db8:1:2:1::", 80), "!=")
    mended = listed("postrouting", 100, [OUT, without, MASQUERADE], type="nat")
    assert found(host_with(mended.replace("edge", "firewalld")), PUBLIC) == []


def saved(table: str, *rules: str, policy: str = "ACCEPT") -> str:
    chain = rules[0].split()[1]
    return "\n".join([f"*{table}", f":{chain} {policy} [0:0]", *rules, "COMMIT", ""])


FILTER = saved("filter", "-A FORWARD -i br-ipv6 -j DROP")


@pytest.mark.parametrize(
    ("text", "choices", "typed"),
    [
        (saved("mangle", "-A PREROUTING -s fc00::/7 -j DROP"), PRIVATE, "-i br-ipv6"),
        (saved("mangle", "-A PREROUTING -s fc00::/7 -j DROP"), PUBLIC, ""),
        (saved("raw", "-A PREROUTING -s fc00::/7 -j DROP"), PRIVATE, "-i br-ipv6"),
        (saved("raw", "-A PREROUTING -m rpfilter --invert -j DROP"), PRIVATE, ""),
        (saved("raw", "-A PREROUTING -m conntrack --ctstate NEW -j DROP"), PRIVATE, ""),
        (saved("mangle", "-A PREROUTING -m conntrack --ctstate INVALID -j DROP"), PRIVATE, ""),
        (
            saved("raw", "-A PREROUTING ! -d 2001:db8:1:2::10/128 -i eth0 -j DROP"),
            PUBLIC,
            "-d 2001:db8:1:2:1::/80",
        ),
        (saved("mangle", "-A FORWARD -o eth0 -s fc00::/7 -j DROP"), PRIVATE, "-i br-ipv6"),
        (saved("security", "-A FORWARD -i br-ipv6 -j DROP"), PRIVATE, "-i br-ipv6"),
        (
            saved("mangle", "-A POSTROUTING -o eth0 -s fc00::/7 -j DROP"),
            PRIVATE,
            "-s fd12:3456:789a::/64",
        ),
        (saved("mangle", "-A POSTROUTING -o br-ipv6 -j DROP"), PRIVATE, "-o br-ipv6"),
        # Where a packet goes out is not known there yet, and the rest is of this host alone.
        (saved("mangle", "-A INPUT -j DROP"), PUBLIC, ""),
    ],
)
@pytest.mark.parametrize("of_other", [False, True])
def test_what_ip6tables_drops_in_its_other_tables_is_told_with_the_rule_that_mends_it(
    text: str, choices: Choices, typed: str, of_other: bool
) -> None:
    def host(now: str) -> Host:
        own, other = ("", now) if of_other else (now, "")
        rules = Ip6tablesCommand("1.8.11", False, of_other, other, beside_filter=own)
        return made_up_hosts.debian13(ip6tables=rules)

    told = found(host(text), choices)
    assert [each.cause for each in told] == [Cause.OTHER_TABLES] * bool(typed)
    if not typed:
        return
    program = "ip6tables-legacy" if of_other else "ip6tables"
    table, chain = text[1:].split()[0], text.split("-A ")[1].split()[0]
    (command,) = told[0].commands
    assert command == f"{program} -t {table} -I {chain} {typed} -j ACCEPT"
    assert text.splitlines()[2] in told[0].found
    rule = f"-A {command.partition(' -I ')[2]}"
    assert found(host(text.replace("[0:0]", f"[0:0]\n{rule}")), choices) == []


def test_ip6tables_hides_public_addresses_where_it_gives_all_the_hosts() -> None:
    text = saved("nat", "-A POSTROUTING -o eth0 -j MASQUERADE")
    host = made_up_hosts.debian13(ip6tables=Ip6tablesCommand("1.8.11", False, beside_filter=text))
    assert found(host, PRIVATE) == []
    (told,) = found(host, PUBLIC)
    assert told.cause is Cause.SOURCE_TRANSLATED
    assert "“-t nat -A POSTROUTING -o eth0 -j MASQUERADE”" in told.found
    rule = "POSTROUTING -s 2001:db8:1:2:1::/80 -j ACCEPT"
    assert told.commands == (f"ip6tables -t nat -I {rule}",)
    for other in (f"-A {rule}\n-A", "-A POSTROUTING -s fd00:1::/64 -j MASQUERADE\n#"):
        mended = Ip6tablesCommand("1.8.11", False, beside_filter=text.replace("-A", other, 1))
        assert found(replace(host, ip6tables=mended), PUBLIC) == []


def test_all_tables_but_filter_are_kept_of_what_is_saved() -> None:
    mangle, nat = (saved(each, "-A POSTROUTING -j MARK") for each in ("mangle", "nat"))
    head = "# Generated by ip6tables-save v1.8.11 (nf_tables) on Fri Nov 27 16:58:31 2026\n"
    assert ip6tables.beside_filter(f"{head}{mangle}{head}{FILTER}{nat}") == f"{mangle}{head}{nat}"


def test_a_chain_of_any_hook_is_found_in_its_file() -> None:
    text = "table inet edge {\nchain own {\ntype filter hook prerouting priority raw;\n}\n}\n"
    place = nftables_files.in_file("/etc/nftables.conf", text)["inet", "edge", "own"]
    assert (place.line, place.text) == (3, "type filter hook prerouting priority raw;")
