"""Killed, or refused by the disk, at every place: the host is before or after, never between.

The places are the system calls with which the worker changes files, starts commands and connects,
as a run without a fault makes them. What a command does is its own: it is killed with the worker.
"""

import re
from collections import Counter

import pytest

from tests.machines import beside
from tests.machines.bench import ANSWERS, Bench
from tests.machines.matrix import Matrix, NotReached
from wizard.platform.errors import ExitCode

FAULTS = {
    "kill -9": [
        *("rename", "renameat", "renameat2", "fsync", "unlink", "unlinkat"),
        *("symlink", "vfork", "connect"),
    ],
    "ENOSPC": ["write", "fsync", "rename", "renameat"],
    "EIO": ["write", "fsync", "unlink", "unlinkat"],
    "EROFS": ["rename", "renameat", "unlink", "unlinkat", "fchmod"],
}
"""The calls that are met, by their names in the kernel: strace counts each by itself."""

CALLS = sorted({call for calls in FAULTS.values() for call in calls})

Place = tuple[str, int]

SAMPLE: dict[str, dict[str, Place]] = {
    "applying": {"kill -9": ("fsync", 53), "ENOSPC": ("fsync", 27)},
    "rolling back": {"kill -9": ("unlinkat", 39), "EIO": ("unlinkat", 10)},
    "undoing": {"kill -9": ("vfork", 12), "EROFS": ("fchmod", 23)},
    "changing": {"kill -9": ("vfork", 110)},
    "repairing": {"kill -9": ("vfork", 85)},
}
"""The sample: it spares the whole run without a fault that finds all places.

Such calls are 85 when it applies, 45 of each kind when it rolls back, 55 and 40 when it undoes, 180
when it changes and 150 when it repairs.
"""

TRACE = "/root/trace"


def verb(bench: Bench, phase: str) -> tuple[str, ...]:
    """Bring the host to where a phase begins, and return what the worker is told to begin it."""
    if phase in beside.PHASES:
        return beside.begin(bench, phase)
    if phase == "applying":
        return ("apply", ANSWERS, bench.digest, "600")
    assert bench.applies(600 if phase == "rolling back" else None) == ExitCode.DONE
    run = str(bench.run.record["id"])
    return ("revert", run, "now") if phase == "rolling back" else ("undo",)


def places(bench: Bench, phase: str) -> list[Place]:
    """Return every place of a phase, by doing it without a fault."""
    words = verb(bench, phase)
    strace = ("strace", "-qqy", "-e", f"trace={','.join(CALLS)}", "-o", TRACE)
    assert bench.works(*words, before=strace) == ExitCode.DONE
    bench.mend()
    seen: Counter[str] = Counter()
    found = []
    for line in bench.run.host.path(TRACE).read_text(errors="replace").splitlines():
        match = re.match(r"(\w+)\(", line)
        if match is None:
            continue
        seen[match[1]] += 1
        # A disk refuses what is written to a file, not what goes to a pipe.
        if match[1] != "write" or re.match(r"write\(\d+</(?!dev/)", line):
            found.append((match[1], seen[match[1]]))
    return found


def fault(kind: str, place: Place) -> tuple[str, ...]:
    call, number = place
    what = "signal=KILL" if kind == "kill -9" else f"error={kind}"
    trace = ("strace", "-qq", "-o", TRACE, "-e", f"trace={call}")
    return (*trace, "-e", f"inject={call}:{what}:when={number}")


ALWAYS = ("applying", "repairing")
"""The phases that have a fault in CI; while it rolls back, a command of Docker fails there."""


@pytest.mark.parametrize(
    "phase",
    [pytest.param(each, marks=() if each in ALWAYS else pytest.mark.thorough) for each in SAMPLE],
)
def test_a_fault_at_every_place(bench: Bench, matrix: Matrix, phase: str) -> None:
    everywhere = places(bench, phase) if matrix.whole else []
    for kind, calls in FAULTS.items():
        sample = [SAMPLE[phase][kind]] if kind in SAMPLE[phase] else []
        there = [place for place in everywhere if place[0] in calls]
        for place in matrix.pick(there) if matrix.whole else sample:
            with bench.cell(kind, phase, f"{place[0]} {place[1]}"):
                words = verb(bench, phase)
                code = bench.works(*words, before=fault(kind, place))
                reached = code != ExitCode.DONE
                if kind != "kill -9":
                    reached = "(INJECTED)" in bench.run.host.path(TRACE).read_text()
                    agrees(bench, phase, code)
                bench.mend()
                if not reached:
                    raise NotReached


def agrees(bench: Bench, phase: str, code: int) -> None:
    """Make sure that the exit code and the record say the same."""
    state = beside.state(bench.run) if phase in beside.PHASES else bench.run.state
    if phase == "rolling back":
        # A guard that could not end its work ends with a fault, and is started anew.
        assert code in (ExitCode.DONE, ExitCode.UNEXPECTED), code
        return
    expected = {
        ExitCode.DONE: ("unconfirmed", "undone"),
        ExitCode.ROLLED_BACK: ("rolled back", "rolling back"),
        ExitCode.REFUSED: ("", "undone", "rolled back", "applied"),
        ExitCode.ROLLBACK_INCOMPLETE: ("rollback incomplete", "undo incomplete", "undoing"),
    }
    assert state in expected.get(ExitCode(code), ()), (code, state)
