"""Runs cells of the matrix on one machine after the other, with every promise checked after each.

Each cell begins and ends on a host as it was before anything was done, so that the next one can use
the same machine; after a cell that failed it is another machine.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self

from tests.machines import beside
from tests.machines.fingerprint import Fingerprint
from tests.machines.guarding import BACK, GRACE, Guarded, guarded
from tests.machines.matrix import Matrix
from tests.machines.support import undo
from wizard.platform.errors import ExitCode
from wizard.program.program import worker
from wizard.rehearsal.machine import Machine
from wizard.run.guard_units import GUARD

ANSWERS = "/var/lib/docker-ipv6-wizard/answers.toml"
"""Where the wizard keeps the answers, and its worker finds them."""

WORKER = worker()

_COPY = next(word for word in WORKER if word.endswith("/run.py"))
"""What is there where PID 1 has a copy of the wizard to start; the last undo takes it away."""


class Bench:
    """Gives every cell a machine that is as it was before anything was done."""

    def __init__(
        self,
        matrix: Matrix,
        prepare: Callable[[Guarded], object] = lambda run: None,
        release: int = 13,
        **options: Any,
    ) -> None:
        self.matrix = matrix
        self._machines = ExitStack()
        self._release = release
        self._prepare = prepare
        self._digest = ""
        self._options = options
        self._run: Guarded | None = None
        self.stood: Fingerprint | None = None
        """Where a change or a repair has begun: the host before that."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._machines.close()

    def _start(self, release: int | None = None, **options: Any) -> Machine:
        return self._machines.enter_context(Machine(release or self._release, **options))

    @property
    def run(self) -> Guarded:
        """The machine of this cell, or of the next one."""
        if self._run is None:
            self._run = guarded(self._start, **self._options)
            self._digest = self._run.digest()
            self._prepare(self._run)
        return self._run

    @property
    def digest(self) -> str:
        """The digest of the plan for the machine."""
        assert self.run is not None
        return self._digest

    def plan_anew(self) -> None:
        """Make the plan for the machine as it is now: it names containers in Docker's order."""
        self._digest = self.run.digest()

    @contextmanager
    def cell(self, kind: str, phase: str, name: object) -> Iterator[Guarded]:
        """Run a cell, and afterwards look whether every promise is kept."""
        run = self.run
        with self.matrix.cell(kind, phase, f"{name}"):
            try:
                yield run
                settled(run, f"{kind}, {phase}, {name}")
            except BaseException as error:
                with_record(error, run)
                self._run = None
                self._machines.close()
                raise

    def starts(
        self, *verb: str, before: tuple[str, ...] = (), program: tuple[str, ...] = WORKER
    ) -> "Started":
        """Start the worker as the wizard does, behind the words of another command if there are."""
        words = [
            *("systemd-run", "--quiet", "--wait", "--collect"),
            *(f"--property=OnFailure={GUARD}", "--property=Type=exec"),
            "--property=KillMode=mixed",
            *before,
            *(*program, *verb),
        ]
        if not self.run.host.path(_COPY).exists():
            self.run.host.run(["wizard", "--install-program"])
        return subprocess.Popen(
            self.run.host.command(words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def works(
        self, *verb: str, before: tuple[str, ...] = (), program: tuple[str, ...] = WORKER
    ) -> int:
        """Do what :meth:`starts` does to its end, and return the worker's exit code."""
        return self.starts(*verb, before=before, program=program).wait(300)

    def applies(self, seconds: int | None = None, before: tuple[str, ...] = ()) -> int:
        """Apply, and leave it unconfirmed for so many seconds, or keep it at once."""
        waiting = () if seconds is None else (str(seconds),)
        return self.works("apply", ANSWERS, self.digest, *waiting, before=before)

    def mend(self) -> None:
        """Let the guard do its work, or undo where there is none, as a person would."""
        run, stood, self.stood = self.run, self.stood, None
        if stood is not None:
            beside.go_back(run, stood)
        if run.host.path(f"/etc/systemd/system/{GUARD}").exists():
            moving = ("applying", "rolling back", "undoing")
            run.host.wait(lambda: run.state not in moving, "the guard to end")
            if run.state not in ("applied", "unconfirmed"):
                run.wait_for_no_guard()
        if run.state not in BACK:
            done = undo(run.host)
            assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    def mend_now(self) -> None:
        """Take back at once what may wait for an answer."""
        if self.run.state not in BACK:
            undo(self.run.host)
        self.mend()


Started = subprocess.Popen[bytes]


def settled(run: Guarded, where: str) -> None:
    """Make sure that everything is as it was, that the record says so, and that nobody is cut off.

    The fingerprint holds the containers of others too, with their numbers and start times.
    """
    run.wait_for_no_guard()
    assert run.state in BACK, f"{where}: {run.state}"
    assert not run.record.get("steps") or {step["state"] for step in run.record["steps"]} <= {
        "planned",
        "undone",
    }
    run.host.wait(lambda: not ours(run), "every process of ours to end", GRACE)
    run.compare(where)
    assert not run.host.path("/var/lib/docker-ipv6-wizard/reserved-space").exists(), where
    run.logs_in()


def ours(run: Guarded) -> list[str]:
    """The command lines of the wizard's processes in the machine."""
    listed = run.host.run(["ps", "-eo", "pid,args"]).stdout.splitlines()
    pattern = re.compile(r"wizard\.run\.worker|/bin/wizard|guarded_apply|-m wizard\b")
    return [line.strip() for line in listed if pattern.search(line)]


def with_record(error: BaseException, run: Guarded) -> None:
    """Add to an error what the record and the guard said meanwhile."""
    try:
        record = run.record
        steps = [(step["state"], step["left"]) for step in record.get("steps", [])]
        log = run.host.shell(
            "tail -5 /var/lib/docker-ipv6-wizard/apply*.log; journalctl -o cat"
            " -n 15 -u 'docker-ipv6-wizard*'",
            check=False,
        ).stdout
        error.args = (
            f"{error}\nrecord: {record.get('state')}, {record.get('error')}, {steps}\n"
            f"processes: {ours(run)}\nlog: {log}",
        )
    except Exception as other:
        error.args = (f"{error}\n(no record: {other})",)
