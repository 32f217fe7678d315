"""The step of packet filter rules: what they let by, beside others, and what keeps them there."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem, Packet, difference
from wizard.filter import order
from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState
from wizard.steps import legacy_ip6tables
from wizard.steps.before import FileBefore
from wizard.steps.closed_ports import ClosedPorts
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.ip6tables import DIRECTORY, PATH, UNIT, Ip6tables, Ip6tablesBefore
from wizard.steps.others import Other
from wizard.steps.own_chains import Table

HIDDEN = Ip6tables("br-a", "fd00:a::/64")
OPEN = Ip6tables("br-a", "fd00:a::/64", masquerade=False, everything=True)
PORTS = Ip6tables("br-a", "fd00:a::/64", masquerade=False, ports=("3000/tcp", "4000/udp"))
LET_BY = replace(PORTS, engine_masquerades=True)
FIRST = Ip6tables("br-b", "fd00:b::/64", masquerade=False, ports=("80/tcp",))


def quiet(line: str) -> None:
    pass


def a_host() -> MadeUpSystem:
    system = MadeUpSystem()
    system.directories.add(DIRECTORY)
    return system


@pytest.mark.parametrize(
    ("step", "verdicts", "nat"),
    [
        (HIDDEN, ("ACCEPT", "DROP", "ACCEPT", "policy"), "MASQUERADE"),
        (OPEN, ("ACCEPT", "ACCEPT", "ACCEPT", "policy"), None),
        (PORTS, ("ACCEPT", "DROP", "ACCEPT", "policy"), None),
        (LET_BY, ("ACCEPT", "DROP", "ACCEPT", "policy"), "ACCEPT"),
    ],
)
def test_what_each_lets_out_and_in(
    step: Ip6tables, verdicts: tuple[str, ...], nat: str | None
) -> None:
    system = a_host()
    step.apply(system, quiet)
    inside, outside = "fd00:a::5/128", "2001:db8::1/128"
    packets = (
        Packet(inside, "br-a", "eth0", "NEW"),
        Packet(outside, "eth0", "br-a", "NEW"),
        Packet(outside, "eth0", "br-a", "ESTABLISHED"),
        Packet(outside, "eth0", "br-x", "NEW"),
    )
    assert tuple(system.verdict("filter", "FORWARD", each) for each in packets) == verdicts
    assert system.verdict("filter", "FORWARD", Packet(outside, "br-a", "eth0", "NEW")) == "policy"
    assert ("nat" in system.tables) is (nat is not None)
    if nat:
        assert system.verdict("nat", "POSTROUTING", packets[0]) == nat
        among = Packet(inside, "br-a", "br-a", "NEW")
        assert system.verdict("nat", "POSTROUTING", among) == "policy"


def opened(step: Ip6tables) -> set[str]:
    """Return what a step opens from outside besides answers."""
    (table,) = (each for each in step.tables if each.name == "filter")
    rules = [" ".join(rule) for rule in table.inward if rule[-1] == "ACCEPT"]
    return {rule for rule in rules if "--ctstate" not in rule}


def test_what_is_open_is_what_was_asked_for_and_icmp_where_nothing_is_hidden() -> None:
    icmp = "-o br-a -p ipv6-icmp -j ACCEPT"
    assert opened(PORTS) == {
        icmp,
        "-o br-a -p tcp -m tcp --dport 3000 -j ACCEPT",
        "-o br-a -p udp -m udp --dport 4000 -j ACCEPT",
    }
    assert opened(replace(PORTS, ports=())) == {icmp}
    assert opened(OPEN) == {"-o br-a -j ACCEPT"}
    assert opened(HIDDEN) == set()


@pytest.mark.parametrize(
    ("step", "title", "reason"),
    [
        (HIDDEN, "out, behind the address of this host", "is given the address of the host"),
        (OPEN, "Let packets of fd00:a::/64 out and in", "to every port of these containers"),
        (PORTS, "out, and in only to open ports", "and 3000/tcp, 4000/udp, on every container"),
        (replace(PORTS, ports=()), "out, and in only to open ports", "and no port, on every"),
    ],
)
def test_who_reads_is_told_what_will_be_open(step: Ip6tables, title: str, reason: str) -> None:
    assert title in step.title and "fd00:a::/64" in step.title
    assert reason in step.reason
    assert f"called {CHAIN}; no other rule is touched." in step.reason


# Beside another set-up.


def beside(step: Ip6tables, first: Ip6tables) -> tuple[MadeUpSystem, Ip6tables, Ip6tablesBefore]:
    """Return a host with the rules of a first set-up, the step beside it, and what it found."""
    system = a_host()
    at_first = first.capture(system)
    first.apply(system, quiet)
    both = replace(step, previous=system.files[PATH]).among(
        [
            Other("peertube", first.kind, first, at_first),
            Other("else", "closed-ports", ClosedPorts("br-c", "", path="/etc/other.rules"), None),
            Other("broken", "sysctl", None, None),
        ]
    )
    assert [name for name, _tables in both.beside] == ["peertube"]
    return system, both, at_first


@pytest.mark.parametrize("step", [HIDDEN, PORTS, LET_BY], ids=["hidden", "ports", "let by"])
@pytest.mark.parametrize("first", [FIRST, replace(FIRST, masquerade=True, ports=())])
def test_beside_another_each_has_its_rules_and_goes_without_the_other_s(
    step: Ip6tables, first: Ip6tables
) -> None:
    system, both, at_first = beside(step, first)
    alone = system.snapshot()
    assert both.obstacle(system) is None
    assert both.check(system) is not None
    found = both.capture(system)
    before = both.found_first(found, [Other("peertube", first.kind, first, at_first)])
    assert (before.tables, before.files) == ((), (FileBefore(PATH, exists=False),))
    assert both.found_first(found, []) == found
    elsewhere = Other("else", "closed-ports", ClosedPorts("br-c", "", path="/etc/other"), found)
    assert both.found_first(found, [elsewhere]) == found
    both.apply(system, quiet)
    assert both.check(system) is None
    assert order.closes_before_it_opens(system.tables["filter"][CHAIN])
    both_have = [each for each in (*both.tables, *first.tables) if each.name == "nat"]
    assert len(system.tables.get("nat", {}).get(CHAIN, [])) == len(both_have)
    goes_back = both.goes_back_to(before, [])
    with_both = system.snapshot()
    # The unit loads the file of both, and that is no reason for ours to stay in it.
    system.files[UNIT] = FileState(f"ExecStart=ip6tables-restore {PATH}\n")
    compared = both.compare(system, goes_back)
    assert {each.needed for each in compared} == {""}
    assert compared[-1].words == f"The chain {CHAIN} stays for peertube."
    del system.files[UNIT]
    others_only = [each for each in both.undo_lines(goes_back) if each.startswith("#")]
    assert others_only == [f"# take out of {PATH} what peertube has no need of"]
    assert both.undo(system, goes_back, quiet) == ()
    assert difference(alone, system.snapshot()) == set()
    assert difference(with_both, system.snapshot()) != set()
    assert both.undo(system, goes_back, quiet) == ()
    # And the last to go leaves nothing at all.
    last = first.among([])
    assert last.goes_back_to(at_first, []) == at_first
    assert last.undo(system, at_first, quiet) == ()
    assert system.tables == {} and system.files == {}
    assert DIRECTORY not in system.directories


def test_the_lines_to_take_it_out_by_hand_leave_the_other_s() -> None:
    for step, first in ((HIDDEN, FIRST), (PORTS, FIRST), (HIDDEN, replace(FIRST, masquerade=True))):
        system, both, _at_first = beside(step, first)
        alone = {name: dict(chains) for name, chains in system.tables.items()}
        both.apply(system, quiet)
        for line in both.undo_lines(both.capture(system)):
            if not line.startswith("#"):
                assert system.run(shlex.split(line)).status == 0, line
        system.tables = {name: each for name, each in system.tables.items() if name in alone}
        assert system.tables == alone


def test_a_chain_that_is_led_to_from_elsewhere_for_another_is_not_shared() -> None:
    system, both, _at_first = beside(HIDDEN, FIRST)
    (project, tables), *_ = both.beside
    elsewhere = tuple(Table(each.name, "DOCKER-USER", each.rules) for each in tables)
    with pytest.raises(Refused, match=f"The chain {CHAIN} stands in DOCKER-USER for peertube"):
        replace(
            both, beside=((project, elsewhere),), previous=None
        ).obstacle(system)  # fmt: skip


def test_a_chain_or_file_that_somebody_changed_for_another_is_said_before_anything_begins() -> None:
    system, both, _at_first = beside(HIDDEN, FIRST)
    system.run(("ip6tables", "-D", CHAIN, "1"))
    with pytest.raises(Refused, match="wizard --check peertube says"):
        both.obstacle(system)
    changed = replace(both, previous=FileState("mine\n"))
    with pytest.raises(Refused, match="changed by somebody since"):
        changed.obstacle(system)
    alone = a_host()
    alone.run(("ip6tables", "-t", "nat", "-N", CHAIN))
    said = HIDDEN.obstacle(alone)
    assert said is not None
    assert said.startswith(f"The nat table of ip6tables already has a chain called {CHAIN}, ")
    assert PORTS.obstacle(alone) is None


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            ("-t", "nat", "-D", "POSTROUTING", "-j", CHAIN),
            f"POSTROUTING in nat does not lead to {CHAIN}.",
        ),
        (("-t", "nat", "-F", CHAIN), f"The rules of {CHAIN} in the nat table are not as written."),
        (("-D", CHAIN, "1"), f"The rules of {CHAIN} in the filter table are not as written."),
    ],
)
def test_what_is_not_in_effect_is_named_with_its_table(spoil: tuple[str, ...], said: str) -> None:
    system = a_host()
    assert HIDDEN.check(system) == f"The filter table has no chain {CHAIN}."
    HIDDEN.apply(system, quiet)
    assert HIDDEN.check(system) is None
    assert system.run(("ip6tables", *spoil)).status == 0
    assert HIDDEN.check(system) == said


# What keeps them there.


def applied(step: Ip6tables) -> tuple[MadeUpSystem, Ip6tablesBefore]:
    system = a_host()
    before = step.capture(system)
    step.apply(system, quiet)
    return system, before


def make_bridge(system: MadeUpSystem, bridge: str) -> None:
    system.sysctls["net.ipv6.conf.all.forwarding"] = "0"
    words = ("--opt", f"com.docker.network.bridge.name={bridge}", "theirs")
    assert system.run(("docker", "network", "create", *words)).status == 0


@pytest.mark.parametrize("step", [HIDDEN, PORTS, LET_BY, OPEN])
@pytest.mark.parametrize("bridge", ["br-a", "br-x"])
def test_rules_that_close_what_is_behind_a_bridge_stay_while_that_is_there(
    step: Ip6tables, bridge: str
) -> None:
    system, before = applied(step)
    make_bridge(system, bridge)
    needed = bridge == "br-a" and step in (PORTS, OPEN)
    found = step.compare(system, before)
    assert {bool(each.needed) for each in found} == {needed}
    assert {bool(each.needed) for each in step.compare(system, before, ("br-a",))} == {False}
    rules = system.tables["filter"][CHAIN]
    left = step.undo(system, before, quiet)
    assert len(left) == (1 if needed else 0)
    for sentence in left:
        assert sentence.startswith(f"The rules in {CHAIN} stay, because br-a is still there")
        assert system.tables["filter"][CHAIN] == rules and PATH in system.files


@pytest.mark.parametrize(
    ("text", "masked", "gone", "needed"),
    [
        (f"ExecStart=ip6tables-restore {PATH}\n", False, (), True),
        (f"ExecStart=ip6tables-restore {PATH}\n", False, (UNIT,), False),
        (f"ExecStart=ip6tables-restore {PATH}\n", True, (), False),
        ("ExecStart=/bin/true\n", False, (), False),
        (None, False, (), False),
    ],
)
def test_rules_that_a_unit_loads_stay_while_it_does(
    text: str | None, masked: bool, gone: Sequence[str], needed: bool
) -> None:
    system, before = applied(HIDDEN)
    if text is not None:
        system.files[UNIT] = FileState(text)
    if masked:
        system.masked.add(UNIT)
    found = HIDDEN.compare(system, before, gone)
    assert {bool(each.needed) for each in found} == {needed}
    if needed:
        assert found[0].needed == f"The rules in {CHAIN} stay, because {UNIT} stays and loads them."


# What somebody changed.

THEIRS = ("-s", "2001:db8::/32", "-j", "DROP")


@pytest.mark.parametrize("choice", Resolution)
@pytest.mark.parametrize("led", [True, False])
def test_a_chain_with_a_rule_of_somebody_s_becomes_what_was_chosen(
    choice: Resolution, led: bool
) -> None:
    system, before = applied(HIDDEN)
    ours = list(system.tables["filter"][CHAIN])
    system.run(("ip6tables", "-I", CHAIN, "2", *THEIRS))
    if not led:
        system.run(("ip6tables", "-D", "FORWARD", "-j", CHAIN))
    name = f"The chain {CHAIN} in the filter table"
    left = HIDDEN.undo(system, before, quiet, {name: choice})
    if choice is Resolution.ORIGINAL:
        assert left == () and "filter" not in system.tables and PATH not in system.files
    elif choice is Resolution.KEEP:
        assert len(left) == 1 and left[0].startswith(name)
        assert system.tables["filter"][CHAIN] == [THEIRS]
        assert PATH not in system.files and "nat" not in system.tables
    else:
        # The whole step stays in force.
        assert system.tables["filter"][CHAIN] == ours
        assert system.tables["filter"]["FORWARD"] == [("-j", CHAIN)]
        assert system.tables["nat"][CHAIN] and PATH in system.files


def test_a_table_that_was_there_stays_and_so_does_one_of_the_legacy_program() -> None:
    system = a_host()
    system.run(("ip6tables", "-t", "nat", "-N", "THEIRS"))
    system.run(("ip6tables", "-t", "nat", "-X", "THEIRS"))
    before = HIDDEN.capture(system)
    assert before.tables == ("nat",)
    HIDDEN.apply(system, quiet)
    assert HIDDEN.capture(system).tables == ("filter", "nat")
    assert HIDDEN.undo(system, before, quiet) == ()
    assert list(system.tables) == ["nat"]
    legacy = replace(HIDDEN, legacy=True)
    system, before = applied(legacy)
    assert legacy.undo(system, before, quiet) == ()
    assert sorted(system.tables) == ["filter", "nat"]


def test_the_legacy_program_is_spoken_to_by_the_library_where_no_other_has_the_chain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    remark = "# The wizard does the same through python-iptables here."
    legacy = replace(HIDDEN, legacy=True)
    assert legacy.commands[-1] == remark and legacy.commands[:-1] == HIDDEN.commands
    system, said = a_host(), list[str]()
    monkeypatch.setattr(legacy_ip6tables, "loader", lambda: system.load_rules)
    legacy.apply(system, said.append)
    assert legacy.check(system) is None and PATH in system.files
    assert said == [
        f"python-iptables: {number} rules into {CHAIN} in {table}"
        for number, table in ((4, "filter"), (1, "nat"))
    ]
    beside_it = replace(legacy, bridge="br-c", previous=system.files[PATH]).among(
        [Other("first", legacy.kind, legacy, None)]
    )
    assert remark not in beside_it.commands
    monkeypatch.setattr(legacy_ip6tables, "loader", lambda: pytest.fail("asked for the library"))
    beside_it.apply(system, quiet)
    HIDDEN.apply(a_host(), quiet)
    assert beside_it.check(system) is None


def test_when_the_unit_loads_them_and_whether_it_stays_with_the_bridge() -> None:
    assert [each.after_docker for each in (HIDDEN, PORTS, LET_BY)] == [False, False, True]
    assert [each.closes_bridge for each in (HIDDEN, PORTS, LET_BY)] == [False, True, False]
    user = ClosedPorts("br-a", "", ports=("3000/tcp", "53/udp"), uplink="eth0")
    assert user.after_docker
    assert user.title == "Keep 3000/tcp, 53/udp closed over IPv6 on eth0, as this host does"
    assert "passes by INPUT" in user.reason
    (table,) = user.tables
    assert (table.name, table.parent) == ("filter", "DOCKER-USER")
    assert [" ".join(rule) for rule in table.rules] == [
        f"-i eth0 -o br-a -p {protocol} -m conntrack --ctstate NEW --ctorigdstport {number} -j DROP"
        for number, protocol in (("3000", "tcp"), ("53", "udp"))
    ]


def test_a_chain_that_has_gone_is_no_fault_and_each_table_is_taken_back_by_itself() -> None:
    system, before = applied(HIDDEN)
    for words in (("-D", "POSTROUTING", "-j", CHAIN), ("-F", CHAIN), ("-X", CHAIN)):
        system.run(("ip6tables", "-t", "nat", *words))
    found = HIDDEN.compare(system, before)
    assert [each.comparison for each in found] == [
        Comparison.GONE, Comparison.UNCHANGED, Comparison.UNCHANGED
    ]  # fmt: skip
    assert HIDDEN.undo(system, before, quiet) == ()
    assert system.tables == {} and system.files == {}
