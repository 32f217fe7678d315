"""What every kind of step does alike: previews, checks, one action after the other, one undo."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import Refused, StepFailed
from wizard.platform.system import FileState, Result, System
from wizard.steps import base
from wizard.steps.actions import Action, CopyProgram, MakeDirectory, Run, WriteFile
from wizard.steps.before import FileBefore
from wizard.steps.comparing import Decisions, Found, Resolution
from wizard.steps.objects import Object, parameter
from wizard.steps.package import Package, PackageBefore
from wizard.steps.parts import Condition

KEY = "net.ipv6.conf.eth0.accept_ra"
FOLDER, FILE, KEPT = "/etc/ours", "/etc/ours/a.conf", "/etc/kept.conf"
OLD, NEW = FileState("old\n", 0o600, 1, 2), FileState("new\n", 0o600, 1, 2)


@dataclass(frozen=True)
class Plain(Package):
    """A step that writes two files and sets a parameter, with what every step does else."""

    kind: ClassVar[str] = "plain"

    before: FileState | None = None
    value: str = "2"

    def actions(self) -> tuple[Action, ...]:
        return (
            CopyProgram(),
            MakeDirectory(FOLDER),
            WriteFile(FILE, self.before, NEW),
            WriteFile(KEPT, OLD, OLD),
            Run(("sysctl", "--write", f"{KEY}={self.value}")),
        )

    def preconditions(self) -> tuple[Run, ...]:
        return (Run(("firewall-cmd", "--check-config")), Run(("firewall-cmd", "--state")))

    def objects(self) -> tuple[Object, ...]:
        return (parameter(KEY, "2"),)

    def compare(
        self, system: System, before: PackageBefore, gone_by_then: Container[str] = ()
    ) -> tuple[Found, ...]:
        return self.our_files.compare(system, before)

    def take_back(
        self,
        system: System,
        before: PackageBefore,
        report: base.Report,
        found: Sequence[Found],
        decisions: Decisions,
    ) -> tuple[str, ...]:
        return self.our_files.undo(system, before, found, decisions)


STEP = Plain("a", "It answers.")
BEFORE = PackageBefore(
    files=(FileBefore(FILE, exists=False), FileBefore.of(KEPT, OLD)), installed=False
)


def a_host() -> MadeUpSystem:
    system = MadeUpSystem()
    system.sysctls, system.files = {KEY: "1"}, {KEPT: OLD}
    return system


def test_what_is_shown_is_what_is_checked_and_then_done_line_by_line() -> None:
    assert STEP.commands == (
        "# checked before anything is changed: firewall-cmd --check-config",
        "# checked before anything is changed: firewall-cmd --state",
        "wizard --install-program",
        f"mkdir --parents {FOLDER}",
        f"# write {FILE} (see the difference below)",
        f"# {KEPT} is there for another set-up, and stays as it is",
        f"sysctl --write {KEY}=2",
    )
    assert [each.path for each in STEP.diffs] == [FILE]
    system, said = a_host(), list[str]()
    STEP.apply(system, said.append)
    assert said == [f"$ sysctl --write {KEY}=2", f"{KEY} = 2"]
    assert system.files == {FILE: NEW, KEPT: OLD} and FOLDER in system.directories
    # The copy is made elsewhere, and a file that is as it is to be is not written.
    assert system.changes == 3


@pytest.mark.parametrize("path", [FILE, KEPT])
def test_a_file_that_is_another_by_now_ends_it_before_and_while_it_is_done(path: str) -> None:
    system = a_host()
    assert STEP.obstacle(system) is None
    system.files[path] = FileState("mine\n")
    assert STEP.obstacle(system) == f"{path} has changed since the plan was made."
    with pytest.raises(StepFailed, match=f"^{path} has changed since the plan was made.$"):
        STEP.apply(system, print)
    assert system.files[path] == FileState("mine\n")
    assert system.sysctls == {KEY: "1"}


def test_a_file_that_cannot_be_read_or_written_is_said_with_its_path() -> None:
    system = a_host()
    system.unreadable.add(KEPT)
    with pytest.raises(Refused, match=f"^{KEPT} cannot be read: Permission denied.$"):
        STEP.obstacle(system)
    system = a_host()
    system.fail_at = {2}
    with pytest.raises(StepFailed, match=f"^{FILE} could not be changed: No space left on device"):
        STEP.apply(system, print)
    system = a_host()
    system.masked.add(FILE)
    with pytest.raises(Refused, match=f"Somebody has masked {FILE}"):
        STEP.obstacle(system)


class Answering(MadeUpSystem):
    """A host on which one command fails with what it says."""

    fails: ClassVar[tuple[str, str]] = ("--state", " FirewallD is\nnot  running\n")

    def run(self, argv: Sequence[str], stdin: str = "") -> Result:
        self.ran.append(tuple(argv))
        word, said = self.fails
        return Result(1 if argv[-1] == word else 0, said)


@pytest.mark.parametrize(
    ("word", "said", "words"),
    [
        ("--state", " FirewallD is\nnot  running\n", "FirewallD is not running."),
        ("--check-config", "\n", "It printed nothing."),
    ],
)
def test_the_first_precondition_that_fails_is_said_and_no_other_is_asked(
    monkeypatch: pytest.MonkeyPatch, word: str, said: str, words: str
) -> None:
    monkeypatch.setattr(Answering, "fails", (word, said))
    system = Answering()
    assert STEP.refusal(system) == (
        f"Install the Debian package a cannot be done. firewall-cmd {word} failed: {words}"
    )
    assert len(system.ran) == (2 if word == "--state" else 1)
    monkeypatch.setattr(Answering, "fails", ("", ""))
    assert STEP.refusal(system) is None


@pytest.mark.parametrize(
    ("said", "reported", "words"),
    [
        ("one\ntwo.\n\n", ["one\ntwo."], "two"),
        ("\n", [], "it printed nothing"),
        ("", [], "it printed nothing"),
    ],
)
def test_a_command_that_fails_is_told_with_the_last_line_that_it_said(
    monkeypatch: pytest.MonkeyPatch, said: str, reported: list[str], words: str
) -> None:
    monkeypatch.setattr(Answering, "fails", ("b c", said))
    lines: list[str] = []
    with pytest.raises(StepFailed, match=f"^The command “a 'b c'” failed: {words}.$"):
        base.run(Answering(), Run(("a", "b c")), lines.append)
    assert lines == ["$ a 'b c'", *reported]
    assert base.run(Answering(), Run(("a", "d")), lines.append) == said


def test_undo_says_what_has_gone_already_and_early_at_boot_does_the_same() -> None:
    for undo in (STEP.undo, STEP.undo_early):
        system, said = a_host(), list[str]()
        assert undo(system, BEFORE, said.append) == ()
        assert said == [
            f"# {KEPT} is already as it was before.",
            f"# {FILE} is not there any more.",
        ]
        system.files[FILE] = NEW
        assert undo(system, BEFORE, print) == ()
        assert system.files == {KEPT: OLD}
        system.files[FILE] = FileState("mine\n")
        said.clear()
        (sentence,) = undo(system, BEFORE, said.append)
        assert "changed by somebody else" in sentence
        assert said == [f"# {KEPT} is already as it was before."]
        assert undo(system, BEFORE, print, {FILE: Resolution.ORIGINAL}) == ()
        assert system.files == {KEPT: OLD}


def test_its_files_alone_are_left_as_an_undo_leaves_them() -> None:
    system = a_host()
    STEP.apply(system, print)
    STEP.leave_files(system, BEFORE)
    assert system.files == {KEPT: OLD} and system.sysctls == {KEY: "2"}
    system.files[FILE] = FileState("mine\n")
    STEP.leave_files(system, BEFORE)
    assert system.files == {FILE: FileState("mine\n"), KEPT: OLD}


def test_its_parts_are_its_files_and_then_its_objects() -> None:
    system = a_host()
    STEP.apply(system, print)
    assert [(each.name, each.condition) for each in STEP.parts(system, BEFORE)] == [
        (FILE, Condition.IN_EFFECT), (KEPT, Condition.IN_EFFECT),
        (f"parameter {KEY}", Condition.IN_EFFECT),
    ]  # fmt: skip
    system.files |= {FILE: FileState("ours of then\n"), KEPT: FileState("x\n")}
    system.sysctls[KEY] = "0"
    known = {FILE: ["ours of then\n"]}
    conditions = [each.condition for each in STEP.parts(system, BEFORE, known)]
    assert conditions == [Condition.MISSING, Condition.CHANGED, Condition.CHANGED]
    was_there = PackageBefore(files=(FileBefore.of(FILE, OLD),), installed=False)
    system.files[FILE] = OLD
    assert STEP.parts(system, was_there)[0].condition is Condition.MISSING


def test_what_a_kind_does_not_say_of_others_is_that_there_is_nothing_to_them() -> None:
    of_all = base.StepOf
    assert of_all.among(STEP, []) is STEP
    assert of_all.found_first(STEP, BEFORE, []) is BEFORE
    assert of_all.goes_back_to(STEP, BEFORE, []) is BEFORE
    assert of_all.renewed(STEP, a_host(), BEFORE) is BEFORE
    assert of_all.preconditions(STEP) == ()
    assert of_all.objects(STEP) == ()
    assert of_all.originals(STEP, BEFORE) is None
    assert of_all.without_ours(STEP, "a", "ab", "abc") is None


@pytest.mark.parametrize(
    ("table", "place"),
    [({"name": 7, "purpose": "x"}, "parameters.name"), ({"name": "a"}, "parameters.purpose")],
)
def test_a_table_that_does_not_fit_is_refused_by_its_place(
    table: dict[str, object], place: str
) -> None:
    with pytest.raises(Refused, match="The record of this step is damaged") as refused:
        Package.from_parameters(table)
    assert place in str(refused.value) and str(refused.value).endswith(".")
    with pytest.raises(Refused, match=r" before\.installed"):
        Package.before_from({"files": [], "installed": "yes"})
    package = Package("a", "It answers.")
    assert Package.from_parameters(package.parameters()) == package
