"""Starts the process that changes the host, apart from the terminal: as a unit of PID 1."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wizard.platform import variables
from wizard.platform.errors import ExitCode
from wizard.program import program
from wizard.program.unit_file import RESTRAINED
from wizard.record.store import Store
from wizard.run import guard, worker_log
from wizard.run import guard_units as units

# With one of these the worker has itself seen to the host; with another the guard has to.
_SEEN_TO = " ".join(str(int(code)) for code in ExitCode if code is not ExitCode.UNEXPECTED)


@dataclass(frozen=True)
class Worker:
    """The process that changes the host, or what waits for it where PID 1 has started it."""

    process: subprocess.Popen[bytes]
    log: Path
    unit: str = ""

    def poll(self) -> int | None:
        """Return the worker's exit status, or None while it runs.

        systemd-run(1) says 0 for each status that counts as success: the log says which it was.
        """
        code = self.process.poll()
        return code if code or code is None or not self.unit else worker_log.exit_code(self.log)

    def cancel(self) -> None:
        """Ask it to stop at the next step and to roll back."""
        if self.poll() is not None:
            return
        if not self.unit:
            self.process.terminate()
            return
        subprocess.run(
            ["systemctl", "kill", "--kill-whom=main", "--signal=SIGTERM", self.unit],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )


def start(store: Store, *arguments: str, say: Callable[[str], None] = lambda words: None) -> Worker:
    """Start the worker, from the copy of the core that is made first where there is none.

    ``say`` is told in sentences what is done until then.

    Where PID 1 is systemd the worker is a child of that. When it is killed, everything that it had
    started is killed with it, and only then the guard is started, at once.

    Raises:
        Refused: the copy cannot be made.
        OSError: it cannot be started.
    """
    program.install(say)
    unit = f"{units.APPLY}{os.urandom(3).hex()}.service" if guard.has_systemd() else ""
    log = store.new_log()
    command = _command(log, unit, arguments) if unit else program.worker(*arguments)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
            env=variables.for_commands(os.environ),
        )
    return Worker(process, log, unit)


def _command(log: Path, unit: str, arguments: tuple[str, ...]) -> list[str]:
    properties = {
        "Type": "exec",
        "OnFailure": units.GUARD,
        "SuccessExitStatus": _SEEN_TO,
        "StandardOutput": f"append:{log}",
        "StandardError": f"append:{log}",
        # At shutdown the worker is stopped first, and Docker stays until it has rolled back.
        "After": "docker.service docker.socket network.target",
        "KillMode": "mixed",
        "TimeoutStopSec": "300",
        **RESTRAINED,
    }
    return [
        *("systemd-run", "--quiet", "--wait", "--collect", f"--unit={unit}"),
        "--working-directory=/",
        *(f"--property={name}={value}" for name, value in properties.items()),
        *(f"--setenv={name}={value}" for name, value in variables.for_worker(os.environ).items()),
        *("--", *program.worker(*arguments)),
    ]
