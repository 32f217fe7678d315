"""What stands in the way: the same for the host screen, every plan and every apply."""

import json
from dataclasses import replace
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest

from tests import made_up_hosts
from tests.made_up_deployments import deployment
from wizard.answers import obstacles as in_the_way
from wizard.answers.choices import Choices, Mode
from wizard.answers.firewalls import of_ip6tables
from wizard.describe import problems
from wizard.host import forward_chains, nftables_files
from wizard.host.chain import ForwardChain
from wizard.host.host import (
    Engine,
    Firewall,
    Host,
    Ip6tablesCommand,
    Outward,
    Unknown,
)
from wizard.plan.planning import plan
from wizard.platform.errors import Refused
from wizard.ruleset.chains import Packet
from wizard.steps.docker_network import DockerNetwork
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.sysctl import Sysctl


def obstacles(host: Host, choices: Choices | None = None) -> tuple[str, ...]:
    return tuple(each.sentence for each in in_the_way.obstacles(host, choices))


def chain(family: str = "inet", table: str = "mine", **fields: Any) -> dict[str, Any]:
    made = {"family": family, "table": table, "name": "forward", "hook": "forward"}
    return {"chain": {**made, "policy": "drop", **fields}}


def rule(*expressions: dict[str, Any], chain: str = "forward", **place: str) -> dict[str, Any]:
    made = {"family": "inet", "table": "mine", "chain": chain, "expr": list(expressions)}
    return {"rule": {**made, **place}}


def is_(key: str, right: object, op: str = "==") -> dict[str, Any]:
    return {"match": {"op": op, "left": {"meta": {"key": key}}, "right": right}}


def state(right: object) -> dict[str, Any]:
    return {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": right}}


def named(name: str, *elements: str, **fields: Any) -> dict[str, Any]:
    made = {"family": "inet", "table": "mine", "name": name, "type": "ifname"}
    return {"set": {**made, "elem": list(elements), **fields}}


def both(incoming: str, outgoing: str) -> dict[str, Any]:
    left = {"concat": [{"meta": {"key": "iifname"}}, {"meta": {"key": "oifname"}}]}
    right = {"set": [{"concat": [incoming, outgoing]}]}
    return {"match": {"op": "==", "left": left, "right": right}}


ACCEPT: dict[str, Any] = {"accept": None}
DROP: dict[str, Any] = {"drop": None}


def parsed(*entries: dict[str, Any]) -> tuple[ForwardChain, ...]:
    return forward_chains.parse(json.dumps({"nftables": [{"metainfo": {}}, *entries]}))


OUT = Packet("br-ipv6", "tcp", 443, "eth0")


def may_pass(*entries: dict[str, Any]) -> bool:
    return not any(each.stops(OUT) for each in parsed(*entries))


@pytest.mark.parametrize(
    ("entry", "counts"),
    [
        (chain(), True),
        (chain("ip6", "other"), True),
        (chain("ip6", "filter"), True),
        (chain("ip6", "filter", name="FORWARD"), True),
        (chain(policy="accept"), False),
        (chain(hook="input"), False),
        (chain(hook=None), False),
        (chain("ip", "four"), False),
        (chain("bridge", "filter"), False),
    ],
)
def test_only_forward_chains_that_drop_ipv6_count(entry: dict[str, Any], counts: bool) -> None:
    assert bool(parsed(entry)) is counts


@pytest.mark.parametrize(
    "text", ["Error: syntax error", "[]", "{}", '{"nftables": [{"chain": 1}]}']
)
def test_what_is_no_list_of_rules_says_nothing(text: str) -> None:
    assert forward_chains.parse(text) == ()


@pytest.mark.parametrize(
    ("rules", "passes"),
    [
        ([], False),
        ([rule(is_("iifname", "br-ipv6"), ACCEPT)], True),
        ([rule(is_("iifname", "br-*"), ACCEPT)], True),
        ([rule(is_("iifname", {"set": ["lan0", "br-ipv6"]}), ACCEPT)], True),
        ([rule(is_("iifname", "lan0"), ACCEPT)], False),
        ([rule(is_("iifname", "br-ipv6"), is_("oifname", "eth1"), ACCEPT)], False),
        ([rule(is_("iifname", "br-ipv6"), is_("oifname", "eth0"), ACCEPT)], True),
        ([rule(is_("iifname", "lan0", "!="), ACCEPT)], True),
        ([rule(state(["established", "related"]), ACCEPT)], False),
        ([rule(state("new"), ACCEPT)], True),
        ([rule(state({"set": ["established", "new"]}), ACCEPT)], True),
        ([rule(is_("nfproto", "ipv4"), ACCEPT)], False),
        ([rule(is_("nfproto", "ipv6"), ACCEPT)], True),
        ([rule({"counter": {}}, ACCEPT)], True),
        ([rule({"xt": {"type": "match"}}, ACCEPT)], True),
        ([rule(is_("iifname", "@lans"), ACCEPT)], True),
        ([rule(is_("iifname", "@lans"), ACCEPT), named("lans", "lan0")], False),
        ([rule(is_("iifname", "@lans"), ACCEPT), named("lans", "lan0", "br-ipv6")], True),
        ([rule(is_("iifname", "@lans"), ACCEPT), named("lans", flags=["timeout"])], True),
        ([rule(both("lan0", "eth0"), ACCEPT)], False),
        ([rule(both("br-ipv6", "eth0"), ACCEPT)], True),
        ([rule(DROP), rule(ACCEPT)], False),
        ([{"table": {"family": "inet", "name": "mine", "flags": ["dormant"]}}], True),
        (
            [
                rule(is_("iifname", "br-ipv6"), {"jump": {"target": "mine"}}),
                rule(is_("oifname", "eth0"), ACCEPT, chain="mine"),
            ],
            True,
        ),
        (
            [
                rule(is_("iifname", "lan0"), {"goto": {"target": "mine"}}),
                rule(ACCEPT, chain="mine"),
            ],
            False,
        ),
        # The kernel refuses such a circle, so it tells nothing.
        ([rule({"jump": {"target": "mine"}}), rule({"jump": {"target": "mine"}}, chain="mine")],
         True),
        (
            [
                rule(
                    {
                        "vmap": {
                            "key": {"ct": {"key": "state"}},
                            "data": {"set": [["established", ACCEPT], ["invalid", DROP]]},
                        }
                    }
                )
            ],
            False,
        ),
        ([rule({"vmap": {"key": {"meta": {"key": "iifname"}}, "data": "@verdicts"}})], True),
    ],
)  # fmt: skip
def test_a_chain_lets_the_containers_out_where_a_rule_may_do_so(
    rules: list[dict[str, Any]], passes: bool
) -> None:
    assert may_pass(chain(), *rules) is passes


@pytest.mark.parametrize(
    ("rules", "passes"),
    [
        ([rule(ACCEPT), rule({"counter": {}}, {"reject": {}})], True),
        ([rule({"counter": {}}, {"reject": {}})], False),
        ([rule(DROP)], False),
        ([rule(is_("iifname", "eth1"), DROP)], True),
        ([rule(is_("nfproto", "ipv6"), DROP)], False),
        ([rule(is_("iifname", "lan0", "!="), DROP)], False),
        ([rule({"jump": {"target": "last"}}), rule(DROP, chain="last")], False),
        ([rule({"goto": {"target": "last"}}), rule({"reject": {}}, chain="last")], False),
        (
            [
                rule({"jump": {"target": "one"}}),
                rule({"jump": {"target": "two"}}, chain="one"),
                rule(is_("iifname", "br-*"), DROP, chain="two"),
            ],
            False,
        ),
        ([rule({"limit": {"rate": 5}}, DROP)], True),
    ],
)
def test_a_chain_that_accepts_by_policy_may_drop_by_a_rule_of_its_own_or_further_down(
    rules: list[dict[str, Any]], passes: bool
) -> None:
    assert may_pass(chain("ip6", "filter", policy="accept"), *as_ip6(rules)) is passes
    assert may_pass(chain(policy="accept"), *rules) is passes


def as_ip6(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"rule": {**each["rule"], "family": "ip6", "table": "filter"}} for each in rules]


def dropping(*entries: dict[str, Any]) -> Firewall:
    return Firewall(forward_chains=parsed(chain(), *entries))


def test_the_lines_to_add_name_the_table_the_chain_and_the_bridge_and_mend_it() -> None:
    host = made_up_hosts.debian12(firewall=dropping())
    (sentence,) = obstacles(host, Choices(bridge="br-mine"))
    assert "inet mine" in sentence
    assert 'iifname "br-mine" accept' in sentence
    assert 'oifname "br-mine" ct state established,related accept' in sentence
    routed = obstacles(host, Choices(bridge="br-mine", mode=Mode.ROUTED))[0]
    assert 'oifname "br-mine" accept' in routed
    half = dropping(rule(is_("iifname", "br-mine"), ACCEPT))
    assert "the answers" in obstacles(replace(host, firewall=half), Choices(bridge="br-mine"))[0]
    mended = dropping(
        rule(is_("iifname", "br-mine"), ACCEPT),
        rule(is_("oifname", "br-mine"), state(["established", "related"]), ACCEPT),
    )
    there = replace(host, firewall=mended)
    assert obstacles(there, Choices(bridge="br-mine")) == ()
    (inwards,) = obstacles(there, Choices(bridge="br-mine", mode=Mode.ROUTED))
    assert "drops what comes in to them" in inwards


FILE = """\
#!/usr/sbin/nft -f
flush ruleset
table inet mine { # chain forward { type filter hook forward priority 0;
\tset lans { type ifname; elements = { "lan0" } }
\tchain input { type filter hook input priority 0; policy drop; }
\tchain forward {
\t\ttype filter hook forward priority filter; policy drop;
\t\tct state established accept
\t}
}
table ip6 other { chain x { type filter hook forward priority -5; }; }
"""


def test_the_line_below_which_the_lines_go_is_found_in_the_file_that_has_the_chain(
    tmp_path: Path,
) -> None:
    (tmp_path / "nftables.d").mkdir()
    (tmp_path / "nftables.d" / "own.nft").write_text(FILE)
    configuration = tmp_path / "nftables.conf"
    configuration.write_text('flush ruleset\n\tinclude "nftables.d/*.nft"\n')
    found = nftables_files.declared(configuration)
    assert set(found) == {
        ("inet", "mine", "input"),
        ("inet", "mine", "forward"),
        ("ip6", "other", "x"),
    }
    assert found["inet", "mine", "forward"].line == 7
    listed = json.dumps({"nftables": [chain()]})
    firewall = Firewall(forward_chains=forward_chains.parse(listed, found))
    (sentence,) = obstacles(made_up_hosts.debian12(firewall=firewall))
    assert f"{tmp_path}/nftables.d/own.nft below line 7" in sentence


REFUSING = """\
*filter
:FORWARD ACCEPT [0:0]
-A FORWARD -i lan0 -j ACCEPT
-A FORWARD -j REJECT --reject-with icmp6-port-unreachable
COMMIT
"""


@pytest.mark.parametrize(
    ("legacy", "program"), [(False, "ip6tables-legacy"), (True, "ip6tables-nft")]
)
@pytest.mark.parametrize(
    ("saved", "why"),
    [
        (REFUSING, "“-A FORWARD -j REJECT --reject-with icmp6-port-unreachable”"),
        ("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n", "by its policy"),
    ],
)
def test_rules_that_ip6tables_does_not_show_are_told_with_the_program_that_does(
    legacy: bool, program: str, saved: str, why: str
) -> None:
    host = made_up_hosts.debian12(ip6tables=Ip6tablesCommand("1.8.9", legacy, True, saved))
    (sentence,) = obstacles(host, Choices(bridge="br-mine"))
    assert why in sentence
    typed = sentence.partition("and type: ")[2].split("; ")
    assert all(each.startswith(f"{program} -I FORWARD ") for each in typed)
    # As the lines that are typed stand in a file.
    added = "\n".join(reversed([each.partition(" -I ")[2] for each in typed]))
    mended = saved.replace("[0:0]\n", "[0:0]\n-A " + added.replace("\n", "\n-A ") + "\n")
    host = replace(host, ip6tables=Ip6tablesCommand("1.8.9", legacy, True, mended))
    assert obstacles(host, Choices(bridge="br-mine")) == ()


def test_rules_that_ip6tables_does_not_show_are_told_where_they_drop_only_what_comes_in() -> None:
    saved = (
        "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -i br-mine -j ACCEPT\n"
        "-A FORWARD -o br-mine -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT\n"
    )
    host = made_up_hosts.debian12(ip6tables=Ip6tablesCommand("1.8.9", False, True, saved))
    chosen = Choices(bridge="br-mine")
    assert obstacles(host, chosen) == ()
    (sentence,) = obstacles(host, replace(chosen, mode=Mode.ROUTED))
    assert "drops what comes in to them: by its policy" in sentence
    assert "-I FORWARD -o br-mine -j ACCEPT" in sentence


def test_ports_that_others_translate_are_told_for_private_addresses_alone() -> None:
    rule = "PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"
    others = Ip6tablesCommand("1.8.9", False, to_docker=(rule,))
    host = made_up_hosts.debian12(ip6tables=others)
    chosen = Choices(bridge="br-mine")
    (sentence,) = obstacles(host, chosen)
    assert sentence.endswith(f"type: ip6tables -t nat -D {rule}")
    assert obstacles(host, replace(chosen, mode=Mode.ROUTED)) == ()
    engine = Engine("28.5.2", "1.51", manages_ip6tables=True)
    assert obstacles(made_up_hosts.debian14(ip6tables=others, engine=engine), chosen) == ()


def test_who_makes_dockers_rules_beside_docker_is_told_for_public_addresses_alone() -> None:
    rule = "FORWARD -j DOCKER-ISOLATION-STAGE-1"
    others = Ip6tablesCommand("1.8.13", False, has_docker=True, imitated=rule)
    host = made_up_hosts.debian14(ip6tables=others)
    chosen = Choices(bridge="br-mine", mode=Mode.ROUTED)
    (sentence,) = obstacles(host, chosen)
    assert sentence.endswith(f"type: ip6tables -D {rule}")
    assert obstacles(host, replace(chosen, mode=Mode.ULA)) == ()
    alone = Engine("28.5.2", "1.51", manages_ip6tables=False)
    assert obstacles(replace(host, engine=alone), chosen) == ()


LEADING = "ip6tables -I FORWARD -j DOCKER-FORWARD; ip6tables -I FORWARD -j DOCKER-USER"
RETURNING = (
    "ip6tables -I DOCKER-USER -i br-ipv6 -j RETURN; ip6tables -I DOCKER-USER -o br-ipv6 -j RETURN"
)


@pytest.mark.parametrize(
    ("why", "has_docker", "typed"),
    [
        ("by its policy", True, LEADING),
        ("by its policy", False, "systemctl restart docker"),
        ("by its rule “-A FORWARD -j DOCKER-USER”", True, RETURNING),
    ],
)
def test_what_is_dropped_before_it_comes_to_dockers_chains_is_told(
    why: str, has_docker: bool, typed: str
) -> None:
    rules = Ip6tablesCommand("1.8.13", False, before_docker=why, has_docker=has_docker)
    for mode in Mode:
        chosen = Choices(mode=mode)
        (sentence,) = obstacles(made_up_hosts.debian14(ip6tables=rules), chosen)
        assert sentence.endswith(typed)
        assert obstacles(made_up_hosts.debian13(ip6tables=rules), chosen) == ()
        # An earlier Docker accepts in FORWARD itself, and puts that in front.
        engine = Engine("27.5.1", "1.47", manages_ip6tables=True)
        older = made_up_hosts.debian14(ip6tables=rules, engine=engine)
        assert obstacles(older, chosen) == ()


@pytest.mark.parametrize(
    ("chains", "rules", "typed"),
    [
        (["DOCKER-IPV6-WIZARD"], [], "ip6tables -I FORWARD -j DOCKER-IPV6-WIZARD"),
        (["DOCKER-FORWARD", "DOCKER-IPV6-WIZARD"], [], LEADING),
        (["DOCKER-USER"], ["-A FORWARD -j DOCKER-USER", "-A DOCKER-USER -j DROP"], RETURNING),
    ],
)
def test_what_lets_packets_of_public_addresses_through_again_leaves_the_rest_closed(
    chains: list[str], rules: list[str], typed: str
) -> None:
    heads = [f":{each} - [0:0]" for each in chains]
    saved = "\n".join(["*filter", *heads, *rules, "-A FORWARD -j REJECT", "COMMIT", ""])
    (found,) = of_ip6tables(saved, made_up_hosts.debian12(), Choices(mode=Mode.ROUTED))
    assert "; ".join(found.commands) == typed


def firewalld(*accepting: str) -> Firewall:
    """Its chain as on Debian 12, with interfaces in a zone that accepts what they send."""
    place = {"table": "firewalld", "chain": "filter_FORWARD"}
    dnat = {"match": {"op": "in", "left": {"ct": {"key": "status"}}, "right": "dnat"}}
    return Firewall(
        firewalld=True,
        forward_chains=parsed(
            chain(table="firewalld", name="filter_FORWARD", policy="accept"),
            rule(state({"set": ["established", "related"]}), ACCEPT, **place),
            rule(dnat, ACCEPT, **place),
            *(rule(is_("iifname", each), ACCEPT, **place) for each in accepting),
            rule({"reject": {"type": "icmpx", "expr": "admin-prohibited"}}, **place),
        ),
    )


@pytest.mark.parametrize(
    ("accepting", "mode", "ends"),
    [
        (["docker0"], Mode.ULA, []),
        (["docker0"], Mode.ROUTED, ["source", "destination"]),
        (["docker0", "eth0"], Mode.ROUTED, []),
        ([], Mode.ULA, ["source"]),
    ],
)
def test_firewalld_is_told_with_its_own_commands_and_not_with_lines_for_a_file(
    accepting: list[str], mode: Mode, ends: list[str]
) -> None:
    host = made_up_hosts.debian12(firewall=firewalld(*accepting))
    assert obstacles(host) == ()
    prefix = IPv6Network("fd00:1::/64")
    chosen = Choices(mode=mode, prefix=prefix)
    assert obstacles(host, chosen) == ()
    said = " ".join(obstacles(host, replace(chosen, firewalld=False)))
    assert bool(said) is bool(ends)
    assert "Add these two lines" not in said
    for end in ("source", "destination"):
        named = f'--add-rich-rule=\'rule family="ipv6" {end} address="{prefix}" accept\''
        assert (named in said) is (end in ends)


def test_a_host_that_does_not_get_out_is_in_the_way_unless_one_goes_on_all_the_same() -> None:
    host = made_up_hosts.debian12(outward=Outward(False, "2001:db8::1: no answer in 2 s"))
    (sentence,) = obstacles(host)
    assert "2001:db8::1" in sentence
    assert obstacles(host, Choices(unproven=True)) == ()
    untried = replace(host, outward=Unknown("This was not tried."))
    assert obstacles(untried) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"outward": Outward(False, "no answer")},
        {"firewall": dropping()},
        {"uplink": Unknown("There is no uplink.")},
    ],
)
def test_what_is_in_the_way_on_the_host_screen_is_in_the_way_of_every_plan(
    changes: dict[str, Any],
) -> None:
    made = deployment()
    host = replace(made.host, **changes)
    said = problems(host)
    assert said
    with pytest.raises(Refused) as refused:
        plan(host, made.choices, made.inputs)
    for each in said:
        assert each.sentence in str(refused.value)


def test_going_on_all_the_same_is_among_what_people_notice() -> None:
    made = deployment()
    before = made.plan()
    unproven = plan(made.host, replace(made.choices, unproven=True), made.inputs)
    assert len(set(unproven.notices) - set(before.notices)) == 1
    assert unproven.digest == before.digest


@pytest.mark.parametrize(
    ("backend", "entries", "in_the_way"),
    [
        ("iptables", [], False),
        ("nftables", [], True),
        ("nftables+firewalld", [], True),
        ("nftables", [rule(is_("iifname", "br-ipv6"), ACCEPT)], True),
        (
            "nftables",
            [
                rule(is_("iifname", "br-ipv6"), ACCEPT),
                rule(is_("oifname", "br-ipv6"), state(["established"]), ACCEPT),
            ],
            False,
        ),
    ],
)
def test_what_ip6tables_forwards_matters_where_docker_has_tables_of_its_own(
    backend: str, entries: list[dict[str, Any]], in_the_way: bool
) -> None:
    place = {"family": "ip6", "table": "filter", "chain": "FORWARD"}
    entries = [{"rule": {**each["rule"], **place}} for each in entries]
    host = made_up_hosts.debian14(
        engine=Engine("29.7.2", "1.55", True, backend),
        firewall=Firewall(forward_chains=parsed(chain("ip6", "filter", name="FORWARD"), *entries)),
    )
    said = " ".join(obstacles(host, Choices(bridge="br-ipv6")))
    assert ("ip6tables -I FORWARD -i br-ipv6 -j ACCEPT" in said) is in_the_way


@pytest.mark.parametrize(
    "chosen",
    [{}, {"mode": Mode.ROUTED, "prefix": IPv6Network("2001:db8:1:2:8000::/112")}],
    ids=["private", "routed"],
)
def test_an_engine_with_tables_of_nftables_is_planned_for_with_forwarding_of_our_own(
    chosen: dict[str, Any],
) -> None:
    made = deployment(
        made_up_hosts.debian14(engine=Engine("29.7.2", "1.55", True, "nftables")), **chosen
    )
    assert not obstacles(made.host, made.choices)
    steps = made.plan().steps
    # It asks for both (moby, daemon/libnetwork/drivers/bridge/setup_ip_forwarding.go).
    kernel = steps[0]
    assert isinstance(kernel, Sysctl)
    assert {"net.ipv6.conf.all.forwarding", "net.ipv6.conf.default.forwarding"} <= {
        key for key, _value in kernel.values
    }
    assert not any(isinstance(step, Ip6tables) for step in steps)


@pytest.mark.parametrize(
    ("defaults", "named"),
    [
        ((), []),
        ((("com.docker.network.bridge.gateway_mode_ipv6", "nat"),), []),
        (
            (("com.docker.network.bridge.gateway_mode_ipv6", "routed"),),
            ["com.docker.network.bridge.gateway_mode_ipv6=nat"],
        ),
        (
            (("com.docker.network.bridge.enable_ip_masquerade", "false"),),
            ["com.docker.network.bridge.enable_ip_masquerade=true"],
        ),
    ],
)
def test_the_private_mode_names_what_the_defaults_of_docker_say_otherwise(
    defaults: tuple[tuple[str, str], ...], named: list[str]
) -> None:
    engine = Engine("28.5.2", "1.51", True, network_defaults=defaults)
    made = deployment(made_up_hosts.debian14(engine=engine)).plan()
    (network,) = (step for step in made.steps if isinstance(step, DockerNetwork))
    commands = " ".join(word for each in network.actions() for word in each.argv)
    for option in ("gateway_mode_ipv6=nat", "enable_ip_masquerade=true"):
        assert (option in commands) is any(each.endswith(option) for each in named)


@pytest.mark.parametrize("works", [True, False])
def test_ufw_without_ipv6_is_named_in_place_of_what_nobody_answered(works: bool) -> None:
    firewall = Firewall(ufw=True, ufw_drops_ipv6=True)
    host = made_up_hosts.debian13(firewall=firewall, outward=Outward(works, "not sent"))
    (said,) = obstacles(host)
    assert "IPV6=yes" in said and "ufw reload" in said
    # It is in the way of everything, so nobody continues without a proof.
    assert obstacles(host, Choices(unproven=True)) == (said,)


def address(field: str, *values: object, op: str = "==") -> dict[str, Any]:
    right = {"set": list(values)} if len(values) > 1 else values[0]
    left = {"payload": {"protocol": "ip6", "field": field}}
    return {"match": {"op": op, "left": left, "right": right}}


def prefix(addr: str, length: int) -> dict[str, Any]:
    return {"prefix": {"addr": addr, "len": length}}


@pytest.mark.parametrize(
    ("match", "own", "stopped"),
    [
        (address("saddr", prefix("fc00::", 7)), "fd12::/64", "what the containers send"),
        (address("saddr", "::1", prefix("fc00::", 7)), "fd12::/64", "what the containers send"),
        (address("saddr", prefix("2000::", 3), op="!="), "fd12::/64", "what the containers send"),
        (address("saddr", {"range": ["fd00::", "fdff::"]}), "fd12::/64", "what the containers"),
        (address("daddr", prefix("fc00::", 7)), "fd12::/64", "the answers to them"),
        (address("saddr", prefix("fd12::", 80)), "fd12::/64", ""),
        (address("saddr", "fd12::5"), "fd12::/64", ""),
        (address("saddr", prefix("fc00::", 7)), "2001:db8::/64", ""),
        (address("saddr", "what"), "fd12::/64", ""),
        (address("saddr", prefix("fc00::", 7)), None, ""),
    ],
)
def test_a_rule_that_names_the_addresses_of_containers_is_told_where_these_are_known(
    match: dict[str, Any], own: str | None, stopped: str
) -> None:
    chains = parsed(chain(policy="accept"), rule(match, DROP))
    host = made_up_hosts.debian13(firewall=Firewall(forward_chains=chains))
    said = obstacles(host, Choices(prefix=IPv6Network(own) if own else None))
    assert bool(said) is bool(stopped)
    assert all(stopped in each for each in said)


@pytest.mark.parametrize(
    ("rule", "drops"),
    [
        ("-s fc00::/7 -j DROP", True),
        ("! -s 2000::/3 -j DROP", True),
        ("-s fd12::/80 -j DROP", False),
        ("-d fc00::/7 -j DROP", False),
        ("-s what -j DROP", False),
    ],
)
def test_so_is_such_a_rule_of_ip6tables(rule: str, drops: bool) -> None:
    saved = f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD {rule}\nCOMMIT\n"
    host = made_up_hosts.debian13()
    assert not isinstance(host.ip6tables, Unknown)
    host = replace(host, ip6tables=replace(host.ip6tables, other=saved))
    said = obstacles(host, Choices(prefix=IPv6Network("fd12::/64")))
    assert any("what the containers send" in each for each in said) is drops
