"""Hosts whose packet filter somebody or something else keeps: packets pass, or it is told before.

One entry a host. A run with ``--thorough`` prints a table, a row for each host and mode.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.machines.conftest import StartMachine
from tests.machines.fingerprint import difference, fingerprint
from tests.machines.support import (
    answer,
    apply,
    reaches_internet,
    undo,
    wizard,
)
from tests.machines.test_firewalls import LATE, PREFIX, lasting
from tests.machines.test_routed import addresses, is_open
from wizard.answers.choices import Mode
from wizard.platform.errors import ExitCode
from wizard.rehearsal import deployment as deployments

SCRIPT = "/usr/local/sbin/own-filter"


@dataclass(frozen=True)
class Kept:
    """A keeper of the packet filter: how it comes to a host, and how it puts its rules back."""

    setup: str
    reload: str
    files: dict[str, str] = field(default_factory=dict)


def script(*lines: str) -> Kept:
    """Rules of somebody's own, in a script that a unit starts at boot, after Docker."""
    unit = (
        "[Unit]\nAfter=docker.service\n[Service]\nType=oneshot\nRemainAfterExit=yes\n"
        f"ExecStart={SCRIPT}\n[Install]\nWantedBy=multi-user.target\n"
    )
    return Kept(
        f"chmod 755 {SCRIPT}; systemctl enable --now own-filter.service",
        SCRIPT,
        {
            SCRIPT: "\n".join(("#!/bin/sh", *lines, "")),
            "/etc/systemd/system/own-filter.service": unit,
        },
    )


HOSTS = {
    "a script: -F FORWARD, -A FORWARD -j REJECT": script(
        "ip6tables -w -F FORWARD", "ip6tables -w -A FORWARD -j REJECT"
    ),
}
SAMPLE = ("a script: -F FORWARD, -A FORWARD -j REJECT", Mode.ULA)

COLUMNS = ("now", "reload", "reboot", "named", "undone")


@pytest.fixture(scope="module")
def table(request: pytest.FixtureRequest) -> Iterator[dict[str, list[str]]]:
    """The columns that held, by host and mode; printed at the end."""
    rows: dict[str, list[str]] = {}
    yield rows
    reporter = request.config.pluginmanager.get_plugin("terminalreporter")
    lines = ["", f"| host | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    for name, held in rows.items():
        marks = ["yes" if each in held else "**no**" for each in COLUMNS]
        lines.append(f"| {name} | {' | '.join(marks)} |")
    if reporter is not None:
        reporter.write_line("\n".join(lines))


@pytest.mark.parametrize("debian", [13], indirect=True)
@pytest.mark.parametrize(
    ("name", "mode"),
    [
        pytest.param(name, mode, marks=() if (name, mode) == SAMPLE else pytest.mark.thorough)
        for name in HOSTS
        for mode in Mode
    ],
)
def test_packets_pass_or_what_stops_them_is_told_before(
    machine: StartMachine, table: dict[str, list[str]], name: str, mode: Mode
) -> None:
    kept, host = HOSTS[name], machine()
    held = table.setdefault(f"{name}, {mode}", [])
    for path, text in kept.files.items():
        host.path(path).parent.mkdir(parents=True, exist_ok=True)
        host.path(path).write_text(text)
    host.shell(kept.setup, timeout=300)
    host.reboot()
    mastodon = deployments.up(host, "2017")
    routed = mode is Mode.ROUTED
    chosen: dict[str, Any] = {"prefix": PREFIX} if routed else {}
    answer(host, mastodon, mode=mode, **chosen)
    before = fingerprint(host)
    done = apply(host)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr

    def passes() -> bool:
        if not routed:
            return reaches_internet(mastodon)
        web = addresses(host)[mastodon.container("web")]
        return reaches_internet(mastodon) and is_open(host, web, 3000)

    events: dict[str, Callable[[], object]] = {
        "now": lambda: None,
        "reload": lambda: host.shell(kept.reload),
        "reboot": host.reboot,
    }
    for column, event in events.items():
        event()
        host.wait(passes, f"packets: {column}")
        held.append(column)
    host.shell(LATE)
    checked = wizard(host, "--check")
    assert checked.returncode == ExitCode.NOT_PASSING, checked.stdout
    assert "“inet late”" in checked.stdout
    host.run(["nft", "delete", "table", "inet", "late"])
    held.append("named")
    assert undo(host).returncode == ExitCode.DONE
    assert difference(lasting(before), lasting(fingerprint(host))) == ""
    held.append("undone")
