"""A matrix of faults: killed, or refused by the disk, at every place; never between the two ends.

The places are the system calls with which the worker changes files, starts commands and connects.
A sample of them is tried; with ``--whole-matrix`` every one, and a table is printed at the end.
"""

from collections.abc import Iterator, Mapping

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.guarding import Guarded, guarded
from tests.machines.support import PYTHON, undo
from wizard.errors import ExitCode

ANSWERS = "/var/lib/docker-ipv6-wizard/answers.toml"

CALLS = ("rename", "fsync", "unlink", "vfork", "connect")
"""Those of the worker itself: what a command does is its own, and it is killed with the worker."""

NAMES = {"rename": "rename,renameat,renameat2", "unlink": "unlink,unlinkat"}
"""What the kernel calls them; strace counts each name by itself."""

SAMPLE = {"rename": (9, 14), "fsync": (5, 26), "unlink": (1,), "vfork": (30,), "connect": (1,)}
SAMPLE_BACK = {"rename": (5,), "fsync": (9,), "unlink": (1,), "vfork": (14,)}

on_debian13 = pytest.mark.parametrize("debian", [13], indirect=True)


class Faulty:
    """Runs the worker with a fault at the N-th time that it makes a system call."""

    def __init__(self, run: Guarded) -> None:
        self.run = run
        self.digest = run.digest()

    def __call__(self, fault: str, call: str, number: int, *verb: str) -> int:
        calls = NAMES.get(call, call)
        inject = f"inject={calls}:{fault}:when={number}"
        done = self.run.host.run(
            [
                *("systemd-run", "--quiet", "--wait", "--collect"),
                *("--property=OnFailure=docker-ipv6-wizard-guard.service", "--property=Type=exec"),
                "--property=SuccessExitStatus=0 2 3 4 5 6",
                *(f"--setenv={name}={value}" for name, value in PYTHON.items()),
                *("strace", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject),
                *("python3", "-m", "wizard.apply.worker", *verb),
            ],
            check=False,
            timeout=240,
        )
        return done.returncode

    def mend(self) -> None:
        """Let the guard do its work, or undo where there is none, as a person would."""
        host = self.run.host
        if self.run.guards():
            moving = ("applying", "rolling back", "undoing")
            host.wait(lambda: self.run.state not in moving, "the guard to end", 60)
            if self.run.state not in ("applied", "unconfirmed"):
                self.run.wait_for_no_guard()
        if self.run.state not in ("", "rolled back", "undone"):
            done = undo(host)
            assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        self.run.wait_for_no_guard()
        assert self.run.state in ("", "rolled back", "undone")


def numbers(call: str, whole: bool, sample: Mapping[str, tuple[int, ...]]) -> Iterator[int]:
    yield from range(1, 1000) if whole else sample.get(call, ())


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--whole-matrix", False))


@pytest.mark.parametrize("call", CALLS)
@on_debian13
def test_killed_while_it_applies(machine: StartMachine, call: str, whole: bool) -> None:
    run = guarded(machine)
    faulty = Faulty(run)
    cells = 0
    for number in numbers(call, whole, SAMPLE):
        faulty("signal=KILL", call, number, "apply", ANSWERS, faulty.digest, "600")
        reached = run.state != "unconfirmed"
        faulty.mend()
        run.compare(f"{call} {number}")
        assert reached or whole, f"{call} {number} is never reached"
        if not reached:
            break
        cells += 1
    print(f"killed while it applies, {call}: {cells} cells")


@pytest.mark.parametrize("call", CALLS[:4])
@pytest.mark.parametrize("verb", ["undo", "revert"])
@on_debian13
def test_killed_while_it_takes_back(
    machine: StartMachine, verb: str, call: str, whole: bool
) -> None:
    run = guarded(machine)
    faulty = Faulty(run)
    cells = 0
    for number in numbers(call, whole, SAMPLE_BACK):
        assert run.applies(600).returncode == ExitCode.DONE
        words = ("undo",) if verb == "undo" else ("revert", str(run.record["id"]), "now")
        code = faulty("signal=KILL", call, number, *words)
        faulty.mend()
        run.compare(f"{verb} {call} {number}")
        assert code != ExitCode.DONE or whole, f"{call} {number} is never reached"
        if code == ExitCode.DONE:
            break
        cells += 1
    print(f"killed while it takes back ({verb}), {call}: {cells} cells")


@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EROFS"])
@on_debian13
def test_a_disk_that_refuses_a_write(machine: StartMachine, error: str, whole: bool) -> None:
    run = guarded(machine)
    faulty = Faulty(run)
    cells = 0
    for call in ("fsync", "rename"):
        for number in numbers(
            call, whole, {"ENOSPC": {"fsync": (19,)}}.get(error, {"rename": (8,)})
        ):
            fault = f"error={error}"
            code = faulty(fault, call, number, "apply", ANSWERS, faulty.digest, "600")
            assert code in (ExitCode.DONE, ExitCode.REFUSED, ExitCode.ROLLED_BACK), (call, number)
            faulty.mend()
            run.compare(f"{error} {call} {number}")
            cells += 1
            if number > PAST_THE_LAST:
                break
    print(f"{error}: {cells} cells")


PAST_THE_LAST = 130
"""More than there are calls of one kind in a whole apply."""
