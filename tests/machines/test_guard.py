"""Nobody is stranded: whatever is lost before somebody says "keep", the host is as it was."""

import subprocess
import time

import pytest

from tests.lines import PATIENCE, Lines
from tests.machines.bench import Bench
from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.guarding import GRACE, Guarded, elapsed, guarded
from tests.machines.support import ANSWERS, PYTHON, reaches_internet, undo, wizard
from tests.machines.test_least_privilege import exposure
from wizard.platform.errors import ExitCode
from wizard.rehearsal import network

# Terminals that nobody reads, full to the last octet, of processes that look like logins of root's.
FULL_TERMINALS = """
import os, pty, sys
os.symlink("/usr/bin/sleep", "/run/sshd-session")
for _ in range(100):
    number, reader = pty.fork()
    if not number:
        name = os.ttyname(0).removeprefix("/dev/")
        os.execv("/run/sshd-session", [f"sshd-session: root@{name}", "600"])
    writer = os.open(os.ptsname(reader), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.close(writer)
print("full", flush=True)
sys.stdin.read()
"""

on_debian13 = pytest.mark.parametrize("debian", [13], indirect=True)
on_debian12 = pytest.mark.parametrize("debian", [12], indirect=True)


def kill_worker(run: Guarded) -> None:
    number = run.host.path("/var/lib/docker-ipv6-wizard/lock").read_text().strip()
    run.host.run(["kill", "-KILL", number], check=False)


@on_debian12
def test_what_nobody_keeps_is_taken_back_when_the_time_is_over(machine: StartMachine) -> None:
    run = guarded(machine, route="advertisement")
    assert run.applies(8).returncode == ExitCode.DONE
    with elapsed(4, 8 + GRACE):
        assert run.state == "unconfirmed"
        assert reaches_internet(run.mastodon)
        assert "wizard --keep" in wizard(run.host, "--status").stdout
        run.wait_until_back(8 + GRACE)
    assert "Nobody said keep within 8 seconds" in run.record["error"]
    run.logs_in()
    late = wizard(run.host, "--keep")
    assert late.returncode == ExitCode.ROLLED_BACK
    assert "too late" in late.stderr


@on_debian13
def test_what_is_kept_from_a_second_login_stays_across_a_reboot(machine: StartMachine) -> None:
    run = guarded(machine, route="advertisement")
    assert wizard(run.host, "--keep").returncode == ExitCode.REFUSED
    done = wizard(run.host, "--apply", "--yes", "--window", "60", "--answers", ANSWERS)
    assert done.returncode == ExitCode.DONE
    assert "wizard --keep" in done.stdout
    # What has to run commands of Docker's and apt's cannot give up what only they need.
    for unit in ("docker-ipv6-wizard-guard.service", "docker-ipv6-wizard-guard-early.service"):
        assert exposure(run.host, unit) < 7.6
    second = subprocess.run(
        [*run.host.ssh_command(6), "wizard", "--keep"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert second.returncode == ExitCode.DONE, second.stderr
    assert "is kept" in second.stdout
    run.wait_for_no_guard()
    assert wizard(run.host, "--keep").returncode == ExitCode.REFUSED

    run.host.reboot()
    run.host.wait(lambda: reaches_internet(run.mastodon), "IPv6 after the reboot")
    assert run.state == "applied"
    assert undo(run.host).returncode == ExitCode.DONE
    assert run.state == "undone"


@pytest.mark.thorough
@on_debian13
def test_terminals_that_nobody_reads_keep_nobody_from_keeping(machine: StartMachine) -> None:
    run = guarded(machine)
    process = subprocess.Popen(
        run.host.command(["/usr/bin/python3", "-c", FULL_TERMINALS]),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert Lines(process).next() == "full"
        assert run.applies(60).returncode == ExitCode.DONE
        # They do count as logins.
        count = "from wizard.run.terminals import logins; print(len(list(logins())))"
        assert int(run.host.run([PYTHON, "-c", count]).stdout) >= 100
        with elapsed(0, 60):
            assert wizard(run.host, "--keep").returncode == ExitCode.DONE
    finally:
        process.kill()
        process.wait(PATIENCE)
    run.wait_for_no_guard()
    assert run.state == "applied"


@pytest.mark.thorough
def test_a_killed_worker_is_followed_by_the_guard_at_once(bench: Bench) -> None:
    with bench.cell("kill -9", "applying", "worker") as run:
        process = run.starts_to_apply(600)
        run.wait_for_step(4)
        kill_worker(run)
        run.wait_for("rolled back")
        assert "died" in run.record["error"]
        # Who follows the run is told how it ended, not that its process is gone.
        assert process.wait(PATIENCE) == ExitCode.ROLLED_BACK


def test_a_killed_guard_is_started_anew(bench: Bench) -> None:
    with bench.cell("kill -9", "rolling back", "guard") as run:
        assert run.applies(2).returncode == ExitCode.DONE
        kinds = [step["kind"] for step in run.record["steps"]]
        # Those that take long enough to be met at work.
        for number in (kinds.index(kind) + 1 for kind in ("attach", "docker-network", "sysctl")):

            def reached(number: int = number) -> bool:
                return str(run.record["steps"][number - 1]["state"]) == "undoing"

            run.host.wait(reached, f"step {number} to be taken back")
            kill_worker(run)
        run.wait_for("rolled back")


def test_a_lost_connection_stops_neither_the_run_nor_the_guard(bench: Bench) -> None:
    with bench.cell("a lost connection", "applying", "the one that began") as run:
        words = f"{PYTHON} /opt/tests/guarded_apply.py {ANSWERS} 5"
        terminal = subprocess.Popen(
            [*run.host.ssh_command(6), "-tt", words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        run.wait_for_step(2)
        terminal.kill()
        terminal.wait(PATIENCE)
        run.wait_for("unconfirmed")
        run.wait_for("rolled back", 5 + GRACE)


@pytest.mark.thorough
@on_debian13
def test_a_host_that_loses_its_way_out_meanwhile_is_asked_nothing(machine: StartMachine) -> None:
    run = guarded(machine)
    process = run.starts_to_apply(600)
    run.wait_for_step(4)
    run.host.run(["ip", "-6", "route", "del", "default"])
    assert process.wait(PATIENCE) == ExitCode.ROLLED_BACK
    assert "the IPv6 default route of this host" in run.record["error"]
    run.host.run(["ip", "-6", "route", "add", "default", "via", network.ROUTER, "dev", "eth0"])
    run.wait_for_no_guard()
    run.before.pop("routes -6")
    found = fingerprint(run.host)
    found.pop("routes -6")
    assert difference(run.before, found) == ""


@pytest.mark.thorough
@on_debian13
def test_a_container_that_stops_meanwhile_is_noticed(machine: StartMachine) -> None:
    run = guarded(machine)
    process = run.starts_to_apply(600)
    run.wait_for_step(5)
    run.host.run(["docker", "restart", "--time", "0", run.mastodon.container("db")])
    assert process.wait(PATIENCE) == ExitCode.ROLLED_BACK
    assert "running without a stop" in run.record["error"]


@pytest.mark.thorough
def test_more_time_can_be_had(bench: Bench) -> None:
    with bench.cell("more time", "waiting", "is had") as run:
        assert run.applies(4).returncode == ExitCode.DONE
        extend = "from wizard.session import Session; Session().awaited.extend(15)"
        run.host.run([PYTHON, "-c", extend])
        started = time.monotonic()
        while time.monotonic() < started + 8:
            assert run.state == "unconfirmed"
            time.sleep(0.2)
        run.wait_for("rolled back", 15 + GRACE)


@pytest.mark.thorough
@on_debian12
def test_a_disk_that_fills_up_keeps_nobody_from_taking_it_back(machine: StartMachine) -> None:
    run = guarded(machine)
    run.host.shell(
        "mkdir -p /var/lib/docker-ipv6-wizard;"
        "mount -t tmpfs -o size=20m,mode=0700 full /var/lib/docker-ipv6-wizard"
    )
    assert run.applies(8).returncode == ExitCode.DONE
    run.host.shell("dd if=/dev/zero of=/var/lib/docker-ipv6-wizard/junk bs=4k 2>/dev/null || true")
    run.wait_until_back(8 + GRACE)
