"""What several set-ups share: each knows the host from before the first, and it serves them all."""

import itertools
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.platform.parameter_names import name
from wizard.platform.system import FileState
from wizard.steps import objects, own_chains
from wizard.steps.comparing import Comparison
from wizard.steps.docker_network import DockerNetwork, DockerNetworkBefore
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.objects import ip6tables
from wizard.steps.others import Other
from wizard.steps.shared_unit import merged
from wizard.steps.sysctl import PATH, Sysctl, SysctlBefore
from wizard.steps.systemd_unit import rules_and_sysctls
from wizard.uplink import unit as uplink_unit

FORWARDING, BRIDGE = name("all", "forwarding"), name("br-first", "forwarding")
ETH0, ETH1 = name("eth0", "forwarding"), name("eth1", "forwarding")


def quiet(line: str) -> None:
    pass


def started(text: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith("ExecStart=")]


# The unit that several set-ups have in one place.


def test_the_service_keeps_the_interfaces_of_all_listening_and_forwards_where_one_needs_it() -> (
    None
):
    texts = [
        uplink_unit.unit(["eth0"], PATH, forwarding=False),
        uplink_unit.unit(["eth1"], PATH, forwarding=True),
    ]
    (line,) = started(merged(texts))
    assert line.split()[-4:] == ["wizard.uplink", "--forwarding", "eth0", "eth1"]
    assert merged(texts) == merged(texts[::-1])


def test_the_unit_loads_what_each_needs_in_an_order_that_works() -> None:
    rules = [
        Ip6tables("br-a", "fd00::/64", masquerade=True, legacy=True),
        Ip6tables("br-b", "2001:db8::/80", masquerade=False, engine_masquerades=True),
    ]
    texts = [rules_and_sysctls(None, each).text for each in rules]
    wanted = {line for text in texts for line in started(text)}
    for several in itertools.permutations(texts):
        text = merged(several)
        lines = started(text)
        assert {*lines} == wanted and len(lines) == len(wanted)
        # Modules before all that opens a table; the jumps out before the file puts them in.
        programs = [line.lstrip("+-").split()[0] for line in lines]
        assert programs[:2] == ["modprobe", "sysctl"]
        assert programs[-1] == "ip6tables-restore"
        # Before Docker the rules of the second would not be in front of Docker's own.
        assert "\nAfter=docker.service\n" in text
        assert "\nBefore=docker.service\n" not in text


def test_the_modules_of_all_are_loaded_at_once() -> None:
    rules = [
        Ip6tables("br-a", "fd00::/64", masquerade=True, legacy=True),
        Ip6tables("br-b", "2001:db8::/80", masquerade=False, legacy=True),
    ]
    texts = [rules_and_sysctls(None, each).text for each in rules]
    for several in itertools.permutations(texts):
        loading = [line for line in started(merged(several)) if "modprobe" in line]
        assert [{*line.split()[2:]} for line in loading] == [
            {"ip6_tables", "ip6table_filter", "ip6table_nat"}
        ]


# Kernel parameters.


def found(*live: tuple[str, str], networks: tuple[str, ...] = ()) -> SysctlBefore:
    return SysctlBefore(files=(), live=live, ipv6_networks=networks)


FORWARD = Sysctl(((FORWARDING, "1"),))


def test_what_docker_switched_on_for_another_is_not_what_was_there_first() -> None:
    network = DockerNetwork("a", "br-a", "10.9.0.0/16", "fd99::/64", "a", ("web",))
    at_first = DockerNetworkBefore(files=(), forwarding=((FORWARDING, "0"), (ETH0, "0")))
    before = FORWARD.found_first(
        found((FORWARDING, "1"), (ETH0, "1"), (BRIDGE, "1")),
        [Other("first", network.kind, network, at_first)],
    )
    assert dict(before.live) == {FORWARDING: "0", ETH0: "0"}


def test_of_several_the_first_has_seen_what_was_there() -> None:
    others = [
        Other("first", FORWARD.kind, FORWARD, found((FORWARDING, "0"), (ETH0, "0"))),
        Other(
            "second", FORWARD.kind, FORWARD,
            found((FORWARDING, "1"), (ETH1, "1"), networks=("ours",)),
        ),
    ]  # fmt: skip
    before = FORWARD.found_first(
        found((FORWARDING, "1"), (BRIDGE, "1"), networks=("ours", "ours_too")), others
    )
    assert dict(before.live) == {FORWARDING: "0", ETH0: "0", ETH1: "1"}
    # No network of ours keeps forwarding on once all are taken back.
    assert before.ipv6_networks == ()


# Tables and chains of the packet filter.


MASQUERADING = Ip6tables("br-a", "fd00::/64", masquerade=True)


@pytest.mark.parametrize("theirs", ["nothing", "a rule", "a chain", "a policy"])
def test_a_table_that_we_made_goes_only_where_nobody_uses_it_since(theirs: str) -> None:
    system = MadeUpSystem()
    before = MASQUERADING.capture(system)
    MASQUERADING.apply(system, quiet)
    match theirs:
        case "a rule":
            system.run(ip6tables("filter", "-A", "INPUT", "-j", "DROP"))
        case "a chain":
            system.run(ip6tables("filter", "-N", "THEIRS"))
        case "a policy":
            system.run(ip6tables("filter", "-P", "FORWARD", "DROP"))
    assert MASQUERADING.undo(system, before, quiet) == ()
    assert not any(CHAIN in chains for chains in system.tables.values())
    assert sorted(system.tables) == ([] if theirs == "nothing" else ["filter"])


def test_of_a_shared_chain_that_was_emptied_nothing_is_left_to_take_out() -> None:
    system = MadeUpSystem()
    MASQUERADING.apply(system, quiet)
    for table in MASQUERADING.tables:
        assert own_chains.compare(system, table, shared=True).comparison is Comparison.UNCHANGED
        system.run(own_chains.command(table, "-F", CHAIN))
        assert own_chains.compare(system, table, shared=True).comparison is Comparison.GONE


def test_where_a_chain_of_another_set_up_is_gone_or_empty_nothing_begins() -> None:
    system = MadeUpSystem()
    there = FileState(own_chains.file_text(MASQUERADING.tables))
    second = Ip6tables("br-b", "fd00:1::/64", masquerade=True, previous=there)
    both = second.among([Other("first", second.kind, MASQUERADING, None)])
    with pytest.raises(Refused, match="is not as the wizard left it"):
        both.obstacle(system)
    MASQUERADING.apply(system, quiet)
    assert both.obstacle(system) is None
    system.run(own_chains.command(MASQUERADING.tables[0], "-F", CHAIN))
    with pytest.raises(Refused, match="is not as the wizard left it"):
        both.obstacle(system)


def test_what_somebody_put_into_our_chain_is_shown_rule_by_rule() -> None:
    system = MadeUpSystem()
    MASQUERADING.apply(system, quiet)
    (table,) = (each for each in MASQUERADING.tables if each.name == "filter")
    for port in ("22", "80"):
        rule = ("-p", "tcp", "--dport", port, "-j", "ACCEPT")
        assert system.run(own_chains.command(table, "-A", CHAIN, *rule)).status == 0
    changed = own_chains.compare(system, table, shared=False)
    assert changed.comparison is Comparison.CHANGED
    assert changed.changed is not None
    added = [line for line in changed.changed.lines if line.startswith("+-A")]
    assert added == [f"+-A {CHAIN} -p tcp --dport {port} -j ACCEPT" for port in ("22", "80")]


def test_a_chain_comes_with_its_jump_and_goes_whole() -> None:
    system = MadeUpSystem()
    wanted = objects.chain("filter", "FORWARD", CHAIN, ("-i br-first -j ACCEPT",))
    missing = objects.now(system, replace(wanted, value=None))
    assert missing.value is None
    for command in objects.setting(missing, wanted):
        assert system.run(command.argv, command.stdin).status == 0, command
    assert objects.now(system, wanted) == wanted
    for command in objects.setting(wanted, missing):
        assert system.run(command.argv, command.stdin).status == 0, command
    assert objects.rules_in(system, "filter", CHAIN) is None
    assert objects.rules_in(system, "filter", "FORWARD") == []


@pytest.mark.parametrize("led", [False, True])
def test_ours_put_back_are_the_only_rules_of_our_chain_and_are_led_to_once(led: bool) -> None:
    system = MadeUpSystem()
    table = Ip6tables("br-first", "fd00::/64", masquerade=True).tables[0]
    assert system.run(own_chains.command(table, "-N", CHAIN)).status == 0
    assert system.run(own_chains.command(table, "-A", CHAIN, "-j", "ACCEPT")).status == 0
    if led:
        assert system.run(own_chains.command(table, "-I", table.parent, "-j", CHAIN)).status == 0
    own_chains.load_chain(system, table, quiet)
    assert own_chains.compare(system, table, shared=False).comparison is Comparison.UNCHANGED
    assert objects.rules_in(system, table.name, table.parent) == [f"-j {CHAIN}"]
