"""Where there is no systemd to ask, a process of its own takes everything back all the same."""

import time

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.guarding import GRACE, Guarded, elapsed, guarded
from tests.machines.support import PYTHON, reaches_internet, undo, wizard
from wizard.platform.errors import ExitCode

on_debian13 = pytest.mark.parametrize("debian", [13], indirect=True)


def watchers(run: Guarded) -> list[str]:
    """The numbers, in the machine, of the processes that guard a run."""
    words = ["pgrep", "--full", "wizard.run.worker watch"]
    return run.host.run(words, check=False).stdout.split()


def ticks(run: Guarded, number: str) -> int:
    """The hundredths of a second that a process has computed for (proc_pid_stat(5))."""
    fields = run.host.path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def ends_by_itself(run: Guarded) -> None:
    run.host.wait(lambda: not watchers(run), "the guard's process to end")


@pytest.mark.thorough
@on_debian13
def test_a_process_guards_a_run_where_nothing_can_be_asked_of_systemd(
    machine: StartMachine,
) -> None:
    run = guarded(machine)
    run.host.run(["chmod", "a-x", "/usr/bin/systemd-run"])
    coverage = "from wizard.session import Session; print(Session().awaited.guard_coverage())"
    said = run.host.run([PYTHON, "-c", coverage]).stdout
    assert "not after a reboot" in said

    # Nobody says anything.
    with elapsed(4, 4 + GRACE + 30):
        assert run.applies(4).returncode == ExitCode.DONE
        run.wait_until_back(4 + GRACE)
    assert "Nobody said keep within 4 seconds" in run.record["error"]
    assert wizard(run.host, "--keep").returncode == ExitCode.ROLLED_BACK
    ends_by_itself(run)

    # The worker is killed.
    process = run.starts_to_apply(600)
    run.wait_for("applying")
    run.wait_for_step(4)
    holder = run.host.path("/var/lib/docker-ipv6-wizard/lock").read_text().strip()
    run.host.run(["kill", "-KILL", holder])
    run.wait_until_back()
    assert "died" in run.record["error"]
    # Who follows the run is told how it ended, not that its process is gone.
    assert process.wait(GRACE) == ExitCode.ROLLED_BACK
    ends_by_itself(run)

    # Somebody keeps it, and takes it back later.
    assert run.applies(600).returncode == ExitCode.DONE
    (number,) = watchers(run)
    before = ticks(run, number)
    time.sleep(3)
    assert ticks(run, number) - before < 15, "it spins"
    assert wizard(run.host, "--keep").returncode == ExitCode.DONE
    ends_by_itself(run)
    assert run.state == "applied"
    assert reaches_internet(run.mastodon)
    assert undo(run.host).returncode == ExitCode.DONE
    run.compare()
