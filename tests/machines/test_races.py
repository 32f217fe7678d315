"""Two at once: one outcome, and everybody is told the same."""

import threading
import time

import pytest

from tests.machines.bench import Bench
from tests.machines.guarding import Guarded
from tests.machines.matrix import Matrix
from tests.machines.support import ANSWERS, PYTHON, RECORD, undo, wizard
from wizard.platform.errors import ExitCode
from wizard.run.guard_units import GUARD


def both(run: Guarded, *commands: tuple[str, ...]) -> list[int]:
    """Run commands at once, and return their exit codes in the same order."""
    codes = dict.fromkeys(range(len(commands)), -1)

    def one(number: int) -> None:
        codes[number] = run.host.run(commands[number], check=False, timeout=300).returncode

    threads = [threading.Thread(target=one, args=(number,)) for number in codes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(150)
    return list(codes.values())


@pytest.mark.thorough
def test_keep_and_the_end_of_the_time(bench: Bench, matrix: Matrix) -> None:
    outcomes = []
    # From well before the end to well after it, with most of them around the guard's start.
    pauses = [0.1 * (number % 20) - 0.3 for number in range(200)]
    for number, pause in enumerate(matrix.pick(pauses, 0.0, 0.095)):
        with bench.cell("keep against expiry", "waiting", number) as run:
            assert bench.applies(2) == ExitCode.DONE
            time.sleep(max(0.0, seconds_left(run) + pause))
            kept = wizard(run.host, "--keep")
            run.wait_for_no_guard()
            outcomes.append(run.state)
            assert (kept.returncode, run.state) in (
                (ExitCode.DONE, "applied"),
                (ExitCode.ROLLED_BACK, "rolled back"),
            )
            status = wizard(run.host, "--status").stdout
            assert f"is {run.state}" in status
            if run.state == "applied":
                assert undo(run.host).returncode == ExitCode.DONE
    assert set(outcomes) == {"applied", "rolled back"}, outcomes


def seconds_left(run: Guarded) -> float:
    left = "from wizard.session import Session; print(Session().awaited.seconds_left() or 0)"
    return float(run.host.run([PYTHON, "-c", left]).stdout)


@pytest.mark.thorough
def test_two_at_once(bench: Bench, matrix: Matrix) -> None:
    apply = ("wizard", "--apply", "--yes", "--window", "60", "--answers", ANSWERS)
    keep, back = ("wizard", "--keep"), ("wizard", "--undo", "--yes")
    for number in range(10 if matrix.whole else 1):
        with bench.cell("two wizards", "applying", f"apply and apply {number}") as run:
            codes = both(run, apply, apply)
            assert codes.count(ExitCode.DONE) == 1, codes
            assert set(codes) <= {ExitCode.DONE, ExitCode.REFUSED, ExitCode.LOCKED}, codes
            assert run.state == "unconfirmed"
            bench.mend_now()
        with bench.cell("two wizards", "waiting", f"keep and keep {number}") as run:
            assert bench.applies(60) == ExitCode.DONE
            codes = both(run, keep, keep)
            assert sorted(codes) == [ExitCode.DONE, ExitCode.REFUSED], codes
            assert run.state == "applied"
            bench.mend()
        with bench.cell("two wizards", "undoing", f"undo and undo {number}") as run:
            assert bench.applies() == ExitCode.DONE
            codes = both(run, back, back)
            assert ExitCode.DONE in codes, codes
            assert set(codes) <= {ExitCode.DONE, ExitCode.REFUSED, ExitCode.LOCKED}, codes
            assert run.state == "undone"
        with bench.cell("two wizards", "waiting", f"keep and undo {number}") as run:
            assert bench.applies(60) == ExitCode.DONE
            kept, undone = both(run, keep, back)
            assert undone in (ExitCode.DONE, ExitCode.LOCKED), (kept, undone)
            assert (kept == ExitCode.DONE) or run.state in ("undone", "rolled back"), kept
            bench.mend()


@pytest.mark.thorough
def test_a_wizard_against_the_guard(bench: Bench, matrix: Matrix) -> None:
    for number in range(10 if matrix.whole else 1):
        with bench.cell("wizard against guard", "rolling back", f"undo {number}") as run:
            assert bench.applies(600) == ExitCode.DONE
            # As at the end of the time.
            run.host.shell(f"sed -i --follow-symlinks 's/^expires = .*/expires = 0.0/' {RECORD}")
            guard = ("systemctl", "start", GUARD)
            code = both(run, ("wizard", "--undo", "--yes"), guard)[0]
            expected = (ExitCode.DONE, ExitCode.REFUSED, ExitCode.LOCKED, ExitCode.ROLLED_BACK)
            assert code in expected, code
            bench.mend()
        with bench.cell("wizard against guard", "applying", f"apply {number}") as run:
            assert bench.applies(1) == ExitCode.DONE
            again = ["wizard", "--apply", "--yes", "--window", "60", "--answers", ANSWERS]
            code = run.host.run(again, check=False, timeout=300).returncode
            assert code in (ExitCode.DONE, ExitCode.REFUSED, ExitCode.LOCKED), code
            bench.mend_now()
