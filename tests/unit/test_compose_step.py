"""The step of a Compose file: what is said of it, and which file is ours by now."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.made_up_system import MadeUpSystem, difference
from wizard.platform.system import FileState, Result
from wizard.steps.actions import WriteFile
from wizard.steps.before import Before, FileBefore
from wizard.steps.comparing import Comparison, Resolution
from wizard.steps.compose_file import ComposeFile
from wizard.steps.parts import Condition

OLD = """\
services:
  web:
    image: a
    networks:
      - x
  jobs:
    image: b
networks:
  x:
"""
OURS = OLD.replace("      - x\n", "      - x\n      - ours\n") + "  ours:\n    external: true\n"
ADDED = """\
services:
  web:
    networks: [default, ours]
networks:
  ours:
    external: true
"""
PATH, OTHER, ELSEWHERE = "/srv/p/compose.yml", "/srv/p/other.yml", "/srv/q/compose.yml"
COMPOSE = ("docker", "compose")


def of(text: str) -> FileState:
    return FileState(text, 0o640, 3, 4)


STEP = ComposeFile(PATH, of(OURS), ("web",), "/srv/p", (PATH,), (COMPOSE,), of(OLD))
MADE = replace(STEP, after=of(ADDED), before=None)
"""A file that was not there."""
CHECK = "docker compose --project-directory /srv/p -f /dev/stdin config --quiet"
HAD = Before(files=(FileBefore.of(OTHER, of("x")), FileBefore.of(PATH, of(OLD))))
NONE = Before(files=(FileBefore(PATH, exists=False),))


def quiet(line: str) -> None:
    pass


def a_host(**files: str) -> MadeUpSystem:
    system = MadeUpSystem()
    # A folder that was renamed is not there by its old name.
    system.directories |= {"/srv", "/srv/p" if "here" in files else "/srv/q"}
    paths = {"here": PATH, "other": OTHER, "elsewhere": ELSEWHERE}
    system.files = {paths[name]: of(text) for name, text in files.items()}
    return system


@pytest.mark.parametrize(
    ("step", "title"),
    [
        (STEP, "Change compose.yml: web joins the new network"),
        (
            replace(MADE, services=("web", "jobs")),
            "Create compose.yml: web, jobs join the new network",
        ),
    ],
)
def test_it_is_said_who_joins_by_which_file(step: ComposeFile, title: str) -> None:
    assert step.title == title


@pytest.mark.parametrize(
    ("changes", "when", "commands"),
    [
        ({}, "beforehand", [f"# checked before anything is changed: {CHECK}", "write"]),
        ({"follows": True}, "before it is written", [f"# checked right before: {CHECK}", "write"]),
        (
            {"files": (OTHER,)}, "right after",
            ["write", f"# checked right after: {CHECK.replace('/dev/stdin', OTHER)}"],
        ),
    ],
)  # fmt: skip
def test_when_compose_is_asked_is_said_and_shown_in_that_place(
    changes: dict[str, object], when: str, commands: list[str]
) -> None:
    step = replace(STEP, **changes)  # type: ignore[arg-type]
    assert f"Compose is asked {when} whether it takes the result." in step.reason
    write = f"# change {PATH} (see the difference below)"
    assert list(step.commands) == [write if each == "write" else each for each in commands]


def test_it_is_in_effect_where_the_text_is_as_it_was_written() -> None:
    assert STEP.check(a_host(here=OURS)) is None
    for system in (a_host(here=OLD), a_host()):
        assert STEP.check(system) == f"{PATH} is not as it was written."


@pytest.mark.parametrize(
    ("text", "condition", "again"),
    [
        (OURS, Condition.IN_EFFECT, None),
        # Others may write beside it what they like, and delete who was to join.
        (f"# mine\n{OURS}", Condition.IN_EFFECT, None),
        (OURS.replace("  jobs:\n    image: b\n", ""), Condition.IN_EFFECT, None),
        (OLD, Condition.MISSING, OURS),
        (f"# mine\n{OLD}", Condition.MISSING, f"# mine\n{OURS}"),
        # Nothing of ours, and nobody left to join: that is not what was wanted.
        ("services: {}\n", Condition.CHANGED, OURS),
        # A file of theirs that is not there was taken away by somebody.
        (None, Condition.CHANGED, None),
    ],
)
def test_what_was_put_into_a_file_of_theirs_is_put_back_only_where_that_is_certain(
    text: str | None, condition: Condition, again: str | None
) -> None:
    system = a_host() if text is None else a_host(here=text)
    (part,) = STEP.parts(system, HAD)
    assert part.condition is condition
    assert (part.file and part.file.after.text) == again
    assert [each.stdin for each in part.asked] == ([again] if again else [])
    included = replace(STEP, files=(OTHER,))
    (part,) = included.parts(system, HAD)
    assert (part.condition, part.asked) == (condition, ())
    if condition is Condition.MISSING and text != OLD:
        assert part.words == f"What the wizard added to {PATH} is not there any more."


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        (ADDED, Condition.IN_EFFECT),
        (f"# mine\n{ADDED}", Condition.CHANGED),
        (None, Condition.MISSING),
    ],
)
def test_a_file_that_was_made_is_made_again(text: str | None, condition: Condition) -> None:
    system = a_host() if text is None else a_host(here=text)
    (part,) = MADE.parts(system, NONE)
    assert part.condition is condition
    if condition is not Condition.IN_EFFECT:
        now = None if text is None else of(text)
        assert part.file == WriteFile(PATH, now, of(ADDED))


def test_whoever_left_the_network_is_named() -> None:
    text = OURS.replace("      - ours\n", "").replace("image: b", "image: c")
    (part,) = STEP.parts(a_host(here=text), HAD)
    assert part.words.endswith(" In it, these do not join the network any more: web.")


@pytest.mark.parametrize(
    ("here", "elsewhere", "found"),
    [
        (None, OURS, ELSEWHERE),
        (None, f"# mine\n{OURS}", ELSEWHERE),
        # While it is where it was no other is looked for.
        (OLD, OURS, PATH),
        (None, OLD, PATH),
        # It names the word, and holds nothing of what was added.
        (None, "services: {web: {image: ours}}\n", PATH),
        # What was added cannot be told apart there.
        (None, "services: {web: {image: a}}\nnetworks: {ours: {external: true}}\n", PATH),
        (None, None, PATH),
    ],
)
def test_a_file_of_theirs_is_followed_where_our_lines_are(
    here: str | None, elsewhere: str | None, found: str
) -> None:
    given = {"here": here, "elsewhere": elsewhere}
    system = a_host(**{name: text for name, text in given.items() if text is not None})
    assert [each.name for each in STEP.compare(system, HAD) if each.name != OTHER] == [found]
    if found == ELSEWHERE:
        assert STEP.undo(system, HAD, quiet) == ()
        assert system.files == {ELSEWHERE: of(str(elsewhere).replace(OURS, OLD))}
    # Who is not told what was there before follows nobody.
    told = Before(files=HAD.files[:1])
    assert found == PATH or STEP._where_it_is(system, told) == (STEP, told)


@pytest.mark.parametrize(
    ("elsewhere", "found"), [(ADDED, ELSEWHERE), (f"# mine\n{ADDED}", PATH), (None, PATH)]
)
def test_a_file_that_was_made_is_followed_where_it_stands_as_it_was(
    elsewhere: str | None, found: str
) -> None:
    system = a_host() if elsewhere is None else a_host(elsewhere=elsewhere)
    (compared,) = MADE.compare(system, NONE)
    assert compared.name == found
    assert MADE.undo(system, NONE, quiet) == ()
    assert (ELSEWHERE in system.files) is (found == PATH and elsewhere is not None)


def test_what_cannot_be_told_apart_is_said_line_by_line() -> None:
    text = OURS.replace("      - ours\n", "      - ours # mine\n")
    system = a_host(here=text)
    (found,) = [each for each in STEP.compare(system, HAD) if each.name == PATH]
    assert found.comparison is Comparison.CHANGED
    assert found.rest.startswith("What the wizard put in and cannot be told apart")
    before = system.snapshot()
    left = STEP.undo(system, HAD, quiet)
    assert len(left) == 1 and found.rest in left[0]
    assert difference(before, system.snapshot()) <= {f"file {PATH}"}
    assert "- ours # mine" in system.files[PATH].text
    gone = STEP.undo(system, HAD, quiet, {PATH: Resolution.ORIGINAL})
    assert gone == () and system.files[PATH] == of(OLD)


def test_as_much_goes_as_can_be_told_apart() -> None:
    both = OURS.replace("    image: b\n", "    image: b\n    networks: [default, ours]\n")
    step = replace(STEP, after=of(both), services=("web", "jobs"))
    system = a_host(here=both.replace("      - ours\n", "      - ours # mine\n"))
    (found,) = [each for each in step.compare(system, HAD) if each.name == PATH]
    assert found.words == f"{PATH} has been changed by somebody else since."
    assert found.rest == (
        "What the wizard put in and cannot be told apart from that with certainty stays: line 6 "
        "(“- ours # mine”), line 11 (“ours:”), line 12 (“external: true”)."
    )
    assert step.undo(system, HAD, quiet) == (f"{found.words} {found.rest}",)
    assert system.files[PATH] == of(OURS.replace("      - ours\n", "      - ours # mine\n"))


def test_what_can_be_told_apart_goes_and_nothing_is_said_to_stay() -> None:
    system = a_host(here=f"# mine\n{OURS}")
    (found,) = [each for each in STEP.compare(system, HAD) if each.name == PATH]
    assert (found.words, found.rest) == (f"{PATH} has been changed by somebody else since.", "")
    assert found.ours_out is not None
    assert STEP.undo(system, HAD, quiet) == ()
    assert system.files[PATH] == of(f"# mine\n{OLD}")


def test_a_file_that_no_yaml_reads_any_more_is_left_with_the_reason() -> None:
    system = a_host(here="services: [\n")
    (found,) = [each for each in STEP.compare(system, HAD) if each.name == PATH]
    assert found.ours_out is None
    assert found.words == (
        f"{PATH} has been changed by somebody else since. What the wizard added cannot be told "
        "apart from that with certainty."
    )


@pytest.mark.parametrize("missing", [False, True])
def test_what_is_put_back_is_asked_about_as_compose_takes_the_file_today(missing: bool) -> None:
    class Started(MadeUpSystem):
        """A host where Compose is started with a variable that is set nowhere else."""

        def run(self, argv: Sequence[str], stdin: str = "") -> Result:
            takes = not missing or argv[-1] == "--no-interpolate"
            return Result(0 if takes else 15, "required variable DOMAIN is missing a value")

    system = Started()
    system.directories |= {"/srv", "/srv/p"}
    system.files = {PATH: of(OLD)}
    (part,) = STEP.parts(system, HAD)
    assert part.condition is Condition.MISSING
    option = " --no-interpolate" if missing else ""
    assert [each.line for each in part.asked] == [CHECK + option]
