"""Docker stops, hangs, restarts, dies or answers nonsense, before any command that is given to it.

A program in front of the docker command counts the commands of the worker, and brings the fault
about before the chosen one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from tests.machines import beside
from tests.machines.bench import ANSWERS, WORKER, Bench
from tests.machines.guarding import Guarded, without_a_boot
from tests.machines.matrix import Matrix
from tests.machines.support import PYTHON, wizard
from wizard.platform.errors import ExitCode

# Only the engine's own commands: those of the tests have no such locale.
_COUNTING = """#!/bin/sh
if [ "$LC_ALL" = C.UTF-8 ]; then
    number=$(($(cat /root/docker-count 2>/dev/null || echo 0) + 1))
    echo $number >/root/docker-count
    echo "$1 $2" >>/root/docker-log
    if [ -s /root/docker-fault ] && [ $number = "$(cat /root/docker-at)" ]; then
        . /root/docker-fault
    fi
fi
exec /usr/bin/docker "$@"
"""

# What answers 500 to whatever it is asked.
_BROKEN = """
import http.server, socketserver
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500); self.end_headers(); self.wfile.write(b'{"message": "broken"}')
    do_POST = do_DELETE = do_HEAD = do_GET
    def address_string(self): return "somebody"
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer): pass
Server("/root/broken.sock", Answer).serve_forever()
"""


@dataclass(frozen=True)
class Fault:
    """What befalls Docker, as a piece of shell, and whether it is over by itself."""

    text: str
    passes: bool = True
    restarts: bool = True
    """Whether its containers are started anew, which is Docker's own doing."""


_STOP = "systemctl stop docker.socket docker.service"
_STOPPED = "kill -STOP $(pidof dockerd)"
_LATER = "systemd-run --quiet --collect --on-active="

FAULTS = {
    "restarted": Fault("systemctl restart docker.service"),
    "killed": Fault("kill -KILL $(pidof dockerd)"),
    "stopped for a while": Fault(
        f"{_LATER}8 systemctl start docker.socket docker.service; {_STOP}"
    ),
    "hangs for a while": Fault(
        f"{_LATER}8 /bin/kill -CONT $(pidof dockerd); {_STOPPED}", restarts=False
    ),
    "answers 500 once": Fault("export DOCKER_HOST=unix:///root/broken.sock", restarts=False),
    "stopped": Fault(_STOP, passes=False),
    "hangs": Fault(_STOPPED, passes=False, restarts=False),
}

IMPATIENT = (
    PYTHON,
    "/opt/tests/impatient_worker.py",
)

Begin = Callable[[Bench], tuple[str, ...]]


def applying(bench: Bench) -> tuple[str, ...]:
    return ("apply", ANSWERS, bench.digest, "600")


def rolling_back(bench: Bench) -> tuple[str, ...]:
    assert bench.applies(600) == ExitCode.DONE
    return ("revert", str(bench.run.record["id"]), "now")


def undoing(bench: Bench) -> tuple[str, ...]:
    assert bench.applies() == ExitCode.DONE
    return ("undo",)


PHASES: dict[str, Begin] = {
    "applying": applying,
    "rolling back": rolling_back,
    "undoing": undoing,
    **{phase: partial(beside.begin, phase=phase) for phase in beside.PHASES},
}

SAMPLE = {
    "restarted": ("applying", "network connect"),
    "killed": ("rolling back", "network disconnect"),
    "stopped for a while": ("undoing", "network rm"),
    "hangs for a while": ("applying", "network create"),
    "answers 500 once": ("rolling back", "network rm"),
    "stopped": ("applying", "network connect"),
    "hangs": ("undoing", "network rm"),
}
"""The last command of a phase that begins so."""

BESIDE = {"killed": ("changing", "network create"), "stopped": ("repairing", "network connect")}
"""The same for what takes long to go through."""


def prepare(run: Guarded) -> None:
    program = run.host.path("/usr/local/sbin/docker")
    program.write_text(_COUNTING)
    program.chmod(0o755)
    run.host.path("/root/broken.py").write_text(_BROKEN)
    run.host.run(["systemd-run", "--quiet", "--collect", "python3", "/root/broken.py"])
    run.host.wait(lambda: run.host.path("/root/broken.sock").exists(), "what answers 500")


def commands(bench: Bench, begin: Begin) -> list[tuple[int, str]]:
    """Return what the worker tells Docker in a phase without a fault: numbers and first words."""
    words = begin(bench)
    forget(bench.run)
    assert bench.works(*words) == ExitCode.DONE
    found = bench.run.host.path("/root/docker-log").read_text().splitlines()
    bench.mend()
    return list(enumerate(found, 1))


def forget(run: Guarded) -> None:
    # systemd does not start Docker more often than three times a minute.
    run.host.run(["systemctl", "reset-failed", "docker.service", "docker.socket"])
    run.host.shell("rm -f /root/docker-count /root/docker-log /root/docker-fault /root/docker-at")


def meet(bench: Bench, phase: str, fault: Fault, number: int) -> None:
    """Do a phase with a fault before a command, and then what a person would do."""
    run = bench.run
    words = PHASES[phase](bench)
    forget(run)
    run.host.path("/root/docker-at").write_text(f"{number}\n")
    run.host.path("/root/docker-fault").write_text(f"{fault.text}\n")
    started = time.monotonic()
    # What waits for good takes minutes each: of them a whole matrix has one with all the patience.
    patient = fault.passes or (bench.matrix.whole and number == 1)
    code = bench.works(*words, program=WORKER if patient else IMPATIENT)
    took = time.monotonic() - started
    state = beside.state(run) if phase in beside.PHASES else run.state
    forget(run)
    # The window of a whole apply; rolling back has its own time.
    assert took < 300, f"it took {took:.0f} s"
    if not fault.passes:
        run.host.shell("kill -CONT $(pidof dockerd) || systemctl start docker.socket docker")
    run.host.wait_for_docker()
    agrees(phase, code, state)
    if fault.restarts:
        # The times of their start are new, which is no doing of the wizard.
        run.before = without_a_boot(run.before)
        run.restarted = True
    if state in ("rollback incomplete", "undo incomplete"):
        assert not fault.passes, f"{state}, though Docker came back: {run.record}"
        if bench.stood is None:
            assert wizard(run.host, "--undo", "--yes").returncode == ExitCode.DONE
    bench.mend()
    run.host.wait(lambda: all_run(run), "Docker to have its containers again")
    if fault.restarts:
        bench.plan_anew()


def all_run(run: Guarded) -> bool:
    names = sorted(name for name in run.before if name.startswith("container "))
    now = run.now()
    return [now.get(name) for name in names if " id" not in name and " started" not in name] == [
        run.before[name] for name in names if " id" not in name and " started" not in name
    ]


def agrees(phase: str, code: int, state: str) -> None:
    expected = {
        "applying": {
            ExitCode.DONE: "unconfirmed",
            ExitCode.ROLLED_BACK: "rolled back",
            ExitCode.ROLLBACK_INCOMPLETE: "rollback incomplete",
            ExitCode.REFUSED: "",
            ExitCode.HOST_CHANGED: "",
        },
        "undoing": {ExitCode.DONE: "undone", ExitCode.ROLLBACK_INCOMPLETE: "undo incomplete"},
        "rolling back": {ExitCode.DONE: state},
    }
    found = expected.get(phase, expected["applying"]).get(ExitCode(code))
    assert found is not None, (code, state)
    assert found == state or (found == "" and state in ("rolled back", "undone")), (code, state)


thorough = [pytest.param(each, marks=pytest.mark.thorough) for each in beside.PHASES]


@pytest.mark.parametrize("phase", ["applying", "rolling back", "undoing", *thorough])
def test_docker_fails_before_a_command(bench: Bench, matrix: Matrix, phase: str) -> None:
    places = commands(bench, PHASES[phase])
    for name, fault in FAULTS.items():
        sample = dict([SAMPLE[name], *([BESIDE[name]] if name in BESIDE else [])])
        first = sample.get(phase)
        last = [place for place in places if first and place[1].startswith(first)][-1:]
        for number, words in matrix.pick(places) if matrix.whole else last:
            with bench.cell(f"Docker {name}", phase, f"{words} ({number})"):
                meet(bench, phase, fault, number)
