"""Our rules as they should be, as they are, and what mends the difference."""

import pytest

from tests.unit.test_stand_in import Kernel, without
from wizard.filter import rules
from wizard.platform import saved_rules
from wizard.platform.own_names import CHAIN
from wizard.steps.closed_ports import DOCKER_USER, ClosedPorts
from wizard.steps.ip6tables import Ip6tables

BRIDGE, UPLINK = "br-ipv6", "eth0"
PREFIX = "2001:db8:1:2:1::/80"
ROUTED = Ip6tables(BRIDGE, PREFIX, masquerade=False, ports=("3000/tcp",))
PRIVATE = Ip6tables(BRIDGE, "fd12:3456:789a::/64")
BEFORE = Ip6tables(BRIDGE, PREFIX, masquerade=False, engine_masquerades=True)
CLOSED = ClosedPorts(BRIDGE, "fd12:3456:789a::/64", ports=("3000/tcp",), uplink=UPLINK)


def saved(step: Ip6tables, *, before: str = "", between: str = "", after: str = "") -> str:
    """What ip6tables-save prints where the rules of a step are in force, with others' beside."""
    lines: list[str] = []
    for table in step.tables:
        lines += [f"*{table.name}", f":{table.parent} ACCEPT [0:0]", f":{CHAIN} - [0:0]"]
        lines += [f"-A {table.parent} {before}"] if before else []
        lines += [f"-A {table.parent} -j {CHAIN}"]
        lines += [f"-A {table.parent} {after}"] if after else []
        ours = [f"-A {CHAIN} {' '.join(rule)}" for rule in table.rules]
        lines += [ours[0], *([f"-A {CHAIN} {between}"] if between else []), *ours[1:], "COMMIT"]
    return "\n".join(lines) + "\n"


def faults(step: Ip6tables, text: str) -> list[str]:
    return rules.faults(rules.parse(step.text), text, UPLINK, [BRIDGE])


every_step = pytest.mark.parametrize("step", [ROUTED, PRIVATE, BEFORE])


@every_step
def test_what_is_in_force_is_no_fault_whoever_prints_it(step: Ip6tables) -> None:
    assert faults(step, saved(step)) == []
    assert faults(step, saved(step).replace("-p ipv6-icmp", "-p icmpv6")) == []


@every_step
def test_rules_of_others_between_and_around_ours_are_left_to_them(step: Ip6tables) -> None:
    theirs = "-s 2001:db8:bad::/48 -j DROP"
    assert faults(step, saved(step, between=theirs)) == []
    assert faults(step, saved(step, after="-j ACCEPT")) == []
    if step is not BEFORE:
        assert faults(step, saved(step, before=theirs)) == []


def test_a_rule_before_ours_that_lets_in_what_ours_keeps_out_is_a_fault() -> None:
    for opening in ("-j ACCEPT", "-i eth0 -j ACCEPT", f"-o {BRIDGE} -p tcp --dport 22 -j ACCEPT"):
        assert "lets in" in faults(ROUTED, saved(ROUTED, before=opening))[0]
    for harmless in (
        "-i eth1 -j ACCEPT",
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-p tcp -m tcp --dport 3000 -j ACCEPT",
    ):
        assert faults(ROUTED, saved(ROUTED, before=harmless)) == []


def test_where_everything_may_come_in_no_rule_before_ours_is_one() -> None:
    opened = Ip6tables(BRIDGE, PREFIX, masquerade=False, everything=True)
    assert faults(opened, saved(opened, before="-j ACCEPT")) == []


def test_what_has_to_come_before_the_engine_s_masquerade_is_first() -> None:
    text = saved(BEFORE, before="-s 2001:db8:1:2:1::/80 ! -o br-ipv6 -j MASQUERADE")
    assert any("too late" in each for each in faults(BEFORE, text))


@every_step
def test_whatever_is_gone_is_a_fault_and_is_mended(step: Ip6tables) -> None:
    whole = saved(step)
    losses = [
        "",
        *(whole.replace(f"{line}\n", "", 1) for line in whole.splitlines() if "-A" in line),
    ]
    losses.append("\n".join(line for line in whole.splitlines() if CHAIN not in line) + "\n")
    for text in losses:
        assert faults(step, text), text
        mended = restored(text, rules.mending(rules.parse(step.text), text))
        assert faults(step, mended) == [], text


def test_two_jumps_become_one_and_rules_of_others_in_our_chain_stay() -> None:
    jump = f"-A FORWARD -j {CHAIN}\n"
    text = saved(ROUTED, between="-s 2001:db8:bad::/48 -j DROP").replace(jump, jump * 3)
    mended = restored(text, rules.mending(rules.parse(ROUTED.text), text))
    assert mended.count(jump) == 1
    assert "-s 2001:db8:bad::/48 -j DROP" in mended
    assert faults(ROUTED, mended) == []


@pytest.mark.parametrize("text", ["", "# nothing\n", "*filter\nCOMMIT\n"])
def test_a_file_without_rules_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no rules of ours"):
        rules.parse(text)


def restored(text: str, given: str) -> str:
    """What ip6tables-save prints after ip6tables-restore --noflush took what was given."""
    tables: dict[str, dict[str, list[str]]] = {}
    for source in (text, given):
        table = ""
        for line in source.splitlines():
            words = line.split(maxsplit=2)
            if line.startswith("*"):
                table = line[1:]
                tables.setdefault(table, {"FORWARD": [], "POSTROUTING": []})
            elif line.startswith(":"):
                name = words[0][1:]
                kept = tables[table].get(name, []) if name.isupper() and "-" not in name else []
                tables[table][name] = kept
            elif line.startswith("-A"):
                tables[table].setdefault(words[1], []).append(words[2])
            elif line.startswith("-D"):
                tables[table][words[1]].remove(words[2])
            elif line.startswith("-I"):
                tables[table][words[1]].insert(0, words[2])
    lines: list[str] = []
    for table, chains in tables.items():
        lines += [f"*{table}", *(f":{chain} - [0:0]" for chain in chains)]
        lines += [f"-A {chain} {rule}" for chain, each in chains.items() for rule in each]
        lines.append("COMMIT")
    return "\n".join(lines) + "\n"


def leading(kernel: Kernel) -> list[str]:
    """The chains that lead to ours."""
    chains, _policies = saved_rules.parse(kernel.text, "filter")
    return [name for name, each in chains.items() for rule in each if rule == f"-j {CHAIN}"]


LED = saved(CLOSED).replace("*filter\n", f"*filter\n:FORWARD ACCEPT\n-A FORWARD -j {DOCKER_USER}\n")


@pytest.mark.parametrize(
    "lost", [("-A FORWARD",), ("-A",), ("-A", f":{DOCKER_USER}"), ("*", ":", "-A", "COMMIT")]
)
def test_while_nothing_leads_to_docker_s_chain_forward_leads_to_ours_itself(
    lost: tuple[str, ...],
) -> None:
    kernel = Kernel(LED)
    assert faults(CLOSED, kernel.text) == []

    def mend() -> None:
        assert faults(CLOSED, kernel.text)
        lines = rules.mending(rules.parse(CLOSED.text), kernel.text)
        kernel.run(["ip6tables-restore", "--noflush"], lines)
        assert faults(CLOSED, kernel.text) == []

    kernel.text = without(LED, *lost)
    mend()
    assert leading(kernel) == ["FORWARD"]
    # Docker makes its own again.
    kernel.run(
        ["ip6tables-restore", "--noflush"], f":{DOCKER_USER} -\n-I FORWARD -j {DOCKER_USER}\n"
    )
    mend()
    assert leading(kernel) == [DOCKER_USER]
