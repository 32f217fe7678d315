"""The step of a unit: what systemd is told, beside others, at shutdown, and where it is masked."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import UNITS, MadeUpSystem, difference
from wizard.platform.errors import Refused
from wizard.platform.own_names import CHAIN
from wizard.platform.system import FileState, Result
from wizard.steps.actions import CopyProgram, Run, WriteFile
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.ip6tables import Ip6tables
from wizard.steps.others import Other
from wizard.steps.shared_unit import merged
from wizard.steps.systemd_unit import FilterService, SystemdUnit, rules_and_sysctls

NAME = "ours.service"
PATH = f"{UNITS}/{NAME}"
START = "/usr/bin/python3 -I -S /var/lib/x/run.py wizard.uplink"
HAD = FileState("[Service]\n# theirs\n", 0o600, 1, 2)


def text(*interfaces: str) -> str:
    words = "".join(f" {each}" for each in interfaces)
    return (
        f"[Service]\nType=exec\nExecStart={START}{words}\n\n"
        "[Install]\nWantedBy=multi-user.target docker.service\nWantedBy=sysinit.target\n"
    )


STEP = SystemdUnit(PATH, text("eth0"))
PLAIN = SystemdUnit(PATH, "[Service]\nType=oneshot\nExecStart=ip a\n")
NONE = Before(files=(FileBefore(PATH, exists=False),))


def quiet(line: str) -> None:
    pass


def applied(step: SystemdUnit) -> tuple[MadeUpSystem, Before]:
    system = MadeUpSystem()
    before = step.capture(system)
    step.apply(system, quiet)
    assert step.check(system) is None
    system.ran.clear()
    return system, before


def told(system: MadeUpSystem) -> list[str]:
    """Return what systemd was told to do, without questions."""
    asking = ("is-enabled", "is-active", "is-system-running", "show")
    lines = [argv for argv in system.ran if argv[0] != "systemctl" or argv[1] not in asking]
    return [" ".join(argv) for argv in lines]


def beside(step: SystemdUnit, *others: SystemdUnit, before: Before = NONE) -> SystemdUnit:
    named = [Other(f"p{number}", each.kind, each, before) for number, each in enumerate(others, 1)]
    elsewhere = Other("else", step.kind, replace(step, path=f"{UNITS}/other.service"), before)
    return step.among([elsewhere, *named, Other("damaged", step.kind, None, None)])


@pytest.mark.parametrize("copy", [True, False])
def test_it_is_written_enabled_and_started(copy: bool) -> None:
    step = replace(STEP, starts_copy=copy, purpose="Listen.", explanation="It must.")
    assert (step.title, step.reason, step.name) == ("Listen.", "It must.", NAME)
    assert step.actions() == (
        *([CopyProgram()] if copy else []),
        WriteFile(PATH, None, FileState(text("eth0"))),
        Run(("systemctl", "enable", "--now", NAME)),
    )
    assert step.undo_lines(NONE) == (
        f"systemctl disable --now {NAME}", f"rm {PATH}", "systemctl daemon-reload",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("enabled", f"systemctl is-enabled {NAME} says: disabled"),
        ("active", f"systemctl is-active {NAME} says: inactive"),
    ],
)
def test_one_that_does_not_run_or_will_not_is_named(state: str, said: str) -> None:
    system, _before = applied(STEP)
    getattr(system, state).clear()
    assert STEP.check(system) == said


# Beside other set-ups.


def test_a_program_takes_over_what_more_it_has_to_do_and_plain_commands_need_nothing() -> None:
    both = beside(STEP, replace(STEP, text=text("eth1")))
    assert both.beside == (("p1", text("eth1")),)
    assert both.whole == merged([text("eth0"), text("eth1")])
    runs = [each.line for each in both.actions() if isinstance(each, Run)]
    assert runs == [f"systemctl enable --now {NAME}", f"systemctl restart {NAME}"]
    same = beside(STEP, STEP)
    assert [each.line for each in same.actions() if isinstance(each, Run)] == runs[:1]
    plain = beside(PLAIN, replace(PLAIN, text=PLAIN.text.replace("ip a", "ip b")))
    assert [each.line for each in plain.actions() if isinstance(each, Run)] == runs[:1]
    by_hand = (f"# take out of {PATH} what p1 has no need of", "systemctl daemon-reload")
    assert both.undo_lines(NONE) == (*by_hand, f"systemctl restart {NAME}")
    assert plain.undo_lines(NONE) == by_hand


def test_what_others_found_first_and_need_by_now_is_what_counts() -> None:
    first = Before(files=(FileBefore.of(PATH, HAD),))
    others = [
        Other("e", STEP.kind, replace(STEP, path=f"{UNITS}/o.service"), NONE),
        Other("p", STEP.kind, STEP, first),
    ]
    assert STEP.found_first(NONE, others) == first
    assert STEP.found_first(NONE, others[:1]) == NONE
    assert STEP.goes_back_to(NONE, []) is NONE
    both = beside(STEP, replace(STEP, text=text("eth1")))
    left = FileBefore.of(PATH, FileState(text("eth1")))
    assert both.goes_back_to(NONE, []) == Before(files=(left,))


def two() -> tuple[MadeUpSystem, SystemdUnit, Before]:
    """Return a host with the unit of two, the step of one, and what it goes back to."""
    system, before = applied(replace(STEP, text=text("eth1")))
    both = replace(beside(STEP, replace(STEP, text=text("eth1"))), previous=system.files[PATH])
    assert both.obstacle(system) is None
    both.apply(system, quiet)
    system.ran.clear()
    return system, both, both.goes_back_to(before, [])


def test_it_goes_without_the_others_part_and_the_program_is_told() -> None:
    system, both, before = two()
    unit, stays = both.compare(system, before)
    assert (unit.name, unit.comparison) == (PATH, Comparison.UNCHANGED)
    assert (stays.comparison, stays.words) == (Comparison.GONE, f"{NAME} stays for p1.")
    assert both.undo(system, before, quiet) == ()
    assert system.files[PATH].text == text("eth1")
    assert told(system) == ["systemctl daemon-reload", f"systemctl restart {NAME}"]
    assert NAME in system.enabled and NAME in system.active
    # Also where an undo that was cut short had put the file right already.
    system.ran.clear()
    assert both.undo(system, before, quiet) == ()
    assert told(system) == ["systemctl daemon-reload", f"systemctl restart {NAME}"]


def test_where_it_says_what_the_others_say_or_somebody_changed_it_nobody_is_told() -> None:
    system, _before = applied(STEP)
    same = beside(STEP, STEP)
    assert same.undo(system, same.goes_back_to(NONE, []), quiet) == ()
    assert told(system) == [] and system.files[PATH].text == text("eth0")
    system, both, before = two()
    system.files[PATH] = FileState("mine\n")
    (sentence,) = both.undo(system, before, quiet)
    assert sentence.startswith(f"{PATH} has been changed by somebody else since.")
    assert told(system) == []


def test_what_somebody_changed_of_the_unit_of_another_is_said_before_anything_begins() -> None:
    system, both, _before = two()
    edited = replace(both, previous=FileState("mine\n"))
    with pytest.raises(Refused, match="which serves p1 as well"):
        edited.obstacle(system)
    system.masked.add(PATH)
    with pytest.raises(Refused, match=f"masked {NAME}.* type: systemctl unmask {NAME}$"):
        edited.obstacle(system)


# Taken back.


class Stopping(MadeUpSystem):
    """A host that shuts down."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if list(argv) == ["systemctl", "is-system-running"]:
            return Result(1, "stopping\n")
        return super().run(argv, stdin)


@pytest.mark.parametrize("stopping", [False, True])
@pytest.mark.parametrize("loaded", [False, True])
def test_it_is_disabled_first_and_stopped_where_it_is_loaded_and_the_host_stays_up(
    stopping: bool, loaded: bool
) -> None:
    system, before = applied(STEP)
    if stopping:
        system.__class__ = Stopping
    if not loaded:
        system.known_units.clear()
    assert STEP.undo(system, before, quiet) == ()
    stops = [f"systemctl stop {NAME}"] if loaded and not stopping else []
    assert told(system) == [
        f"systemctl disable --no-reload {NAME}", *stops, "systemctl daemon-reload",
        f"systemctl reset-failed {NAME}",
    ]  # fmt: skip
    assert PATH not in system.files and NAME not in system.enabled
    assert (NAME in system.active) is not bool(stops)


def test_of_several_at_shutdown_the_file_is_put_right_and_the_program_left_alone() -> None:
    system, both, before = two()
    system.__class__ = Stopping
    assert both.undo(system, before, quiet) == ()
    assert told(system) == ["systemctl daemon-reload"]


@pytest.mark.parametrize("masked", [False, True])
def test_one_whose_file_is_gone_is_switched_off_whatever_starts_it(masked: bool) -> None:
    system, before = applied(STEP)
    del system.files[PATH]
    folders = [f"{UNITS}/{each}.wants" for each in ("multi-user.target", "docker.service")]
    kept = f"{UNITS}/sysinit.target.wants"
    system.directories |= {*folders, kept}
    system.files[f"{kept}/other.service"] = FileState("")
    if masked:
        system.masked.add(PATH)
    assert STEP.undo(system, before, quiet) == ()
    assert NAME not in system.enabled and NAME not in system.active
    links = [f"{folder}/{NAME}" for folder in (*folders, kept)]
    assert told(system) == [
        f"systemctl disable --now {NAME}",
        *([f"systemctl stop {NAME}", f"rm --force {' '.join(links)}"] if masked else []),
        "systemctl daemon-reload",
        f"systemctl reset-failed {NAME}",
    ]
    assert ({*folders, kept} & system.directories == {kept}) is masked
    assert system.masked == ({PATH} if masked else set())


@pytest.mark.parametrize("choice", Resolution)
def test_one_that_somebody_edited_becomes_what_was_chosen(choice: Resolution) -> None:
    system, before = applied(replace(STEP, starts_copy=True))
    system.files[PATH] = FileState("mine\n", 0o640, 3, 4)
    system.active.clear()
    left = STEP.undo(system, before, quiet, {PATH: choice})
    assert len(left) == (0 if choice is Resolution.ORIGINAL else 1)
    if choice is Resolution.KEEP:
        assert system.files[PATH] == FileState("mine\n", 0o640, 3, 4)
        assert told(system) == [] and NAME in system.enabled
    elif choice is Resolution.OURS:
        assert system.files[PATH] == FileState(text("eth0"), 0o640, 3, 4)
        assert told(system) == [f"systemctl enable --now {NAME}"] and NAME in system.active
    else:
        assert PATH not in system.files and NAME not in system.enabled


def test_a_unit_that_was_there_comes_back_as_it_was() -> None:
    system = MadeUpSystem()
    system.files[PATH] = HAD
    at_first = system.snapshot()
    step = replace(STEP, previous=HAD)
    before = step.capture(system)
    step.apply(system, quiet)
    assert step.undo(system, before, quiet) == ()
    assert difference(at_first, system.snapshot()) == {f"unit {NAME} known_units"}
    assert step.undo_lines(before)[1].startswith(f"# put back {PATH}")


@pytest.mark.parametrize(
    ("bridge", "gone", "needed"),
    [("br-a", (), True), ("br-a", ("br-a",), False), ("br-x", (), False), ("", (), False)],
)
def test_it_stays_while_the_bridge_that_it_closes_is_there(
    bridge: str, gone: tuple[str, ...], needed: bool
) -> None:
    step = replace(STEP, bridge=bridge)
    system, before = applied(step)
    system.sysctls["net.ipv6.conf.all.forwarding"] = "0"
    words = ("--opt", "com.docker.network.bridge.name=br-a", "theirs")
    system.run(("docker", "network", "create", *words))
    (found,) = step.compare(system, before, gone)
    assert bool(found.needed) is needed
    system.ran.clear()
    if needed:
        assert found.needed == (
            f"{NAME} stays, because it closes br-a at every boot and that is still there."
        )
        assert step.undo(system, before, quiet) == (found.needed,)
        assert PATH in system.files and NAME in system.active and NAME in system.enabled


# The unit of plain commands.

RULES = Ip6tables("br-a", "fd00::/64")


def lines(step: SystemdUnit, key: str) -> list[str]:
    found = [line.partition("=") for line in step.text.splitlines()]
    return [value for name, _, value in found if name == key]


@pytest.mark.parametrize(
    ("rules", "docker", "bridge", "commands"),
    [
        (None, "Before", "", []),
        (RULES, "Before", "", ["filter FORWARD", "nat POSTROUTING"]),
        (replace(RULES, masquerade=False), "Before", "br-a", ["filter FORWARD"]),
        (
            replace(RULES, masquerade=False, engine_masquerades=True), "After", "",
            ["filter FORWARD", "nat POSTROUTING"],
        ),
    ],
)  # fmt: skip
def test_it_loads_parameters_rules_and_entries_and_each_jump_once(
    rules: Ip6tables | None, docker: str, bridge: str, commands: list[str]
) -> None:
    entry = Run(("ip", "-6", "neigh", "replace", "proxy", "2001:db8::5", "dev", "eth0"))
    step = rules_and_sysctls(HAD, rules, [entry])
    assert (step.previous, step.bridge) == (HAD, bridge)
    assert docker == ("After" if "\nAfter=docker.service\n" in step.text else "Before")
    assert ("\nBefore=docker.service\n" in step.text) is (docker == "Before")
    starts = lines(step, "ExecStart")
    assert starts[0].startswith("-sysctl --load=/etc/sysctl.d/")
    assert starts[-1] == entry.line
    assert [[*each.split()[4:7:2], each.split()[-1]] for each in starts if "-D" in each] == [
        [*each.split(), CHAIN] for each in commands
    ]
    loads = [each for each in starts if each.startswith("ip6tables-restore")]
    assert loads == ([f"ip6tables-restore --noflush --wait 10 {rules.path}"] if rules else [])
    # No flaw of a jump that is not there yet, or of a parameter that has gone, ends it.
    assert all(each.startswith("-") for each in starts if "-D" in each or "sysctl" in each)


def test_the_modules_of_the_legacy_program_are_loaded_first_with_all_rights() -> None:
    starts = lines(rules_and_sysctls(None, replace(RULES, legacy=True)), "ExecStart")
    assert starts[0] == "+-modprobe --all ip6_tables ip6table_filter ip6table_nat"
    assert starts[1].startswith("-sysctl --load=")


def test_the_service_that_keeps_the_rules_is_of_another_kind_with_the_same_unit() -> None:
    service = FilterService(PATH, text("eth0"))
    system, before = applied(service)
    assert service.undo(system, before, quiet) == ()
    assert service.kind != STEP.kind
