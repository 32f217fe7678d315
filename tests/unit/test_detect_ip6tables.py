import pytest

from tests.unit.recorded import DEBIAN12, DEBIAN13, DEBIAN14, text
from wizard.boot import ufw
from wizard.host.looking import CannotTell
from wizard.host.parts.firewall import policy
from wizard.host.parts.ip6tables import (
    before_docker,
    has_rules,
    imitated,
    parse_version,
    to_docker,
)


@pytest.mark.parametrize(
    ("machine", "version"), [(DEBIAN12, "1.8.9"), (DEBIAN13, "1.8.11"), (DEBIAN14, "1.8.13")]
)
def test_ip6tables_of_a_real_machine_speaks_to_nftables(machine: str, version: str) -> None:
    assert parse_version(text(machine, "ip6tables-version")) == (version, False)


def test_the_legacy_one_and_the_one_from_before_there_were_two() -> None:
    assert parse_version("ip6tables v1.8.9 (legacy)\n") == ("1.8.9", True)
    assert parse_version("ip6tables v1.6.0\n") == ("1.6.0", True)


def test_another_answer_is_unknown() -> None:
    with pytest.raises(CannotTell, match="printed"):
        parse_version("Segmentation fault\n")


@pytest.mark.parametrize(
    ("saved", "expected"),
    [
        ("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [5:6]\nCOMMIT\n", False),
        ("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n", True),
        ("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i eth0 -j DROP\nCOMMIT\n", True),
        ("*filter\n:DOCKER - [0:0]\nCOMMIT\n", False),
        ("", False),
    ],
)
def test_a_rule_or_a_policy_counts_as_rules(saved: str, expected: bool) -> None:
    assert has_rules(saved) is expected


def test_rules_that_lead_to_docker_are_those_of_the_chains_that_packets_come_by() -> None:
    saved = (
        "*nat\n:PREROUTING ACCEPT [0:0]\n:DOCKER - [0:0]\n"
        "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER\n-A PREROUTING -j OTHER\n"
        "-A PREROUTING -j DOCKER-INGRESS\n"
        "-A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER\n"
        "-A DOCKER -p tcp -m tcp --dport 80 -j DNAT --to-destination [fd00::2]:80\nCOMMIT\n"
        "*filter\n-A FORWARD -j DOCKER\nCOMMIT\n"
    )
    assert list(to_docker(saved)) == [
        "PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
        "OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER",
    ]
    assert list(to_docker(text(DEBIAN14, "ip6tables-save"))) != []
    assert list(to_docker(text(DEBIAN13, "ip6tables-save"))) == []


def test_forward_drops_before_it_leads_to_docker_where_its_rules_stand_in_that_order() -> None:
    saved = text(DEBIAN14, "ip6tables-save")
    assert before_docker(saved) == ""
    jump = "-A FORWARD -j DOCKER-FORWARD\n"
    reject = "-A FORWARD -j REJECT --reject-with icmp6-port-unreachable\n"
    assert before_docker(saved.replace(jump, jump + reject)) == ""
    assert before_docker(saved.replace(jump, reject + jump)) == f"by its rule “{reject.strip()}”"
    assert before_docker(saved.replace(jump, reject)) == f"by its rule “{reject.strip()}”"
    closed = saved.replace(":FORWARD ACCEPT", ":FORWARD DROP")
    assert before_docker(closed) == ""
    assert before_docker(closed.replace(jump, "")) == "by its policy"
    assert before_docker("") == ""


def test_chains_of_an_earlier_docker_beside_those_of_today_are_somebody_elses() -> None:
    saved = text(DEBIAN14, "ip6tables-save")
    jump = "-A FORWARD -j DOCKER-FORWARD\n"
    earlier = "-A FORWARD -j DOCKER-ISOLATION-STAGE-1\n"
    assert imitated(saved) == ""
    assert imitated(saved.replace(jump, earlier + jump)) == earlier.removeprefix("-A ").strip()
    # Before 28 they are Docker's own.
    assert imitated(saved.replace(jump, earlier)) == ""


def test_only_the_engine_that_keeps_ip6tables_has_rules() -> None:
    assert not has_rules(text(DEBIAN12, "ip6tables-save"))
    assert not has_rules(text(DEBIAN13, "ip6tables-save"))
    assert has_rules(text(DEBIAN14, "ip6tables-save"))


@pytest.mark.parametrize("machine", [DEBIAN12, DEBIAN13, DEBIAN14])
def test_the_policy_of_a_real_forward_chain(machine: str) -> None:
    assert policy(text(machine, "ip6tables-forward")) == "ACCEPT"


def test_the_policy_is_the_chains_and_not_a_rules() -> None:
    assert policy("-P FORWARD DROP\n-A FORWARD -j ACCEPT\n") == "DROP"
    assert policy("") is None


@pytest.mark.parametrize(
    ("configuration", "expected"),
    [
        ("# comment\nENABLED=yes\nLOGLEVEL=low\n", True),
        ('ENABLED="yes"\n', True),
        ("ENABLED=no\n", False),
        ("#ENABLED=yes\n", False),
        ("", False),
    ],
)
def test_ufw_is_on_where_its_file_says_so(configuration: str, expected: bool) -> None:
    assert ufw.is_enabled(configuration) is expected


@pytest.mark.parametrize(
    ("defaults", "expected"),
    [
        ("# comment\nIPV6=yes\n", True),
        ('IPV6="YES"\n', True),
        ("IPV6=no\n", False),
        ("IPV6=Yes\n", False),
        ("IPV6=yes\nIPV6=no\n", False),
        ("#IPV6=yes\n", False),
        (None, True),
    ],
)
def test_ufw_lets_ipv6_through_where_its_defaults_say_yes(
    defaults: str | None, expected: bool
) -> None:
    assert ufw.lets_ipv6(defaults) is expected
