"""Docker stops, hangs, restarts, dies or answers nonsense, before any command that is given to it.

A program in front of the docker command counts the commands of the worker, each by its first words,
and brings the fault about before the chosen one.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from tests.machines import beside
from tests.machines.bench import ANSWERS, WORKER, Bench
from tests.machines.guarding import Guarded, without_a_boot
from tests.machines.matrix import Matrix, NotReached
from tests.machines.support import PYTHON, wizard
from wizard.platform.errors import ExitCode, WizardError

# Only the core's own commands: those of the tests have no such locale.
_COUNTING = """#!/bin/sh
if [ "$LC_ALL" = C.UTF-8 ]; then
    echo "$1 $2" >>/root/docker-log
    number=$(grep -cxF -e "$1 $2" /root/docker-log)
    if [ -s /root/docker-fault ] && [ "$number $1 $2" = "$(cat /root/docker-at)" ]; then
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

Place = tuple[int, str]
"""How many commands of a phase have begun with these words by then, and the words."""

SAMPLE: dict[str, dict[str, Place]] = {
    "restarted": {"applying": (3, "network connect")},
    "killed": {"rolling back": (3, "network disconnect"), "changing": (1, "network create")},
    "stopped for a while": {"undoing": (1, "network rm")},
    "hangs for a while": {"applying": (1, "network create")},
    "answers 500 once": {"rolling back": (1, "network rm")},
    "stopped": {"applying": (3, "network connect"), "repairing": (3, "network connect")},
    "hangs": {"undoing": (1, "network rm")},
}
"""Where, by the phase: before the last command of its kind."""


def prepare(run: Guarded) -> None:
    program = run.host.path("/usr/local/sbin/docker")
    program.write_text(_COUNTING)
    program.chmod(0o755)
    run.host.path("/root/broken.py").write_text(_BROKEN)
    run.host.run(["systemd-run", "--quiet", "--collect", "python3", "/root/broken.py"])
    run.host.wait(lambda: run.host.path("/root/broken.sock").exists(), "what answers 500")


def places(bench: Bench, begin: Begin) -> list[Place]:
    """Return every place of a phase, by doing it without a fault."""
    words = begin(bench)
    forget(bench.run)
    assert bench.works(*words) == ExitCode.DONE
    found = told(bench.run)
    bench.mend()
    return [(found[: at + 1].count(each), each) for at, each in enumerate(found)]


def told(run: Guarded) -> list[str]:
    """Return the first words of what the worker has told Docker since it was forgotten."""
    log = run.host.path("/root/docker-log")
    return log.read_text().splitlines() if log.exists() else []


def forget(run: Guarded) -> None:
    # systemd does not start Docker more often than three times a minute.
    run.host.run(["systemctl", "reset-failed", "docker.service", "docker.socket"])
    run.host.shell("rm -f /root/docker-log /root/docker-fault /root/docker-at")


def meet(bench: Bench, phase: str, fault: Fault, place: Place, patient: bool) -> None:
    """Do a phase with a fault before a command, and then what a person would do.

    What waits for good takes minutes each, unless the worker has little patience.
    """
    run = bench.run
    verb = PHASES[phase](bench)
    forget(run)
    number, words = place
    run.host.path("/root/docker-at").write_text(f"{number} {words}\n")
    run.host.path("/root/docker-fault").write_text(f"{fault.text}\n")
    started = time.monotonic()
    code = bench.works(*verb, program=WORKER if patient or fault.passes else IMPATIENT)
    took = time.monotonic() - started
    met = told(run).count(words) >= number
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
    wait_for_containers(run)
    if fault.restarts:
        bench.plan_anew()
    if not met:
        raise NotReached


def wait_for_containers(run: Guarded) -> None:
    """Wait until they are as they were; a failure tells what of them is not."""
    wanted = {
        name: value
        for name, value in run.before.items()
        if name.startswith("container ") and " id" not in name and " started" not in name
    }
    differs: dict[str, tuple[str, str | None]] = {}

    def are_there() -> bool:
        now = run.now()
        differs.clear()
        differs.update(
            (name, (value, now.get(name)))
            for name, value in wanted.items()
            if now.get(name) != value
        )
        return not differs

    try:
        run.host.wait(are_there, "Docker to have its containers again")
    except WizardError as error:
        error.add_note(f"As they were, and as they are: {differs}")
        raise


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


thorough = [
    pytest.param(each, marks=pytest.mark.thorough)
    for each in ("applying", "undoing", *beside.PHASES)
]


@pytest.mark.parametrize("phase", ["rolling back", *thorough])
def test_docker_fails_before_a_command(bench: Bench, matrix: Matrix, phase: str) -> None:
    everywhere = matrix.pick(places(bench, PHASES[phase])) if matrix.whole else []
    for name, fault in FAULTS.items():
        sample = [SAMPLE[name][phase]] if phase in SAMPLE[name] else []
        for at, place in enumerate(everywhere or sample):
            with bench.cell(f"Docker {name}", phase, f"{place[1]} ({place[0]})"):
                # Of a whole matrix, one has all the patience.
                meet(bench, phase, fault, place, patient=matrix.whole and at == 0)
