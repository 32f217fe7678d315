"""ndppd's file with the rules of several set-ups, and what is said where it is switched off."""

from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem
from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison
from wizard.steps.ndppd import PATH, Ndppd, with_rule
from wizard.steps.others import Other
from wizard.steps.parts import Condition, Part
from wizard.steps.sysctl import Sysctl

A, B, C = "2001:db8:0:a::/80", "2001:db8:0:b::/80", "2001:db8:0:c::/80"
UNIT = "ndppd.service"
OLD = FileState("proxy eth0 {\n   router yes\n}\n", 0o600, 3, 4)
NONE = Before(files=(FileBefore(PATH, exists=False),))
HAD = Before(files=(FileBefore.of(PATH, OLD),))


def quiet(line: str) -> None:
    pass


def a_host(text: str | None = None) -> MadeUpSystem:
    system = MadeUpSystem()
    system.packages.add("ndppd")
    system.known_units, system.active, system.enabled = {UNIT}, {UNIT}, {UNIT}
    if text is not None:
        system.files[PATH] = replace(OLD, text=text)
    return system


def with_rules(text: str | None, *subnets: str) -> str:
    for subnet in subnets:
        text = with_rule(text, "eth0", subnet)
    return text or ""


def beside(subnet: str, *others: str, found: Before = HAD) -> Ndppd:
    steps = [(each, Ndppd("eth0", each)) for each in others]
    made = Ndppd("eth0", subnet).among(
        [
            *(Other(f"p {each}", step.kind, step, found) for each, step in steps),
            Other("else", "sysctl", Sysctl(()), None),
            Other("damaged", "ndppd", None, None),
        ]
    )
    assert made.beside == tuple((f"p {each}", each) for each in others)
    return made


def test_who_reads_is_told_for_what_it_answers_and_what_that_costs() -> None:
    step = Ndppd("eth0", A)
    assert step.title == f"Let ndppd answer on eth0 for all of {A}"
    assert "ndppd answers for them. It answers for addresses that nobody has, too" in step.reason
    system = a_host()
    assert step.check(system) is None
    system.active.clear()
    assert step.check(system) == "ndppd is inactive."


@pytest.mark.parametrize("masked", [True, False])
def test_one_that_is_masked_is_an_obstacle(masked: bool) -> None:
    system = a_host()
    if masked:
        system.masked.add(f"/etc/systemd/system/{UNIT}")
        with pytest.raises(Refused, match=f"Nothing was changed. Somebody has masked {UNIT}"):
            Ndppd("eth0", A).obstacle(system)
    else:
        assert Ndppd("eth0", A).obstacle(system) is None
        system.files[PATH] = OLD
        assert Ndppd("eth0", A).obstacle(system) == f"{PATH} has changed since the plan was made."


def of_file(parts: tuple[Part, ...]) -> Part:
    assert [part.name for part in parts] == [PATH, f"unit {UNIT}"]
    return parts[0]


@pytest.mark.parametrize("old", [OLD.text, None])
def test_the_rules_of_all_are_in_effect_in_whatever_order_and_one_that_is_missing_is_put_in(
    old: str | None,
) -> None:
    step, before = beside(A, B, C), HAD if old else NONE
    for subnets in ((A, B, C), (C, B, A), (B, A, C)):
        parts = step.parts(a_host(with_rules(old, *subnets)), before)
        assert [part.condition for part in parts] == [Condition.IN_EFFECT] * 2, subnets
    for lacking in ([B, C], [A, B], [A, A, B, C], list[str]()):
        system = a_host(with_rules(old, *lacking))
        part = of_file(step.parts(system, before))
        assert part.condition is not Condition.IN_EFFECT, lacking
        assert part.file is not None
        assert part.file.after == replace(OLD, text=with_rules(old, B, C, A))
    # What somebody wrote besides is theirs, though every rule is there.
    text = with_rules(old, B, C, A) + "# mine\n"
    assert of_file(step.parts(a_host(text), before)).condition is Condition.CHANGED
    stopped = a_host(with_rules(old, A, B, C))
    stopped.active.clear()
    assert step.parts(stopped, before)[1].condition is not Condition.IN_EFFECT
    gone = step.parts(a_host(), before)
    assert of_file(gone).condition is Condition.MISSING
    assert of_file(gone).words == f"{PATH} is not there any more."


@pytest.mark.parametrize(
    ("old", "moved"),
    [
        # Into the block of another interface, out of every block, and into the rule of somebody.
        ("proxy eth1 {\n}\n", "proxy eth1 {\nRULE}\n"),
        ("# end\n", "# end\nRULE"),
        ("proxy eth0 {\n   rule fd00::/64 {\n   }\n}\n", "   rule fd00::/64 {\nRULE   }\n}\n"),
    ],
)
def test_of_several_a_rule_that_answers_for_nobody_there_is_not_in_effect(
    old: str, moved: str
) -> None:
    before = Before(files=(FileBefore.of(PATH, replace(OLD, text=old)),))
    step = beside(A, B, found=before)
    text = with_rules(old, B, A)
    rule = with_rules("proxy eth0 {\n", A).removeprefix("proxy eth0 {\n")
    assert of_file(step.parts(a_host(text), before)).condition is Condition.IN_EFFECT
    elsewhere = text.replace(rule, "").replace(
        moved.replace("RULE", ""), moved.replace("RULE", rule)
    )
    assert elsewhere.count(rule) == 1
    assert of_file(step.parts(a_host(elsewhere), before)).condition is Condition.CHANGED


def test_where_nothing_is_known_of_before_the_rules_alone_are_the_file() -> None:
    step = beside(A, B)
    parts = step.parts(a_host(with_rules(None, A, B)), Before(files=()))
    assert of_file(parts).condition is Condition.IN_EFFECT


def test_a_file_that_somebody_masked_is_said_and_not_read() -> None:
    for step in (beside(A, B), Ndppd("eth0", A)):
        system = a_host()
        system.masked.add(PATH)
        part = of_file(step.parts(system, HAD))
        assert part.condition is Condition.CHANGED
        assert [each.name for each in part.masks] == [PATH]


@pytest.mark.parametrize("old", [OLD.text, None])
def test_alone_it_is_compared_with_what_was_there_before_any_set_up(old: str | None) -> None:
    # Planned when another's rule was in the file, which has gone since.
    step = Ndppd("eth0", A, replace(OLD, text=with_rules(old, B)))
    before = HAD if old else NONE
    system = a_host(with_rules(old, A))
    assert of_file(step.parts(system, before)).condition is Condition.IN_EFFECT
    (found,) = step.compare(system, before)
    assert found.comparison is Comparison.UNCHANGED
    left = a_host(with_rules(old, A))
    step.leave_files(left, before)
    assert left.files == ({PATH: OLD} if old else {})
    assert left.ran == []


def test_a_rule_that_somebody_moved_is_theirs_to_say() -> None:
    step = Ndppd("eth0", A, OLD)
    moved = with_rules(OLD.text, B).replace(B, A) + with_rules(None, A).replace("eth0", "eth1")
    system = a_host(moved)
    assert of_file(step.parts(system, HAD)).condition is Condition.CHANGED
    rule = with_rules("proxy eth0 {\n", A).removeprefix("proxy eth0 {\n")
    system = a_host(f"{OLD.text}proxy eth1 {{\n{rule}}}\n")
    (found,) = step.compare(system, HAD)
    assert found.ours_out is None
    (sentence,) = step.undo(system, HAD, quiet)
    assert sentence == f"{PATH} has been changed by somebody else since. It was left as it is."
    # In the block of another interface it answers for nobody on this one.
    two = replace(OLD, text=f"{OLD.text}proxy eth1 {{\n}}\n")
    moved = two.text.replace("eth1 {\n", f"eth1 {{\n{rule}")
    parts = step.parts(a_host(moved), Before(files=(FileBefore.of(PATH, two),)))
    assert of_file(parts).condition is Condition.CHANGED


def test_of_several_its_own_rule_goes_from_whatever_the_file_says_by_now() -> None:
    step = beside(A, B)
    text = with_rules(OLD.text, A, B) + "# mine\n"
    system = a_host(text)
    ours, stays = step.compare(system, HAD)
    assert (ours.name, ours.comparison) == (PATH, Comparison.UNCHANGED)
    assert ours.back is not None
    assert [line for line in ours.back.lines[3:] if line[0] != " "] == [
        "-   # IPv6 for containers, by the wizard.", f"-   rule {A} {{", "-      static", "-   }",
    ]  # fmt: skip
    assert (stays.comparison, stays.words) == (Comparison.GONE, f"{PATH} stays for p {B}.")
    without = with_rules(OLD.text, B) + "# mine\n"
    for leave in (lambda: step.leave_files(system, HAD), lambda: step.undo(system, HAD, quiet)):
        system.files[PATH] = replace(OLD, text=text)
        assert leave() in (None, ())
        assert system.files[PATH] == replace(OLD, text=without)
    assert step.compare(system, HAD) == (stays,)
    system.changes = 0
    assert step.undo(system, HAD, quiet) == ()
    assert system.changes == 0
    system = a_host()
    assert step.compare(system, HAD) == (stays,)
    step.leave_files(system, HAD)
    assert step.undo(system, HAD, quiet) == ()
    assert PATH not in system.files and system.changes == 0


@pytest.mark.parametrize(
    ("before", "verb", "line"),
    [
        (HAD, "restart", f"# put back {PATH}: its text from before is in the record"),
        (NONE, "stop", f"rm {PATH}"),
    ],
)
def test_by_hand_it_is_told_or_stopped_for_it_does_not_run_without_a_file(
    before: Before, verb: str, line: str
) -> None:
    assert Ndppd("eth0", A).undo_lines(before) == (line, f"systemctl {verb} {UNIT}")
    nothing_known = Before(files=())
    assert Ndppd("eth0", A).undo_lines(nothing_known) == (f"systemctl stop {UNIT}",)


def test_what_others_found_first_is_what_was_there() -> None:
    mine = Before(files=(FileBefore.of(PATH, replace(OLD, text=with_rules(OLD.text, B))),))
    first, second = Ndppd("eth0", B), Ndppd("eth0", C)
    elsewhere = Before(files=(FileBefore.of(PATH, FileState("x")),))
    others = [
        Other("x", "sysctl", Sysctl(()), elsewhere),
        Other("b", first.kind, first, HAD),
        Other("c", second.kind, second, elsewhere),
    ]
    assert Ndppd("eth0", A).found_first(mine, others) == HAD
    assert Ndppd("eth0", A).found_first(mine, others[:1]) == mine


def test_its_rule_is_taken_out_only_where_that_gives_the_file_it_was_put_into() -> None:
    step, ours = Ndppd("eth0", A, OLD), with_rules(OLD.text, A)
    assert step.without_ours(OLD.text, ours, "proxy eth0 {\n}\n") == "proxy eth0 {\n}\n"
    assert step.without_ours(OLD.text, ours, ours.replace("static", "auto")) is None
    below = OLD.text + ours.removeprefix("proxy eth0 {\n").replace("   router yes\n}\n", "")
    assert step.without_ours(OLD.text, ours, below) is None
