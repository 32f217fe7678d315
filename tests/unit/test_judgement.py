"""One judgement for everybody who asks whether it works as it was set up."""

import json
from dataclasses import replace

import pytest

from wizard.choices import Choices, Mode
from wizard.errors import ExitCode
from wizard.judgement import judge
from wizard.reachability.findings import Finding
from wizard.reachability.report import ContainerReport

YES, NO, UNKNOWN = Finding(True, "yes"), Finding(False, "no"), Finding(None, "unknown")
GOOD = ContainerReport("web", YES, YES, YES, YES, YES, YES, YES, YES, YES, YES)
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
    found = judge(reports, choices, standing, ["A note."])
    assert found.code is expected
    assert bool(found.faults) is (expected is not ExitCode.DONE)
    assert set(standing) <= set(found.faults)


def test_people_and_programs_are_told_the_same() -> None:
    found = judge([SILENT], PRIVATE, ["A step is not in effect."], ["A note."])
    said = json.loads(found.as_json())
    assert said["code"] == found.code == 7
    assert said["verdict"] in found.as_text()
    assert [each["passed"] for each in said["containers"]] == [False]
    for sentence in (*said["faults"], *said["notes"]):
        assert sentence in found.as_text()
