"""A step that is taken back in a change: nothing is left of it, and its undo puts it back whole."""

import copy
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpContainer, MadeUpSystem, difference
from tests.unit.test_steps import before_step
from wizard.platform.errors import StepFailed
from wizard.platform.system import FileState, Result
from wizard.record import tables
from wizard.steps.actions import WriteFile
from wizard.steps.base import Step
from wizard.steps.before import FileBefore
from wizard.steps.comparing import Comparison
from wizard.steps.kinds import KINDS
from wizard.steps.mend import Mend, Rewrite
from wizard.steps.objects import Object
from wizard.steps.sysctl import Sysctl, SysctlBefore
from wizard.steps.withdraw import Withdraw, WithdrawBefore

COMPOSE = "/srv/mastodon/docker-compose.yml"
UNIT = "docker-ipv6-wizard.service"

every_kind = pytest.mark.parametrize(
    "kind", [each for each in KINDS if each not in (Mend.kind, Withdraw.kind)]
)


def quiet(line: str) -> None:
    pass


class Made:
    """A host on which a step was made and perhaps changed, and what takes the step back there."""

    def __init__(self, kind: str, edited: bool = False) -> None:
        made, self.step = before_step(kind)
        self.system = made.system
        self.before = self.system.snapshot()
        found = self.step.capture(self.system)
        self.step.apply(self.system, quiet)
        if edited:
            for path in self.paths:
                file = self.system.files[path]
                self.system.files[path] = replace(file, text=f"{file.text}# mine\n")
        self.applied = self.system.snapshot()
        without = copy.deepcopy(self.system)
        self.step.undo(without, found, quiet)
        self.withdraw = self.taking_back(found, without)

    @property
    def paths(self) -> list[str]:
        return [each.path for each in self.step.actions() if isinstance(each, WriteFile)]

    def taking_back(self, found: object, without: MadeUpSystem) -> Withdraw:
        files = [(path, self.system.files[path], without.files.get(path)) for path in self.paths]
        return Withdraw(
            3,
            self.step.kind,
            self.step.parameters(),
            tables.written(found),
            tuple(Rewrite(path, left, now) for path, now, left in files if left is not None),
            tuple(FileBefore.of(path, now) for path, now, left in files if left is None),
        )

    def changed(self, before: dict[str, str]) -> set[str]:
        return difference(before, self.system.snapshot())


@every_kind
def test_a_step_is_taken_back_whole_and_put_back_whole(kind: str) -> None:
    made = Made(kind)
    step, system = made.withdraw, made.system
    assert step.obstacle(system) is None
    said = step.check(system)
    assert said is not None and "is still there." in said
    captured = step.capture(system)
    assert {each.comparison for each in step.compare(system, captured)} == {Comparison.GONE}
    system.changes = 0
    assert step.undo(system, captured, quiet) == ()
    assert system.changes == 0
    step.apply(system, quiet)
    assert made.changed(made.before) == set()
    if kind != Sysctl.kind:
        # Forwarding is not taken back alone: what comes in its place needs it as well.
        assert step.check(system) is None
    found = step.compare(system, captured)
    assert {each.comparison for each in found} == {Comparison.UNCHANGED}
    assert [each.name for each in found] == [
        *made.paths,
        *(each.shown for each in step.inner.objects()),
    ]
    assert step.undo(system, captured, quiet) == ()
    assert made.changed(made.applied) == set()
    assert step.check(system) is not None


@every_kind
def test_the_commands_that_put_it_back_by_hand_do_so(kind: str) -> None:
    made = Made(kind)
    captured = made.withdraw.capture(made.system)
    made.withdraw.apply(made.system, quiet)
    files = {each.path: each for each in captured.files}
    for line in made.withdraw.undo_lines(captured):
        match shlex.split(line, comments=True):
            case []:
                path = line.removeprefix("# put back ").partition(":")[0]
                state = files.pop(path).state
                assert state is not None
                made.system.write(path, state)
            case ["mkdir", "--parents", path]:
                made.system.make_directory(path)
            case ["printf", _text, "|", *argv]:
                fed = subprocess.run(["sh", "-c", line.rpartition(" | ")[0]], capture_output=True)
                assert made.system.run(argv, fed.stdout.decode()).status == 0
            case argv:
                assert made.system.run(argv).status == 0, line
    assert not files
    assert made.changed(made.applied) == set()


@every_kind
def test_what_becomes_of_files_is_shown_to_the_line(kind: str) -> None:
    made = Made(kind)
    shown = {each.path: each.lines for each in made.withdraw.diffs}
    assert list(shown) == made.paths
    for path, lines in shown.items():
        left = path in [each.path for each in made.withdraw.rewrites]
        assert (lines[1] == "+++ /dev/null") is not left
    written = [each for each in made.withdraw.actions() if isinstance(each, WriteFile)]
    assert [(each.path, each.before, each.after) for each in written] == [
        (each.path, each.before, each.after) for each in made.withdraw.rewrites
    ]
    by_hand = made.step.undo_lines(made.step.before_from(made.withdraw.found))
    shown_lines = [each for each in made.withdraw.commands if not each.startswith("#")]
    assert shown_lines == [line for line in by_hand if not line.startswith("#")]
    assert made.withdraw.title == f"Take back step 3, “{made.step.title}”"
    assert "this is put back as it is now" in made.withdraw.reason


@pytest.mark.parametrize("kind", ["compose-file", "sysctl"])
def test_a_file_that_somebody_changed_in_the_last_moment_is_an_obstacle(kind: str) -> None:
    made = Made(kind)
    (path,) = made.paths
    for state in (FileState("mine\n"), None):
        other = copy.deepcopy(made.system)
        other.files |= {path: state} if state else {}
        if state is None:
            del other.files[path]
        assert made.withdraw.obstacle(other) == f"{path} has changed since the plan was made."


def test_a_file_that_stays_as_it_is_is_not_shown_as_written() -> None:
    made = Made("compose-file")
    (rewrite,) = made.withdraw.rewrites
    same = replace(made.withdraw, rewrites=(replace(rewrite, after=made.system.files[COMPOSE]),))
    assert [each for each in same.actions() if isinstance(each, WriteFile)] == []


def test_what_somebody_wrote_into_a_file_beside_ours_is_what_is_left_of_it() -> None:
    made = Made("compose-file", edited=True)
    step, system = made.withdraw, made.system
    assert step.check(system) is not None
    step.apply(system, quiet)
    (rewrite,) = step.rewrites
    assert rewrite.after == system.files[COMPOSE]
    assert rewrite.after.text.endswith("# mine\n")
    assert step.check(system) is None
    # It is the text that counts, and of this file.
    other = replace(step, rewrites=(Rewrite("/srv/other.yml", FileState("other\n")), rewrite))
    assert other.check(system) is None
    system.files[COMPOSE] = replace(rewrite.after, text=f"{rewrite.after.text}# more\n")
    assert str(step.check(system)).startswith(f"{COMPOSE} is still there.")
    del system.files[COMPOSE]
    assert str(step.check(system)).startswith(f"{COMPOSE} is still there.")


def test_a_network_that_others_stand_on_by_now_is_not_taken_away_and_that_is_said() -> None:
    made = Made("docker-network")
    made.system.containers["guest"] = MadeUpContainer(
        "9" * 64, "guest", networks={"mastodon_ipv6": ("guest",)}
    )
    before = made.system.snapshot()
    with pytest.raises(StepFailed, match="because these containers are on it: guest"):
        made.withdraw.apply(made.system, quiet)
    assert made.changed(before) == set()
    assert "these containers are on it: guest" in str(made.withdraw.check(made.system))


class Stopping(MadeUpSystem):
    """A host that shuts down, and whose systemd is told to start nothing any more."""

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        if list(argv) == ["systemctl", "is-system-running"]:
            return Result(1, "stopping\n")
        assert argv[:2] not in (("systemctl", "restart"), ("systemctl", "daemon-reload")), argv
        return super().run(argv, stdin)


def test_at_shutdown_files_and_parameters_are_put_back_and_no_unit_is_started() -> None:
    made = Made("systemd-unit")
    captured = made.withdraw.capture(made.system)
    made.withdraw.apply(made.system, quiet)
    made.system.__class__ = Stopping
    assert made.withdraw.undo(made.system, captured, quiet) == ()
    assert UNIT not in made.system.active
    assert made.changed(made.applied) == {f"unit {UNIT} {each}" for each in UNIT_IS}


UNIT_IS = ("active", "enabled", "known_units")


def test_what_makes_others_read_a_file_is_run_again_and_nothing_else() -> None:
    made = Made("ndppd")
    captured = made.withdraw.capture(made.system)
    made.withdraw.apply(made.system, quiet)
    asked = len(made.system.ran)
    assert made.withdraw.undo(made.system, captured, quiet) == ()
    assert ("systemctl", "restart", "ndppd.service") in made.system.ran[asked:]
    other = Made("sysctl")
    captured = other.withdraw.capture(other.system)
    other.withdraw.apply(other.system, quiet)
    other.system.advertised = None
    (path,) = other.paths
    other.system.files[path] = other.withdraw.removes[0].state or FileState("")
    keys = [key for key, _value in other.step.parameters()["values"]]  # type: ignore[attr-defined]
    del other.system.sysctls[keys[0]]
    # Each is set from what it is by now, and the first that cannot be holds no other up.
    (sentence,) = other.withdraw.undo(other.system, captured, quiet)
    assert keys[0] in sentence
    assert (
        {key: other.system.sysctls.get(key) for key in keys[1:]}
        == {
            key: dict(other.step.parameters()["values"])[key]  # type: ignore[call-overload]
            for key in keys[1:]
        }
    )


KEY = "net.ipv6.conf.eth0.accept_ra"


def test_only_what_is_not_as_it_was_is_put_back() -> None:
    step: Step = Sysctl(((KEY, "2"),), path="/etc/sysctl.d/a.conf")
    found = SysctlBefore(files=(FileBefore("/etc/sysctl.d/a.conf", exists=False),), live=())
    withdraw = Withdraw(1, step.kind, step.parameters(), tables.written(found))
    was = FileState("was\n", 0o600, 1, 2)
    before = WithdrawBefore(
        files=(
            FileBefore.of("/etc/sysctl.d/a.conf", None),
            FileBefore.of("/etc/sysctl.d/b.conf", was),
            FileBefore.of("/etc/sysctl.d/c.conf", was),
        ),
        objects=(Object("parameter", f"{KEY}x", "1"), Object("parameter", KEY, "2")),
    )
    system = MadeUpSystem()
    system.files = {"/etc/sysctl.d/a.conf": was, "/etc/sysctl.d/b.conf": was}
    system.sysctls = {KEY: "0", f"{KEY}x": "1"}
    assert [each.comparison for each in withdraw.compare(system, before)] == [
        Comparison.UNCHANGED, Comparison.GONE, Comparison.UNCHANGED,
        Comparison.GONE, Comparison.UNCHANGED,
    ]  # fmt: skip
    assert withdraw.undo(system, before, quiet) == ()
    assert system.files == {"/etc/sysctl.d/b.conf": was, "/etc/sysctl.d/c.conf": was}
    assert system.sysctls == {KEY: "2", f"{KEY}x": "1"}
    # One file that goes, one that is written, one value.
    assert system.changes == 3
