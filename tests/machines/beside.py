"""A change or a repair in a cell of the matrix: how it begins, and where the host must be after it.

Each has a record beside that of the run. Whatever befalls it, the set-up is as it stood before, or
as it is meant to be once somebody keeps that.
"""

import re
import tomllib
from dataclasses import replace
from ipaddress import IPv6Network
from typing import TYPE_CHECKING, Any

from tests.machines.fingerprint import Fingerprint, difference
from tests.machines.guarding import BACK, Guarded, without_a_boot
from tests.machines.support import ANSWERS, PYTHON, RECORD, SERVICES, wizard
from wizard.answers import answers_file
from wizard.platform.errors import ExitCode
from wizard.run.guard_units import GUARD

if TYPE_CHECKING:
    from tests.machines.bench import Bench

PHASES = ("changing", "repairing")

PLACE = RECORD.replace("record.toml", "repair.toml")
CHANGED = "/root/changed.toml"
OTHER = IPv6Network("fd12:3456:789b::/64")
MOVING = ("applying", "rolling back")


def record(run: Guarded) -> dict[str, Any]:
    """Return the record of the change or the repair, or an empty table where there is none."""
    path = run.host.path(PLACE)
    return tomllib.loads(path.read_text()) if path.exists() else {}


def state(run: Guarded) -> str:
    """Return the state of the change or the repair; empty where there was none."""
    return str(record(run).get("state", ""))


def begin(bench: "Bench", phase: str, seconds: int = 600, rules: bool = True) -> tuple[str, ...]:
    """Bring the host to where the phase begins, and return what the worker is told to begin it.

    Without ``rules`` a repair puts back nothing that a boot does.
    """
    assert bench.applies() == ExitCode.DONE
    run = bench.run
    if phase == "changing":
        choices = answers_file.loads(run.host.path(ANSWERS).read_text())
        run.host.path(CHANGED).write_text(answers_file.dumps(replace(choices, prefix=OTHER)))
    else:
        lose(run, rules)
    verb = phase.removesuffix("ing").replace("chang", "change")
    words = [PYTHON, "/opt/tests/guarded_apply.py", CHANGED, verb]
    bench.stood = run.now()
    return (*run.host.run(words).stdout.split(), f"{seconds}")


def lose(run: Guarded, rules: bool) -> None:
    """Take the network away, and the rules while nothing puts them back."""
    network = "mastodon_ipv6"
    for service in SERVICES:
        leave = ["docker", "network", "disconnect", network, run.mastodon.container(service)]
        run.host.run(leave)
    run.host.run(["docker", "network", "rm", network])
    if rules:
        run.host.run(["systemctl", "stop", "docker-ipv6-wizard-filter.service"])
        run.host.shell("ip6tables -F; ip6tables -t nat -F")


def has_begun(run: Guarded, number: int) -> bool:
    """Whether a step of the change or the repair that is at work has begun."""
    found = record(run)
    states = [str(step["state"]) for step in found.get("steps", ())]
    return state(run) in MOVING and states[number - 1] != "planned"


def go_back(run: Guarded, stood: Fingerprint) -> None:
    """Let the guard do its work, as if nobody said keep, and make sure that all is as it stood."""
    run.host.wait(lambda: state(run) not in MOVING, "the guard to end")
    if state(run) == "unconfirmed":
        run.host.shell(f"sed -i 's/^expires = .*/expires = 0.0/' {PLACE}")
        run.host.run(["systemctl", "start", GUARD])
        run.host.wait(lambda: state(run) not in ("unconfirmed", *MOVING), "the guard to end")
    run.wait_for_no_guard()
    assert run.state == "applied", run.state
    if state(run) in BACK:
        as_it_stood(run, stood)
    elif record(run).get("changes"):
        # What the disk or Docker did not let it do, one command does.
        done = wizard(run.host, "--undo", "--yes")
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
        as_it_stood(run, stood)
    else:
        done = wizard(run.host, "--repair", "--yes")
        assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    assert run.state == "applied", run.state
    left = run.host.path("/var/lib/docker-ipv6-wizard/reserved-space-of-a-repair")
    assert not left.exists()


def as_it_stood(run: Guarded, stood: Fingerprint) -> None:
    """Wait until Docker has its containers again, and all is as it stood."""
    stood = _alike(without_a_boot(stood) if run.restarted else stood)
    changed = difference(stood, _alike(run.now()))
    if changed and run.restarted:
        again = f"this not to differ:\n{changed}"
        run.host.wait(lambda: not difference(stood, _alike(run.now())), again)
        return
    assert not changed, changed


def _alike(found: Fingerprint) -> Fingerprint:
    """Leave out by which number Docker knows a network that was made anew."""
    return {name: text for name, text in found.items() if not re.match(r"network .* id$", name)}
