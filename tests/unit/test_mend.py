"""The step that puts back what is missing of another: in which order, and back as it was."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import UNITS, MadeUpSystem, difference
from wizard.platform.errors import Refused
from wizard.platform.system import FileState, Result
from wizard.steps.actions import Run
from wizard.steps.before import FileBefore
from wizard.steps.comparing import Comparison
from wizard.steps.mend import Mend, MendBefore, Rewrite, Setting
from wizard.steps.objects import Object

UNIT, RULES = f"{UNITS}/ours.service", "/etc/ours/rules"
KEY, OTHER = "net.ipv6.conf.eth0.accept_ra", "net.ipv6.conf.eth1.accept_ra"
ACTIVE, ENABLED = "disabled inactive", "enabled active"
NEW, EDITED = FileState("[Service]\n"), FileState("[Service]\n# mine\n", 0o600, 7, 8)

MEND = Mend(
    4,
    "Put rules back",
    "The unit is masked.",
    masks=(Setting("mask", UNIT, "masked"),),
    folders=("/etc/ours",),
    files=(Rewrite(UNIT, NEW), Rewrite(RULES, NEW, EDITED)),
    settings=(
        Setting("parameter", KEY, "0", "2"),
        Setting("parameter", OTHER, "1", "2"),
        Setting("unit", "ours.service", "masked inactive", ENABLED),
    ),
    restart=("keeper.service",),
    asked=(Run(("firewall-cmd", "--check-config")),),
    starts_copy=True,
)


def quiet(line: str) -> None:
    pass


def a_host() -> MadeUpSystem:
    """Return a host on which a unit is masked, a file edited, and values are as they were."""
    system = MadeUpSystem()
    system.sysctls = {KEY: "0", OTHER: "1"}
    system.masked, system.files[RULES] = {UNIT}, EDITED
    system.directories.add("/etc/ours")
    system.known_units, system.active = {"keeper.service", "ours.service"}, {"keeper.service"}
    return system


def test_it_is_said_in_the_order_in_which_each_finds_what_it_needs() -> None:
    assert MEND.commands == (
        "# checked before anything is changed: firewall-cmd --check-config",
        f"rm --force {UNIT}",
        "wizard --install-program",
        "mkdir --parents /etc/ours",
        f"# write {UNIT} (see the difference below)",
        f"# change {RULES} (see the difference below)",
        "systemctl daemon-reload",
        f"sysctl --write {KEY}=2",
        f"sysctl --write {OTHER}=2",
        "systemctl enable --now ours.service",
        "systemctl restart keeper.service",
    )
    assert MEND.title == "Put back step 4, “Put rules back”"
    assert MEND.reason == "The unit is masked."


@pytest.mark.parametrize(
    ("step", "reloads"),
    [
        (replace(MEND, masks=()), True),
        (replace(MEND, files=()), True),
        (replace(MEND, masks=(), files=(Rewrite(RULES, NEW),)), False),
        # A folder of ours below it holds what one unit is to be given besides.
        (replace(MEND, masks=(), files=(Rewrite(f"{UNITS}/a.d/b.conf", NEW),)), False),
        (replace(MEND, masks=(Setting("mask", "/etc/sysctl.d/a.conf"),), files=()), False),
    ],
)
def test_systemd_reads_its_units_anew_where_a_file_of_one_is_written(
    step: Mend, reloads: bool
) -> None:
    assert ("systemctl daemon-reload" in step.commands) is reloads
    before = MendBefore(files=(), objects=tuple(each.now for each in (*step.masks, *step.settings)))
    assert (step.undo_lines(before)[-1] == "systemctl daemon-reload") is reloads


def test_what_is_put_back_is_in_effect_and_goes_back_to_what_it_was() -> None:
    system = a_host()
    at_first = system.snapshot()
    assert MEND.obstacle(system) is None
    assert MEND.check(system) is not None
    before = MEND.capture(system)
    assert {each.comparison for each in MEND.compare(system, before)} == {Comparison.GONE}
    MEND.apply(system, quiet)
    assert MEND.check(system) is None
    assert system.files[RULES] == NEW and system.files[UNIT] == NEW
    found = MEND.compare(system, before)
    assert [each.name for each in found] == [
        *("unit ours.service", f"parameter {OTHER}", f"parameter {KEY}"),
        *(RULES, UNIT, f"mask {UNIT}"),
    ]
    assert {each.comparison for each in found} == {Comparison.UNCHANGED}
    system.ran.clear()
    assert MEND.undo(system, before, quiet) == ()
    # What a masked unit was enabled to be nobody can tell, and it means nothing while it is.
    assert difference(at_first, system.snapshot()) <= {
        "unit ours.service enabled",
        *(f"unit {name} known_units" for name in ("ours.service", "keeper.service")),
    }
    changing = [argv for argv in system.ran if not argv[1].startswith("is-")]
    told = [" ".join(argv) for argv in changing if argv[0] in ("systemctl", "ln")]
    assert told[-3:] == [
        f"ln --symbolic --force /dev/null {UNIT}",
        "systemctl daemon-reload",
        "systemctl restart keeper.service",
    ]
    assert MEND.undo_lines(before) == (
        "systemctl stop ours.service",
        f"sysctl --write {OTHER}=1",
        f"sysctl --write {KEY}=0",
        f"# put back {RULES}: its text from before is in the record",
        f"rm {UNIT}",
        f"ln --symbolic --force /dev/null {UNIT}",
        "systemctl daemon-reload",
    )


@pytest.mark.parametrize(
    ("spoil", "name"),
    [
        (lambda system: system.files.update({RULES: NEW}), RULES),
        (lambda system: system.files.pop(RULES), RULES),
        (lambda system: system.files.update({UNIT: EDITED}) or system.masked.clear(), UNIT),
        (lambda system: system.masked.clear(), UNIT),
        (lambda system: system.sysctls.update({OTHER: "0"}), OTHER),
        (lambda system: system.active.add("ours.service"), "ours.service"),
    ],
)
def test_what_is_not_as_the_plan_found_it_is_an_obstacle(spoil: object, name: str) -> None:
    system = a_host()
    spoil(system)  # type: ignore[operator]
    assert MEND.obstacle(system) == f"{name} has changed since the plan was made."


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda system: system.files.pop(RULES), f"{RULES} is not as it was written."),
        (lambda system: system.files.update({RULES: EDITED}), f"{RULES} is not as it was written."),
        (lambda system: system.sysctls.update({KEY: "1"}), f"{KEY} is not as it was put back."),
        (
            lambda system: system.active.discard("ours.service"),
            "ours.service is not as it was put back.",
        ),
    ],
)
def test_what_is_not_as_it_was_put_back_is_named(spoil: object, said: str) -> None:
    system = a_host()
    MEND.apply(system, quiet)
    # An owner and a mode that somebody gave it are theirs.
    system.files[UNIT] = replace(NEW, mode=0o600, uid=3)
    assert MEND.check(system) is None
    spoil(system)  # type: ignore[operator]
    assert MEND.check(system) == said


def test_a_mask_that_somebody_put_there_again_is_named() -> None:
    step = replace(MEND, files=(), settings=())
    system = a_host()
    step.apply(system, quiet)
    assert step.check(system) is None
    system.masked.add(UNIT)
    assert step.check(system) == f"{UNIT} is not as it was put back."


class Stopping(MadeUpSystem):
    """A host that shuts down, on which no unit may be started or stopped by us."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if list(argv) == ["systemctl", "is-system-running"]:
            return Result(1, "stopping\n")
        assert argv[:2] not in [("systemctl", verb) for verb in ("restart", "start", "stop")], argv
        return super().run(argv, stdin)


def test_at_shutdown_all_but_units_goes_back() -> None:
    system = a_host()
    # The unit, which is the last that was set, would be the first to go back.
    at_first = system.snapshot()
    before = MEND.capture(system)
    MEND.apply(system, quiet)
    system.__class__ = Stopping
    assert MEND.undo(system, before, quiet) == ()
    left = difference(at_first, system.snapshot())
    assert {each for each in left if not each.startswith("unit ")} == set()
    assert "ours.service" in system.active


def test_one_that_cannot_go_back_is_said_and_holds_no_other_up() -> None:
    system = a_host()
    before = MEND.capture(system)
    MEND.apply(system, quiet)
    del system.sysctls[OTHER]
    left = MEND.undo(system, before, quiet)
    assert [OTHER in each for each in left] == [True]
    assert system.sysctls == {KEY: "0"}
    assert system.files == {RULES: EDITED} and system.masked == {UNIT}


def test_a_record_that_does_not_say_what_each_was_is_not_guessed_at() -> None:
    system = a_host()
    before = MEND.capture(system)
    assert before.files == (FileBefore(UNIT, exists=False), FileBefore.of(RULES, EDITED))
    assert before.objects == (
        Object("mask", UNIT, "masked"), Object("parameter", KEY, "0"),
        Object("parameter", OTHER, "1"), Object("unit", "ours.service", "masked inactive"),
    )  # fmt: skip
    fewer = replace(before, objects=before.objects[1:])
    with pytest.raises(Refused, match="does not say what was there"):
        MEND.undo(system, fewer, quiet)


@pytest.mark.parametrize("status", [0, 1])
def test_what_the_step_itself_asks_beforehand_is_asked(status: int) -> None:
    system = a_host()
    system.firewalld = set() if status == 0 else None
    assert (MEND.refusal(system) is None) is (status == 0)
