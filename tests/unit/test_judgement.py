"""One judgement for everybody who asks whether it works as it was set up."""

import json
from dataclasses import replace

import pytest

from wizard.answers.choices import Choices, Mode
from wizard.platform.errors import ExitCode
from wizard.probes.findings import Finding
from wizard.probes.report import ContainerReport
from wizard.verification.judgement import exit_code, judge

YES, NO, UNKNOWN = Finding(True, "yes"), Finding(False, "no"), Finding(None, "unknown")
GOOD = ContainerReport("web", YES, YES, YES, YES, YES, YES, YES, YES, YES)
SILENT = replace(GOOD, tcp=NO)

PRIVATE, ROUTED = Choices(), Choices(mode=Mode.ROUTED)


@pytest.mark.parametrize(
    ("reports", "choices", "standing", "expected"),
    [
        ([GOOD], PRIVATE, [], ExitCode.DONE),
        ([replace(GOOD, translated=True)], PRIVATE, [], ExitCode.DONE),
        ([replace(GOOD, translated=False)], ROUTED, [], ExitCode.DONE),
        # What nobody knows is no fault.
        ([replace(GOOD, source_seen=UNKNOWN)], ROUTED, [], ExitCode.DONE),
        ([replace(GOOD, translated=True)], ROUTED, [], ExitCode.NOT_AS_SET_UP),
        ([replace(GOOD, translated=False)], PRIVATE, [], ExitCode.NOT_AS_SET_UP),
        ([GOOD], PRIVATE, ["A step is not in effect."], ExitCode.NOT_AS_SET_UP),
        ([GOOD, SILENT], PRIVATE, [], ExitCode.NOT_PASSING),
        ([SILENT], ROUTED, ["A step is not in effect."], ExitCode.NOT_PASSING),
        ([], PRIVATE, [], ExitCode.NOT_PASSING),
    ],
)
def test_what_it_comes_to(
    reports: list[ContainerReport], choices: Choices, standing: list[str], expected: ExitCode
) -> None:
    found = judge(reports, choices, standing, ["A loss foreseen."], ["A note."])
    assert found.code is expected
    assert bool(found.faults) is bool(reports and expected is not ExitCode.DONE)
    assert set(standing) <= set(found.faults)


def test_people_and_programs_are_told_the_same() -> None:
    found = judge([SILENT], PRIVATE, ["A step is not in effect."], ["A loss."], ["A note."])
    said = json.loads(json.dumps(found.as_values()))
    assert said["code"] == found.code == 7
    assert said["verdict"] in found.as_text()
    assert [each["passed"] for each in said["containers"]] == [False]
    assert said["next boot"] == ["A loss."]
    for sentence in (*said["faults"], *said["next boot"], *said["notes"]):
        assert sentence in found.as_text()


def test_where_many_do_not_pass_three_are_named_and_all_are_counted() -> None:
    many = [replace(SILENT, name=f"web-{number}") for number in range(1, 6)]
    words = "5 containers: web-1, web-2, web-3 and others"
    assert judge(many, PRIVATE, []).words == f"IPv6 does not pass in {words}."
    assert judge(many[:2], PRIVATE, []).words == "IPv6 does not pass in web-1 and web-2."


def test_a_run_that_was_done_ends_as_it_was_judged_and_another_as_it_ended() -> None:
    silent, differing = judge([SILENT], PRIVATE, []), judge([GOOD], PRIVATE, ["Not in effect."])
    assert exit_code(ExitCode.DONE, silent) == 7
    assert exit_code(ExitCode.DONE, differing) == 8
    assert exit_code(ExitCode.DONE, judge([GOOD], PRIVATE, [])) == 0
    assert exit_code(ExitCode.DONE, None) == 0
    assert exit_code(ExitCode.ROLLED_BACK, silent) == 3
