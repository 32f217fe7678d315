"""Actions as lines and differences, and the table of kinds."""

import subprocess

import pytest

from wizard.platform.errors import Refused
from wizard.platform.system import FileState
from wizard.steps import kinds
from wizard.steps.actions import (
    CopyProgram,
    MakeDirectory,
    Run,
    WriteFile,
    difference,
    diffs,
    lines,
)
from wizard.steps.package import Package

OLD, NEW = FileState("a\n"), FileState("b\n")


@pytest.mark.parametrize(
    ("action", "line"),
    [
        (Run(("a", "b c", "\x1b[2J")), r"a 'b c' '\x1b[2J'"),
        (CopyProgram(), "wizard --install-program"),
        (MakeDirectory("/a b"), "mkdir --parents '/a b'"),
        (WriteFile("/a", None, NEW), "# write /a (see the difference below)"),
        (WriteFile("/a", OLD, NEW), "# change /a (see the difference below)"),
        (WriteFile("/a", NEW, NEW), "# /a is there for another set-up, and stays as it is"),
        (WriteFile("/a\n", OLD, NEW), r"# change /a"),
    ],
)
def test_an_action_is_a_line_that_a_person_could_type_or_a_remark(
    action: Run | CopyProgram | MakeDirectory | WriteFile, line: str
) -> None:
    (shown,) = lines([action])
    assert shown.startswith(line)


@pytest.mark.parametrize("text", ["", "*filter\n:A - [0:0]\nCOMMIT\n", "a\\n 100%s 'q'\n\n"])
def test_a_command_is_shown_with_what_it_reads_as_a_shell_takes_it(text: str) -> None:
    (line,) = lines([Run(("cat", "-"), text)])
    assert "\n" not in line
    done = subprocess.run(["sh", "-c", line], input="", capture_output=True, text=True)
    assert done.stdout == text


def test_files_alone_have_differences_each_from_what_was_there() -> None:
    stays = WriteFile("/c", NEW, NEW)
    made = diffs([Run(("a",)), WriteFile("/a", None, NEW), stays, WriteFile("//b", OLD, NEW)])
    assert [(each.path, each.heading) for each in made] == [
        ("/a", "Change in"), ("//b", "Change in"),
    ]  # fmt: skip
    assert made[0].lines == ("--- /dev/null", "+++ b/a", "@@ -0,0 +1 @@", "+b")
    assert made[1].lines == ("--- a/b", "+++ b/b", "@@ -1 +1 @@", "-a", "+b")


def test_a_line_without_an_end_is_told_and_one_that_ends_twice_is_shown_once() -> None:
    without = difference("/a", "a", "a\n").lines
    assert without[3:] == ("-a", "\\ No newline at end of file", "+a")
    assert difference("/a", "a\r\n", "b\r\n").lines[3:] == ("-a", "+b")
    assert difference("/a", "a\n", "a\n").lines == ()
    assert difference("/a", "", None).lines == ()
    assert difference("/a", "x\n", None).lines[1] == "+++ /dev/null"


def test_a_kind_is_known_by_its_name_and_another_is_refused_with_what_to_do() -> None:
    package = Package("a", "It answers.")
    assert kinds.step(package.kind, package.parameters()) == package
    with pytest.raises(
        Refused, match=r"does not know: other\. Use the wizard that wrote the record"
    ):
        kinds.step("other", {})
    with pytest.raises(Refused, match="does not know: one without a kind"):
        kinds.step("", {})


def test_what_needs_docker_to_be_taken_back_is_told_and_nobody_knows_of_others() -> None:
    early = {each for each in kinds.KINDS if not kinds.needs_docker(each)}
    # What would take effect during the boot, and what is a file or the kernel's.
    assert early == {
        "closed-ports", "compose-file", "filter-service", "firewalld", "ip6tables",
        "neighbour-proxy", "sysctl", "systemd-unit",
    }  # fmt: skip
    assert kinds.needs_docker("other")
    assert {"attach", "docker-network"}.isdisjoint(kinds.SHARED)
    assert {"sysctl", "ip6tables", "package", "ndppd"} <= {*kinds.SHARED}
