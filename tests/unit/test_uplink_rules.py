"""Which rules let in on the uplink what a stranger elsewhere would not get."""

import pytest

from tests.unit.recorded import text
from wizard.filter.uplink_rules import let_in

BRIDGE = "br-routed"
OURS = (
    ":DOCKER-IPV6-WIZARD - [0:0]",
    f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    f"-A DOCKER-IPV6-WIZARD -o {BRIDGE} -p tcp -m tcp --dport 3000 -j ACCEPT",
    f"-A DOCKER-IPV6-WIZARD ! -i {BRIDGE} -o {BRIDGE} -j DROP",
)
JUMP = "-A FORWARD -j DOCKER-IPV6-WIZARD"


def saved(*rules: str) -> str:
    return "\n".join(["*filter", ":FORWARD ACCEPT [0:0]", *rules, "COMMIT", ""])


@pytest.mark.parametrize(
    "rule",
    [
        "-i eth0 -j ACCEPT",
        "-i eth+ -j ACCEPT",
        f"-i eth0 -o {BRIDGE} -j ACCEPT",
        "-i eth0 -o br-+ -j ACCEPT",
        "-i eth0 -p tcp -m tcp --dport 22 -j ACCEPT",
        "-i eth0 -p tcp -m multiport --dports 22,3000 -j ACCEPT",
        "-i eth0 -p tcp -m tcp ! --dport 3000 -j ACCEPT",
        "-i eth0 -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
        "-i eth0 -m conntrack ! --ctstate INVALID -j ACCEPT",
        "-i eth0 ! -p tcp -j ACCEPT",
        "-s ::/0 -i eth0 -j ACCEPT",
        # For all strangers but some.
        "! -s 2001:db8:77::/48 -i eth0 -j ACCEPT",
        "! -s 2001:db8:77::/48 -i eth0 -p tcp -m tcp --dport 22 -j ACCEPT",
    ],
)
def test_what_lets_in_on_the_uplink_before_our_chain_is_named(rule: str) -> None:
    assert let_in(saved(*OURS, f"-A FORWARD {rule}", JUMP), "eth0", BRIDGE, ["3000/tcp"])
    assert not let_in(saved(*OURS, JUMP, f"-A FORWARD {rule}"), "eth0", BRIDGE, ["3000/tcp"])


@pytest.mark.parametrize(
    "rule",
    [
        "-j ACCEPT",
        "-i eth1 -j ACCEPT",
        "! -i eth0 -j ACCEPT",
        "-i eth0 -o eth1 -j ACCEPT",
        f"-i eth0 ! -o {BRIDGE} -j ACCEPT",
        "-i eth0 -j DROP",
        "-i eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-i eth0 -m conntrack ! --ctstate NEW -j ACCEPT",
        "-i eth0 -p ipv6-icmp -j ACCEPT",
        "-i eth0 -p tcp -m tcp --dport 3000 -j ACCEPT",
        "-s 2001:db8:77::/48 -i eth0 -j ACCEPT",
        "! -s 2001:db8:77::/48 -i eth0 -p tcp -m tcp --dport 3000 -j ACCEPT",
    ],
)
def test_what_does_not_is_not(rule: str) -> None:
    assert not let_in(saved(*OURS, f"-A FORWARD {rule}", JUMP), "eth0", BRIDGE, ["3000/tcp"])


def test_rules_in_chains_of_others_are_found() -> None:
    theirs = (":mine - [0:0]", "-A mine -i eth0 -j ACCEPT", "-A FORWARD -j mine")
    assert let_in(saved(*OURS, *theirs, JUMP), "eth0", BRIDGE) == ("-A mine -i eth0 -j ACCEPT",)
    named = (":mine - [0:0]", "-A mine -j ACCEPT", "-A FORWARD -i eth0 -j mine")
    assert let_in(saved(*OURS, *named, JUMP), "eth0", BRIDGE) == ("-A mine -j ACCEPT",)


def test_chains_that_lead_to_each_other_end() -> None:
    loop = (":a - [0:0]", ":b - [0:0]", "-A a -j b", "-A b -j a", "-A FORWARD -j a")
    assert let_in(saved(*loop, "-A FORWARD -i eth0 -j ACCEPT"), "eth0", BRIDGE)


@pytest.mark.parametrize("name", ["docker-27.5.1-iptables", "docker-29.7.2-iptables"])
def test_a_real_engine_s_own_rules_let_nobody_in(name: str) -> None:
    assert not let_in(text(name, "ip6tables-save"), "eth0", BRIDGE)


def test_of_real_engines_28_and_later_close_what_comes_after_their_chains_and_27_does_not() -> None:
    opened = "-A FORWARD -i eth0 -j ACCEPT"

    def appended(name: str) -> str:
        before, commit, rest = text(name, "ip6tables-save").partition("-A DOCKER")
        if "DOCKER-FORWARD" in before:
            before += f"{opened}\n"
            return before + commit + rest
        last = "-A FORWARD -i br-nat -o br-nat -j ACCEPT\n"
        return text(name, "ip6tables-save").replace(last, f"{last}{opened}\n")

    assert not let_in(appended("docker-29.7.2-iptables"), "eth0", BRIDGE)
    assert let_in(appended("docker-27.5.1-iptables"), "eth0", BRIDGE) == (opened,)
    in_user = text("docker-29.7.2-iptables", "ip6tables-save").replace(
        "-A DOCKER ", "-A DOCKER-USER -i eth0 -j ACCEPT\n-A DOCKER ", 1
    )
    assert let_in(in_user, "eth0", BRIDGE) == ("-A DOCKER-USER -i eth0 -j ACCEPT",)
