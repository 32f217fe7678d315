"""Somebody else changes what the wizard works on, while it does."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.machines.bench import Bench
from tests.machines.guarding import GRACE, Guarded
from tests.machines.matrix import Matrix
from tests.machines.support import wizard
from wizard.platform.errors import ExitCode
from wizard.steps.sysctl import PATH as SYSCTLS

FILE = "/srv/mastodon/docker-compose.yml"
NETWORK = "mastodon_ipv6"
RULE = "FORWARD -s 2001:db8:aaaa::/48 -j DROP"


@dataclass(frozen=True)
class Edit:
    """A change by somebody else: pieces of shell that make it, look for it, and end it."""

    make: str
    look: str
    end: str


BEFORE = {
    "Compose file": Edit(
        f"cp -p {FILE} /root/kept; echo '# mine' >>{FILE}",
        f"grep -q '# mine' {FILE}",
        f"cp -p /root/kept {FILE}",
    ),
    "sysctl file": Edit(f"echo '# mine' >{SYSCTLS}", f"grep -q mine {SYSCTLS}", f"rm {SYSCTLS}"),
    "rule": Edit(
        "ip6tables -N DOCKER-IPV6-WIZARD",
        "ip6tables -S DOCKER-IPV6-WIZARD",
        "ip6tables -X DOCKER-IPV6-WIZARD",
    ),
    "network": Edit(
        f"docker network create --subnet 10.9.8.0/24 {NETWORK}",
        f"docker network inspect {NETWORK}",
        f"docker network rm {NETWORK}",
    ),
}
"""Between the preview and the apply: the plan that was shown is not the one to be made now."""

SINCE = {
    "Compose file": (
        Edit(
            f"echo '# mine' >>{FILE}",
            # Only the wizard's own lines are gone.
            f"grep -q '# mine' {FILE} && ! grep -q {NETWORK} {FILE}",
            f"sed -i '/# mine/d' {FILE}",
        ),
        "",
    ),
    "sysctl file": (
        Edit(
            f"cp -p {SYSCTLS} /root/ours; echo '# mine' >>{SYSCTLS}",
            f"grep -q '# mine' {SYSCTLS}",
            f"cp -p /root/ours {SYSCTLS}",
        ),
        SYSCTLS,
    ),
    "rule": (Edit(f"ip6tables -I {RULE}", f"ip6tables -C {RULE}", f"ip6tables -D {RULE}"), ""),
    "network": (
        Edit(
            f"docker network connect {NETWORK} bystander",
            f"docker network inspect {NETWORK} | grep -q bystander",
            f"docker network disconnect {NETWORK} bystander",
        ),
        "bystander",
    ),
}
"""Between the apply and the answer: each with what a report names it by, if it is in the way."""


@pytest.mark.thorough
def test_before_the_apply_nothing_is_touched(bench: Bench, matrix: Matrix) -> None:
    for name in matrix.pick([*BEFORE], 0.0, 0.6):
        edit = BEFORE[name]
        with bench.cell(f"edited {name}", "before applying", name) as run:
            told = run.applies(60, edit.make)
            assert told.returncode in (ExitCode.HOST_CHANGED, ExitCode.REFUSED), told.stdout
            run.host.shell(edit.look)
            run.host.shell(edit.end)


def kept(run: Guarded, edit: Edit, reported: str) -> None:
    """Make sure that an edit is there, and that it is reported where it is in the way."""
    run.host.shell(edit.look)
    said = wizard(run.host, "--status").stdout
    assert reported in said
    run.logs_in()


def expires(bench: Bench, edit: Edit, reported: str) -> None:
    run = bench.run
    assert bench.applies(2) == ExitCode.DONE
    run.host.shell(edit.make)
    expected = "rollback incomplete" if reported else "rolled back"
    run.wait_for(expected, GRACE)
    run.wait_for_no_guard()
    kept(run, edit, reported)


def keeps(bench: Bench, edit: Edit, reported: str) -> None:
    run = bench.run
    assert bench.applies(60) == ExitCode.DONE
    run.host.shell(edit.make)
    assert wizard(run.host, "--keep").returncode == ExitCode.DONE
    undone = wizard(run.host, "--undo", "--yes")
    assert undone.returncode == (ExitCode.ROLLBACK_INCOMPLETE if reported else ExitCode.DONE)
    kept(run, edit, reported)


WAYS: dict[str, Callable[[Bench, Edit, str], None]] = {"expiry": expires, "undo": keeps}


@pytest.mark.thorough
def test_before_the_answer_it_is_kept(bench: Bench, matrix: Matrix) -> None:
    everything = [(name, way) for name in SINCE for way in WAYS]
    for name, way in matrix.pick(everything, 0.0, 0.4, 0.9):
        edit, reported = SINCE[name]
        with bench.cell(f"edited {name}", "waiting", f"{name}, then {way}") as run:
            WAYS[way](bench, edit, reported)
            run.host.shell(edit.end)
            bench.mend()
