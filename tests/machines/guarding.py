"""What the tests of the guard share: a deployment, a run that waits, and what must hold after."""

import re
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import Fingerprint, difference, fingerprint
from tests.machines.support import ANSWERS, PYTHON, RECORD, answer
from wizard.rehearsal import deployment as deployments
from wizard.rehearsal.deployment import Deployment
from wizard.rehearsal.machine import Machine

TESTS = Path(__file__).parent
GRACE = 90
"""Seconds that the guard has, after its time is over, to have everything as it was."""

BACK = ("", "rolled back", "undone")
"""States of a run of which nothing is on the host; the first is that of no run."""


@dataclass
class Guarded:
    """A machine with a deployment, as it was before anything was done."""

    host: Machine
    mastodon: Deployment
    before: Fingerprint
    restarted: bool = False

    @property
    def record(self) -> dict[str, Any]:
        """The record, or an empty table where there is none."""
        path = self.host.path(RECORD)
        return tomllib.loads(path.read_text()) if path.exists() else {}

    @property
    def state(self) -> str:
        return str(self.record.get("state", ""))

    def applies(self, seconds: int, *meanwhile: str) -> subprocess.CompletedProcess[str]:
        """Apply, and leave it unconfirmed for so long; somebody may change the host meanwhile."""
        words = [*self._words(seconds), *meanwhile]
        return self.host.run(words, check=False, timeout=300)

    def starts_to_apply(self, seconds: int) -> subprocess.Popen[bytes]:
        """Start to apply, in a process of this computer that can be ended."""
        return subprocess.Popen(
            self.host.command(self._words(seconds)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @staticmethod
    def _words(seconds: int) -> list[str]:
        return [PYTHON, "/opt/tests/guarded_apply.py", ANSWERS, str(seconds)]

    def digest(self) -> str:
        """The plan's digest; the answers are then where the worker takes them from."""
        words = [PYTHON, "/opt/tests/guarded_apply.py", ANSWERS, "digest"]
        return self.host.run(words).stdout.strip()

    def wait_for(self, state: str, seconds: float = GRACE) -> None:
        self.host.wait(lambda: self.state == state, f"the run to be {state}", seconds)

    def wait_for_step(self, number: int) -> None:
        """Wait until a step has been begun."""

        def begun() -> bool:
            found = self.record
            # The record of the run before stays until there is the next one.
            if found.get("state") in (None, "rolled back", "undone"):
                return False
            return str(found["steps"][number - 1]["state"]) != "planned"

        self.host.wait(begun, f"step {number}")

    def wait_until_back(self, seconds: float = GRACE) -> None:
        """Wait until nothing of the guard is left, and compare the host with what it was."""
        self.wait_for("rolled back", seconds)
        self.wait_for_no_guard()
        self.compare()
        assert not self.host.path("/var/lib/docker-ipv6-wizard/reserved-space").exists()

    def wait_for_no_guard(self) -> None:
        self.host.wait(lambda: not self.guards(), "nothing of the guard to be left")

    def guards(self) -> str:
        """What of the guard is on the host, in files and in systemd."""
        listed = self.host.run(
            [
                *("systemctl", "list-units", "--all", "--plain", "--no-legend"),
                *("docker-ipv6-wizard-window*", "docker-ipv6-wizard-guard*"),
            ]
        ).stdout
        files = self.host.shell("find /etc/systemd /run/systemd -name '*-wizard-guard*'").stdout
        return listed + files

    def compare(self, where: str = "") -> None:
        """Make sure that everything is as it was."""
        changed = difference(self.before, self.now())
        assert not changed, f"{where}\n{changed}"

    def now(self) -> Fingerprint:
        """What is now of what was before."""
        found = fingerprint(self.host)
        return without_a_boot(found) if self.restarted else found

    def restart(self, how: str) -> None:
        """Boot anew; from now on, what every boot changes does not count."""
        if how == "power cut":
            self.host.power_cut()
            self.host.boot()
        else:
            self.host.reboot()
        if not self.restarted:
            self.before = without_a_boot(self.before)
        self.restarted = True

    def logs_in(self, *families: Literal[4, 6]) -> None:
        """Log in anew, over both families if none is named."""
        for family in families or (4, 6):
            done = subprocess.run(
                [*self.host.ssh_command(family), "true"], capture_output=True, timeout=GRACE
            )
            assert done.returncode == 0, done.stderr


def guarded(machine: StartMachine, *, rebooted: bool = False, **options: Any) -> Guarded:
    host = machine(binds={Path("/opt/tests"): TESTS}, **options)
    mastodon = deployments.up(host, "current")
    deployments.add_bystander(host)
    answer(host, mastodon)
    if rebooted:
        # What a first boot alone does is behind it then.
        host.reboot()
    return Guarded(host, mastodon, fingerprint(host))


@contextmanager
def elapsed(least: float, most: float) -> Iterator[None]:
    """Make sure that something takes its time, in seconds, and no more."""
    started = time.monotonic()
    yield
    assert least <= time.monotonic() - started <= most


def without_a_boot(found: Fingerprint) -> Fingerprint:
    """Leave out what Docker does anew at a boot: start times, addresses, the order of its rules."""
    kept = {
        name: text
        for name, text in found.items()
        if not name.endswith(" started") and name != "network bridge id"
    }
    lines = re.sub(r"(172(?:\.\d+){2})\.\d+", r"\1.x", kept["iptables"]).splitlines()
    return kept | {"iptables": "\n".join(sorted(lines))}
